"""English: errors about links."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LINKS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "link_life_beyond": "expiresIn is {seconds}; give a whole number of seconds from {lowest} to {highest}.",
        "link_used": "A domain was added by this link already, and one link is for one domain.",
        "link_domain_first": "Add the domain first: a connection is for its records.",
        "link_for_one_name": "This link is for {name} alone.",
        "link_connections_most": "By one link up to {most} connections are made: ask whoever gave it to you.",
        "link_authorizations_most": "{most} authorizations were begun by this link; ask again later.",
        "link_unknown": "There is no link {link}.",
        "return_to_unusable": (
            "returnTo is neither one of the URLs in oauth.return_to nor the returnUrl of your branding, exactly as "
            "they stand there."
        ),
        "link_days_unusable": "days is {days}; give one of {known}.",
    }
)
"""The templates by their ids."""
