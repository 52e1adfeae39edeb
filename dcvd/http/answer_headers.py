"""The headers that every answer has, beside those of the application."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from litestar.types import HTTPScope

from dcvd.config import ServerConfig
from dcvd.http.access.origins import AllowedOrigins
from dcvd.http.answers.problems import REQUEST_ID, format_allow
from dcvd.http.limits.rate_limits import RATE_LIMIT_FIELDS
from dcvd.kit.http.security_headers import CONTENT_POLICY, SECURITY_HEADERS

KEPT_FOR_EVER: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""For what never changes and is no secret: browsers keep it, and pages of other origins may show it."""
OWN_REFERRER: Final = {"Referrer-Policy": "same-origin"}
"""For pages with forms that write: with the policy of all other answers, browsers name no `Origin` to us either."""
_OWN_REFERRER_FIELD: Final = (b"referrer-policy", OWN_REFERRER["Referrer-Policy"].encode())
KEPT_FOR_AN_HOUR: Final = {**KEPT_FOR_EVER, "Cache-Control": "public, max-age=3600"}
"""For what is no secret either, and changes with a new version of dcvd."""
_KEPT_NAMES: Final = frozenset(name.lower().encode() for name in KEPT_FOR_EVER)
_KEPT_FIELDS: Final = frozenset(
    (b"cache-control", kept["Cache-Control"].encode()) for kept in (KEPT_FOR_EVER, KEPT_FOR_AN_HOUR)
)
_FRAMES: Final = b"frame-ancestors "
_NO_FRAMES: Final = b"frame-ancestors 'none'"
_FRAME_OPTIONS: Final = b"x-frame-options"
_TRANSPORT_SECURITY: Final = (b"strict-transport-security", b"max-age=31536000")  # a year


class AnswerHeaders:
    """Completes the headers of answers."""

    def __init__(self, server: ServerConfig, methods: Mapping[str, Collection[str]]) -> None:
        """`methods`: the methods of each path template; there may be more of them later."""
        self._own = [(b"cache-control", b"no-store"), *SECURITY_HEADERS]
        if server.is_https:
            self._own.append(_TRANSPORT_SECURITY)
        self._own_names = frozenset(name for name, _ in self._own)
        self._origins = AllowedOrigins(server.cors_origins)
        self._methods = methods

    def complete(self, headers: Iterable[tuple[bytes, bytes]], scope: HTTPScope) -> list[tuple[bytes, bytes]]:
        """Return the application's headers with ours; a page keeps the policies that it brings."""
        brought = list(headers)
        kept_names = frozenset[bytes]() if _KEPT_FIELDS.isdisjoint(brought) else _KEPT_NAMES
        if _OWN_REFERRER_FIELD in brought:
            kept_names |= {_OWN_REFERRER_FIELD[0]}
        completed = [
            *self._filter(brought, scope, kept_names),
            *(field for field in self._own if field[0] not in kept_names),
            (b"x-request-id", scope["state"][REQUEST_ID].encode()),
            *scope["state"].get(RATE_LIMIT_FIELDS, ()),
            *self._origins.build_headers(scope["headers"]),
        ]
        policies = [value for name, value in completed if name == CONTENT_POLICY[0]]
        if not policies:
            completed.append(CONTENT_POLICY)
        elif any(_FRAMES in policy and _NO_FRAMES not in policy for policy in policies):
            # The older header knows no list of origins, and would forbid what the policy allows.
            completed = [field for field in completed if field[0] != _FRAME_OPTIONS]
        return completed

    def build_preflight(self, scope: HTTPScope) -> list[tuple[bytes, bytes]] | None:
        """Build the headers of the answer to a browser's preflight; None for any other request."""
        return self._origins.build_preflight_headers(scope["method"], list(scope["headers"]))

    def _filter(
        self, headers: Iterable[tuple[bytes, bytes]], scope: HTTPScope, kept_names: Collection[bytes]
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the application's headers but for our own, of which those of `kept_names` stay as they are.

        The handler of OPTIONS does not know the methods of a path; what it says is corrected.
        """
        methods = self._methods.get(scope.get("path_template", "")) if scope["method"] == "OPTIONS" else None
        for name, value in headers:
            if name == b"allow" and methods is not None:
                yield name, format_allow(methods).encode()
            elif name not in self._own_names or name in kept_names:
                yield name, value
