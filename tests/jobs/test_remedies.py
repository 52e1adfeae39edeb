"""Healing end to end: what the sandbox is really asked to do, how often, and after crashes."""

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import DomainStatus
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.jobs import JobState
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.kit.clock import SystemClock
from dcvd.sandbox import Sandbox
from dcvd.sandbox.hostnames.lifecycle import ForcedStateChange
from dcvd.sandbox.hostnames.statuses import HostnameStatus, SslStatus
from dcvd.services.context import Context
from dcvd.services.domains import removals
from dcvd.services.lifecycle.queue_positions import QueuePositions
from dcvd.store import cloudflare_zones
from tests.conftest import VAULT
from tests.faults import fault, heal
from tests.jobs.ward import NAME, Ward
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs, bodies

HELD = HostnameStatus.BLOCKED
REFUSAL = "The authority has rate limited these domains."


@pytest.fixture
async def ward(sandbox_context: Context, cloudflare: CloudflareClient, quick_sandbox: Sandbox, org: str) -> Ward:
    clock = ManualClock(SystemClock().now())
    context = Context(
        sandbox_context.database, sandbox_context.live_config, vault=VAULT, clock=clock, random_fraction=lambda: 0.0
    )
    return Ward(context, cloudflare, quick_sandbox, clock, org)


def configured(ward: Ward, *authorities: str) -> None:
    config = ward.context.config
    ward.context.live_config.value = replace(
        config, cloudflare=replace(config.cloudflare, certificate_authorities=tuple(authorities))
    )


