"""Registrations with a plan of the operator's zone that does not have what is ordered."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.core.domains.domain import DomainStatus
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.kit.clock import SystemClock
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.services import diagnosis
from dcvd.services.context import Context
from dcvd.services.domains import additions
from tests.conftest import VAULT
from tests.faults import set_plan
from tests.jobs.ward import NAME, Ward
from tests.manual_clock import ManualClock


@pytest.fixture
def choosing(live_config: Live[Config]) -> Live[Config]:
    """The operator has chosen CAs."""
    right = live_config.value
    cloudflare = replace(right.cloudflare, certificate_authorities=("lets_encrypt", "ssl_com"))
    live_config.value = replace(right, cloudflare=cloudflare)
    return live_config


@pytest.fixture
async def ward(
    sandbox_context: Context, choosing: Live[Config], quick_sandbox: Sandbox, org: str
) -> AsyncIterator[Ward]:
    clock = ManualClock(SystemClock().now())
    context = Context(sandbox_context.database, choosing, vault=VAULT, clock=clock, random_fraction=lambda: 0.0)
    client = CloudflareClient(choosing, Metrics(), saas_zone=context.saas_zone)
    await client.start()
    await set_plan(quick_sandbox, plan="free")
    yield Ward(context, client, quick_sandbox, clock, org)
    await client.close()


async def test_a_hostname_is_registered_without_the_ca_and_is_as_it_was_ordered(ward: Ward) -> None:
    domain = await ward.registered()
    assert domain.certificate_authority == "google"
    found = await diagnosis.diagnose_stored(ward.context, ward.org, domain.id)
    assert found.findings == ()
    assert ward.context.rules.certificate_authorities == ()


async def test_a_wildcard_is_an_error_of_the_operators_until_the_plan_has_it(ward: Ward) -> None:
    domain = await additions.add(ward.context, ward.org, NAME, validation="delegated", wildcard=True)
    await ward.work()
    refused = await ward.domain(domain.id)
    assert refused.status is DomainStatus.ERROR
    assert refused.error is not None
    assert (refused.error.code, refused.cf_id) == ("plan_lacks", None)
    found = await diagnosis.diagnose_stored(ward.context, ward.org, domain.id)
    assert [(finding.code, finding.actor) for finding in found.findings] == [("plan_lacks", "operator")]
    assert found.summarize().startswith("The operator of this service has to act")
    assert await ward.pending() == []
