"""Read what a custom hostname has that dcvd does not manage, as the part of an edit's body that leaves it as it is."""

from typing import Any, Final

import msgspec
from msgspec import Struct

Json = dict[str, Any]

_MAX_BYTES: Final = 16 << 10
_HOSTNAME_MEMBERS: Final = ("custom_metadata", "custom_origin_server", "custom_origin_sni")
_SSL_MEMBERS: Final = ("settings", "bundle_method", "cloudflare_branding")
_CERTIFICATE_MEMBERS: Final = ("custom_certificate", "custom_key", "custom_cert_bundle")
_UPLOAD_MEMBERS: Final = ("uploaded_on", "expires_on")


class KeptSettings(Struct, frozen=True):
    """The settings, each as Cloudflare gave it; none of them, and `is_too_large`, where they are more than is kept."""

    content: Json
    is_too_large: bool = False


def read_kept_settings(hostname: Json, ssl: Json) -> KeptSettings:
    """Read the settings of a custom hostname and of its `ssl`. What has no value is at its default, and left out."""
    content = _select(hostname, _HOSTNAME_MEMBERS)
    if ssl_content := _select(ssl, _SSL_MEMBERS):
        content["ssl"] = ssl_content
    is_too_large = len(msgspec.json.encode(content)) > _MAX_BYTES
    return KeptSettings({} if is_too_large else content, is_too_large)


def has_own_certificate(ssl: Json) -> bool:
    """Whether somebody uploaded the certificate.

    Cloudflare documents `uploaded_on` and `expires_on` for uploaded ones; those that it issues stand in `certificates`.
    """
    if any(ssl.get(member) for member in _CERTIFICATE_MEMBERS):
        return True
    return not ssl.get("certificates") and any(ssl.get(member) for member in _UPLOAD_MEMBERS)


def _select(source: Json, members: tuple[str, ...]) -> Json:
    return {member: value for member in members if (value := _drop_unset(source.get(member))) not in (None, "", {})}


def _drop_unset(value: object) -> object:
    """Return an object without members that have no value, as an order does not take them; anything else as it is."""
    if not isinstance(value, dict):
        return value
    return {name: item for name, item in value.items() if item is not None and item != []}
