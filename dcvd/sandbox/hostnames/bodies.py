"""Read the bodies that create or edit custom hostnames; check and refuse them as Cloudflare does, by number."""

import re
from collections.abc import Mapping
from typing import Final, cast, get_args

import msgspec
from msgspec import UNSET, UnsetType
from publicsuffixlist import PublicSuffixList

from dcvd.core.addresses import MAX_NAME_CHARS, parse_ip
from dcvd.sandbox.hostnames.model import SslOrder, TlsSettings
from dcvd.sandbox.hostnames.statuses import Authority, BundleMethod, Method, SslStatus
from dcvd.sandbox.http.envelope import CloudflareErrorResponse

_SUFFIXES: Final = PublicSuffixList(only_icann=True)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DOCUMENTATION_DOMAINS: Final = ("example.com", "example.net", "example.org")
_COMMON_NAME_MAX: Final = 64
_DEFAULT_SETTINGS: Final[TlsSettings] = {"http2": "on", "min_tls_version": "1.0", "tls_1_3": "on"}
_SETTING_VALUES: Final[Mapping[str, tuple[int, tuple[str, ...]]]] = {
    "http2": (1422, ("on", "off")),
    "tls_1_3": (1424, ("on", "off")),
    "early_hints": (1434, ("on", "off")),
    "min_tls_version": (1425, ("1.0", "1.1", "1.2", "1.3")),
}

Body = Mapping[str, object]


class ExtraMembers(msgspec.Struct, frozen=True, kw_only=True):
    """The members beside hostname and ssl; UNSET if the body does not name them."""

    custom_metadata: Mapping[str, str] | UnsetType = UNSET
    custom_origin_server: str | UnsetType = UNSET
    custom_origin_sni: str | UnsetType = UNSET


def decode(raw: bytes) -> Body:
    """Return the JSON object in a request's body. Raises CloudflareErrorResponse 1400."""
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CloudflareErrorResponse(1400) from error
    if not isinstance(body, dict):
        raise CloudflareErrorResponse(1400)
    return cast(Body, body)


def read_hostname(body: Body) -> str:
    """Return the hostname in lower case, without a trailing dot.

    Raises CloudflareErrorResponse 1407, 1408, 1410, 1411 or 1448.

    Reserved top-level domains are accepted, where Cloudflare answers 1409: they are what a sandbox is used with.
    """
    hostname = body.get("hostname")
    if not isinstance(hostname, str):
        raise CloudflareErrorResponse(1407)
    if not hostname.isascii():
        raise CloudflareErrorResponse(1408)
    name = hostname.lower().removesuffix(".")
    if name.startswith("*."):
        raise CloudflareErrorResponse(1448)
    if not _is_hostname(name):
        raise CloudflareErrorResponse(1407)
    if name.endswith(tuple(f".{parent}" for parent in _DOCUMENTATION_DOMAINS)) or name in _DOCUMENTATION_DOMAINS:
        raise CloudflareErrorResponse(1411)
    if _SUFFIXES.privatesuffix(name) is None:
        raise CloudflareErrorResponse(1410, f"Domain: {name}")
    return name


def read_order(body: Body, hostname: str, *, ssl_id: str, now: int) -> SslOrder | None:
    """Return the certificate that a POST orders; None without `ssl`. Raises CloudflareErrorResponse 1422-1469."""
    ssl = _read_ssl(body)
    if ssl is None:
        return None
    order = SslOrder(id=ssl_id, stage=SslStatus.INITIALIZING, stage_entered_at=now, settings=_DEFAULT_SETTINGS)
    return apply_ssl(order, ssl, hostname)


def read_edit(body: Body) -> Body | None:
    """Return the `ssl` of a PATCH, which names both method and type.

    Raises CloudflareErrorResponse 1434, 1439 or 1440.
    """
    if "hostname" in body:
        raise CloudflareErrorResponse(1439)
    ssl = _read_ssl(body)
    if ssl is not None and not {"method", "type"} <= ssl.keys():
        raise CloudflareErrorResponse(1440)
    return ssl


def apply_ssl(order: SslOrder, ssl: Body, hostname: str) -> SslOrder:
    """Apply the members of `ssl` to an order; those that it omits are set to their defaults, whatever they were.

    Raises CloudflareErrorResponse for what cannot be ordered.
    """
    default = SslOrder(id=order.id, stage=order.stage, stage_entered_at=order.stage_entered_at)
    certificate, csr_id = _read_upload(ssl)
    if ("method" in ssl) != ("type" in ssl):
        raise CloudflareErrorResponse(1440)
    method = _read_choice(ssl, "method", get_args(Method), default.method, 1432)
    _read_choice(ssl, "type", ("dv",), "dv", 1433)
    bundle_method = _read_choice(ssl, "bundle_method", get_args(BundleMethod), default.bundle_method, 1449)
    wildcard = ssl.get("wildcard", default.wildcard)
    if not isinstance(wildcard, bool):
        raise CloudflareErrorResponse(1434, "`wildcard` is true or false.")
    if wildcard and method == "http":
        raise CloudflareErrorResponse(
            1434, "A wildcard certificate cannot be validated over HTTP; use the method `txt`."
        )
    authority = ssl.get("certificate_authority", default.authority)
    if authority == "":
        authority = "google"
    if authority not in get_args(Authority):
        raise CloudflareErrorResponse(1434, "`certificate_authority` is google, lets_encrypt or ssl_com.")
    if len(hostname) > _COMMON_NAME_MAX and ssl.get("cloudflare_branding") is not True:
        raise CloudflareErrorResponse(1469)
    return msgspec.structs.replace(
        order,
        method=cast(Method, method),
        bundle_method=cast(BundleMethod, bundle_method),
        wildcard=wildcard,
        authority=cast(Authority, authority),
        settings=_read_settings(ssl, _DEFAULT_SETTINGS),
        stage=order.stage if certificate is None else SslStatus.ACTIVE,
        custom_certificate=certificate,
        custom_csr_id=csr_id,
    )


