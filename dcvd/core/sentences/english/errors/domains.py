"""English: errors about domains."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DOMAINS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "wildcard_by_delegation": (
            "A wildcard certificate is validated by delegation only: leave validation out, or say delegated."
        ),
        "domain_of_nobody": "Nobody has added {name} here.",
        "connection_unknown": "There is no connection {connection}.",
        "domain_set_up_already": "{name} cannot be added by this link: it is set up already.",
        "domain_exists": "{name} is already one of your domains.",
        "domain_name_unknown": "The organization has no domain {name}.",
        "domain_name_not_found": "There is no domain {name}; one that is removed is still found by its id.",
        "domain_unknown": "There is no domain {domain}.",
        "sort_with_search": "sort cannot be given with search, which lists by name.",
        "link_adds_no_labels": "externalId and labels are not for links: leave them out.",
        "domain_outside_reach": "This token or link is limited to some domains, and {name} is none of them.",
        "link_without_domain": "No domain was added by this link yet.",
    }
)
"""The templates by their ids."""
