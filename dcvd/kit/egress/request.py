"""Encode a POST request. The part that depends on the URL is built once; headers are checked each time."""

import functools
import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dcvd import __version__
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.guard import (
    EgressPolicy,
    check_header_names,
    check_header_values,
    is_well_quoted,
    judge_url,
    parse_url,
)

_DEFAULT_HEADERS: Final = (("Accept", "*/*"), ("Accept-Encoding", "identity"), ("User-Agent", f"dcvd/{__version__}"))
_PATH: Final = re.compile(r"[/?].*")


class Origin(Struct, frozen=True, gc=False):
    """The receiver of a connection and the owner of its requests. Requests with the same origin may share it.

    client_certificate: the digest of the client's credentials, which belong to the connection; empty without any.
    A server in front of many receivers could confuse their answers. So requests of two owners never share a connection.
    """

    host: str
    port: int
    tls: bool
    owner: str
    client_certificate: str = ""


class EgressTarget(Struct, frozen=True, kw_only=True, gc=False):
    """A URL that the policy permits. `head` is the request line and the Host header."""

    origin: Origin
    head: bytes


def parse_target(url: str, owner: str, policy: EgressPolicy) -> EgressTarget:
    """Parse a URL. Raises EgressError when the policy refuses it."""
    refusal = judge_url(url, policy)
    if refusal is not None:
        raise EgressError("refused_by_policy", refusal.reason, refusal.message)
    parsed = parse_url(url)
    tls = parsed.scheme == "https"
    host = str(parsed.raw_host).lower()
    # A receiver may sign over the path as it knows it, so it is sent exactly as written where that is possible.
    path_match = _PATH.search(url.partition("://")[2]) if is_well_quoted(url) else _PATH.search(parsed.raw_path_qs)
    path = path_match.group() if path_match is not None else "/"
    path = path if path.startswith("/") else f"/{path}"
    head = f"POST {path} HTTP/1.1\r\nHost: {str(parsed.host_port_subcomponent).lower()}\r\n"
    return EgressTarget(origin=Origin(host, parsed.port or (443 if tls else 80), tls, owner), head=head.encode("ascii"))


def encode_request(target: EgressTarget, headers: Mapping[str, str], body: bytes) -> bytes:
    """Encode head and body, to be written at once. Raises EgressError when a header must not be sent."""
    fault = check_header_values(headers)
    if fault is not None:
        raise EgressError("refused_by_policy", None, fault)
    fields = _build_header_template(tuple(headers)) % (*headers.values(), len(body))
    return b"".join((target.head, fields.encode(), body))


@functools.lru_cache(maxsize=256)
def _build_header_template(names: tuple[str, ...]) -> str:
    """Build the header section for these names, to be filled with their values and the body's length."""
    fault = check_header_names(names)
    if fault is not None:
        raise EgressError("refused_by_policy", None, fault)
    given_names = {name.lower() for name in names}
    default_lines = [f"{name}: {value}" for name, value in _DEFAULT_HEADERS if name.lower() not in given_names]
    given_lines = [f"{name.replace('%', '%%')}: %s" for name in names]
    return "\r\n".join((*default_lines, *given_lines, "Content-Length: %d", "", ""))
