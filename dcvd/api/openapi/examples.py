"""Examples of the bodies that callers send."""

from typing import Any, Final

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "Acceptance": {"token": "dcv_invite_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"},
    "BrandingPatch": {
        "name": "Acme",
        "primaryColor": "#0f62fe",
        "language": "de",
        "logoUrl": "https://acme.example/logo.png",
        "embedOrigins": ["https://app.acme.example"],
    },
    "DiagnoseName": {"domainName": "app.customer.com"},
    "DnsWriteRequest": {"connectionId": "conn_01kf0c7pmk00qj5t6v8n3w9r2d", "dryRun": True},
    "DomainConnectRequest": {"redirectUri": "https://app.example.net/settings/domains"},
    "NewAuthorization": {"provider": "cloudflare", "returnTo": "https://app.example.net/settings/domains"},
    "NewConnection": {"provider": "cloudflare", "credentials": {"apiToken": "the-token-of-the-customer"}},
    "DomainChange": {"externalId": "customer-4711", "labels": {"tier": "gold", "trial": None}},
    "NewDomain": {
        "domainName": "app.customer.com",
        "validation": "delegated",
        "wildcard": True,
        "externalId": "customer-4711",
        "labels": {"tier": "gold"},
    },
    "NewExchange": {
        "provider": "cloudflare",
        "code": "the-code-of-the-answer",
        "redirectUri": "https://app.example.net/oauth/callback",
        "state": "the-state-of-the-answer",
    },
    "NewExternalId": {"domains": ["app.customer.com"]},
    "NewDomainLink": {"expiresIn": 86400, "returnTo": "https://app.example.net/settings/domains"},
    "NewLink": {"purpose": "new", "expiresIn": 3600},
    "ContactChange": {"kinds": ["domain_broken", "endpoint_failing"]},
    "NewContact": {"address": "person@example.com", "kinds": None},
    "NewMember": {"address": "person@example.com", "role": "admin"},
    "MemberChange": {"status": "suspended"},
    "NewReplay": {"since": "2027-01-15T00:00:00Z", "until": "2027-01-16T00:00:00Z", "status": "missing"},
    "NewToken": {
        "name": "deployment",
        "role": "admin",
        "expiresAt": "2028-01-15T00:00:00Z",
        "scopes": ["domains:read", "domains:write"],
        "domains": ["*.customer.com"],
    },
    "NewWebhook": {
        "name": "Billing",
        "url": "https://hooks.example.net/dcvd",
        "events": ["domain.active", "domain.error", "dns.check_failed"],
        "headers": {"X-Tenant": "acme"},
        "match": {"labels": {"tier": "gold"}, "domains": ["*.customer.com", "shop.acme.com"]},
    },
    "NewZone": {"name": "customer.com"},
    "Requeue": {"status": "dead"},
    "Rotation": {"graceSeconds": 86400},
    "TokenChange": {"name": "deployment", "expiresAt": "2029-01-15T00:00:00Z"},
    "TokenRevocation": {"keepThis": True},
    "TokenRotation": {"graceSeconds": 3600},
    "TestRequest": {"event": "domain.renewed"},
    "WebhookChange": {"enabled": True, "maxPerSecond": 50},
}
"""By type."""
