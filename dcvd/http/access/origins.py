"""Which web pages of other origins may call the API from a browser (CORS). Source: the Fetch standard, section 3.2."""

from collections.abc import Collection, Iterable
from typing import Final

RawHeaders = list[tuple[bytes, bytes]]

_PREFLIGHT_HEADERS: Final = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        b"Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer",
    ),
    (b"access-control-max-age", b"600"),
]
_EXPOSED_HEADERS: Final = (
    b"access-control-expose-headers",
    b"Content-Disposition, ETag, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id",
)


class AllowedOrigins:
    """Answers browsers. Credentials of the browser's own, such as cookies, are never allowed."""

    def __init__(self, origins: Collection[str]) -> None:
        """Without origins, no answer says anything of them, so that browsers refuse."""
        self._origins = frozenset(origin.encode() for origin in origins)

    def build_headers(self, request_headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
        """Build what an answer says to the page that asked."""
        if not self._origins:
            return []
        vary = (b"vary", b"Origin")
        origin = self._find_origin(request_headers)
        return [vary] if origin is None else [vary, (b"access-control-allow-origin", origin), _EXPOSED_HEADERS]

    def build_preflight_headers(self, method: str, request_headers: RawHeaders) -> RawHeaders | None:
        """Build the answer to a browser that asks before the request itself; None for any other request."""
        is_preflight = method == "OPTIONS" and any(
            name == b"access-control-request-method" for name, _ in request_headers
        )
        return _PREFLIGHT_HEADERS if is_preflight and self._find_origin(request_headers) is not None else None

    def _find_origin(self, request_headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
        origins = [value for name, value in request_headers if name == b"origin"]
        return origins[0] if len(origins) == 1 and origins[0] in self._origins else None
