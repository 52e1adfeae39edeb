"""The CAs from which Cloudflare orders certificates, by Cloudflare's names of them."""

from collections.abc import Iterable
from typing import Final

CAA_IDENTIFIERS: Final = {"google": "pki.goog", "lets_encrypt": "letsencrypt.org", "ssl_com": "ssl.com"}
"""Each with the domain by which CAA records permit it."""

_DEFAULTS: Final = ("google", "lets_encrypt")
_WITHOUT_A_LABELS: Final = frozenset({"google"})
"""Those that issue for no international name: of Google Trust Services Cloudflare documents that (its "Certificate
authorities": "Punycode domains are not yet supported")."""


def select_authorities(name: str, authorities: Iterable[str]) -> tuple[str, ...]:
    """Return those of some CAs that may issue for a name, in their order."""
    if not is_international(name):
        return tuple(authorities)
    return tuple(authority for authority in authorities if authority not in _WITHOUT_A_LABELS)


def default_authorities(name: str) -> tuple[str, ...]:
    """Return the CAs among which Cloudflare chooses for a name where nobody else does."""
    return select_authorities(name, _DEFAULTS)


def is_international(name: str) -> bool:
    """Whether a name has an A-label, and so shows letters beyond ASCII."""
    return any(label.startswith("xn--") for label in name.split("."))
