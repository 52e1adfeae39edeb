"""German: the pages of tokens and sessions."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TOKENS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tokens_new": "Neues Token",
        "tokens_new_intro": (
            "Mit einem Token handelt ein Programm, oder eine Person, die sich damit anmeldet, für Ihre "
            "Organisation. Es darf nie mehr als Sie."
        ),
        "tokens_create": "Token ausstellen",
        "tokens_cancel": "Abbrechen",
        "tokens_name": "Bezeichnung",
        "tokens_id": "Kennung",
        "tokens_role": "Rolle",
        "tokens_role_explained_member": "liest und ändert nichts",
        "tokens_role_explained_admin": "liest und schreibt",
        "tokens_role_explained_owner": "ernennt auch andere Inhaber",
        "tokens_limits": "Grenzen",
        "tokens_unlimited": "keine außer seiner Rolle",
        "tokens_scopes": "Rechte",
        "tokens_scopes_all": "alles, was seine Rolle erlaubt",
        "tokens_scopes_hint": (
            "Wählen Sie, was es darf. Ist nichts gewählt, darf es alles, was seine Rolle und Ihre eigenen Rechte "
            "erlauben."
        ),
        "tokens_subject_domains": "Domains",
        "tokens_subject_webhooks": "Webhooks",
        "tokens_subject_deliveries": "Zustellungen",
        "tokens_subject_tokens": "Tokens und Sitzungen",
        "tokens_subject_connections": "Verbindungen",
        "tokens_subject_jobs": "Aufträge",
        "tokens_subject_events": "Ereignisse",
        "tokens_subject_audit": "Protokoll",
        "tokens_subject_members": "Personen",
        "tokens_subject_links": "Links für Kunden",
        "tokens_subject_alerts": "Meldungen",
        "tokens_act_read": "lesen",
        "tokens_act_write": "schreiben",
        "tokens_read_only": "liest nur",
        "tokens_read_only_box": "Es liest nur, welche Rolle es auch hat",
        "tokens_domains": "Nur für diese Domains",
        "tokens_domains_all": "alle",
        "tokens_domains_hint": (
            "Je Zeile eine: ein Name, `*.` vor einem Namen für alle darunter, oder die Kennung einer Domain. "
            "Leer: alle, die Sie sehen dürfen."
        ),
        "tokens_domains_only": "Nur Domains: {domains}",
        "tokens_networks": "Nur aus diesen Netzen",
        "tokens_networks_all": "beliebige",
        "tokens_networks_hint": "Je Zeile eines, wie `203.0.113.0/24`. Leer: von überall, von wo Sie dürfen.",
        "tokens_networks_only": "Nur von: {networks}",
        "tokens_of": "Gehört",
        "tokens_of_as_mine": "wem Ihr eigenes Token gehört",
        "tokens_last_day": "Letzter Tag (UTC)",
        "tokens_last_day_hint": "Leer: Es gilt, bis es widerrufen wird, oder so lange wie Ihre eigenen Rechte.",
        "tokens_last_use": "Zuletzt benutzt",
        "tokens_never_used": "nie benutzt",
        "tokens_from": "von {address}",
        "tokens_at": "{when}",
        "tokens_expiry": "Endet",
        "tokens_never": "wenn es widerrufen wird",
        "tokens_expired": "abgelaufen",
        "tokens_created": "Ausgestellt",
        "tokens_minted_by": "Ausgestellt mit",
        "tokens_own": "damit sind Sie angemeldet",
        "tokens_secret": "Das Token",
        "tokens_secret_once": (
            "Kopieren Sie es jetzt, und bewahren Sie es wie ein Passwort auf: Es wird nur dieses eine Mal "
            "gezeigt, und niemand kann es wieder sehen."
        ),
        "tokens_previous": "Früheres Geheimnis",
        "tokens_previous_until": "Das frühere Geheimnis gilt bis {when}.",
        "tokens_go_on": "Weiter zum Token",
        "tokens_usage": "Benutzung in den letzten {days} Tagen",
        "tokens_usage_none": "In dieser Zeit wurde kein Aufruf gezählt. Gezählt werden nur solche der API.",
        "tokens_usage_sum": "{requests} Aufrufe, davon {errors} fehlgeschlagen.",
        "tokens_usage_peak": "Höchstens {requests} am Tag.",
        "tokens_usage_by_day": "Zahlen nach Tagen",
        "tokens_requests": "Aufrufe",
        "tokens_errors": "Fehlgeschlagen",
        "tokens_operation": "Vorgang",
        "tokens_share": "Anteil",
        "tokens_day": "Tag (UTC)",
        "tokens_change": "Bezeichnung und Ende",
        "tokens_change_hint": (
            "Leer: Es gilt, bis es widerrufen wird. Was es darf, ändert sich nie: Stellen Sie dafür ein anderes aus."
        ),
        "tokens_save": "Speichern",
        "tokens_rotate": "Neues Geheimnis",
        "tokens_rotate_explained": (
            "Das Token behält Bezeichnung und Rechte und bekommt ein neues Geheimnis. Eine Zeit lang gelten "
            "beide, damit Sie Ihren Systemen das neue geben können, bevor das frühere endet."
        ),
        "tokens_rotate_button": "Neues Geheimnis erzeugen",
        "tokens_grace": "Das frühere Geheimnis gilt noch",
        "tokens_grace_hour": "eine Stunde",
        "tokens_grace_day": "einen Tag",
        "tokens_grace_week": "7 Tage",
        "tokens_grace_none": "nicht mehr: Auch was damit gerade läuft, endet",
        "tokens_revoke": "Widerrufen",
        "tokens_revoke_explained": (
            "Es gilt sofort nicht mehr, auch in dem, was gerade läuft, und in Browsern, die damit angemeldet "
            "sind. Das lässt sich nicht zurücknehmen."
        ),
        "tokens_descendants": "Auch die Tokens und Links widerrufen, die damit gemacht wurden, und mit diesen wiederum",
        "tokens_leak": "Ist ein Token in fremde Hände gelangt?",
        "tokens_revoke_all": "Alle Tokens widerrufen",
        "tokens_revoke_all_explained": (
            "Alle Tokens, deren Rolle nicht über Ihrer steht, und alle Links für Kunden gelten sofort nicht mehr. "
            "Das lässt sich nicht zurücknehmen."
        ),
        "tokens_revoke_own_too": "Auch das, mit dem Sie angemeldet sind",
        "tokens_sessions": "Sitzungen",
        "tokens_sessions_intro": (
            "Browser, die bei Ihrer Organisation angemeldet sind, mit einem Token oder als eines ihrer Mitglieder."
        ),
        "tokens_holder": "Token oder Mitglied",
        "tokens_browser": "Browser",
        "tokens_session_end": "Endet, wenn unbenutzt",
        "tokens_sessions_end_all": "Alle Sitzungen beenden",
        "tokens_sessions_end_all_explained": (
            "Alle Browser außer diesem werden sofort abgemeldet, soweit die Rolle ihres Tokens nicht über Ihrer steht."
        ),
        "done_token_changed": "Das Token wurde geändert.",
        "done_token_revoked": "Das Token wurde widerrufen.",
        "done_tokens_revoked": "Die Tokens wurden widerrufen.",
        "done_sessions_ended": "Die anderen Sitzungen wurden beendet.",
    }
)
"""The templates by their ids."""
