"""Hostnames: their normal form is lower-case A-labels without the trailing dot; others are refused with a sentence.

Source: RFC 1035, RFC 5891, UTS 46.
"""

import re
import unicodedata
from collections.abc import Collection
from functools import cache, lru_cache
from typing import Final
from urllib.parse import urlsplit

import idna
from publicsuffixlist import PublicSuffixList

from dcvd.core.addresses import MAX_NAME_CHARS
from dcvd.core.dns.refused_names import RefusedName
from dcvd.core.dns.suffix_lists import read_list
from dcvd.core.dns.top_level_domains import RESERVED_TLDS, find_likely, is_delegated, read_suffixes
from dcvd.core.dns.typed_names import NotOnlyName, extract_name
from dcvd.core.sentences.sentence import Param, say

MAX_GIVEN_CHARS: Final = 1000
"""A hostname in Unicode is longer than its A-labels at times; what is longer than this is not looked at."""

_MAX_LABEL_CHARS: Final = 63
_A_LABEL_PREFIX: Final = "xn--"
_SYMBOL_CATEGORIES: Final = frozenset({"So", "Sk"})
_JOINER: Final = "\u200d"  # of emoji that are made of several
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-f]*")
_SCHEMES: Final = frozenset({"http", "https"})
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_PLAIN_NAME: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A name that is in its normal form already, and no address, as most are that programs send."""
_TARGET_LABEL: Final = re.compile(r"[a-z0-9_-]{1,63}")


@cache
def _read_all_suffixes() -> PublicSuffixList:
    """Read the suffixes with those of the private section, such as `github.io`, below which companies let names."""
    return read_list()


def load_suffixes() -> None:
    """Read the lists of suffixes now, so that no request waits for them later."""
    read_suffixes()
    _read_all_suffixes()


def normalise(text: str, *, allowed_tlds: Collection[str] = (), field: str = "domainName") -> str:
    """Return the A-label form in which a hostname is stored and compared; of a web page's address, that of its host.

    `allowed_tlds` are reserved top-level domains that the operator accepts, for a sandbox. Raises RefusedName, which
    says what is wrong, and names `field`.
    """
    is_plain = len(text) <= MAX_NAME_CHARS and _PLAIN_NAME.fullmatch(text) is not None and _A_LABEL_PREFIX not in text
    name = text if is_plain else _read_name(text, field)
    _check_top(name, name.split("."), allowed_tlds, field)
    return name


def _read_name(text: str, field: str) -> str:
    """Return the A-labels of a hostname of which nothing is known yet. Raises RefusedName."""

    def fault(sentence_id: str, /, **params: Param) -> RefusedName:
        return RefusedName(field, say(sentence_id, **params))

    if not text.strip():
        raise fault("hostname_empty")
    if len(text) > MAX_GIVEN_CHARS:
        raise fault("hostname_beyond_dns", most=MAX_NAME_CHARS)
    try:
        name = extract_name(text)
    except NotOnlyName as error:
        raise RefusedName(field, *error.sentences) from None
    if not name:
        raise fault("hostname_missing", typed=repr(text.strip()))
    if "_" in name:
        raise fault("hostname_underscore", name=repr(name))
    if "*" in name:
        raise fault("hostname_wildcard", name=repr(name))
    try:
        ascii_name = _to_ascii(name)
    except (idna.IDNAError, UnicodeError) as error:
        raise fault("hostname_not_one", name=repr(name), reason=str(error)) from error
    if len(ascii_name) > MAX_NAME_CHARS:
        raise fault("hostname_length", length=len(ascii_name), most=MAX_NAME_CHARS)
    labels = ascii_name.split(".")
    for label in labels:
        if not label:
            raise fault("hostname_label_empty", name=repr(name))
        if len(label) > _MAX_LABEL_CHARS:
            raise fault("hostname_label_length", label=repr(label), length=len(label), most=_MAX_LABEL_CHARS)
        if _LABEL.fullmatch(label) is None:
            raise fault("hostname_label_odd", label=repr(label))
    if len(labels) < 2:
        raise fault("hostname_single_label", name=repr(name))
    return ascii_name


def _check_top(name: str, labels: list[str], allowed_tlds: Collection[str], field: str) -> None:
    """Raise RefusedName for a name whose top-level domain lets it have no certificate, or is not the one meant."""
    tld = labels[-1]
    sentence = None
    if tld.isdigit() or _HEXADECIMAL.fullmatch(tld) is not None:
        sentence = say("hostname_number", name=repr(name))
    elif tld in allowed_tlds:
        return
    elif tld in _SCHEMES or list_unusual_labels(tld):
        sentence = say("hostname_no_tld", name=repr(name), tld=tld)
    elif tld in RESERVED_TLDS:
        sentence = say("hostname_reserved_tld", tld=tld)
    elif not is_delegated(tld) and (likely := find_likely(tld)) is not None:
        meant = ".".join((*labels[:-1], likely))
        sentence = say("hostname_tld_slip", tld=tld, likely=likely, meant=meant)
    elif _find_registered(name) is None:
        sentence = say("hostname_public_suffix", name=repr(name))
    if sentence is not None:
        raise RefusedName(field, sentence)


def normalise_search(text: str) -> str:
    """Return a search text in the form in which hostnames are stored, as far as that is possible; a URL as its host."""
    try:
        typed = extract_name(text).lower().removesuffix(".")
    except NotOnlyName:
        typed = _find_host(text.strip()).lower().removesuffix(".")
    try:
        return _to_ascii(typed)
    except (idna.IDNAError, UnicodeError):
        return typed


def _find_host(text: str) -> str:
    """Return the host of a URL, with or without its scheme, or the text itself."""
    try:
        return urlsplit(text if "://" in text else f"//{text}").hostname or text
    except ValueError:
        return text


@lru_cache(4096)
def registrable_domain(name: str) -> str:
    """Return the public suffix and one label more (`customer.co.uk`), or the name itself where there is none."""
    return _read_all_suffixes().privatesuffix(name) or name


@lru_cache(4096)
def _find_registered(name: str) -> str | None:
    """Return the name that somebody registered with a registry; None for one below which it registers."""
    return read_suffixes().privatesuffix(name)


@lru_cache(4096)
def find_typing_zone(name: str, zone: str | None) -> str:
    """Return the zone in which the records of a hostname are typed; `zone`: that which a check saw, if it did.

    Unless another was seen, that is the domain that somebody registered. A hostname that is a zone of its own gets its
    records in the zone above, since no CNAME can be at the top of a zone.
    """
    likely = _find_registered(name) or name
    if zone is None or not is_within(name, zone) or _find_registered(zone) is None or (zone == name and zone != likely):
        return likely
    return zone


def is_shared_suffix(name: str) -> bool:
    """Whether names below this one belong to others than its owner: below `co.uk`, and below `github.io` too."""
    return bool(_read_all_suffixes().is_public(name))


def list_unusual_labels(name: str) -> tuple[str, ...]:
    """Return the A-labels of a name that IDNA 2008 does not allow, such as those of emoji."""
    if _A_LABEL_PREFIX not in name:
        return ()
    return tuple(label for label in name.split(".") if label.startswith(_A_LABEL_PREFIX) and not _is_allowed(label))


def is_cname_target(text: str) -> bool:
    """Whether a text can be the target of a CNAME: labels in lower case, of a length that DNS carries."""
    return (
        len(text) <= MAX_NAME_CHARS and "." in text and all(_TARGET_LABEL.fullmatch(label) for label in text.split("."))
    )


def _to_ascii(name: str) -> str:
    if name.isascii() and _A_LABEL_PREFIX not in name.lower():
        return name.lower().removesuffix(".")
    try:
        # UTS 46 maps the case itself: for a capital sigma at a word's end Python's lower() differs from browsers.
        return idna.encode(name, uts46=True, std3_rules=True).decode().removesuffix(".")
    except idna.IDNAError:
        if (lenient := _to_ascii_with_symbols(name)) is not None:
            return lenient
        raise


def _to_ascii_with_symbols(name: str) -> str | None:
    """Return the A-labels of a name with emoji, which IDNA 2008 does not allow and DNS serves; None for other names."""
    mapped = idna.uts46_remap(name, std3_rules=True, transitional=False).removesuffix(".")
    labels = [_encode_label(label) for label in mapped.split(".")]
    return ".".join(label for label in labels if label is not None) if all(labels) else None


def _encode_label(label: str) -> str | None:
    if not label.isascii():
        return f"{_A_LABEL_PREFIX}{label.encode('punycode').decode()}" if _is_symbolic(label) else None
    if not label.startswith(_A_LABEL_PREFIX) or _is_allowed(label):
        return label
    try:
        shown = label.removeprefix(_A_LABEL_PREFIX).encode().decode("punycode")
        is_same = idna.uts46_remap(shown, std3_rules=True, transitional=False) == shown
    except (idna.IDNAError, UnicodeError):
        return None
    return label if is_same and _encode_label(shown) == label else None


def _is_symbolic(label: str) -> bool:
    """Whether a label is made of letters, digits, hyphens and symbols, at least one of these."""
    categories = {unicodedata.category(character) for character in label if character not in ("-", _JOINER)}
    return bool(categories & _SYMBOL_CATEGORIES) and all(
        category in _SYMBOL_CATEGORIES or category[0] in "LMN" for category in categories
    )


def _is_allowed(label: str) -> bool:
    try:
        idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return False
    return True


def to_a_labels(name: str) -> str:
    """Return a name of any form in lower case, without the final dot, with A-labels for labels in other letters.

    Providers answer with either form. A label that cannot be encoded stays as it is, and so is no name that we know.
    """
    return ".".join(map(_to_a_label, name.lower().removesuffix(".").split(".")))


def _to_a_label(label: str) -> str:
    if label.isascii():
        return label
    try:
        return idna.encode(label, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        try:
            return _encode_label(idna.uts46_remap(label, std3_rules=True, transitional=False)) or label
        except idna.IDNAError:
            return label


def is_within(name: str, zone: str) -> bool:
    """Whether a name is the zone's own or below it; both are in lower case, without the final dot."""
    return name == zone or name.endswith(f".{zone}")


def relative_name(hostname: str, zone: str) -> str:
    """Return the name as it is typed where the provider appends the zone; `@` for the zone itself."""
    return "@" if hostname == zone else hostname.removesuffix(f".{zone}")
