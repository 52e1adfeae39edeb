"""In front of an AWS: what fails on the way, or takes longer than a test server lets it."""

import re
from collections import defaultdict, deque

import aiohttp
from aiohttp import web
from yarl import URL

_ACTIONS = [
    ("GET", r"/2013-04-01/hostedzonesbyname", "ListHostedZonesByName"),
    ("GET", r"/2013-04-01/hostedzone/\w+/rrset", "ListResourceRecordSets"),
    ("POST", r"/2013-04-01/hostedzone/\w+/rrset/", "ChangeResourceRecordSets"),
    ("GET", r"/2013-04-01/hostedzone/\w+", "GetHostedZone"),
    ("GET", r"/2013-04-01/change/\w+", "GetChange"),
]
_PASSED_ON = {"authorization", "content-type", "host", "x-amz-date", "x-amz-security-token"}


class Front:
    """Passes everything on as it came, but for what a test tells it.

    pending: answers in which a change is not everywhere yet. strict_trust: refuse AssumeRole without an ExternalId,
    which moto lets pass. calls: the actions in their order.
    """

    def __init__(self) -> None:
        self.upstream = ""
        self.session: aiohttp.ClientSession
        self.pending = 0
        self.strict_trust = False
        self.calls: list[str] = []
        self._faults: dict[str, deque[tuple[int, str]]] = defaultdict(deque)
        self._lost: set[str] = set()

    def fail(self, action: str, code: str, message: str = "", *, status: int = 400, times: int = 1) -> None:
        """Answer so, and pass nothing on."""
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        self._faults[action].extend([(status, body)] * times)

    def answer(self, action: str, body: str, *, status: int = 200) -> None:
        """Answer exactly so, and pass nothing on."""
        self._faults[action].append((status, body))

    def lose(self, action: str) -> None:
        """Pass it on, and break off the answer."""
        self._lost.add(action)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        action = _action(request, body)
        self.calls.append(action)
        if self._faults[action]:
            status, text = self._faults[action].popleft()
            return web.Response(status=status, text=text, content_type="text/xml")
        if self.strict_trust and action == "AssumeRole" and b"ExternalId=" not in body:
            text = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
            return web.Response(status=403, text=text, content_type="text/xml")
        headers = {name: value for name, value in request.headers.items() if name.lower() in _PASSED_ON}
        url = URL(self.upstream + request.raw_path, encoded=True)
        async with self.session.request(request.method, url, headers=headers, data=body or None) as answer:
            content = await answer.read()
            status = answer.status
        if action in self._lost:
            self._lost.discard(action)
            assert request.transport is not None
            request.transport.abort()
        if b"INSYNC" in content and self.pending:
            self.pending -= 1
            content = content.replace(b"INSYNC", b"PENDING")
        return web.Response(status=status, body=content, content_type="text/xml")


def _action(request: web.Request, body: bytes) -> str:
    if found := re.search(rb"(?:^|&)Action=(\w+)", body):
        return found[1].decode()
    for method, path, action in _ACTIONS:
        if request.method == method and re.fullmatch(path, request.path):
            return action
    return request.path
