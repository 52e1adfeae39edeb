"""A client that keeps whole answers, and the check that an answer is a problem as RFC 9457 has it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp
from msgspec import Struct
from multidict import CIMultiDictProxy
from yarl import URL

C = TypeVar("C", bound="Client")


class Answer(Struct, frozen=True):
    """An answer, read whole."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Speaks to the server as one caller; `token` None sends no Authorization."""

    def __init__(self, session: aiohttp.ClientSession, token: str | None = None) -> None:
        self._session = session
        self.token = token

    def as_bearer(self, token: str | None) -> "Client":
        """The same connection for another caller."""
        return Client(self._session, token)

    def play(self, kind: type[C]) -> C:
        """The same caller, who calls in another way."""
        return kind(self._session, self.token)

    async def call(
        self, method: str, path: str, *, json: Any = None, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """`path` is sent exactly as it is written, and no redirect is followed."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        url = URL(f"http://dcvd.test{path}", encoded=True)
        async with self._session.request(
            method, url, json=json, data=data, headers=sent, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.call("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.call("POST", path, json=json, **options)

    async def patch(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.call("PATCH", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> Answer:
        return await self.call("DELETE", path, **options)

    @asynccontextmanager
    async def stream(self, path: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[AsyncIterator[str]]:
        """Open a stream of lines, each without its end; leaving the block ends it."""

        async def read_lines(content: aiohttp.StreamReader) -> AsyncIterator[str]:
            async for line in content:
                yield line.decode().rstrip("\n")

        async with self._session.get(URL(f"http://dcvd.test{path}", encoded=True), headers=headers) as response:
            assert response.status == 200, await response.read()
            yield read_lines(response.content)


def problem(answer: Answer, status: int, code: str, *, field: str | None = None) -> dict[str, Any]:
    """The problem that the answer must be."""
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = answer.json
    assert found["status"] == status
    assert found["code"] == code, found
    assert found["type"] == "about:blank"
    assert found["title"]
    assert found["detail"]
    assert b"Traceback" not in answer.body
    if field is not None:
        assert [error["field"] for error in found["errors"]] == [field], found
        assert found["errors"][0]["message"]
    return found
