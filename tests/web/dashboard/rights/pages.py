"""For each page and button of the dashboard, the call of the API that asks for the same rights; a row of its own where
the API has no such call."""

from typing import Final

from tests.api.rights.routes import Row

OF_OWN_SESSION: Final = {
    "GET /dashboard",
    "GET /dashboard/quick-start",
    "GET /dashboard/sessions",
    "POST /dashboard/sessions/{session_id}/end",
}
"""For everybody who is signed in: what they show or end is the caller's own, and what else they may see."""

_DOMAINS: Final = {
    "GET /dashboard/domains": "GET /api/domains",
    "GET /dashboard/domains/changes": "GET /api/domains",
    "GET /dashboard/domains.csv": "GET /api/domains.csv",
    "GET /dashboard/domains/new": "GET /api/domains",
    "POST /dashboard/domains/new": "POST /api/domains",
    "POST /dashboard/domains/check": "POST /api/domains/bulk",
    "POST /dashboard/domains/remove": "POST /api/domains/bulk/delete",
    "POST /dashboard/domains/register/{job_id}": "POST /api/jobs/{job_id}/retry",
    "GET /dashboard/domains/{domain_id}": "GET /api/domains/{domain_id}",
    "GET /dashboard/domains/{domain_id}/changes": "GET /api/domains/{domain_id}",
    "GET /dashboard/domains/{domain_id}/history": "GET /api/domains/{domain_id}/timeline",
    "GET /dashboard/domains/{domain_id}/answers": "GET /api/domains/{domain_id}/diagnosis",
    "POST /dashboard/domains/{domain_id}/check": "POST /api/domains/{domain_id}/sync",
    "POST /dashboard/domains/{domain_id}/plan": "POST /api/domains/{domain_id}/dns",
    "POST /dashboard/domains/{domain_id}/write": "POST /api/domains/{domain_id}/dns",
    "POST /dashboard/domains/{domain_id}/undo": "POST /api/domains/{domain_id}/dns/undo",
    "POST /dashboard/domains/{domain_id}/remove": "DELETE /api/domains/{domain_id}",
    "POST /dashboard/domains/{domain_id}/links": "POST /api/domains/{domain_id}/links",
    "POST /dashboard/links/{link_id}/revoke": "DELETE /api/links/{link_id}",
}
PAGES: Final[dict[str, str | Row]] = {
    **_DOMAINS,
    "GET /dashboard/tokens": "GET /api/tokens",
    "GET /dashboard/tokens/new": "GET /api/tokens",
    "POST /dashboard/tokens": "POST /api/tokens",
    "GET /dashboard/tokens/{token_id}": "GET /api/tokens/{token_id}",
    "POST /dashboard/tokens/{token_id}": "PATCH /api/tokens/{token_id}",
    "POST /dashboard/tokens/{token_id}/rotate": "POST /api/tokens/{token_id}/rotate",
    "POST /dashboard/tokens/{token_id}/revoke": "DELETE /api/tokens/{token_id}",
    "POST /dashboard/tokens/revoke-all": "POST /api/tokens/revoke-all",
    "GET /dashboard/tokens/sessions": "GET /api/sessions",
    "POST /dashboard/tokens/sessions/{session_id}/end": "DELETE /api/sessions/{session_id}",
    "POST /dashboard/tokens/sessions/end-all": "DELETE /api/sessions",
    "GET /dashboard/connections": "GET /api/oauth/connections",
    "GET /dashboard/connections/new": "GET /api/oauth/connections",
    "POST /dashboard/connections/new": "POST /api/oauth/connections",
    "POST /dashboard/connections/authorize": "POST /api/oauth/authorize",
    "POST /dashboard/connections/aws-external-ids": "POST /api/oauth/aws/external-ids",
    "GET /dashboard/connections/{connection_id}": "GET /api/oauth/connections/{connection_id}",
    "POST /dashboard/connections/{connection_id}/remove": "DELETE /api/oauth/connections/{connection_id}",
    "GET /dashboard/members": "GET /api/members",
    "POST /dashboard/members": "POST /api/members",
    "GET /dashboard/members/{member_id}": "GET /api/members/{member_id}",
    "POST /dashboard/members/{member_id}": "PATCH /api/members/{member_id}",
    "POST /dashboard/members/{member_id}/invite": "POST /api/members/{member_id}/invite",
    "POST /dashboard/members/{member_id}/remove": "DELETE /api/members/{member_id}",
    "GET /dashboard/alerts": "GET /api/alerts/contacts",
    "POST /dashboard/alerts": "POST /api/alerts/contacts",
    "GET /dashboard/alerts/{contact_id}": "GET /api/alerts/contacts/{contact_id}",
    "POST /dashboard/alerts/{contact_id}": "PATCH /api/alerts/contacts/{contact_id}",
    "POST /dashboard/alerts/{contact_id}/ask": "POST /api/alerts/contacts/{contact_id}/confirmation",
    "POST /dashboard/alerts/{contact_id}/remove": "DELETE /api/alerts/contacts/{contact_id}",
    "GET /dashboard/branding": "GET /api/organization/branding",
    "POST /dashboard/branding": "PATCH /api/organization/branding",
    # events
    "GET /dashboard/events": "GET /api/events",
    "GET /dashboard/events/changes": "GET /api/events",
    "GET /dashboard/events/deliveries/changes": "GET /api/deliveries",
    "GET /dashboard/events/{event_id}": Row(scope="events:read", limited=True, owned="event"),
    "POST /dashboard/events/{event_id}/send": Row(scope="deliveries:write", is_write=True, owned="event"),
    # jobs
    "GET /dashboard/jobs": "GET /api/jobs",
    "GET /dashboard/jobs/changes": "GET /api/jobs",
    "GET /dashboard/jobs/{job_id}": "GET /api/jobs/{job_id}",
    "POST /dashboard/jobs/{job_id}/retry": "POST /api/jobs/{job_id}/retry",
    # audit
    "GET /dashboard/audit": "GET /api/audit",
}
