"""What the command line makes of a daemon's answers, good and bad."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from dcvd.cli.call_timeouts import find_timeout_s
from dcvd.cli.operations import Operations, open_daemon_operations
from dcvd.errors import DcvdError, InvalidInput
from dcvd.http.answers.problem_view import Problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


NO_OPERATOR = Problem(title="Forbidden", status=403, detail="You are no operator.", code="not_an_operator")


def problem_response(problem: Problem) -> web.Response:
    """The answer with a problem, in the form that the API gives it."""
    body = msgspec.json.encode(problem)
    return web.Response(body=body, status=problem.status, content_type="application/problem+json")


@asynccontextmanager
async def daemon(path: Path, handler: Handler) -> AsyncIterator[Operations]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    async with open_daemon_operations(path) as operations:
        yield operations
    await runner.cleanup()


async def test_every_page_of_tokens_is_asked_for(tmp_path: Path) -> None:
    def token(name: str) -> dict[str, object]:
        return {
            "id": f"token_{name}",
            "orgId": "org_1",
            "name": name,
            "role": "admin",
            "createdAt": "2026-01-15T10:30:00Z",
            "expiresAt": None,
            "lastUsedAt": None,
            "lastAddress": None,
            "scopes": None,
            "domains": None,
            "readOnly": False,
            "allowedNetworks": None,
            "mintedBy": None,
            "memberId": None,
            "previousExpiresAt": None,
        }

    async def paged(request: web.Request) -> web.Response:
        assert request.path == "/operator/organizations/org_1/tokens"
        if request.query.get("cursor") == "b=":
            return web.json_response({"tokens": [token("third")], "nextCursor": None})
        return web.json_response({"tokens": [token("first"), token("second")], "nextCursor": "b="})

    async with daemon(tmp_path / "d.sock", paged) as operations:
        names = [found.name for found in (await operations.list_tokens("org_1")).items]
    assert names == ["first", "second", "third"]


async def test_a_problem_becomes_its_sentence_and_code(tmp_path: Path) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return problem_response(NO_OPERATOR)

    async with daemon(tmp_path / "d.sock", refuse) as operations:
        with pytest.raises(DcvdError) as caught:
            await operations.list_organizations()
    assert (caught.value.message, caught.value.code) == ("You are no operator.", "not_an_operator")


async def test_an_error_that_is_no_problem_of_ours_names_the_socket_and_the_status(tmp_path: Path) -> None:
    async def fail(request: web.Request) -> web.Response:
        return web.Response(status=502, text="<html>")

    async with daemon(tmp_path / "d.sock", fail) as operations:
        with pytest.raises(DcvdError, match=r"d\.sock answered GET /operator/organizations with 502"):
            await operations.list_organizations()


async def test_an_answer_of_an_unknown_form_asks_for_a_restart(tmp_path: Path) -> None:
    async def strange(request: web.Request) -> web.Response:
        return web.json_response({"tenants": []})

    async with daemon(tmp_path / "d.sock", strange) as operations:
        with pytest.raises(DcvdError, match=r"a form that this command does not know.*Restart the daemon"):
            await operations.list_organizations()


async def test_a_lost_answer_says_that_it_may_have_been_done(tmp_path: Path) -> None:
    async def vanish(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        await asyncio.sleep(0)
        return web.Response()

    async with daemon(tmp_path / "d.sock", vanish) as operations:
        with pytest.raises(DcvdError, match=r"did not answer POST .* to the end .*: look whether it was done"):
            await operations.create_organization("Acme")


@pytest.mark.parametrize("wrong", ["soon", "0s", "-1s"])
def test_a_timeout_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput, match=r"\$DCVD_TIMEOUT"):
        find_timeout_s({"DCVD_TIMEOUT": wrong})


def test_the_timeout_is_that_of_the_environment_or_half_a_minute() -> None:
    assert find_timeout_s({"DCVD_TIMEOUT": "250ms"}) == 0.25
    assert find_timeout_s({}) == find_timeout_s({"DCVD_TIMEOUT": ""}) == 30
