"""What a member of a body is like beyond its type: the bounds and forms that are checked after it was decoded."""

from typing import Any, Final

from dcvd.api.connections.credentials_schemas import CREDENTIALS_SCHEMAS
from dcvd.core.alerts.kinds import CONTACT_KINDS
from dcvd.core.branding.branding import MAX_LANGUAGE_CHARACTERS
from dcvd.core.branding.embed_origins import MAX_EMBED_ORIGINS, MAX_ORIGIN_CHARACTERS, ORIGIN_PATTERN
from dcvd.core.dns.hostnames import MAX_GIVEN_CHARS
from dcvd.core.domains.labels import KEY_PATTERN, MAX_EXTERNAL_ID_CHARS, MAX_LABELS, MAX_VALUE_CHARS
from dcvd.core.instants import SECOND
from dcvd.core.links import MAX_LIFETIME_MS, MIN_LIFETIME_MS
from dcvd.core.members import INVITE_PATTERN, MAX_ADDRESS_CHARACTERS
from dcvd.core.tokens.networks import MAX_NETWORKS
from dcvd.core.tokens.reach import MAX_ENTRIES
from dcvd.core.tokens.scopes import Scope
from dcvd.core.webhooks.delivery_settings import MAX_ATTEMPTS, MAX_TIMEOUT_S, MIN_TIMEOUT_S
from dcvd.core.webhooks.matching import MAX_PATTERNS
from dcvd.core.webhooks.subscriptions import ALL_EVENTS, FAMILIES, TENANT_TYPES
from dcvd.http.documentation import REF_TEMPLATE
from dcvd.kit.egress.guard import MAX_URL_LENGTH
from dcvd.services.connections.aws_external_ids import MAX_DOMAINS
from dcvd.services.names import MAX_NAME_CHARACTERS
from dcvd.services.tokens.changes import MAX_GRACE_MS as MAX_TOKEN_GRACE_MS
from dcvd.services.webhooks.endpoints import MAX_ATTEMPTS_PER_SECOND
from dcvd.services.webhooks.secret_rotation import MAX_GRACE_MS
from dcvd.services.webhooks.static_headers import MAX_HEADERS

Bounds = dict[str, Any]


def _list_or_null(most: int, items: Bounds) -> Bounds:
    return {"anyOf": [{"type": "array", "minItems": 1, "maxItems": most, "items": items}, {"type": "null"}]}


