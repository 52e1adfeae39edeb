"""Names and addresses that a tenant may not make us dial, up to the very connect."""

import ipaddress
import ssl

import pytest

from dcvd.kit.egress.dial import Dialler
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.egress.names import GuardedResolver
from dcvd.kit.egress.progress import ExchangeProgress
from dcvd.kit.egress.request import Origin
from dcvd.kit.egress.system_resolver import SystemResolver
from tests.kit.receivers import LOOPBACK, PUBLIC, egress, failure, ok, receiver
from tests.system_names import Resolver


async def test_a_name_that_does_not_exist_is_a_dns_failure(resolver: Resolver) -> None:
    async with egress() as client:
        error = await failure(client, "https://missing.example/")
    assert error.kind == "dns"
    assert error.message == "The name missing.example cannot be resolved: Name or service not known."


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"])
async def test_a_name_that_leads_to_a_private_address_is_refused(resolver: Resolver, address: str) -> None:
    resolver.answers["inside.example"] = [[address]]
    async with egress(PUBLIC) as client:
        error = await failure(client, "http://inside.example/")
    assert error.kind == "refused_by_policy"
    assert f"inside.example leads to {ipaddress.ip_address(address)} (" in error.message


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
    return Dialler(policy, GuardedResolver(policy, SystemResolver(1), ttl_s=0), ssl.create_default_context())


async def test_a_public_name_that_moves_inside_is_refused_at_the_next_dial(resolver: Resolver) -> None:
    resolver.answers["moving.example"] = [["127.0.0.1"], ["10.0.0.1"]]
    dialler = _dialler(LOOPBACK)
    async with receiver(ok) as port:
        origin = Origin("moving.example", port, tls=False, owner="org_a")
        (await dialler.dial(origin, ExchangeProgress(60))).abort()
        with pytest.raises(EgressError) as caught:
            await dialler.dial(origin, ExchangeProgress(60))
    assert caught.value.kind == "refused_by_policy"


async def test_a_public_address_behind_a_name_is_not_dialled_on_a_port_that_is_not_allowed(resolver: Resolver) -> None:
    resolver.answers["hooks.example"] = [["1.1.1.1"]]
    async with egress() as client:
        error = await failure(client, "http://hooks.example:22/")
    assert error.kind == "refused_by_policy"
    assert "1.1.1.1 (port 22 is not allowed)" in error.message


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
