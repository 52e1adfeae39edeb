"""Who is let in, and the envelope and headers around every answer."""

from collections.abc import Mapping

import pytest

from tests.sandbox.conftest import Caller

GOOD = {"Authorization": "Bearer sandbox-token"}


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, (400, 1403)),
        ({"Authorization": "sandbox-token"}, (400, 6003)),
        ({"Authorization": "Basic c2FuZGJveC10b2tlbg=="}, (400, 6003)),
        ({"Authorization": "Bearer "}, (400, 6003)),
        ({"Authorization": "Bearer other"}, (401, 10000)),
        ({"Authorization": "Bearer sandbox-token-and-more"}, (401, 10000)),
    ],
)
async def test_a_bad_token_is_answered_in_the_envelope(
    caller: Caller, headers: Mapping[str, str], error: tuple[int, int]
) -> None:
    url = f"{caller.sandbox.api_url}{caller.zone}/custom_hostnames"
    assert (await caller.raw("GET", url, headers=headers)).error == error


async def test_a_token_can_be_verified(caller: Caller) -> None:
    answer = await caller.cloudflare("GET", "/user/tokens/verify")
    assert answer.result["status"] == "active"
    assert len(answer.result["id"]) == 32
    url = f"{caller.sandbox.api_url}/user/tokens/verify"
    assert (await caller.raw("GET", url, headers={"Authorization": "Bearer no"})).error == (401, 1000)


@pytest.mark.parametrize(
    ("method", "path", "error"),
    [
        ("GET", "/zones/0123456789abcdef0123456789abcdef/custom_hostnames", (403, 9109)),
        ("GET", "/zones/nonsense/custom_hostnames", (404, 7003)),
        ("GET", "/nonsense", (404, 7003)),
        ("GET", "/", (404, 7003)),
        ("DELETE", "/user/tokens/verify", (405, 10405)),
    ],
)
async def test_other_zones_paths_and_methods_are_refused(
    caller: Caller, method: str, path: str, error: tuple[int, int]
) -> None:
    assert (await caller.cloudflare(method, path)).error == error


async def test_an_unknown_hostname_is_404_1436(caller: Caller) -> None:
    unknown = "/3537a672-e4d8-4d89-aab9-26cb622918a1"
    assert (await caller.hostnames("GET", unknown)).error == (404, 1436)


@pytest.mark.parametrize("path", ["/user/tokens/verify", "/nonsense", "/zones/x/custom_hostnames"])
async def test_every_answer_carries_the_rate_limit_headers(caller: Caller, path: str) -> None:
    answer = await caller.cloudflare("GET", path)
    assert answer.headers["Ratelimit"] == '"default";r=1199;t=300'
    assert answer.headers["Ratelimit-Policy"] == '"default";q=1200;w=300'
    assert answer.headers["Content-Type"].startswith("application/json")


async def test_the_delegation_id_belongs_to_the_zone(caller: Caller) -> None:
    uuid = (await caller.cloudflare("GET", f"{caller.zone}/dcv_delegation/uuid")).result["uuid"]
    assert len(uuid) == 16
    record = await caller.create("a.test")
    await caller.wait()
    delegation = (await caller.get(record))["ssl"]["dcv_delegation_records"][0]
    assert delegation["cname_target"] == f"a.test.{uuid}.dcv.cloudflare.com"


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test:8787", "192.0.2.1:8787", ""])
@pytest.mark.parametrize("path", ["/sandbox/state", "/client/v4/user/tokens/verify"])
async def test_a_host_header_that_is_not_loopback_is_refused(caller: Caller, host: str, path: str) -> None:
    base = caller.sandbox.control_url.removesuffix("/sandbox")
    answer = await caller.raw("GET", f"{base}{path}", headers={**GOOD, "Host": host})
    assert answer.status in (400, 421)


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8787"])
async def test_any_name_of_this_machine_will_do(caller: Caller, host: str) -> None:
    assert (await caller.raw("GET", f"{caller.sandbox.control_url}/state", headers={"Host": host})).status == 200


async def test_the_control_api_serves_no_web_page(caller: Caller) -> None:
    answer = await caller.raw(
        "POST", f"{caller.sandbox.control_url}/clock", headers={"Origin": "http://127.0.0.1"}, data=b'{"advance":"1d"}'
    )
    assert answer.status == 403
    assert "Origin" in answer.body["error"]
