"""The Domain Connect settings of a customer's DNS provider, read with the caution that strangers' text needs.

Source: draft-ietf-dconn-domainconnect, section on discovery.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from dcvd.core.dns.hostnames import to_a_labels

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?"
_PATH: Final = r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*"
_PREFIX: Final = re.compile(rf"({_HOST}{_PATH})/?")
_URL: Final = re.compile(rf"(https://{_HOST}{_PATH})/?")
_MAX_PREFIX_LENGTH: Final = 255
_MAX_PREFIXES: Final = 3
_MAX_NAMESERVERS: Final = 32
_MAX_NAMESERVER_LENGTH: Final = 254
_MAX_URL_LENGTH: Final = 512
_MAX_NAME_LENGTH: Final = 100
_MARKUP: Final = frozenset('<>"`')
_WINDOW_SIZES: Final = range(100, 4001)
_USUAL_WINDOW_SIZE: Final = 750
"""The width and height, in pixels, of the window in which the customer confirms."""


class ProviderSettings(Struct, frozen=True, kw_only=True):
    """The settings of the DNS provider that has a zone. URLs are https, without a query or a final slash.

    sync_url: where a customer confirms a signed URL; None where the provider has no such flow. width, height: the size
    of the window for it, in pixels. nameservers: those at which it serves the zone; empty where it does not say.
    """

    provider_id: str
    name: str
    api_url: str
    sync_url: str | None = None
    width: int = _USUAL_WINDOW_SIZE
    height: int = _USUAL_WINDOW_SIZE
    nameservers: frozenset[str] = frozenset()


class _SettingsDocument(Struct, rename={"id": "providerId", "name": "providerName", "api": "urlAPI"}):
    id: str
    name: str
    api: str
    providerDisplayName: str | None = None  # noqa: N815  # the document's own spelling
    urlSyncUX: str | None = None  # noqa: N815  # likewise
    width: Any = None
    height: Any = None
    nameServers: list[str] | None = None  # noqa: N815  # likewise


def read_api_prefixes(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the hosts, perhaps with a path, that may serve the settings of a zone's provider; the first few of many.

    A zone that has moved from provider to provider keeps the TXT record of each.
    """
    prefixes = {
        match[1]
        for text in texts
        if len(text) <= _MAX_PREFIX_LENGTH
        and (match := _PREFIX.fullmatch(text.strip())) is not None
        and "." in match[1]
    }
    return tuple(sorted(prefixes)[:_MAX_PREFIXES])


def read_settings(body: bytes) -> ProviderSettings:
    """Read the settings document of a provider. Raises ValueError, which names the member at fault."""
    try:
        document = msgspec.json.decode(body, type=_SettingsDocument)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not the JSON that is expected ({type(error).__name__})") from error
    return ProviderSettings(
        provider_id=_validate_text(document.id, "providerId"),
        name=_validate_text(document.providerDisplayName or document.name, "providerName"),
        api_url=_validate_url(document.api, "urlAPI"),
        sync_url=_validate_url(document.urlSyncUX, "urlSyncUX") if document.urlSyncUX else None,
        width=_read_size(document.width),
        height=_read_size(document.height),
        nameservers=_read_nameservers(document.nameServers or []),
    )


def _validate_text(value: str, member: str) -> str:
    text = value.strip()
    if not text or len(text) > _MAX_NAME_LENGTH or not text.isprintable() or _MARKUP.intersection(text):
        raise ValueError(f"{member} is empty, too long, not printable or markup")
    return text


def _validate_url(value: str, member: str) -> str:
    match = _URL.fullmatch(value) if len(value) <= _MAX_URL_LENGTH else None
    if match is None:
        raise ValueError(f"{member} is no https:// URL of a host and a path")
    return match[1]


def _read_nameservers(names: Sequence[str]) -> frozenset[str]:
    if len(names) > _MAX_NAMESERVERS or any(len(name) > _MAX_NAMESERVER_LENGTH for name in names):
        raise ValueError("nameServers are too many or too long")
    return frozenset(map(to_a_labels, names))


def _read_size(value: object) -> int:
    """Read a window size, which some send as text; an impossible one becomes the usual size."""
    try:
        size = int(value) if isinstance(value, (int, str)) else _USUAL_WINDOW_SIZE
    except ValueError:
        return _USUAL_WINDOW_SIZE
    return size if size in _WINDOW_SIZES else _USUAL_WINDOW_SIZE
