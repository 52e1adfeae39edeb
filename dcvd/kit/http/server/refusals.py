"""The answers that the server gives by itself, without the application."""

from collections.abc import Iterable
from typing import Final

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from dcvd.kit.http.security_headers import CONTENT_POLICY, SECURITY_HEADERS

_REFUSALS: Final = {
    400: ("malformed_request", "The request is not valid HTTP."),
    408: ("request_timeout", "The rest of the request did not arrive in time."),
    431: ("head_too_large", "The request line and the headers are too large."),
    503: ("busy", "There are too many connections; try again in a moment."),
}


def build_refusal(status: int, default_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Build the whole answer: a problem as the application's are, after which the connection is closed."""
    code, title = _REFUSALS[status]
    body = msgspec.json.encode({"type": "about:blank", "title": title, "status": status, "code": code})
    headers = [
        *default_headers,
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *SECURITY_HEADERS,
        CONTENT_POLICY,
        (b"connection", b"close"),
    ]
    return STATUS_LINE[status] + b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n" + body
