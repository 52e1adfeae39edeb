"""What each tenants' route asks of its caller, written here once and apart from the code."""

from typing import Final, Literal

from msgspec import Struct

LinkRight = Literal["any", "bound"] | None


class Row(Struct, frozen=True, kw_only=True):
    """What a route asks.

    scope: which one a token with scopes needs; None: any token may. is_write: whether it changes something.
    needs_admin: whether it needs admin or owner although it does not.
    limited: whether tokens that are limited to some domains may call it. owned: what the path names.
    link: whom else it is for: the bearers of "any" link, those of one that has its domain ("bound"), or of none.
    body: what is sent; whether it is valid does not matter, because rights come before bodies.
    """

    scope: str | None
    is_write: bool = False
    needs_admin: bool = False
    limited: bool = False
    link: LinkRight = None
    owned: str | None = None
    body: str | None = None


def _read(scope: str | None, owned: str | None = None, *, limited: bool = True, link: LinkRight = None) -> Row:
    return Row(scope=scope, owned=owned, limited=limited, link=link)


def _write(
    scope: str | None,
    owned: str | None = None,
    *,
    limited: bool = True,
    link: LinkRight = None,
    body: str | None = "{}",
) -> Row:
    return Row(scope=scope, is_write=True, owned=owned, limited=limited, link=link, body=body)


WITHOUT_TOKEN: Final = {
    "POST /api/members/accept",
    "GET /api/event-schemas",
    "GET /api/event-schemas/{event_type}",
    "GET /api/meta",
}
"""Calls below /api for whoever has something else that lets them in, and for everybody."""

