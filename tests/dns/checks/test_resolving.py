"""Whether a configured resolver answers at all: for `/ready`, and for what a check may say of a domain."""

import pytest
from msgspec.structs import replace

from dcvd.config import Config, SocketAddress, parse_address
from dcvd.core.dns.facts import DnsCheckRequest
from dcvd.dns import DnsObserver
from dcvd.sandbox import Sandbox
from tests.dns.conftest import SHORT
from tests.dns.served import TARGET
from tests.faults import fault, heal

LONG = 3 * SHORT
"""Milliseconds for a look of which a part has to be enough for an answer, however busy the machine is."""


def resolving_by(config: Config, *resolvers: SocketAddress, timeout: int = SHORT) -> DnsObserver:
    return DnsObserver(replace(config, dns=replace(config.dns, resolvers=resolvers, timeout=timeout)))


async def test_one_resolver_that_answers_is_enough(
    config: Config, quick_sandbox: Sandbox, silent: SocketAddress
) -> None:
    answering = parse_address(quick_sandbox.dns_address)
    assert await resolving_by(config, answering).can_resolve()
    assert await resolving_by(config, silent, answering).can_resolve()
    assert not await resolving_by(config, silent).can_resolve()


async def test_resolvers_that_refuse_or_fail_do_not_resolve(config: Config, quick_sandbox: Sandbox) -> None:
    observer = resolving_by(config, parse_address(quick_sandbox.dns_address))
    for kind in ("servfail", "refuse"):
        await fault(quick_sandbox, kind=kind, target="dns")
        assert not await observer.can_resolve()
        await heal(quick_sandbox)
    assert await observer.can_resolve()


@pytest.mark.parametrize("kind", ["servfail", "refuse", "timeout"])
async def test_resolvers_that_fail_about_the_root_too_have_failed_until_one_answers(
    config: Config, quick_sandbox: Sandbox, kind: str
) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", [f"{TARGET}."])
    observer = resolving_by(config, parse_address(quick_sandbox.dns_address))
    request = DnsCheckRequest(hostname="app.customer.test", target=TARGET, is_thorough=True)
    await fault(quick_sandbox, kind=kind, target="dns")
    facts = (await observer.observe(request)).facts
    while kind == "timeout" and not facts.have_resolvers_failed:  # a query or two may have got lost
        facts = (await observer.observe(request)).facts
    assert (facts.outcome, facts.have_resolvers_failed) == ("unanswered", True)
    await heal(quick_sandbox)
    facts = (await observer.observe(request)).facts
    assert (facts.outcome, facts.have_resolvers_failed) == ("answered", False)


@pytest.mark.parametrize("kind", ["servfail", "refuse", "timeout"])
async def test_resolvers_that_fail_about_one_zone_alone_have_not_failed(
    config: Config, quick_sandbox: Sandbox, kind: str
) -> None:
    observer = resolving_by(
        config, parse_address(quick_sandbox.dns_address), timeout=LONG if kind == "timeout" else SHORT
    )
    await fault(quick_sandbox, kind=kind, target="dns", name="customer.test")
    for _ in range(3):
        request = DnsCheckRequest(hostname="app.customer.test", target=TARGET, is_thorough=True)
        facts = (await observer.observe(request)).facts
        assert (facts.outcome, facts.have_resolvers_failed) == ("unanswered", False)


async def test_resolvers_have_not_failed_while_one_of_them_answers(
    config: Config, quick_sandbox: Sandbox, other_sandbox: Sandbox
) -> None:
    both = [parse_address(sandbox.dns_address) for sandbox in (quick_sandbox, other_sandbox)]
    observer = resolving_by(config, *both)
    await fault(quick_sandbox, kind="refuse", target="dns")
    await fault(other_sandbox, kind="servfail", target="dns", name="customer.test")
    request = DnsCheckRequest(hostname="app.customer.test", target=TARGET, is_thorough=True)
    facts = (await observer.observe(request)).facts
    assert (facts.outcome, facts.have_resolvers_failed) == ("unanswered", False)
