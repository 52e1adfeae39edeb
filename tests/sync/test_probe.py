"""A check probes what serves a hostname, against a real edge."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from dcvd.config import Config, parse_address
from dcvd.core.custom_hostnames.edge import ProbeMode
from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.edge_probe import EdgeProber
from dcvd.dns import DnsObserver
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.sandbox.edge.states import EdgeState
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.lifecycle import checks
from dcvd.sync.checker import DomainChecker
from tests.faults import force_edge, release_edge
from tests.waiting import until

NAME = "app.customer.test"
CA = Path(__file__).parents[2] / "config" / "sandbox-edge-ca.pem"


@pytest.fixture
def sandbox_config(sandbox_config: Config, quick_sandbox: Sandbox) -> Config:
    sync = replace(sandbox_config.sync, probe_connect_to=parse_address(quick_sandbox.edge_address), probe_ca_file=CA)
    return replace(sandbox_config, sync=sync)


@pytest.fixture
def checker(sandbox_context: Context, cloudflare: CloudflareClient) -> DomainChecker:
    observer = DnsObserver(sandbox_context.config)
    prober = EdgeProber(sandbox_context.live_config, observer.zones, Metrics())
    return DomainChecker(sandbox_context, cloudflare, observer, Metrics(), prober)


@pytest.fixture
async def served(sandbox_context: Context, cloudflare: CloudflareClient, quick_sandbox: Sandbox, org: str) -> Domain:
    """A domain that Cloudflare calls active, and that we have not seen to be."""
    domain = await additions.add(sandbox_context, org, NAME)
    quick_sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    await checks.record(sandbox_context, domain.id, [await cloudflare.create(NAME)])

    async def is_active() -> bool:
        hostname = await cloudflare.find(NAME)
        return hostname is not None and hostname.status == hostname.ssl_status == "active"

    await until(is_active)
    return await queries.get(sandbox_context, org, domain.id)


async def check_when_due(checker: DomainChecker, context: Context, domain: Domain) -> Domain:
    """As the loop does it."""
    await checker.check_due(domain, CheckLane.WAITING)
    return await queries.get(context, domain.org_id, domain.id)


def codes(domain: Domain) -> list[str]:
    return [finding.code for finding in domain.findings]


async def test_a_domain_that_becomes_active_is_ready_once_the_edge_serves_it(
    checker: DomainChecker, sandbox_context: Context, served: Domain, quick_sandbox: Sandbox
) -> None:
    await force_edge(quick_sandbox, NAME, EdgeState.NO_CERTIFICATE)
    domain = await check_when_due(checker, sandbox_context, served)
    assert (domain.status, domain.is_ready, codes(domain)) == (
        DomainStatus.ACTIVE,
        False,
        ["edge_without_certificate"],
    )
    await release_edge(quick_sandbox, NAME)
    domain = await check_when_due(checker, sandbox_context, domain)
    assert (domain.is_ready, codes(domain)) == (True, [])


@pytest.mark.parametrize(("mode", "found"), [("activation", []), ("always", ["edge_wrong_certificate"]), ("never", [])])
async def test_a_routine_check_of_an_active_domain_probes_only_where_that_is_wanted(
    checker: DomainChecker,
    sandbox_context: Context,
    served: Domain,
    quick_sandbox: Sandbox,
    mode: ProbeMode,
    found: list[str],
) -> None:
    config = sandbox_context.config
    sandbox_context.live_config.value = replace(config, sync=replace(config.sync, probe=mode))
    domain = await check_when_due(checker, sandbox_context, served)
    assert domain.is_ready
    await force_edge(quick_sandbox, NAME, EdgeState.EXPIRED)
    assert codes(await check_when_due(checker, sandbox_context, domain)) == found


async def test_a_person_who_asks_sees_what_serves_and_a_switch_takes_it_back(
    checker: DomainChecker, sandbox_context: Context, served: Domain, quick_sandbox: Sandbox
) -> None:
    domain = await check_when_due(checker, sandbox_context, served)
    await force_edge(quick_sandbox, NAME, EdgeState.WRONG_NAME)
    asked = await checker.check(domain, is_thorough=True)
    assert asked is not None
    assert (asked.is_ready, codes(asked)) == (False, ["edge_wrong_certificate"])
    assert "other.sandbox.test" in asked.findings[0].message
    config = sandbox_context.config
    sandbox_context.live_config.value = replace(config, sync=replace(config.sync, probe="never"))
    assert codes(await check_when_due(checker, sandbox_context, asked)) == []
