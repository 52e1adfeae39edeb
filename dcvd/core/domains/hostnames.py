"""Hostnames: their normal form is lower-case A-labels without the trailing dot; others are refused with a sentence.

Source: RFC 1035, RFC 5891, UTS 46.
"""

import re
from collections.abc import Collection
from typing import Final

import idna
from publicsuffixlist import PublicSuffixList

from dcvd.core.addresses import MAX_NAME_CHARS, parse_ip
from dcvd.errors import InvalidInput

MAX_GIVEN_CHARS: Final = 1000
"""A hostname in Unicode is longer than its A-labels at times; what is longer than this is not looked at."""

RESERVED_TLDS: Final = frozenset(
    {"test", "example", "invalid", "localhost", "local", "internal", "onion", "alt", "arpa", "home", "corp", "mail"}
)
"""Top-level domains for which no public CA issues (RFC 6761, 6762, 7686, 9476 and ICANN's name collisions)."""
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_TARGET_LABEL: Final = re.compile(r"[a-z0-9_-]{1,63}")
_PUBLIC_SUFFIXES: Final = PublicSuffixList()


def normalise(text: str, *, allowed_tlds: Collection[str] = (), field: str = "domainName") -> str:
    """Return the A-label form in which a hostname is stored and compared.

    `allowed_tlds` are reserved top-level domains that the operator accepts, for a sandbox. Raises InvalidInput with one
    sentence on what is wrong; it names `field`.
    """

    def fault(message: str) -> InvalidInput:
        return InvalidInput(field, message, code="hostname_invalid")

    name = text.strip()
    if not name:
        raise fault("The hostname is empty; give one such as app.customer.com.")
    if len(name) > MAX_GIVEN_CHARS:
        raise fault(f"The hostname is longer than {MAX_NAME_CHARS} characters, the most that DNS can carry.")
    if "://" in name or "/" in name or "@" in name:
        raise fault(f"{name!r} is a URL or an address; give the hostname alone, such as app.customer.com.")
    if parse_ip(name.strip("[]")) is not None:
        raise fault(f"{name!r} is an IP address; a certificate needs a hostname.")
    if "_" in name:
        raise fault(f"{name!r} has an underscore; a hostname with a certificate has only letters, digits and hyphens.")
    if ":" in name:
        raise fault(f"{name!r} has a port; give the hostname alone, without the colon and what follows.")
    if "*" in name:
        raise fault(f"{name!r} is a wildcard; give the hostname itself.")
    try:
        ascii_name = _to_ascii(name)
    except (idna.IDNAError, UnicodeError) as error:
        raise fault(f"{name!r} is not a hostname: {error}.") from error
    if len(ascii_name) > MAX_NAME_CHARS:
        raise fault(f"The hostname is {len(ascii_name)} characters long; DNS carries at most {MAX_NAME_CHARS}.")
    labels = ascii_name.split(".")
    for label in labels:
        if not label:
            raise fault(f"{name!r} has an empty label: two dots in a row, or one at the start.")
        if len(label) > 63:
            raise fault(f"The label {label!r} is {len(label)} characters long; DNS allows at most 63.")
        if _LABEL.fullmatch(label) is None:
            raise fault(f"The label {label!r} is not made of letters, digits and inner hyphens.")
    if len(labels) < 2:
        raise fault(f"{name!r} is a single label; give a full hostname such as app.customer.com.")
    if labels[-1].isdigit():
        raise fault(f"{name!r} ends in a number, so it is read as an IP address; give a hostname.")
    if labels[-1] in RESERVED_TLDS and labels[-1] not in allowed_tlds:
        raise fault(f"The top-level domain .{labels[-1]} is reserved; no CA issues certificates below it.")
    if _PUBLIC_SUFFIXES.is_public(ascii_name) and labels[-1] not in allowed_tlds:
        raise fault(
            f"{ascii_name!r} is a public suffix, below which others register; give a name of the customer's own."
        )
    return ascii_name


def normalise_search(text: str) -> str:
    """Return a search text in the form in which hostnames are stored, as far as that is possible."""
    typed = text.strip().lower().removesuffix(".")
    try:
        return _to_ascii(typed)
    except (idna.IDNAError, UnicodeError):
        return typed


def registrable_domain(name: str) -> str:
    """Return the public suffix and one label more (`customer.co.uk`), or the name itself where there is none."""
    return _PUBLIC_SUFFIXES.privatesuffix(name) or name


def is_cname_target(text: str) -> bool:
    """Whether a text can be the target of a CNAME: labels in lower case, of a length that DNS carries."""
    return (
        len(text) <= MAX_NAME_CHARS and "." in text and all(_TARGET_LABEL.fullmatch(label) for label in text.split("."))
    )


def _to_ascii(name: str) -> str:
    if name.isascii() and "xn--" not in name.lower():
        return name.lower().removesuffix(".")
    # UTS 46 maps the case itself: for a capital sigma at a word's end Python's lower() differs from browsers.
    return idna.encode(name, uts46=True, std3_rules=True).decode().removesuffix(".")


def is_within(name: str, zone: str) -> bool:
    """Whether a name is the zone's own or below it; both are in lower case, without the final dot."""
    return name == zone or name.endswith(f".{zone}")
