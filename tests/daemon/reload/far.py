"""A server that plays everything a configuration can name by URL, and writes down how it was called."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.kit.receivers import receiver

_ENTRY = {
    "id": "id-1", "key": "key-1", "type": "CNAME", "kind": "TXT", "name": "app", "label": "elsewhere",
    "content": "old.example", "data": "data.example", "ttl": 300, "seconds": 777, "priority": 10,
}  # fmt: skip
_ZONE = {"id": "z-id", "number": "z-number", "name": "customer.com", "alias": "alias.example"}


class Far:
    """`calls`: each request as a line, its credentials readable."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            credentials = base64.b64decode(credentials).decode()
        body = (await request.text()).replace('": ', '":')
        self.calls.append(f"{request.method} {request.raw_path} {scheme} {credentials} {request.content_type} {body}")
        path = request.path
        if "refused" in path:
            return web.json_response({"message": "first reason", "reason": "second reason"}, status=422)
        if path.endswith("/.well-known/openid-configuration"):
            issuer = self.url + path.removesuffix("/.well-known/openid-configuration")
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            return web.json_response({"issuer": issuer, **{name: f"{issuer}/{name}/token" for name in names}})
        if path.startswith("/.well-known/"):
            issuer = self.url + path.removeprefix("/.well-known/oauth-authorization-server")
            urls = {"authorization_endpoint": f"{issuer}/authorize", "token_endpoint": f"{issuer}/token"}
            return web.json_response({"issuer": issuer, **urls, "response_types_supported": ["code"]})
        if "/token" in path:
            tokens = {"access_token": "a", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r"}
            return web.json_response(tokens)
        if "/check" in path:
            return web.json_response({"owner": {"name": "Ops", "mail": "ops@customer.example", "id": "acc"}})
        if "/records" in path and request.method == "GET":
            pages = {} if request.query.keys() & {"page", "seite"} else {"cursor": "c1", "follow": "f1", "total": 2}
            others = [{**_ENTRY, "content": "listed-elsewhere.example"}]
            return web.json_response({"entries": [_ENTRY], "others": others, **pages})
        if "/zones" in path and not path.endswith(("/customer.com", "/all")):
            return web.json_response({}, status=404)
        if "/zones" in path:
            return web.json_response({**_ZONE, "listed": [{**_ZONE, "id": "z-listed"}]})
        return web.json_response({})


@asynccontextmanager
async def serving() -> AsyncIterator[Far]:
    """One on loopback."""
    far = Far()
    async with receiver(far.handle) as port:
        far.url = f"http://127.0.0.1:{port}"
        yield far
