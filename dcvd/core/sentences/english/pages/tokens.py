"""English: the pages of tokens and sessions."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TOKENS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tokens_new": "New token",
        "tokens_new_intro": (
            "A token lets a program, or a person who signs in with it, act for your organization. It may never do "
            "more than you."
        ),
        "tokens_create": "Create the token",
        "tokens_cancel": "Cancel",
        "tokens_name": "Name",
        "tokens_id": "Id",
        "tokens_role": "Role",
        "tokens_role_explained_member": "reads, and changes nothing",
        "tokens_role_explained_admin": "reads and writes",
        "tokens_role_explained_owner": "also makes other owners",
        "tokens_limits": "Limits",
        "tokens_unlimited": "none beyond its role",
        "tokens_scopes": "Scopes",
        "tokens_scopes_all": "all that its role allows",
        "tokens_scopes_hint": (
            "Check what it may do. Where nothing is checked, it may do all that its role and your own rights allow."
        ),
        "tokens_subject_domains": "Domains",
        "tokens_subject_webhooks": "Webhooks",
        "tokens_subject_deliveries": "Deliveries",
        "tokens_subject_tokens": "Tokens and sessions",
        "tokens_subject_connections": "Connections",
        "tokens_subject_jobs": "Jobs",
        "tokens_subject_events": "Events",
        "tokens_subject_audit": "Audit",
        "tokens_subject_members": "People",
        "tokens_subject_links": "Links for customers",
        "tokens_subject_alerts": "Alerts",
        "tokens_act_read": "read",
        "tokens_act_write": "write",
        "tokens_read_only": "only reads",
        "tokens_read_only_box": "It only reads, whatever its role",
        "tokens_domains": "Only for these domains",
        "tokens_domains_all": "all",
        "tokens_domains_hint": (
            "One a line: a name, `*.` before a name for all below it, or the id of a domain. Empty: all that you "
            "may see."
        ),
        "tokens_domains_only": "Domains: {domains}",
        "tokens_networks": "Only from these networks",
        "tokens_networks_all": "any",
        "tokens_networks_hint": "One a line, such as `203.0.113.0/24`. Empty: from everywhere from where you may.",
        "tokens_networks_only": "From: {networks}",
        "tokens_of": "Belongs to",
        "tokens_of_as_mine": "whom your own token belongs to",
        "tokens_last_day": "Last day (UTC)",
        "tokens_last_day_hint": "Empty: it works until it is revoked, or as long as your own rights last.",
        "tokens_last_use": "Last use",
        "tokens_never_used": "never used",
        "tokens_from": "from {address}",
        "tokens_at": "{when}",
        "tokens_expiry": "Ends",
        "tokens_never": "when it is revoked",
        "tokens_expired": "has ended",
        "tokens_created": "Created",
        "tokens_minted_by": "Created by",
        "tokens_own": "you are signed in with it",
        "tokens_secret": "The token",
        "tokens_secret_once": (
            "Copy it now, and keep it where secrets are kept: it is shown this once, and nobody can see it again."
        ),
        "tokens_previous": "Earlier secret",
        "tokens_previous_until": "The secret before it works until {when}.",
        "tokens_go_on": "Go on to the token",
        "tokens_usage": "Use in the last {days} days",
        "tokens_usage_none": "No request was counted in this time. Only calls of the API are.",
        "tokens_usage_sum": "{requests} requests, of which {errors} failed.",
        "tokens_usage_peak": "At most {requests} a day.",
        "tokens_usage_by_day": "Figures by day",
        "tokens_requests": "Requests",
        "tokens_errors": "Failed",
        "tokens_operation": "Operation",
        "tokens_share": "Share",
        "tokens_day": "Day (UTC)",
        "tokens_change": "Name and end",
        "tokens_change_hint": (
            "Empty: it works until it is revoked. What it may do never changes: create another token for that."
        ),
        "tokens_save": "Save",
        "tokens_rotate": "New secret",
        "tokens_rotate_explained": (
            "The token keeps its name and its rights, and gets a new secret. Both secrets work for a while, so "
            "that you can tell your systems the new one before the earlier one ends."
        ),
        "tokens_rotate_button": "Make a new secret",
        "tokens_grace": "The earlier secret works",
        "tokens_grace_hour": "for one more hour",
        "tokens_grace_day": "for one more day",
        "tokens_grace_week": "for 7 more days",
        "tokens_grace_none": "no more: what is under way with it ends too",
        "tokens_revoke": "Revoke",
        "tokens_revoke_explained": (
            "It stops working at once, also in what is under way and in browsers that are signed in with it. This "
            "cannot be undone."
        ),
        "tokens_descendants": "Also revoke the tokens and links that were made with it, and with those",
        "tokens_leak": "Has a token leaked?",
        "tokens_revoke_all": "Revoke all tokens",
        "tokens_revoke_all_explained": (
            "All tokens whose role is not above yours, and all links for customers, stop working at once. This "
            "cannot be undone."
        ),
        "tokens_revoke_own_too": "Also the one with which you are signed in",
        "tokens_sessions": "Sessions",
        "tokens_sessions_intro": (
            "Browsers that are signed in to your organization, with a token or as one of its members."
        ),
        "tokens_holder": "Token or member",
        "tokens_browser": "Browser",
        "tokens_session_end": "Ends unless it is used",
        "tokens_sessions_end_all": "End all sessions",
        "tokens_sessions_end_all_explained": (
            "All browsers but this one are signed out at once, where the role of their token is not above yours."
        ),
        "done_token_changed": "The token was changed.",
        "done_token_revoked": "The token was revoked.",
        "done_tokens_revoked": "The tokens were revoked.",
        "done_sessions_ended": "The other sessions have ended.",
    }
)
"""The templates by their ids."""