_HOSTNAME: Final[Bounds] = {"minLength": 1, "maxLength": MAX_GIVEN_CHARS}
_EVENT_TYPES: Final[Bounds] = {"minItems": 1, "items": {"$ref": REF_TEMPLATE.format(name="EventType")}}
_SUBSCRIPTION: Final[Bounds] = {
    "minItems": 1,
    "items": {
        "type": "string",
        "enum": [ALL_EVENTS, *FAMILIES, *(each.value for each in TENANT_TYPES)],
    },
}
_NAME: Final[Bounds] = {"minLength": 1, "maxLength": MAX_NAME_CHARACTERS}
_URL: Final[Bounds] = {"format": "uri", "maxLength": MAX_URL_LENGTH}
_HEADERS: Final[Bounds] = {"maxProperties": MAX_HEADERS}
_RATE: Final[Bounds] = {
    "anyOf": [{"type": "integer", "minimum": 1, "maximum": MAX_ATTEMPTS_PER_SECOND}, {"type": "null"}]
}
_TIMEOUT: Final[Bounds] = {
    "anyOf": [{"type": "integer", "minimum": MIN_TIMEOUT_S, "maximum": MAX_TIMEOUT_S}, {"type": "null"}]
}
_SCHEDULE: Final[Bounds] = _list_or_null(MAX_ATTEMPTS, {"type": "string", "pattern": "^[0-9]{1,9}(ms|s|m|h|d)$"})
_LIFETIME: Final[Bounds] = {"minimum": MIN_LIFETIME_MS // SECOND, "maximum": MAX_LIFETIME_MS // SECOND}
_KINDS_OR_NULL: Final[Bounds] = _list_or_null(len(CONTACT_KINDS), {"type": "string", "enum": list(CONTACT_KINDS)})
_EMAIL: Final[Bounds] = {"format": "email", "minLength": 3, "maxLength": MAX_ADDRESS_CHARACTERS}
_URI_OR_NULL: Final[Bounds] = {"anyOf": [{"type": "string", "format": "uri"}, {"type": "null"}]}
_VERIFIER_OR_NULL: Final[Bounds] = {
    "anyOf": [{"type": "string", "pattern": "^[A-Za-z0-9._~-]{43,128}$"}, {"type": "null"}]
}
_COLOR_OR_NULL: Final[Bounds] = {"anyOf": [{"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"}, {"type": "null"}]}
_IP_OR_NULL: Final[Bounds] = {
    "anyOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}, {"type": "null"}]
}
_CODE: Final[Bounds] = {"anyOf": [{"$ref": REF_TEMPLATE.format(name="ErrorCode")}, {"type": "string"}]}
"""An authorization server may choose another code, and HTTP has names of its own."""

_EMBED_ORIGINS_OR_NULL: Final[Bounds] = {
    "anyOf": [
        {
            "type": "array",
            "items": {"type": "string", "pattern": ORIGIN_PATTERN, "maxLength": MAX_ORIGIN_CHARACTERS},
            "maxItems": MAX_EMBED_ORIGINS,
        },
        {"type": "null"},
    ]
}
_NAME_OR_NULL: Final[Bounds] = {"anyOf": [{"type": "string", **_NAME}, {"type": "null"}]}
_LANGUAGE_OR_NULL: Final[Bounds] = {
    "anyOf": [
        {"type": "string", "maxLength": MAX_LANGUAGE_CHARACTERS, "pattern": "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"},
        {"type": "null"},
    ]
}
"""The form of a tag of BCP 47; which subtags may stand where is checked beyond that."""
_NETWORK: Final[Bounds] = {"type": "string", "pattern": "^[0-9A-Fa-f.:]+(/[0-9.]{1,15})?$"}

_EXTERNAL_ID: Final[Bounds] = {
    "anyOf": [{"type": "string", "minLength": 1, "maxLength": MAX_EXTERNAL_ID_CHARS}, {"type": "null"}]
}
_LABEL_KEYS: Final[Bounds] = {"maxProperties": MAX_LABELS, "propertyNames": {"pattern": f"^{KEY_PATTERN}$"}}
_LABEL_VALUE: Final[Bounds] = {"type": "string", "maxLength": MAX_VALUE_CHARS}
_LABELS: Final[Bounds] = {**_LABEL_KEYS, "additionalProperties": _LABEL_VALUE}
_LABELS_CHANGE: Final[Bounds] = {
    "anyOf": [
        {
            "type": "object",
            **_LABEL_KEYS,
            "additionalProperties": {"anyOf": [_LABEL_VALUE, {"type": "null"}]},
        },
        {"type": "null"},
    ]
}

CONDITIONS: Final[dict[str, Bounds]] = {
    "WebhookMatch": {"not": {"properties": {"labels": {"maxProperties": 0}, "domains": {"maxItems": 0}}}},
    "NewContact": {
        "not": {
            "properties": {"address": {"type": "string"}, "memberId": {"type": "string"}},
            "required": ["address", "memberId"],
        }
    },
    "NewDomain": {
        "not": {
            "properties": {"wildcard": {"const": True}, "validation": {"const": "http"}},
            "required": ["wildcard", "validation"],
        }
    },
}
"""What a type's members have to be like together."""
BOUNDS: Final[dict[str, Bounds]] = {
    "Acceptance.token": {"pattern": f"^{INVITE_PATTERN}$"},
    "ApplyLinkView.applyUrl": {"format": "uri"},
    "AttemptView.remoteIp": _IP_OR_NULL,
    "AuthorizationAnswer.authorizationUrl": {"format": "uri"},
    "DomainChange.externalId": _EXTERNAL_ID,
    "DomainChange.labels": _LABELS_CHANGE,
    "DomainConnectRequest.redirectUri": _URI_OR_NULL,
    "BrandingPatch.backgroundColor": _COLOR_OR_NULL,
    "BrandingPatch.embedOrigins": _EMBED_ORIGINS_OR_NULL,
    "BrandingPatch.language": _LANGUAGE_OR_NULL,
    "BrandingPatch.logoUrl": _URI_OR_NULL,
    "BrandingPatch.name": _NAME_OR_NULL,
    "BrandingPatch.primaryColor": _COLOR_OR_NULL,
    "BrandingPatch.returnUrl": _URI_OR_NULL,
    "EventView.sequence": {"minimum": 1},
    "NewAuthorization.redirectUri": _URI_OR_NULL,
    "NewAuthorization.returnTo": _URI_OR_NULL,
    "NewConnection.credentials": {"oneOf": CREDENTIALS_SCHEMAS},
    "NewDomain.domainName": _HOSTNAME,
    "NewDomain.externalId": _EXTERNAL_ID,
    "NewDomain.labels": _LABELS,
    "NewDomainLink.expiresIn": _LIFETIME,
    "NewDomainLink.returnTo": _URI_OR_NULL,
    "NewExchange.code": {"minLength": 1},
    "NewExchange.codeVerifier": _VERIFIER_OR_NULL,
    "NewExchange.redirectUri": {"format": "uri"},
    "NewExchange.state": {"minLength": 1},
    "NewExternalId.domains": {"maxItems": MAX_DOMAINS, "items": {"type": "string", **_HOSTNAME}},
    "NewLink.expiresIn": _LIFETIME,
    "NewLink.returnTo": _URI_OR_NULL,
    "ContactChange.kinds": _KINDS_OR_NULL,
    "NewContact.kinds": _KINDS_OR_NULL,
    "NewContact.address": {"anyOf": [{"type": "string", **_EMAIL}, {"type": "null"}]},
    "NewMember.address": _EMAIL,
    "NewReplay.events": _EVENT_TYPES,
    "NewToken.allowedNetworks": _list_or_null(MAX_NETWORKS, _NETWORK),
    "NewToken.domains": _list_or_null(MAX_ENTRIES, {"type": "string", **_HOSTNAME}),
    "NewToken.name": _NAME,
    "NewToken.scopes": _list_or_null(len(Scope), {"$ref": REF_TEMPLATE.format(name="Scope")}),
    "NewWebhook.events": _SUBSCRIPTION,
    "NewWebhook.headers": _HEADERS,
    "NewWebhook.maxPerSecond": _RATE,
    "NewWebhook.name": _NAME_OR_NULL,
    "NewWebhook.retrySchedule": _SCHEDULE,
    "NewWebhook.timeoutSeconds": _TIMEOUT,
    "NewWebhook.url": _URL,
    "NewZone.name": _HOSTNAME,
    "Problem.code": _CODE,
    "Rotation.graceSeconds": {"minimum": 0, "maximum": MAX_GRACE_MS // SECOND},
    "TestRequest.event": {"enum": [event_type.value for event_type in TENANT_TYPES]},
    "TokenChange.name": _NAME,
    "TokenRotation.graceSeconds": {"minimum": 0, "maximum": MAX_TOKEN_GRACE_MS // SECOND},
    "WebhookChange.events": _SUBSCRIPTION,
    "WebhookChange.headers": _HEADERS,
    "WebhookChange.maxPerSecond": _RATE,
    "WebhookChange.name": _NAME_OR_NULL,
    "WebhookChange.retrySchedule": _SCHEDULE,
    "WebhookChange.timeoutSeconds": _TIMEOUT,
    "WebhookChange.url": _URL,
    "WebhookView.events": _SUBSCRIPTION,
    "WebhookMatch.domains": {"maxItems": MAX_PATTERNS, "items": {"type": "string", **_HOSTNAME}},
    "WebhookMatch.labels": _LABELS,
    "WebhookView.url": {"format": "uri"},
}
"""By `Type.member`."""