def read_extras(body: Body) -> ExtraMembers:
    """Read the members beside hostname and ssl. Raises CloudflareErrorResponse 1401, 1415, 1416 or 1420."""
    return ExtraMembers(
        custom_metadata=_read_metadata(body["custom_metadata"]) if "custom_metadata" in body else UNSET,
        custom_origin_server=_read_origin(body["custom_origin_server"]) if "custom_origin_server" in body else UNSET,
        custom_origin_sni=_read_sni(body["custom_origin_sni"]) if "custom_origin_sni" in body else UNSET,
    )


def read_fallback_origin(body: Body) -> str:
    """Read the name of a fallback origin. Raises CloudflareErrorResponse 1415, 1416 or 1420."""
    return _read_origin(body.get("origin"))


def _read_ssl(body: Body) -> Body | None:
    ssl = body.get("ssl")
    if ssl is None:
        return None
    if not isinstance(ssl, dict):
        raise CloudflareErrorResponse(1434)
    return cast(Body, ssl)


def _read_upload(ssl: Body) -> tuple[str | None, str | None]:
    """Return the uploaded certificate, and the id of the signing request that it is for, if it has no key.

    The sandbox takes any text for a certificate and its key. Raises CloudflareErrorResponse 1426 for one without the
    other.
    """
    if ssl.get("custom_cert_bundle"):
        raise CloudflareErrorResponse(1426, "The sandbox takes one certificate, and no `custom_cert_bundle`.")
    certificate, key, csr_id = (ssl.get(name) or None for name in ("custom_certificate", "custom_key", "custom_csr_id"))
    if not all(isinstance(text, str | None) for text in (certificate, key, csr_id)):
        raise CloudflareErrorResponse(1426)
    if (certificate is None) != (key is None and csr_id is None):
        raise CloudflareErrorResponse(1426, "An upload is `custom_certificate` with `custom_key` or `custom_csr_id`.")
    return cast("str | None", certificate), cast("str | None", csr_id)


def _read_choice(ssl: Body, member: str, accepted: tuple[str, ...], default: str, number: int) -> str:
    value = ssl.get(member, default)
    if not isinstance(value, str) or value not in accepted:
        raise CloudflareErrorResponse(number)
    return value


def _read_settings(ssl: Body, current: TlsSettings) -> TlsSettings:
    settings = ssl.get("settings")
    if settings is None:
        return current
    if not isinstance(settings, dict):
        raise CloudflareErrorResponse(1434, "`settings` is an object.")
    merged = dict(current)
    for name, (number, accepted) in _SETTING_VALUES.items():
        if name in settings:
            if settings[name] not in accepted:  # works for unhashable values too, because this is a tuple
                raise CloudflareErrorResponse(number)
            merged[name] = settings[name]
    ciphers = settings.get("ciphers")
    if ciphers:
        if not isinstance(ciphers, list) or not all(isinstance(cipher, str) for cipher in ciphers):
            raise CloudflareErrorResponse(1442)
        if merged.get("min_tls_version") == "1.3":
            raise CloudflareErrorResponse(1443)
        merged["ciphers"] = list(dict.fromkeys(ciphers))
    return merged


def _read_metadata(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise CloudflareErrorResponse(1401)
    return cast(Mapping[str, str], value)


def _read_origin(value: object) -> str:
    if not isinstance(value, str):
        raise CloudflareErrorResponse(1415)
    if not value.isascii():
        raise CloudflareErrorResponse(1416)
    origin = value.lower().removesuffix(".")
    if origin.startswith("*"):
        raise CloudflareErrorResponse(1420)
    if not _is_hostname(origin) or "." not in origin:
        raise CloudflareErrorResponse(1415)
    return origin


def _read_sni(value: object) -> str:
    if value == ":request_host_header:":
        return ":request_host_header:"
    return _read_origin(value)


def _is_hostname(name: str) -> bool:
    if len(name) > MAX_NAME_CHARS or parse_ip(name.strip("[]")) is not None:
        return False
    return all(_LABEL.fullmatch(label) for label in name.split("."))
