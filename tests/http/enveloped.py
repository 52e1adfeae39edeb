"""The request envelope of a configuration, around an application that only answers."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace
from multidict import CIMultiDict

from dcvd.api.app import Api
from dcvd.config import Config, Live
from dcvd.http.request_envelope import RequestEnvelope
from dcvd.services.context import Context

Headers = Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """A status, its headers and the body."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


class Enveloped:
    """`state` is that of the last request; while `release` is not set, requests stay under way."""

    def __init__(self, app: Api, config: Config, *, headers: Headers = ()) -> None:
        """`headers`: those of the application's own answer."""
        parts = replace(app.services, context=Context(app.services.context.database, Live(config)))
        self.envelope = RequestEnvelope(self._answer, parts, {})
        self.state: dict[str, Any] = {}
        self.under_way = 0
        self.release = asyncio.Event()
        self.release.set()
        self._headers = [(name.encode(), value.encode()) for name, value in headers]

    async def call(
        self, *, peer: str | None = "127.0.0.1", headers: Headers = (), method: str = "GET", path: str = "/x"
    ) -> Answer:
        """Ask from an address, or over the unix socket."""
        sent: list[dict[str, Any]] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope: Any = {
            "type": "http", "method": method, "path": path, "query_string": b"", "extensions": {},
            "client": None if peer is None else (peer, 4711),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        }  # fmt: skip
        if peer is None:
            scope["extensions"]["dcvd.peer"] = {"pid": 1, "uid": 1, "gid": 1}
        await self.envelope(scope, receive, send)
        answered = CIMultiDict((name.decode(), value.decode()) for name, value in sent[0]["headers"])
        return Answer(sent[0]["status"], answered, b"".join(message["body"] for message in sent[1:]))

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.state = scope["state"]
        self.under_way += 1
        try:
            await self.release.wait()
        finally:
            self.under_way -= 1
        await send({"type": "http.response.start", "status": 200, "headers": list(self._headers)})
        await send({"type": "http.response.body", "body": b"{}", "more_body": False})
