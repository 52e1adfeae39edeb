"""Where the pages of the dashboard stand, and which rights they ask for, which are those of the API's same subject."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from dcvd.http.page_routes import ANY_QUERY

Opt = Mapping[str, Any]
"""What a route says of the rights that it asks for; see `http.access.authorization`."""


def _build_opt(subject: str | None, **rights: Any) -> Opt:
    return {"subject": subject, ANY_QUERY: True, "limited": False, **rights}


OVERVIEW: Final = _build_opt(None, limited=True)
DOMAINS: Final = _build_opt("domains", limited=True)
LINKS: Final = _build_opt("links", limited=True)
WEBHOOKS: Final = _build_opt("webhooks")
DELIVERIES: Final = _build_opt("deliveries", limited=True)
EVENTS: Final = _build_opt("events", limited=True)
TOKENS: Final = _build_opt("tokens", limited=True)
CONNECTIONS: Final = _build_opt("connections")
JOBS: Final = _build_opt("jobs", limited=True)
AUDIT: Final = _build_opt("audit", needs_admin=True)
MEMBERS: Final = _build_opt("members")
ALERTS: Final = _build_opt("alerts")
BRANDING: Final = _build_opt(None)

OPERATOR: Final = _build_opt(None)


class NavigationItem(Struct, frozen=True):
    """An entry of the navigation. place: below the root of the pages. words: the id of its sentence."""

    place: str
    words: str
    opt: Opt


NAVIGATION: Final = (
    NavigationItem("", "dashboard_overview", OVERVIEW),
    NavigationItem("/domains", "dashboard_domains", DOMAINS),
    NavigationItem("/webhooks", "dashboard_webhooks", WEBHOOKS),
    NavigationItem("/deliveries", "dashboard_deliveries", DELIVERIES),
    NavigationItem("/events", "dashboard_events", EVENTS),
    NavigationItem("/connections", "dashboard_connections", CONNECTIONS),
    NavigationItem("/jobs", "dashboard_jobs", JOBS),
    NavigationItem("/tokens", "dashboard_tokens", TOKENS),
    NavigationItem("/members", "dashboard_members", MEMBERS),
    NavigationItem("/alerts", "dashboard_alerts", ALERTS),
    NavigationItem("/branding", "dashboard_branding", BRANDING),
    NavigationItem("/audit", "dashboard_audit", AUDIT),
    NavigationItem("/quick-start", "dashboard_quick_start", OVERVIEW),
)
OPERATOR_NAVIGATION: Final = (
    NavigationItem("", "dashboard_overview", OPERATOR),
    NavigationItem("/organizations", "operator_organizations", OPERATOR),
    NavigationItem("/domains", "dashboard_domains", OPERATOR),
    NavigationItem("/webhooks", "dashboard_webhooks", OPERATOR),
    NavigationItem("/deliveries", "operator_deliveries", OPERATOR),
    NavigationItem("/events", "dashboard_events", OPERATOR),
    NavigationItem("/connections", "dashboard_connections", OPERATOR),
    NavigationItem("/jobs", "dashboard_jobs", OPERATOR),
    NavigationItem("/audit", "dashboard_audit", OPERATOR),
)
"""Of operators, who look at all organizations."""
