"""Hostnames: normalised to lower-case A-labels without the trailing dot, or refused with a sentence.

Source: RFC 1035, RFC 5891, UTS 46.
"""

import ipaddress
import re
from collections.abc import Collection
from typing import Final

import idna
from publicsuffixlist import PublicSuffixList

from dcvd.errors import InvalidInput

RESERVED_TLDS: Final = frozenset(
    {"test", "example", "invalid", "localhost", "local", "internal", "onion", "alt", "arpa", "home", "corp", "mail"}
)
"""Top-level names for which no public CA issues (RFC 6761, 6762, 7686, 9476 and ICANN's name collisions)."""

_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_TARGET_LABEL: Final = re.compile(r"[a-z0-9_-]{1,63}")
_PUBLIC_SUFFIXES: Final = PublicSuffixList()


def normalise(text: str, *, allowed_tlds: Collection[str] = (), field: str = "domainName") -> str:
    """The A-label form under which a hostname is stored and compared.

    `allowed_tlds` are reserved top-level names that the operator accepts (for a sandbox). Raises InvalidInput, which
    names `field`, with one sentence on what is wrong.
    """

    def refuse(message: str) -> InvalidInput:
        return InvalidInput(field, message, code="hostname_invalid")

    name = text.strip()
    if not name:
        raise refuse("The hostname is empty; give one such as app.customer.com.")
    if len(name) > 1000:
        raise refuse("The hostname is longer than 253 characters, the most that DNS can carry.")
    if "://" in name or "/" in name or "@" in name:
        raise refuse(f"{name!r} is a URL or an address; give the hostname alone, such as app.customer.com.")
    if _is_address(name):
        raise refuse(f"{name!r} is an IP address; a certificate needs a hostname.")
    if "_" in name:
        raise refuse(f"{name!r} has an underscore; a hostname with a certificate has only letters, digits and hyphens.")
    if ":" in name:
        raise refuse(f"{name!r} has a port; give the hostname alone, without the colon and what follows.")
    if "*" in name:
        raise refuse(f"{name!r} is a wildcard; give the hostname itself.")
    try:
        ascii_name = _to_ascii(name)
    except (idna.IDNAError, UnicodeError) as error:
        raise refuse(f"{name!r} is not a hostname: {error}.") from error
    if len(ascii_name) > 253:
        raise refuse(f"The hostname is {len(ascii_name)} characters long; DNS carries at most 253.")
    labels = ascii_name.split(".")
    for label in labels:
        if not label:
            raise refuse(f"{name!r} has an empty label: two dots in a row, or one at the start.")
        if len(label) > 63:
            raise refuse(f"The label {label!r} is {len(label)} characters long; DNS allows at most 63.")
        if _LABEL.fullmatch(label) is None:
            raise refuse(f"The label {label!r} is not made of letters, digits and inner hyphens.")
    if len(labels) < 2:
        raise refuse(f"{name!r} is a single label; give a full hostname such as app.customer.com.")
    if labels[-1].isdigit():
        raise refuse(f"{name!r} ends in a number, so it is read as an IP address; give a hostname.")
    if labels[-1] in RESERVED_TLDS and labels[-1] not in allowed_tlds:
        raise refuse(f"The top-level domain .{labels[-1]} is reserved; no CA issues certificates below it.")
    if _PUBLIC_SUFFIXES.is_public(ascii_name) and labels[-1] not in allowed_tlds:
        raise refuse(
            f"{ascii_name!r} is a public suffix, below which others register; give a name of the customer's own."
        )
    return ascii_name


def normalise_search(text: str) -> str:
    """What a person typed to find hostnames, in the form in which they are stored, as far as that is possible."""
    typed = text.strip().lower().removesuffix(".")
    try:
        return _to_ascii(typed)
    except (idna.IDNAError, UnicodeError):
        return typed


def registrable_domain(name: str) -> str:
    """The public suffix and one label more (`customer.co.uk`), or the name itself where there is no such part."""
    return _PUBLIC_SUFFIXES.privatesuffix(name) or name


def is_cname_target(text: str) -> bool:
    """Whether a text can be what a CNAME of ours points to: lower-case labels, of which DNS can carry the whole."""
    return len(text) <= 253 and "." in text and all(_TARGET_LABEL.fullmatch(label) for label in text.split("."))


def _to_ascii(name: str) -> str:
    if name.isascii() and "xn--" not in name.lower():
        return name.lower().removesuffix(".")
    # UTS 46 maps the case itself: Python's lower() makes of a word's last capital sigma another letter than browsers.
    return idna.encode(name, uts46=True, std3_rules=True).decode().removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def is_within(name: str, zone: str) -> bool:
    """Whether a name is a zone's own or stands anywhere below it; both in lower case, without the final dot."""
    return name == zone or name.endswith(f".{zone}")