async def test_a_moved_hostname_is_patched_back_and_goes_on_to_active(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    ward.sandbox.world.force(NAME, ForcedStateChange(status=HostnameStatus.MOVED))
    assert (await ward.look(domain.id)).status is DomainStatus.ERROR
    await ward.work()
    assert ward.calls("PATCH") == 1
    ward.sandbox.world.clock.advance(DAY)
    assert (await ward.look(domain.id)).status is DomainStatus.ACTIVE
    assert await ward.events() == {"domain.added": 1, "dns.verified": 1, "domain.error": 1, "domain.active": 1}


async def test_a_hold_is_patched_at_most_once_per_step_and_found_released(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    ward.sandbox.world.force(NAME, ForcedStateChange(status=HELD, is_sticky=True))
    patched = []
    for hour in range(3 * 24):
        await ward.look(domain.id)
        before = ward.calls("PATCH")
        await ward.work()
        patched += [hour] * (ward.calls("PATCH") - before)
        ward.clock.advance(HOUR)
    assert patched == [4, 8, 12, 24, 48]
    stored = await ward.domain(domain.id)
    assert stored.error is not None
    assert (stored.status, stored.error.code) == (DomainStatus.ERROR, "blocked")
    assert "held zone" in stored.error.message
    assert (await ward.events())["domain.error"] == 1
    ward.sandbox.world.force(NAME, ForcedStateChange(is_sticky=False))
    ward.clock.advance(DAY)
    await ward.look(domain.id)
    await ward.work()
    ward.sandbox.world.clock.advance(DAY)
    assert (await ward.look(domain.id)).status is DomainStatus.ACTIVE


async def test_tokens_that_a_customer_places_are_left_alone(ward: Ward) -> None:
    domain = await ward.registered()
    assert domain.cf_id is not None
    # Somebody has the certificate validated by TXT records, at Cloudflare itself.
    found = await ward.cloudflare.get(domain.cf_id)
    assert isinstance(found, CloudflareHostname)
    await ward.cloudflare.edit(found, ward.cloudflare.build_order(NAME, validation="delegated"))
    edits = ward.calls("PATCH")
    ward.sandbox.world.clock.advance(MINUTE)
    for right in (False, True):
        for _ in range(12):
            looked = await ward.look(domain.id, dns=right)
            assert (looked.cf_ssl_status, looked.waits_for_txt) == ("pending_validation", True)
            await ward.work()
            ward.clock.advance(6 * HOUR)
    assert ward.calls("PATCH") == edits
    ward.sandbox.world.force(NAME, ForcedStateChange(ssl_status=SslStatus.VALIDATION_TIMED_OUT))
    await ward.look(domain.id)
    await ward.work()
    assert ward.calls("PATCH") == edits + 1


async def test_a_hostname_deleted_at_cloudflare_is_told_then_registered_again_and_serves_again(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    ward.sandbox.world.clock.advance(DAY)
    assert (await ward.look(domain.id)).status is DomainStatus.ACTIVE
    ward.sandbox.world.delete(NAME)
    gone = await ward.look(domain.id)
    assert gone.error is not None
    assert (gone.status, gone.error.code, gone.cf_id) == (DomainStatus.ERROR, "deleted", None)
    await ward.work()
    again = await ward.domain(domain.id)
    assert again.cf_id not in (None, domain.cf_id)
    assert again.error is None
    ward.sandbox.world.clock.advance(DAY)
    assert (await ward.look(domain.id)).status is DomainStatus.ACTIVE
    names = [body["event"] for body in await bodies(ward.context, ward.org)]
    assert [name for name in names if name in ("domain.error", "domain.active")] == [
        "domain.active",
        "domain.error",
        "domain.active",
    ]
    error = next(body for body in await bodies(ward.context, ward.org) if body["event"] == "domain.error")
    assert error["data"]["error"]["code"] == "deleted"


async def test_deletions_over_and_over_make_no_loop(ward: Ward) -> None:
    domain = await ward.registered()
    for _ in range(2 * 24):
        if any(
            entry.hostname == NAME for entry in ward.sandbox.world.hostnames.list_all(ward.sandbox.world.clock.now())
        ):
            ward.sandbox.world.delete(NAME)
        await ward.look(domain.id)
        await ward.work()
        ward.clock.advance(HOUR)
    # The first is the registration itself; then at 0, 1, 2, 6, 18 and 42 hours.
    assert (ward.calls("POST"), ward.calls("DELETE"), ward.calls("PATCH")) == (7, 0, 0)


async def test_one_that_is_deleted_just_after_another_remedy_is_back_in_minutes_and_says_when(ward: Ward) -> None:
    domain = await ward.registered()
    await ward.look(domain.id, dns=True)
    await ward.work()
    assert ward.calls("PATCH") == 1
    ward.sandbox.world.delete(NAME)
    gone = await ward.look(domain.id)
    assert gone.error is not None
    assert gone.error.code == "deleted"
    assert 0 < gone.next_check_at - ward.context.now() <= 5 * MINUTE
    place = await QueuePositions(ward.context).find(gone)
    assert place is not None
    assert (place.state, place.expected_at) == ("queued", gone.next_check_at)
    await ward.work()
    assert ward.calls("POST") == 1
    ward.clock.advance(5 * MINUTE)
    await ward.look(domain.id)
    await ward.work()
    assert ward.calls("POST") == 2


async def test_a_ca_that_refuses_is_changed_and_the_next_one_issues(ward: Ward) -> None:
    configured(ward, "google", "lets_encrypt")
    ward.sandbox.world.add_refusal("google", REFUSAL, None)
    ward.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    domain = await ward.registered()
    ward.sandbox.world.clock.advance(DAY)
    looked = await ward.look(domain.id)
    assert looked.cf_ssl_errors == (REFUSAL,)
    await ward.work()
    ward.sandbox.world.clock.advance(DAY)
    active = await ward.look(domain.id)
    assert (active.status, active.certificate_authority) == (DomainStatus.ACTIVE, "lets_encrypt")
    assert active.certificate is not None
    assert active.certificate.issuer == "LetsEncrypt"
    assert ward.calls("PATCH") == 1


async def test_two_cas_that_refuse_are_asked_in_turn_with_growing_steps(ward: Ward) -> None:
    configured(ward, "google", "lets_encrypt")
    for authority in ("google", "lets_encrypt"):
        ward.sandbox.world.add_refusal(authority, REFUSAL, NAME)
    ward.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    domain = await ward.registered()
    asked = []
    for hour in range(2 * 24):
        ward.sandbox.world.clock.advance(MINUTE)
        await ward.look(domain.id)
        before = ward.calls("PATCH")
        await ward.work()
        if ward.calls("PATCH") > before:
            asked.append((hour, (await ward.domain(domain.id)).certificate_authority))
        ward.clock.advance(HOUR)
    assert asked == [(0, "lets_encrypt"), (1, "google"), (5, "lets_encrypt"), (17, "google"), (41, "lets_encrypt")]


async def test_with_one_authority_nothing_is_changed(ward: Ward) -> None:
    configured(ward, "google")
    ward.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    domain = await ward.registered()
    await ward.look(domain.id)
    await ward.work()
    ward.sandbox.world.add_refusal("google", REFUSAL, None)
    before = ward.calls("PATCH")
    for _ in range(5):
        await ward.look(domain.id)
        await ward.work()
        ward.clock.advance(DAY)
    assert ward.calls("PATCH") == before


async def test_a_patch_whose_answer_was_lost_is_not_made_twice(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    ward.sandbox.world.clock.advance(DAY)
    await ward.look(domain.id)
    ward.sandbox.world.force(NAME, ForcedStateChange(ssl_status=SslStatus.ISSUANCE_TIMED_OUT))
    ward.clock.advance(DAY)
    await fault(ward.sandbox, method="PATCH", kind="lost_answer", times=1)
    await ward.look(domain.id)
    await ward.work()
    (job,) = await ward.pending()
    assert (job.kind, job.outage_attempts) == ("revalidate", 1)
    await ward.work()
    assert ward.calls("PATCH") == 1
    assert await ward.pending() == []


async def test_a_kill_between_the_create_and_its_storing_adopts_what_was_created(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.world.delete(NAME)
    await ward.look(domain.id, dns=None)
    created = await ward.cloudflare.create(NAME)
    await ward.work()
    assert (await ward.domain(domain.id)).cf_id == created.id
    assert len(ward.sandbox.world.hostnames) == 1


async def test_a_restart_before_the_job_ran_does_it_once(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    ward.sandbox.world.force(NAME, ForcedStateChange(status=HostnameStatus.MOVED, is_sticky=True))
    await ward.look(domain.id)
    (job,) = await ward.pending()
    restarted = Context(
        ward.context.database, ward.context.live_config, vault=VAULT, clock=ward.clock, random_fraction=lambda: 0.0
    )
    after = Ward(restarted, ward.cloudflare, ward.sandbox, ward.clock, ward.org)
    await after.look(domain.id)
    assert [pending.id for pending in await after.pending()] == [job.id]
    await after.work()
    await after.look(domain.id)
    await after.work()
    assert ward.calls("PATCH") == 1


@pytest.mark.parametrize("outage", [50 * MINUTE, 3 * DAY])
async def test_a_job_that_an_outage_held_up_is_followed_by_a_whole_step(ward: Ward, outage: int) -> None:
    domain = await ward.registered()
    ward.sandbox.world.force(NAME, ForcedStateChange(status=HostnameStatus.MOVED, is_sticky=True))
    await ward.look(domain.id)
    await fault(ward.sandbox, kind="status", status=503)
    await ward.work()
    ward.clock.advance(outage)
    await heal(ward.sandbox)
    await ward.work()
    for _ in range(6):
        await ward.look(domain.id)
        await ward.work()
        ward.clock.advance(10 * MINUTE)
    assert ward.calls("PATCH") == 1


async def test_what_mended_itself_before_the_job_ran_is_left_alone(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    ward.sandbox.world.force(NAME, ForcedStateChange(ssl_status=SslStatus.ISSUANCE_TIMED_OUT))
    await ward.look(domain.id)
    ward.sandbox.world.force(NAME, ForcedStateChange(ssl_status=None))
    ward.sandbox.world.clock.advance(DAY)
    await ward.work()
    assert ward.calls("PATCH") == 0
    assert (await ward.domain(domain.id)).status is DomainStatus.ACTIVE
    assert {job.state for job in await all_jobs(ward.context, ward.org)} == {JobState.DONE}


async def test_a_domain_removed_while_its_hostname_is_gone_leaves_nothing_behind(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.world.delete(NAME)
    await ward.look(domain.id)
    await removals.remove(ward.context, ward.org, domain.id)
    await ward.work()
    await ward.work()
    assert len(ward.sandbox.world.hostnames) == 0
    assert await ward.pending() == []


async def test_the_zones_delegation_is_remembered_from_the_first_answer_that_names_it(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.world.clock.advance(1000)
    looked = await ward.look(domain.id)
    suffix = f"{ward.sandbox.world.delegation_uuid}.dcv.cloudflare.com"
    assert looked.challenge_target == f"{NAME}.{suffix}"
    zone_id = ward.context.config.cloudflare.zone_id
    assert (
        await ward.context.database.read(lambda snapshot: cloudflare_zones.find_delegation_suffix(snapshot, zone_id))
        == suffix
    )
