"""What a token endpoint may answer although it should not, with tokens in it wherever they fit."""

from typing import Any, Final

from aiohttp import web

from tests.marked import marked
from tests.oauth.strict import Fault


async def lost(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
    """The connection breaks off before the answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def no_http(request: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
    """What comes is no HTTP."""
    assert request.transport is not None
    request.transport.write(f"{answer['access_token']} is your token\r\n\r\n".encode())
    request.transport.close()
    return web.Response()


async def cut_off(request: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
    """Less comes than was announced."""
    assert request.transport is not None
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    request.transport.write(f'{head}{{"access_token":"{answer["access_token"]}"'.encode())
    request.transport.close()
    return web.Response()


async def server_error(_: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
    return web.json_response(answer, status=500)


async def too_many(_: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
    return web.json_response(answer, status=429, headers={"Retry-After": "7"})


async def page(_: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
    return web.Response(text=f"<h1>Welcome</h1>{answer['access_token']}", content_type="text/html")


async def as_text(_: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
    """JSON that does not say that it is."""
    response = web.json_response(answer)
    response.content_type = "text/plain"
    return response


async def garbage(_: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
    return web.Response(text=f'{{"access_token":"{answer["access_token"]}",', content_type="application/json")


async def no_object(_: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
    return web.json_response([answer])


async def nested(_: web.Request, __: dict[str, Any]) -> web.StreamResponse:
    return web.Response(text="[" * 30_000, content_type="application/json")


async def huge(_: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
    return web.json_response({"padding": "x" * 70_000, **answer})


async def elsewhere(request: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
    """To itself with the token in the URL; whoever follows is given one."""
    location = f"{request.url.with_query(token=answer['access_token'])}"
    return web.Response(status=307, headers={"Location": location})


def with_changes(**changes: Any) -> Fault:
    """Tokens, of which some members are others."""

    async def changed(_: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
        return web.json_response({**answer, **changes})

    return changed


def refusing(status: int, code: Any) -> Fault:
    """An error that quotes what was sent, with HTML around it."""

    async def refused(request: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
        form = await request.post()
        sent = str(form.get("code") or form["refresh_token"])
        said = f"<script>{sent}</script>\x1b[2J{request.headers}"
        shown = sent if code is ... else code
        return web.json_response({**answer, "error": shown, "error_description": said}, status=status)

    return refused


LOST: Final[dict[str, Fault]] = {
    "lost": lost,
    "no HTTP": no_http,
    "cut off": cut_off,
    "500": server_error,
    "429": too_many,
    "a page": page,
    "JSON as text": as_text,
    "garbage": garbage,
    "no object": no_object,
    "nested": nested,
    "huge": huge,
    "for a while": refusing(400, "temporarily_unavailable"),
}
"""Nothing that can be used came, and the code may have been."""

BAD: Final[dict[str, tuple[Fault, str]]] = {
    "redirect": (elsewhere, "bad_token_answer"),
    "mac": (with_changes(token_type="mac"), "bad_token_answer"),
    "no type": (with_changes(token_type=None), "bad_token_answer"),
    "no token": (with_changes(access_token=None), "bad_token_answer"),
    "a token of two lines": (with_changes(access_token=marked("a\r\nX-Evil: b")), "bad_token_answer"),
    "a token that is a number": (with_changes(access_token=1), "bad_token_answer"),
    "a huge token": (with_changes(access_token=marked("a" * 20_000)), "bad_token_answer"),
    "a refresh token with a space": (with_changes(refresh_token=marked("a b")), "bad_token_answer"),
    "scopes that are a list": (with_changes(scope=["dns.write"]), "bad_token_answer"),
    "too many scopes": (with_changes(scope="a " * 200), "bad_token_answer"),
    "scopes with a token": (with_changes(scope=f'"{marked("scope")}"'), "bad_token_answer"),
    "an error of its own": (refusing(400, "<script>"), "token_refused"),
    "a code as the error": (refusing(400, ...), "token_refused"),
    "an error that is no text": (refusing(400, {"a": 1}), "token_refused"),
    "invalid_request": (refusing(400, "invalid_request"), "invalid_request"),
    "404": (refusing(404, None), "token_refused"),
}
"""The server refuses, or gives what has no use."""

CLIENT: Final[dict[str, Fault]] = {"401": refusing(401, "invalid_client"), "401 alone": refusing(401, None)}
"""The server does not know our client."""
