"""English: errors about organizations and their quotas."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ORGANIZATIONS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "organization_named_deleting": "The organization {name} is being deleted.",
        "quota_unknown": "There is no quota {name}; there are: {known}.",
        "quota_beyond": "{name} is {value}; give a number from 0 (no limit) to {most}.",
        "organization_missing": "There is no such organization.",
        "organization_unknown": "There is no organization {organization}.",
        "organization_name_like_id": "An organization's name cannot begin with org_, or it could be taken for an id.",
        "organization_exists": "There is already an organization named {name}.",
        "quota_no_number": "{name} is {text}; give a whole number, 0 for no limit.",
        "organization_not_found": "There is no organization {name}.",
        "organization_not_found_list": "There is no organization {name}; `dcvd org list` shows those that exist.",
        "quota_reached": (
            "Your organization has {number} {things}, and may have {limit} (quota {quota}). {remedy} or ask your "
            "operator for a higher quota."
        ),
        "quota_more_than": "more than {limit}",
        "quota_remedy_remove": "Remove what is not needed,",
        "quota_remedy_wait": "Each is forgotten within two days: send the rest later, or without a key,",
        "quota_of_webhooks": "webhooks",
        "quota_of_tokens": "tokens",
        "quota_of_connections": "connections",
        "quota_of_zones": "zones",
        "quota_of_links": "links",
        "quota_of_members": "members",
        "quota_of_domains": "domains",
        "quota_of_remembered_lines": "answers, or lines of bulk calls, that are remembered by an Idempotency-Key",
        "quota_of_remembered_bytes": "bytes of answers that are remembered by an Idempotency-Key",
    }
)
"""The templates by their ids."""
