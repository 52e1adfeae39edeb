"""Names and addresses that a tenant may not make us dial, up to the very connect."""

import ipaddress
from typing import Final

import pytest
import structlog

from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.egress.dial import Dialler
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.egress.names import GuardedResolver
from dcvd.kit.egress.progress import ExchangeProgress
from dcvd.kit.egress.request import Origin
from dcvd.kit.egress.system_resolver import SystemResolver
from tests.kit.receivers import LOOPBACK, PUBLIC, egress, failure, ok, receiver
from tests.system_names import Resolver

_NOWHERE: Final = {
    "unknown": None,
    "without_address": [],
    **{
        address: [address]
        for address in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1")
    },
}


@pytest.mark.parametrize("addresses", _NOWHERE.values(), ids=_NOWHERE)
async def test_nobody_learns_whether_a_name_is_unknown_or_where_in_our_networks_it_leads(
    resolver: Resolver, addresses: list[str] | None
) -> None:
    if addresses is not None:
        resolver.answers["inside.example"] = [addresses]
    async with egress(PUBLIC) as client:
        with structlog.testing.capture_logs() as logs:
            error = await failure(client, "http://inside.example/")
    assert (error.kind, error.reason) == ("dns", FailureReason.NAME_NOT_PUBLIC)
    assert (error.message, error.remote_ip) == ("The name inside.example leads to no public address.", None)
    assert resolver.asked == ["inside.example"]
    (entry,) = [entry for entry in logs if entry["event"] == "egress.name_refused"]
    assert all(str(ipaddress.ip_address(address)) in entry["detail"] for address in addresses or [])


async def test_of_a_names_addresses_only_the_good_ones_are_dialled(resolver: Resolver) -> None:
    async with receiver(ok) as port, egress() as client:
        resolver.answers["mixed.example"] = [["10.0.0.1", "169.254.169.254", "127.0.0.1"]]
        answer = await client.post(f"http://mixed.example:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
    assert answer.remote_ip == "127.0.0.1"


async def test_the_address_that_was_judged_is_the_one_that_is_dialled(resolver: Resolver) -> None:
    resolver.answers["rebinding.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    async with receiver(ok) as port, egress() as client:
        answer = await client.post(f"http://rebinding.example:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
    assert answer.remote_ip == "127.0.0.1"
    assert resolver.asked == ["rebinding.example"]


def _dialler(policy: EgressPolicy) -> Dialler:
    """It remembers no name."""
    return Dialler(policy, GuardedResolver(policy, SystemResolver(1), ttl_s=0))


async def test_a_public_name_that_moves_inside_is_refused_at_the_next_dial(resolver: Resolver) -> None:
    resolver.answers["moving.example"] = [["127.0.0.1"], ["10.0.0.1"]]
    dialler = _dialler(LOOPBACK)
    async with receiver(ok) as port:
        origin = Origin("moving.example", port, tls=False, owner="org_a")
        (await dialler.dial(origin, ExchangeProgress(60))).abort()
        with pytest.raises(EgressError) as caught:
            await dialler.dial(origin, ExchangeProgress(60))
    assert caught.value.reason is FailureReason.NAME_NOT_PUBLIC


async def test_a_public_address_behind_a_name_is_not_dialled_on_a_port_that_is_not_allowed(resolver: Resolver) -> None:
    resolver.answers["hooks.example"] = [["1.1.1.1"]]
    async with egress() as client:
        error = await failure(client, "http://hooks.example:22/")
    assert error.kind == "refused_by_policy"
    assert error.message == "The URL names port 22 of hooks.example, which is not allowed."


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/"]
)
async def test_a_literal_is_refused_before_anything_is_asked_or_dialled(resolver: Resolver, url: str) -> None:
    async with egress(PUBLIC) as client:
        assert (await failure(client, url)).kind == "refused_by_policy"
    assert resolver.asked == []


async def test_the_last_gate_holds_without_any_check_of_the_url() -> None:
    dialler = _dialler(PUBLIC)
    async with receiver(ok) as port:
        for host in ("127.0.0.1", "::ffff:127.0.0.1", "127.1"):
            with pytest.raises(EgressError) as caught:
                await dialler.dial(Origin(host, port, tls=False, owner="org_a"), ExchangeProgress(60))
            assert caught.value.kind == "refused_by_policy"


@pytest.mark.parametrize("headers", [{"X-Evil": "a\r\nHost: inside"}, {"X-Evil\n": "a"}, {"Content-Length": "0"}])
async def test_a_header_injection_is_refused(headers: dict[str, str]) -> None:
    async with egress() as client:
        assert (await failure(client, "http://127.0.0.1:1/", headers=headers)).kind == "refused_by_policy"
