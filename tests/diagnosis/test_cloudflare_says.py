"""What only Cloudflare tells: played by the sandbox, asked by the real client, stored, and told as a finding."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from dcvd.config import Live
from dcvd.core.domains.domain import Finding, Record
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.sandbox.hostnames.lifecycle import ForcedStateChange
from dcvd.sandbox.hostnames.statuses import HostnameStatus, SslStatus
from dcvd.sandbox.world import QUOTA_HARD_CAP
from dcvd.services import diagnosis
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.lifecycle import checks
from tests.jobs.ward import NAME, Ward
from tests.manual_clock import ManualClock

TARGET = "edge.sandbox.test"


@pytest.fixture
def ward(
    sandbox_context: Context, cloudflare: CloudflareClient, quick_sandbox: Sandbox, clock: ManualClock, org: str
) -> Ward:
    return Ward(sandbox_context, cloudflare, quick_sandbox, clock, org)


async def _told(ward: Ward, domain_id: str, *, dns: bool | None = None) -> list[Finding]:
    """The diagnosis after a look at Cloudflare, and at DNS where it is given."""
    await ward.look(domain_id, dns=dns)
    return list((await diagnosis.diagnose_stored(ward.context, ward.org, domain_id)).findings)


def _texts(text: str) -> ForcedStateChange:
    return ForcedStateChange(validation_errors=(text,))


@pytest.mark.parametrize(
    ("forced", "code", "actor", "fix"),
    [
        (ForcedStateChange(status=HostnameStatus.BLOCKED), "zone_hold", "customer", None),
        (ForcedStateChange(status=HostnameStatus.MOVED), "moved", "customer", Record("CNAME", NAME, TARGET)),
        (ForcedStateChange(ssl_status=SslStatus.ISSUANCE_TIMED_OUT), "validation_timed_out", "nobody", None),
        (_texts("The authority has rate limited these domains."), "ca_rate_limited", "nobody", None),
        (_texts("The DCV token has expired."), "token_expired", "nobody", None),
        (_texts("/.well-known/acme-challenge/x answered 403"), "http_challenge_blocked", "customer", None),
        (_texts("potential risk: google_safe_browsing"), "high_risk_domain", "operator", None),
        (_texts(f"caa_error: {NAME}"), "caa_blocks", "customer", Record("CAA", "customer.test", '0 issue "pki.goog"')),
        (_texts("SERVFAIL looking up CAA"), "caa_unanswered", "customer", None),
        (_texts("dnssec: bogus"), "dnssec_bogus", "customer", None),
    ],
    ids=[
        "held", "moved", "timed out", "rate limited", "token", "challenge", "risk", "caa", "caa unanswered", "dnssec",
    ],
)  # fmt: skip
async def test_each_word_of_cloudflares_is_told_with_who_has_to_act(
    ward: Ward, forced: ForcedStateChange, code: str, actor: str, fix: Record | None
) -> None:
    domain = await ward.registered()
    assert await _told(ward, domain.id) == []
    ward.sandbox.world.force(NAME, forced)
    (finding,) = await _told(ward, domain.id)
    assert (finding.code, finding.actor, finding.fix) == (code, actor, fix)
    assert NAME in finding.message or "customer.test" in finding.message
    ward.sandbox.world.force(NAME, ForcedStateChange(status=None, ssl_status=None, validation_errors=None))
    assert await _told(ward, domain.id) == []


async def test_a_validation_that_timed_out_names_the_record_that_would_have_proved_the_name(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.world.force(NAME, ForcedStateChange(ssl_status=SslStatus.VALIDATION_TIMED_OUT))
    found = {finding.code: finding for finding in await _told(ward, domain.id, dns=False)}
    assert set(found) == {"cname_missing", "validation_timed_out"}
    assert found["validation_timed_out"].fix == Record("CNAME", NAME, TARGET)


async def test_a_zone_without_a_fallback_origin_is_the_operators_to_mend(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.world.set_fallback(None)
    (finding,) = await _told(ward, domain.id)
    assert (finding.code, finding.actor) == ("fallback_origin", "operator")


async def test_a_hostname_that_another_domain_holds_is_told_as_taken(ward: Ward) -> None:
    seen = await ward.cloudflare.create(NAME)
    holder = await additions.add(ward.context, ward.org, "other.customer.test")
    await checks.record(ward.context, holder.id, [replace(seen, hostname=holder.name)])
    domain = await ward.added()
    (finding,) = await _told(ward, domain.id)
    assert (finding.code, finding.actor) == ("hostname_taken", "operator")


@pytest.fixture
async def full() -> AsyncIterator[Sandbox]:
    """A zone with as many hostnames as it may have."""
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0, preloaded=QUOTA_HARD_CAP)) as running:
        yield running


async def test_a_used_up_quota_is_told_to_whoever_waits_for_it(ward: Ward, full: Sandbox) -> None:
    config = ward.context.config
    client = CloudflareClient(
        Live(replace(config, cloudflare=replace(config.cloudflare, base_url=full.api_url))), Metrics()
    )
    await client.start()
    try:
        domain = await Ward(ward.context, client, full, ward.clock, ward.org).added()
    finally:
        await client.close()
    (finding,) = await _told(ward, domain.id)
    assert (finding.code, finding.actor) == ("quota_exceeded", "operator")
