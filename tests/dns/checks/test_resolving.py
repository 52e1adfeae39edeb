"""Whether a configured resolver answers at all, for `/ready`."""

from msgspec.structs import replace

from dcvd.config import Config, SocketAddress, parse_address
from dcvd.dns import DnsObserver
from dcvd.sandbox import Sandbox
from tests.dns.conftest import SHORT
from tests.faults import fault, heal


def resolving_by(config: Config, *resolvers: SocketAddress) -> DnsObserver:
    return DnsObserver(replace(config, dns=replace(config.dns, resolvers=resolvers, timeout=SHORT)))


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
