"""AWS Signature Version 4, in the Authorization header."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

from msgspec import Struct

from dcvd.core.instants import to_seconds
from dcvd.core.secret import Secret

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class SigningKeys(Struct, frozen=True, kw_only=True):
    """What a request is signed with; temporary keys have a session token, which travels with it."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None


class CredentialScope(Struct, frozen=True):
    """For which region and service a signature holds."""

    region: str
    service: str


def sign_headers(
    keys: SigningKeys, method: str, url: str, headers: Mapping[str, str], body: bytes, scope: CredentialScope, now: int
) -> dict[str, str]:
    """The headers to send: those given, and the signature's own. All are signed, and Host, which the client adds.

    url: with its path and query percent-encoded, as it is sent; without dot segments. now: milliseconds.
    """
    instant = datetime.fromtimestamp(to_seconds(now), UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = {**headers, "X-Amz-Date": instant}
    if keys.session_token is not None:
        sent["X-Amz-Security-Token"] = keys.session_token.reveal()
    names, request = _canonical_request(method, url, sent, body)
    day = instant[:8]
    credential = f"{day}/{scope.region}/{scope.service}/aws4_request"
    to_sign = "\n".join([_ALGORITHM, instant, credential, hashlib.sha256(request.encode()).hexdigest()])
    key = b"AWS4" + keys.secret_access_key.reveal().encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        key = _hmac(key, part)
    sent["Authorization"] = (
        f"{_ALGORITHM} Credential={keys.access_key_id}/{credential}, SignedHeaders={names}, "
        f"Signature={_hmac(key, to_sign).hex()}"
    )
    return sent


def _canonical_request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """The names of the signed headers, and the canonical request."""
    parts = urlsplit(url)
    # White space within a value counts as one blank.
    values = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    values["host"] = _host_header(parts.scheme, parts.hostname or "", parts.port)
    ordered = sorted(values.items())
    names = ";".join(name for name, _ in ordered)
    pairs = sorted(tuple(pair.partition("=")[::2]) for pair in parts.query.split("&") if pair)
    request = [
        method,
        # What is percent-encoded in the URL is encoded once more, for every service but S3.
        quote(parts.path or "/", safe="/~"),
        "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{value}" for name, value in ordered),
        "",
        names,
        hashlib.sha256(body).hexdigest(),
    ]
    return names, "\n".join(request)


def _host_header(scheme: str, host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port is None or port == _DEFAULT_PORTS.get(scheme) else f"{name}:{port}"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