ROUTES: Final[dict[str, Row]] = {
    "GET /api/whoami": _read(None, link="any"),
    "GET /api/tokens": _read("tokens:read"),
    "POST /api/tokens": _write("tokens:write"),
    "GET /api/tokens/{token_id}": _read("tokens:read", "token"),
    "PATCH /api/tokens/{token_id}": _write("tokens:write", "token"),
    "DELETE /api/tokens/{token_id}": _write("tokens:write", "token", body=None),
    "POST /api/tokens/{token_id}/rotate": _write("tokens:write", "token"),
    "GET /api/tokens/{token_id}/usage": _read("tokens:read", "token"),
    "POST /api/tokens/revoke-all": _write("tokens:write"),
    "GET /api/sessions": _read("tokens:read"),
    "DELETE /api/sessions": _write("tokens:write", body=None),
    "GET /api/sessions/{session_id}": _read("tokens:read", "session"),
    "DELETE /api/sessions/{session_id}": _write("tokens:write", "session", body=None),
    "POST /api/domains/{domain_id}/links": _write("links:write", "domain"),
    "POST /api/links": _write("links:write", limited=False),
    "GET /api/links": _read(None),
    "GET /api/links/{link_id}": _read(None, "link"),
    "DELETE /api/links/{link_id}": _write("links:write", "link", body=None),
    "GET /api/domains": _read("domains:read"),
    "POST /api/domains": _write("domains:write", link="any"),
    "GET /api/domains.csv": _read("domains:read"),
    "POST /api/domains/bulk": _write("domains:write"),
    "POST /api/domains/bulk/delete": _write("domains:write"),
    "GET /api/domains/{domain_id}": _read("domains:read", "domain", link="any"),
    "PATCH /api/domains/{domain_id}": _write("domains:write", "domain"),
    "DELETE /api/domains/{domain_id}": _write("domains:write", "domain", body=None),
    "POST /api/domains/{domain_id}/sync": _write("domains:write", "domain", link="any", body=None),
    "GET /api/domains/{domain_id}/diagnosis": _read("domains:read", "domain", link="any"),
    "GET /api/domains/{domain_id}/timeline": _read("domains:read", "domain"),
    "POST /api/domains/{domain_id}/dns": _write("domains:write", "domain", link="any"),
    "POST /api/domains/{domain_id}/dns/undo": _write("domains:write", "domain"),
    "POST /api/domains/{domain_id}/domain-connect": _write("domains:write", "domain", link="any"),
    "POST /api/diagnose": Row(scope="domains:read", is_write=True, limited=True, link="any", body="{}"),
    "GET /api/organization/branding": _read(None, limited=False),
    "PATCH /api/organization/branding": _write(None, limited=False),
    "GET /api/audit": Row(scope="audit:read", needs_admin=True),
    "GET /api/members": _read("members:read", limited=False),
    "POST /api/members": _write("members:write", limited=False),
    "GET /api/members/{member_id}": _read("members:read", "member", limited=False),
    "PATCH /api/members/{member_id}": _write("members:write", "member", limited=False),
    "DELETE /api/members/{member_id}": _write("members:write", "member", limited=False, body=None),
    "POST /api/members/{member_id}/invite": _write("members:write", "member", limited=False, body=None),
    "POST /api/alerts/contacts": _write("alerts:write", limited=False),
    "GET /api/alerts/contacts": _read("alerts:read", limited=False),
    "GET /api/alerts/contacts/{contact_id}": _read("alerts:read", "contact", limited=False),
    "PATCH /api/alerts/contacts/{contact_id}": _write("alerts:write", "contact", limited=False, body='{"kinds":null}'),
    "DELETE /api/alerts/contacts/{contact_id}": _write("alerts:write", "contact", limited=False, body=None),
    "POST /api/alerts/contacts/{contact_id}/confirmation": _write("alerts:write", "contact", limited=False, body=None),
    "POST /api/zones": _write("domains:write", limited=False),
    "GET /api/zones": _read("domains:read", limited=False),
    "GET /api/zones/{zone_id}": _read("domains:read", "zone", limited=False),
    "POST /api/zones/{zone_id}/check": _write("domains:write", "zone", limited=False, body=None),
    "DELETE /api/zones/{zone_id}": _write("domains:write", "zone", limited=False, body=None),
    "POST /api/webhooks": _write("webhooks:write", limited=False),
    "GET /api/webhooks": _read("webhooks:read", limited=False),
    "GET /api/webhooks/{webhook_id}": _read("webhooks:read", "webhook", limited=False),
    "PATCH /api/webhooks/{webhook_id}": _write("webhooks:write", "webhook", limited=False),
    "DELETE /api/webhooks/{webhook_id}": _write("webhooks:write", "webhook", limited=False, body=None),
    "POST /api/webhooks/{webhook_id}/rotate-secret": _write("webhooks:write", "webhook", limited=False),
    "POST /api/webhooks/{webhook_id}/test": _write("webhooks:write", "webhook", limited=False, body=None),
    "POST /api/webhooks/{webhook_id}/conformance": _write("webhooks:write", "webhook", limited=False, body=None),
    "GET /api/webhooks/{webhook_id}/deliveries": _read("deliveries:read", "webhook", limited=False),
    "POST /api/webhooks/{webhook_id}/replay": _write(
        "deliveries:write", "webhook", limited=False, body='{"since":"2027-01-01T00:00:00Z","status":"dead"}'
    ),
    "GET /api/deliveries": _read("deliveries:read"),
    "GET /api/deliveries/{delivery_id}": _read("deliveries:read", "delivery"),
    "GET /api/deliveries/{delivery_id}/explain": _read("deliveries:read", "delivery"),
    "POST /api/deliveries/{delivery_id}/retry": _write("deliveries:write", "delivery", body=None),
    "POST /api/deliveries/{delivery_id}/cancel": _write("deliveries:write", "delivery", body=None),
    "POST /api/deliveries/retry": _write("deliveries:write", limited=False),
    "GET /api/events": _read("events:read"),
    "GET /api/jobs": _read("jobs:read"),
    "GET /api/jobs/{job_id}": _read("jobs:read", "job", link="any"),
    "POST /api/jobs/{job_id}/retry": _write("jobs:write", "job", body=None),
    "POST /api/oauth/connections": _write("connections:write", limited=False),
    "GET /api/oauth/connections": _read("connections:read", limited=False, link="any"),
    "GET /api/oauth/connections/{connection_id}": _read("connections:read", "connection", limited=False, link="any"),
    "DELETE /api/oauth/connections/{connection_id}": _write(
        "connections:write", "connection", limited=False, body=None
    ),
    "POST /api/oauth/aws/external-ids": _write("connections:write", limited=False, body=None),
    "POST /api/oauth/authorize": _write(
        "connections:write", limited=False, link="bound", body='{"provider":"cloudflare"}'
    ),
    "POST /api/oauth/exchange": _write("connections:write", limited=False, link="any"),
}
