"""A token endpoint that does what it should not: the answer says so, nothing is stored, and no secret is told."""

import pytest
from aiohttp import web

from tests.api.oauth.conftest import RETURN_TO
from tests.api.oauth.flow import Flow
from tests.leaks import MARK
from tests.oauth.faults import BAD, CLIENT, LOST
from tests.oauth.servers import SCOPES, TENANTS
from tests.oauth.strict import Fault, Strict
from tests.served_app.client import problem

pytestmark = pytest.mark.parametrize("server", ["ours"], indirect=True)


async def test_a_fault_of_the_token_endpoint_connects_nothing_and_tells_no_secret(flow: Flow) -> None:
    assert isinstance(flow.server, Strict)
    judged: list[tuple[Fault, str]] = [
        (LOST["lost"], "provider_unavailable"),
        (LOST["500"], "provider_unavailable"),
        BAD["redirect"],
        BAD["a code as the error"],
        (CLIENT["401"], "invalid_client"),
    ]
    for number, (fault, code) in enumerate(judged, start=1):
        flow.server.fault = fault
        parameters = await flow.consented(redirectUri=TENANTS)
        answer = await flow.exchange(parameters)
        problem(answer, 502, code)
        assert MARK.encode() not in answer.body
        assert b"<script" not in answer.body
        problem(await flow.exchange(parameters), 400, "invalid_state", field="state")
        assert len(flow.server.asked) == number, "a code is never sent twice"
    assert await flow.kept() == 0


async def test_a_browser_learns_of_a_fault_no_more_than_its_code(flow: Flow) -> None:
    assert isinstance(flow.server, Strict)
    flow.server.fault = BAD["an error of its own"][0]
    for more in ({}, {"returnTo": RETURN_TO}):
        answer = await flow.callback(await flow.consented(**more))
        shown = answer.headers.get("Location", "") + answer.body.decode()
        assert "token_refused" in shown
        assert MARK not in shown
        assert "<script" not in shown
    assert await flow.kept() == 0


async def test_what_was_given_without_scopes_is_as_it_was_asked_for(flow: Flow) -> None:
    assert isinstance(flow.server, Strict)

    async def silent(_: object, answer: dict[str, object]) -> web.StreamResponse:
        return web.json_response({name: answer[name] for name in ("access_token", "token_type")})

    flow.server.fault = silent
    made = (await flow.exchange(await flow.consented(redirectUri=TENANTS))).json["connection"]
    assert tuple(made["scopes"]) == SCOPES
    assert (made["expiresAt"], made["refreshAt"]) == (None, None)
