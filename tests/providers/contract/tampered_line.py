"""A line to a provider's server that changes one of its answers."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree

import aiohttp
from aiohttp import web
from yarl import URL

from tests.kit.receivers import receiver

_PASSED_ON: Final = frozenset({"accept", "authorization", "content-type", "host", "x-amz-date", "x-amz-security-token"})
_BODIES: Final = (b"", b"<html><body>Sign in</body></html>", b"null", b"[]", b"{}", b"7", b'"x"', b"\xff", b"[" * 5000)
_VALUES: Final[tuple[Any, ...]] = (None, True, 7, "", [], {}, [None], {"x": 1})

Path = tuple[str | int, ...]
"""The way to a member of a JSON document."""


class Tampering(NamedTuple):
    """What becomes of a body, and how to call that. path: to the member that is changed; () for the whole body."""

    description: str
    body: bytes
    path: Path = ()


class TamperedLine:
    """It passes on what both sides say, but the answer number `number` gets another body. bodies: the true ones."""

    def __init__(self, server_port: int, number: int = -1, body: bytes = b"") -> None:
        self.port = 0
        self.bodies: list[bytes] = []
        self._server_port = server_port
        self._number = number
        self._body = body

    @asynccontextmanager
    async def open(self) -> AsyncIterator["TamperedLine"]:
        async with aiohttp.ClientSession() as self._session, receiver(self._pass_on) as self.port:
            yield self

    async def _pass_on(self, request: web.Request) -> web.Response:
        url = URL(f"http://127.0.0.1:{self._server_port}{request.raw_path}", encoded=True)
        headers = {name: value for name, value in request.headers.items() if name.lower() in _PASSED_ON}
        sent = await request.read()
        async with self._session.request(request.method, url, headers=headers, data=sent or None) as response:
            body = await response.read()
        number = len(self.bodies)
        self.bodies.append(body)
        return web.Response(
            status=response.status,
            body=self._body if number == self._number else body,
            content_type=response.content_type,
        )


def list_tamperings(body: bytes) -> Iterator[Tampering]:
    """List bodies that are not what their API documents: other documents, members of other types, and without some."""
    for other in _BODIES:
        if other != body:
            yield Tampering(f"body {other[:30]!r}", other)
    if body.startswith((b"{", b"[")):
        yield from _tamper_with_json(body)
    elif body.startswith(b"<"):
        yield from _tamper_with_xml(body)


def _tamper_with_json(body: bytes) -> Iterator[Tampering]:
    for path in _list_paths(json.loads(body)):
        for value in _VALUES:
            document, parent = _copy(body, path)
            if type(parent[path[-1]]) is not type(value):
                parent[path[-1]] = value
                yield Tampering(f"{path} = {value!r}", json.dumps(document).encode(), path)
        document, parent = _copy(body, path)
        if isinstance(parent, dict):
            del parent[path[-1]]
            yield Tampering(f"no {path}", json.dumps(document).encode(), path)


def _tamper_with_xml(body: bytes) -> Iterator[Tampering]:
    for number in range(sum(1 for _ in ElementTree.fromstring(body).iter())):
        root = ElementTree.fromstring(body)
        element = list(root.iter())[number]
        tag = element.tag.rpartition("}")[2]
        element.tag = "Other"
        yield Tampering(f"{tag} is called Other", ElementTree.tostring(root), (tag,))
        for parent in root.iter():
            if element in parent:
                parent.remove(element)
                yield Tampering(f"no {tag}", ElementTree.tostring(root), (tag,))


def _list_paths(document: Any, above: Path = ()) -> Iterator[Path]:
    match document:
        case dict():
            members: list[tuple[str | int, Any]] = list(document.items())
        case list():
            members = list(enumerate(document))
        case _:
            members = []
    for step, inner in members:
        yield (*above, step)
        yield from _list_paths(inner, (*above, step))


def _copy(body: bytes, path: Path) -> tuple[Any, Any]:
    """A document of its own, and in it what holds the member at a path."""
    document = parent = json.loads(body)
    for step in path[:-1]:
        parent = parent[step]
    return document, parent
