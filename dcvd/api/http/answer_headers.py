"""The headers that every answer has, beside those of the application."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from litestar.types import HTTPScope

from dcvd.api.http.origins import AllowedOrigins
from dcvd.api.http.problems import REQUEST_ID, format_allow
from dcvd.api.http.rate_limits import RATE_LIMIT_FIELDS
from dcvd.config import ServerConfig
from dcvd.kit.http.security_headers import CONTENT_POLICY, SECURITY_HEADERS

_TRANSPORT_SECURITY: Final = (b"strict-transport-security", b"max-age=31536000")  # a year


class AnswerHeaders:
    """Completes the headers of answers."""

    def __init__(self, server: ServerConfig, methods: Mapping[str, Collection[str]]) -> None:
        """`methods`: the methods of each path template."""
        self._own = [(b"cache-control", b"no-store"), *SECURITY_HEADERS]
        if server.public_url.startswith("https://"):
            self._own.append(_TRANSPORT_SECURITY)
        self._own_names = frozenset(name for name, _ in self._own)
        self._origins = AllowedOrigins(server.cors_origins)
        self._allow = {path: format_allow(names).encode() for path, names in methods.items()}

    def complete(self, headers: Iterable[tuple[bytes, bytes]], scope: HTTPScope) -> list[tuple[bytes, bytes]]:
        """Return the application's headers with ours; a page keeps the content policy that it brings."""
        completed = [
            *self._filter(headers, scope),
            *self._own,
            (b"x-request-id", scope["state"][REQUEST_ID].encode()),
            *scope["state"].get(RATE_LIMIT_FIELDS, ()),
            *self._origins.build_headers(scope["headers"]),
        ]
        if not any(name == CONTENT_POLICY[0] for name, _ in completed):
            completed.append(CONTENT_POLICY)
        return completed

    def build_preflight(self, scope: HTTPScope) -> list[tuple[bytes, bytes]] | None:
        """Build the headers of the answer to a browser's preflight; None for any other request."""
        return self._origins.build_preflight_headers(scope["method"], list(scope["headers"]))

    def _filter(self, headers: Iterable[tuple[bytes, bytes]], scope: HTTPScope) -> Iterator[tuple[bytes, bytes]]:
        """Yield the application's headers. Litestar's own answer to OPTIONS lists one method alone; it is corrected."""
        allow = self._allow.get(scope.get("path_template", "")) if scope["method"] == "OPTIONS" else None
        for name, value in headers:
            if name == b"allow" and allow is not None:
                yield name, allow
            elif name not in self._own_names:
                yield name, value
