"""Token endpoints that answer what they should not: nothing is stored, and nothing of it is told."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from tests.api.client import Client, problem
from tests.api.conftest import EventDict
from tests.api.oauth.flow import Flow
from tests.api.oauth.servers import OwnServer
from tests.leaks import MARK

Answer = Callable[[web.Request, dict[str, Any]], web.StreamResponse]


def _lost(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (_lost, 502, "provider_unavailable"),
        (lambda _, tokens: web.json_response(tokens, status=500), 502, "provider_unavailable"),
        (lambda _, tokens: web.json_response(tokens, status=429), 502, "provider_unavailable"),
        (lambda _, tokens: web.Response(text=str(tokens), content_type="text/html"), 502, "provider_unavailable"),
        (lambda _, tokens: web.json_response([tokens]), 502, "provider_unavailable"),
        (lambda _, tokens: web.Response(body=b"\xff{" + repr(tokens).encode(), content_type="application/json"), 502,
         "provider_unavailable"),
        (lambda _, tokens: web.json_response(tokens | {"padding": "x" * 100_000}), 502, "provider_unavailable"),
        (lambda _, tokens: web.json_response(tokens | {"token_type": "mac"}), 502, "bad_token_answer"),
        (lambda _, tokens: web.json_response(tokens | {"access_token": f"{tokens['access_token']}\r\nX: y"}), 502,
         "bad_token_answer"),
        (lambda _, tokens: web.json_response(tokens | {"access_token": None}), 502, "bad_token_answer"),
        (lambda _, tokens: web.json_response(tokens | {"refresh_token": 7}), 502, "bad_token_answer"),
        (lambda _, tokens: web.json_response(tokens | {"scope": ["dns"]}), 502, "bad_token_answer"),
        (lambda _, tokens: web.Response(status=307, headers={"Location": "http://127.0.0.1:9/"}), 502,
         "bad_token_answer"),
        (lambda _, tokens: web.json_response({"error": "invalid_scope", "error_description": tokens["access_token"]},
                                             status=400), 502, "invalid_scope"),
        (lambda _, tokens: web.json_response({"error": f"<b>{tokens['access_token']}", "error_description": "<b>x"},
                                             status=400), 502, "token_refused"),
    ],
)  # fmt: skip
async def test_what_is_no_answer_with_tokens_connects_nothing_and_is_not_quoted(
    answer: Answer, status: int, code: str, own_flow: Flow, owner: Client, own: OwnServer, log_lines: list[EventDict]
) -> None:
    async def fault(request: web.Request, tokens: dict[str, Any]) -> web.StreamResponse:
        return answer(request, tokens)

    own.fault = fault
    refused = await own_flow.exchange(owner, await own_flow.answered(owner))
    problem(refused, status, code)
    assert MARK.encode() not in refused.body
    assert b"<b>" not in refused.body
    assert MARK not in repr(log_lines)
    assert len([form for form in own.asked if form["grant_type"] == "authorization_code"]) == 1
    assert await own_flow.stored() == 0


@pytest.mark.parametrize("expires_in", [None, -5, 0, 10**30, "3600", 1e300, True, "soon", [1]])
async def test_whatever_life_a_token_is_said_to_have_it_is_a_possible_one(
    expires_in: object, own_flow: Flow, owner: Client, own: OwnServer
) -> None:
    async def fault(_: web.Request, tokens: dict[str, Any]) -> web.StreamResponse:
        return web.json_response(tokens | {"expires_in": expires_in})

    own.fault = fault
    made = await own_flow.connected(owner)
    assert made["expiresAt"] is None or "2027-01-15T08:00:01Z" <= made["expiresAt"] <= "2028-01-16T08:00:00Z"
