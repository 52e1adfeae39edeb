"""German: the sign-in, and the frame of the dashboard."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FRAME: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sign_in_title": "Anmelden",
        "sign_in_intro": (
            "Melden Sie sich mit einem Token Ihrer Organisation an. Dieser Browser erhält dafür eine eigene Sitzung."
        ),
        "sign_in_token": "Token",
        "sign_in_button": "Anmelden",
        "sign_in_refused": "Dieses Token gilt nicht: Es ist vertippt, unbekannt, widerrufen oder abgelaufen.",
        "sign_in_where": "Tokens stellt ein Inhaber oder Administrator Ihrer Organisation aus, oder wer dcvd betreibt.",
        "sign_in_again": "Die Seite öffnen",
        "sign_in_csrf_refused": (
            "Das kam nicht von einer Seite Ihrer Sitzung. Öffnen Sie die Seite noch einmal, und wiederholen Sie es."
        ),
        "dashboard_navigation": "Dashboard",
        "dashboard_overview": "Übersicht",
        "dashboard_domains": "Domains",
        "dashboard_webhooks": "Webhooks",
        "dashboard_deliveries": "Zustellungen",
        "dashboard_events": "Ereignisse",
        "dashboard_tokens": "Tokens",
        "dashboard_connections": "Verbindungen",
        "dashboard_jobs": "Aufträge",
        "dashboard_audit": "Protokoll",
        "dashboard_members": "Personen",
        "dashboard_alerts": "Meldungen",
        "dashboard_branding": "Auftritt",
        "dashboard_quick_start": "Erste Schritte",
        "dashboard_next_page": "Nächste Seite",
        "dashboard_first_page": "Erste Seite",
        "dashboard_filter": "Zeigen",
        "dashboard_filter_any": "alle",
        "dashboard_filter_none": "Alles zeigen",
        "dashboard_no_page": "Diese Seite gibt es nicht. Vielleicht wurde ihre Adresse nicht ganz kopiert.",
        "dashboard_nothing": "Hier gibt es noch nichts.",
        "dashboard_nothing_found": "Nichts passt zu diesem Filter.",
        "dashboard_back": "Zurück zum Dashboard",
        "dashboard_api": "API",
        "dashboard_signed_in": "{token} ({role})",
        "dashboard_role_member": "Mitglied",
        "dashboard_role_admin": "Administrator",
        "dashboard_role_owner": "Inhaber",
        "dashboard_at": "{when}",
        "dashboard_now": "jetzt",
        "dashboard_sign_out": "Abmelden",
        "dashboard_sessions": "Ihre Sitzungen",
        "dashboard_sessions_intro": "Browser, die mit dem Token {token} angemeldet sind.",
        "dashboard_browser_unknown": "Ein Browser, der nichts über sich sagt",
        "dashboard_session_current": "dieser Browser",
        "dashboard_session_address": "Von {address}.",
        "dashboard_session_begun": "Angemeldet {when}.",
        "dashboard_session_used": "Zuletzt benutzt {when}.",
        "dashboard_session_ends": "Endet {when}, bei Benutzung später.",
        "dashboard_session_ends_then": "Endet {when}.",
        "dashboard_session_end": "Beenden",
        "dashboard_session_end_which": "Beenden: {browser}",
    }
)
"""The templates by their ids."""
