"""Top-level domains: which there are, and which one was likely meant by one that there is not.

The list is that of the public suffix list, which follows the root zone; its date is that of the package.
"""

from functools import cache, lru_cache
from typing import Final

from publicsuffixlist import PublicSuffixList

from dcvd.core.dns.suffix_lists import read_list
from dcvd.core.text import is_slip

RESERVED_TLDS: Final = frozenset(
    {"test", "example", "invalid", "localhost", "local", "internal", "onion", "alt", "arpa", "home", "corp", "mail"}
)
"""Top-level domains for which no public CA issues (RFC 6761, 6762, 7686, 9476 and ICANN's name collisions)."""
_OFTEN_MEANT: Final = (
    "com", "net", "org", "info", "biz", "gov", "edu", "app", "dev", "shop", "store", "online", "site", "cloud", "tech",
    "xyz", "club", "agency", "digital", "email", "website", "space", "live", "studio",
)  # fmt: skip
"""The most frequent generic ones. Those of countries are too short to tell a slip from another one."""


@cache
def read_suffixes() -> PublicSuffixList:
    """Read the suffixes below which registries register, once.

    Those of the list's private section belong to somebody, as names do.
    """
    return read_list(only_icann=True)


@lru_cache(1024)
def is_delegated(tld: str) -> bool:
    """Whether the root zone has this top-level domain, as far as the list knows."""
    return read_suffixes().publicsuffix(tld, accept_unknown=False) is not None


def find_likely(tld: str) -> str | None:
    """Return the top-level domain that was likely meant by one that does not exist; None where that is unclear."""
    if len(tld) > 2 and tld[-1] == tld[-2] and is_delegated(tld[:-1]):
        return tld[:-1]
    return next((known for known in _OFTEN_MEANT if is_slip(tld, known)), None)
