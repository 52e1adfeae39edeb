"""English: errors about what the caller may not, or not that often."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ACCESS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "link_ended": "This link does not work: it has ended, or it is not complete.",
        "browser_refused": "Operator calls are not for browsers: send neither Origin nor Referer.",
        "not_an_operator": (
            "The user with uid {uid} is no operator; add it to server.operators in the configuration, or to "
            "server.observers if it is only to read."
        ),
        "token_needed": "A bearer token is needed: send one header Authorization: Bearer dcv_live_….",
        "token_header_unusable": "The header Authorization has to be: Bearer dcv_live_….",
        "link_not_allowed": "A link is for setting up one domain, and not for this.",
        "role_cannot_read": "Whoever has the role {role} cannot read this; it needs admin or owner.",
        "role_only_reads": "Whoever has the role {role} only reads; writes need admin or owner.",
        "token_only_reads": "This token only reads, whatever its role.",
        "scope_missing": "This token lacks the scope {scope}.",
        "outside_reach": "This token is limited to some domains, and this call concerns the whole organization.",
        "only_an_observer": (
            "The user with uid {uid} is an observer, who only reads; this needs an operator (server.operators)."
        ),
        "csrf_refused": "This did not come from a page of your session. Open the page again, and repeat what you did.",
        "requests_under_way": "{most} requests of your address are under way; ask again when one is through.",
        "tokens_wrong": (
            "Too many wrong tokens came from your address. A valid one is still accepted; others are not looked at "
            "for a while."
        ),
        "live_pages_too_many": "Too many open pages follow live; this one asks now and then.",
        "work_under_way": "{most} {work} of yours are under way; ask again when one of them is through.",
        "work_too_often": "{most} {work} a minute are made for whoever asks; ask again later.",
        "organization_suspended": (
            "Your organization is suspended: its tokens work again once your operator resumes it. Its domains are "
            "still checked, and its webhooks still sent."
        ),
        "organization_deleting": "Your organization is being deleted.",
        "network_not_allowed": "This token works from some networks alone, and not from yours.",
        "rights_changed": "What you may do was changed while the request was under way, which ended it; send it again.",
        "session_of_higher_role": (
            "The session {session} is of somebody with the role {role}; a token with the role {own} cannot end it."
        ),
        "address_not_verified": (
            "{name} does not say that your e-mail address is verified. Have it verified there, and sign in again."
        ),
        "no_group_of_roles": (
            "None of your groups at {name} may use this dashboard. Ask whoever runs dcvd which ones may."
        ),
        "session_unknown": "There is no session {session}.",
        "token_refused": (
            "The bearer token is not valid: malformed, unknown, revoked or expired. Ask your operator for a new one."
        ),
        "rate_of_token_reads": (
            "{count} requests of this token, link or member that read are answered in a minute; ask again later."
        ),
        "rate_of_token_writes": (
            "{count} requests of this token, link or member that write are answered in a minute; ask again later."
        ),
        "rate_of_reads": "{count} requests of your organization that read are answered in a minute; ask again later.",
        "rate_of_writes": "{count} requests of your organization that write are answered in a minute; ask again later.",
        "work_logos": "fetches of a logo",
        "work_diagnoses": "diagnoses",
        "work_credentials": "tries of credentials",
        "work_sign_ins": "sign-ins",
        "work_downloads": "downloads",
        "work_syncs": "syncs",
        "work_plans": "plans of DNS records",
    }
)
"""The templates by their ids."""
