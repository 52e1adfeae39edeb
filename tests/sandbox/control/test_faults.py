"""Faults on the Cloudflare API, as a client meets them."""

import asyncio
import time

import aiohttp
import pytest

from dcvd.sandbox import Sandbox, SandboxSettings
from tests.sandbox.conftest import Caller


async def fault(caller: Caller, **members: object) -> str:
    answer = await caller.control("POST", "/faults", members)
    assert answer.status == 201, answer.raw
    return str(answer.body["id"])


async def test_a_status_fault_answers_in_the_envelope_with_its_headers_so_many_times(caller: Caller) -> None:
    await fault(caller, kind="status", status=429, headers={"Retry-After": "2"}, times=2)
    for _ in range(2):
        answer = await caller.hostnames()
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "2"
        assert "Ratelimit" in answer.headers
        assert answer.body["success"] is False
        assert answer.body["errors"]
    assert (await caller.hostnames()).status == 200


async def test_a_fault_without_times_lasts_until_it_is_deleted(caller: Caller) -> None:
    first = await fault(caller, kind="status")
    second = await fault(caller, kind="status", status=503)
    assert [(await caller.hostnames()).status for _ in range(3)] == [500, 500, 500]
    assert (await caller.control("DELETE", f"/faults/{first}")).status == 204
    assert (await caller.hostnames()).status == 503
    assert (await caller.control("DELETE", f"/faults/{first}")).status == 404
    assert second != first
    assert (await caller.control("DELETE", "/faults")).status == 204
    assert (await caller.hostnames()).status == 200


@pytest.mark.parametrize(
    ("members", "hit", "spared"),
    [
        ({"method": "post"}, ("POST", ""), ("GET", "")),
        ({"path": "/zones/*/custom_hostnames"}, ("GET", ""), ("GET", "/quota")),
        ({"path": "/zones/*/custom_hostnames/*", "method": "GET"}, ("GET", "/quota"), ("GET", "")),
        ({"path": "/client/v4/zones"}, ("GET", ""), None),
        ({"path": "/user"}, None, ("GET", "")),
    ],
)
async def test_a_fault_meets_only_its_method_and_path(
    caller: Caller, members: dict[str, object], hit: tuple[str, str] | None, spared: tuple[str, str] | None
) -> None:
    await fault(caller, kind="status", status=503, **members)
    if hit is not None:
        assert (await caller.hostnames(*hit)).status == 503
    if spared is not None:
        assert (await caller.hostnames(*spared)).status != 503


async def test_refuse_resets_the_connection_and_does_nothing(caller: Caller) -> None:
    await fault(caller, kind="refuse", times=1)
    with pytest.raises(aiohttp.ClientError) as caught:
        await caller.create("shop.customer.test")
    assert isinstance(caught.value, ConnectionResetError | aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
    assert (await caller.hostnames()).result == []


async def test_refuse_is_a_reset_on_the_wire_and_no_clean_end(caller: Caller) -> None:
    await fault(caller, kind="refuse", times=1)
    host, _, port = caller.sandbox.api_url.split("/")[2].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /client/v4/user/tokens/verify HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        async with asyncio.timeout(60):
            await reader.read()
    writer.close()


async def test_a_lost_answer_was_done_all_the_same(caller: Caller) -> None:
    await fault(caller, kind="lost_answer", method="POST", times=1)
    with pytest.raises(aiohttp.ClientError):
        await caller.create("shop.customer.test")
    assert [record["hostname"] for record in (await caller.hostnames()).result] == ["shop.customer.test"]
    assert (await caller.hostnames("POST", body={"hostname": "shop.customer.test"})).error == (409, 1406)


async def test_a_timeout_never_answers_and_does_nothing(caller: Caller) -> None:
    await fault(caller, kind="timeout", times=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await caller.create("shop.customer.test")
    assert (await caller.hostnames()).result == []


async def test_a_call_held_by_a_timeout_does_not_hold_the_stop() -> None:
    async with aiohttp.ClientSession() as session:
        async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as sandbox:
            caller = Caller(session, sandbox)
            await fault(caller, kind="timeout")
            held = asyncio.create_task(caller.hostnames(), name="held call")
            async with asyncio.timeout(60):
                while not (await caller.control("GET", "/state")).body["requests"]:
                    pass
            started = time.monotonic()
        assert time.monotonic() - started < 10
        with pytest.raises(aiohttp.ClientError):
            await held


async def test_faulted_calls_are_counted_too_and_the_control_api_meets_no_fault(caller: Caller) -> None:
    await fault(caller, kind="refuse")
    for _ in range(3):
        with pytest.raises(aiohttp.ClientError):
            await caller.hostnames("POST", body={"hostname": "a.test"})
    assert (await caller.control("GET", "/state")).body["requests"] == {"POST /zones/{zone_id}/custom_hostnames": 3}
