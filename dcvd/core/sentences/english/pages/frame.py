"""English: the sign-in, and the frame of the dashboard."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FRAME: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sign_in_title": "Sign in",
        "sign_in_intro": "Sign in with a token of your organization. It is exchanged for a session of this browser.",
        "sign_in_token": "Token",
        "sign_in_button": "Sign in",
        "sign_in_refused": "This token does not work: it is mistyped, unknown, revoked or expired.",
        "sign_in_where": "An owner or admin of your organization makes tokens, or whoever runs dcvd.",
        "sign_in_again": "Open the page",
        "sign_in_csrf_refused": "This did not come from a page of your session. Open the page again, and repeat it.",
        "dashboard_navigation": "Dashboard",
        "dashboard_overview": "Overview",
        "dashboard_domains": "Domains",
        "dashboard_webhooks": "Webhooks",
        "dashboard_events": "Events",
        "dashboard_tokens": "Tokens",
        "dashboard_connections": "Connections",
        "dashboard_jobs": "Jobs",
        "dashboard_audit": "Audit",
        "dashboard_members": "People",
        "dashboard_alerts": "Alerts",
        "dashboard_branding": "Branding",
        "dashboard_quick_start": "Quick start",
        "dashboard_next_page": "Next page",
        "dashboard_first_page": "First page",
        "dashboard_filter": "Show",
        "dashboard_filter_any": "any",
        "dashboard_filter_none": "Show all",
        "dashboard_nothing": "There is nothing here yet.",
        "dashboard_nothing_found": "Nothing matches this filter.",
        "dashboard_back": "Back to the dashboard",
        "dashboard_api": "API",
        "dashboard_signed_in": "{token} ({role})",
        "dashboard_role_member": "member",
        "dashboard_role_admin": "admin",
        "dashboard_role_owner": "owner",
        "dashboard_sign_out": "Sign out",
        "dashboard_sessions": "Your sessions",
        "dashboard_sessions_intro": "Browsers that are signed in with the token {token}.",
        "dashboard_browser_unknown": "A browser that says nothing of itself",
        "dashboard_session_current": "this browser",
        "dashboard_session_address": "From {address}.",
        "dashboard_session_begun": "Signed in {when}.",
        "dashboard_session_used": "Last used {when}.",
        "dashboard_session_ends": "Ends {when}, or later if it is used.",
        "dashboard_session_ends_then": "Ends {when}.",
        "dashboard_session_end": "End",
        "dashboard_session_end_which": "End: {browser}",
    }
)
"""The templates by their ids."""
