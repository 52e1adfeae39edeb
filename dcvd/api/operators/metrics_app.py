"""The application behind `server.metrics_listen`: the metrics, without authentication, and nothing else."""

from http import HTTPStatus
from typing import Any, Final

from litestar.types import Receive, Scope, Send

from dcvd.metrics.exposition import CONTENT_TYPE, Exposition

_PATH: Final = "/metrics"
_METHODS: Final = ("GET", "HEAD")
_NOTHING_HERE: Final = b"Here are only GET and HEAD of /metrics.\n"


class MetricsApp:
    """An ASGI application that knows one path and two methods, so that nothing else can be open by mistake."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        """Answer one request."""
        http_scope: dict[str, Any] = dict(scope)
        if http_scope["path"] == _PATH and http_scope["method"] in _METHODS:
            status, content_type, body = HTTPStatus.OK, CONTENT_TYPE, await self._exposition.render()
        else:
            status, content_type, body = HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", _NOTHING_HERE
        headers = [
            (b"content-type", content_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})
