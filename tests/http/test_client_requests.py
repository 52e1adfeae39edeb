"""Whose a request is, and how many requests one client may have under way."""

import asyncio
from ipaddress import ip_network

import msgspec
import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.config import Config
from dcvd.http.limits.client_requests import CLIENT_ADDRESS, CLIENT_CLAIMANT
from tests.http.enveloped import Enveloped
from tests.waiting import until

_PROXY = "10.0.0.1"


@pytest.fixture
def proxied(app: Api, config: Config) -> Enveloped:
    server = replace(config.server, trusted_proxies=(ip_network("10.0.0.0/8"),), max_requests_per_address=2)
    return Enveloped(app, replace(config, server=server))


async def test_a_request_knows_its_client_behind_a_trusted_proxy_and_believes_nobody_else(proxied: Enveloped) -> None:
    forwarded = [("X-Forwarded-For", "1.1.1.1, 198.51.100.1")]
    for peer, client in ((_PROXY, "198.51.100.1"), ("203.0.113.9", "203.0.113.9"), (None, None)):
        assert (await proxied.call(peer=peer, headers=forwarded)).status == 200
        assert proxied.state[CLIENT_ADDRESS] == client


async def test_a_request_knows_what_stands_for_its_client_however_many_addresses_that_has(proxied: Enveloped) -> None:
    for peer, claimant in (
        ("203.0.113.9", "203.0.113.9"), ("2001:db8::9", "2001:db8::/64"), (_PROXY, None), (None, None),
    ):  # fmt: skip
        assert (await proxied.call(peer=peer)).status == 200
        assert proxied.state[CLIENT_CLAIMANT] == claimant


async def test_one_client_may_have_only_so_many_requests_under_way_behind_a_proxy_too(proxied: Enveloped) -> None:
    proxied.release.clear()
    greedy = [("X-Forwarded-For", "198.51.100.1")]
    waiting = [asyncio.create_task(proxied.call(peer=_PROXY, headers=greedy)) for _ in range(2)]

    async def under_way() -> bool:
        return proxied.under_way == 2

    await until(under_way)
    refused = await proxied.call(peer=_PROXY, headers=greedy)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
    assert msgspec.json.decode(refused.body)["code"] == "too_many_requests"
    proxied.release.set()
    assert (await proxied.call(peer=_PROXY, headers=[("X-Forwarded-For", "198.51.100.2")])).status == 200
    assert [answer.status for answer in await asyncio.gather(*waiting)] == [200, 200]
    assert (await proxied.call(peer=_PROXY, headers=greedy)).status == 200


@pytest.mark.parametrize("peer", [_PROXY, None])
async def test_what_comes_from_the_proxy_itself_or_over_the_unix_socket_is_not_one_client(
    proxied: Enveloped, peer: str | None
) -> None:
    proxied.release.clear()
    waiting = [asyncio.create_task(proxied.call(peer=peer)) for _ in range(9)]

    async def under_way() -> bool:
        return proxied.under_way == 9

    await until(under_way)
    proxied.release.set()
    assert {answer.status for answer in await asyncio.gather(*waiting)} == {200}
