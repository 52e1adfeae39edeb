"""What a hostname has that dcvd does not manage survives each edit, and what an edit would destroy is not edited."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import aiohttp
import pytest

from dcvd.core.custom_hostnames.read_only import READ_ONLY_CODE, ReadOnlyReason
from dcvd.core.domains.domain import DomainStatus
from dcvd.core.instants import DAY, HOUR
from dcvd.core.jobs import JobState, NoPayload
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.kit.clock import SystemClock
from dcvd.sandbox import Sandbox
from dcvd.sandbox.hostnames.lifecycle import ForcedStateChange
from dcvd.sandbox.hostnames.statuses import SslStatus
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import queue
from dcvd.services.lifecycle.remedy_jobs import REVALIDATE
from tests.conftest import VAULT
from tests.faults import set_plan
from tests.jobs.ward import NAME, Ward
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs

SETTINGS: Final = {"ciphers": ["ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA"], "early_hints": "on", "http2": "off",
                   "min_tls_version": "1.2", "tls_1_3": "off"}  # fmt: skip
MEMBERS: Final[Mapping[str, Any]] = {
    "custom_metadata": {"plan": "gold", "snow": "\u2603"},
    "custom_origin_server": "origin.saas.test",
    "custom_origin_sni": ":request_host_header:",
}
SSL: Final[Mapping[str, Any]] = {"method": "http", "type": "dv", "bundle_method": "optimal", "settings": SETTINGS}
KEPT: Final = ("settings", "bundle_method", "method", "wildcard", "certificate_authority")


@pytest.fixture
async def ward(sandbox_context: Context, cloudflare: CloudflareClient, quick_sandbox: Sandbox, org: str) -> Ward:
    clock = ManualClock(SystemClock().now())
    context = Context(
        sandbox_context.database, sandbox_context.live_config, vault=VAULT, clock=clock, random_fraction=lambda: 0.0
    )
    quick_sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    return Ward(context, cloudflare, quick_sandbox, clock, org)


@pytest.fixture
async def session(ward: Ward) -> AsyncIterator[aiohttp.ClientSession]:
    config = ward.context.config.cloudflare
    headers = {"Authorization": f"Bearer {config.api_token.reveal()}"}
    base = f"{config.base_url}/zones/{config.zone_id}/"
    async with aiohttp.ClientSession(base, headers=headers, raise_for_status=True) as opened:
        yield opened


async def edit_by_hand(session: aiohttp.ClientSession, cf_id: str | None, body: Mapping[str, Any]) -> None:
    async with session.patch(f"custom_hostnames/{cf_id}", json=body) as response:
        await response.read()


async def show(session: aiohttp.ClientSession, cf_id: str | None) -> dict[str, Any]:
    async with session.get(f"custom_hostnames/{cf_id}") as response:
        found: dict[str, Any] = (await response.json())["result"]
        return {name: found.get(name) for name in MEMBERS} | {name: found["ssl"].get(name) for name in KEPT}


def time_out(ward: Ward) -> None:
    """Have Cloudflare give up, so that a remedy is an edit."""
    ward.sandbox.world.force(NAME, ForcedStateChange(ssl_status=SslStatus.VALIDATION_TIMED_OUT))


@pytest.mark.parametrize(
    "ssl", [SSL, {**SSL, "certificate_authority": "ssl_com"}, {**SSL, "certificate_authority": "lets_encrypt"}]
)
async def test_what_somebody_has_set_survives_a_revalidation(
    ward: Ward, session: aiohttp.ClientSession, ssl: Mapping[str, Any]
) -> None:
    domain = await ward.registered()
    await edit_by_hand(session, domain.cf_id, {**MEMBERS, "ssl": ssl})
    ward.sandbox.world.clock.advance(DAY)
    before = await show(session, domain.cf_id)
    assert before["settings"] == SETTINGS
    time_out(ward)
    edits = ward.calls("PATCH")
    await ward.look(domain.id)
    await ward.work()
    assert ward.calls("PATCH") == edits + 1
    assert await show(session, domain.cf_id) == before


async def test_members_that_the_plan_has_no_more_are_not_named_and_stay(
    ward: Ward, session: aiohttp.ClientSession
) -> None:
    domain = await ward.registered()
    await edit_by_hand(session, domain.cf_id, {**MEMBERS, "ssl": SSL})
    ward.sandbox.world.clock.advance(DAY)
    before = await show(session, domain.cf_id)
    await set_plan(ward.sandbox, plan="business")
    time_out(ward)
    await ward.look(domain.id)
    await ward.work()
    (job,) = [each for each in await all_jobs(ward.context, ward.org) if each.kind == "revalidate"]
    assert job.state is JobState.DONE
    assert await show(session, domain.cf_id) == before


async def test_a_change_of_the_method_keeps_the_rest(ward: Ward, session: aiohttp.ClientSession) -> None:
    async with session.post(
        "custom_hostnames", json={"hostname": NAME, **MEMBERS, "ssl": {**SSL, "method": "txt"}}
    ) as r:
        cf_id = (await r.json())["result"]["id"]
    before = await show(session, cf_id)
    domain = await ward.registered()
    assert (domain.cf_id, ward.calls("PATCH")) == (cf_id, 1)
    assert await show(session, cf_id) == {**before, "method": "http"}


async def test_a_hostname_that_is_registered_again_has_them_again(ward: Ward, session: aiohttp.ClientSession) -> None:
    domain = await ward.registered()
    await edit_by_hand(session, domain.cf_id, {**MEMBERS, "ssl": SSL})
    await ward.look(domain.id)
    before = await show(session, domain.cf_id)
    ward.sandbox.world.delete(NAME)
    for _ in range(2):
        await ward.look(domain.id)
        await ward.work()
        ward.clock.advance(HOUR)
    again = await ward.domain(domain.id)
    assert again.cf_id not in (None, domain.cf_id)
    assert await show(session, again.cf_id) == before


async def test_an_upload_in_the_dashboard_makes_a_hostname_only_read_and_its_end_manages_it_again(
    ward: Ward, session: aiohttp.ClientSession
) -> None:
    domain = await ward.registered()
    upload = {"method": "http", "type": "dv", "custom_certificate": "PEM", "custom_key": "KEY"}
    await edit_by_hand(session, domain.cf_id, {"ssl": upload})
    ward.sandbox.world.clock.advance(HOUR)
    domain = await ward.look(domain.id)
    assert domain.read_only is ReadOnlyReason.CUSTOM_CERTIFICATE
    assert (domain.status, domain.expires_at is not None) == (DomainStatus.ACTIVE, True)
    await edit_by_hand(session, domain.cf_id, {"ssl": {"method": "http", "type": "dv"}})
    assert (await ward.look(domain.id)).read_only is None


async def test_a_job_that_would_change_one_that_is_only_read_is_refused_with_a_sentence(
    ward: Ward, session: aiohttp.ClientSession
) -> None:
    domain = await ward.registered()
    time_out(ward)
    domain = await ward.look(domain.id)
    upload = {"method": "http", "type": "dv", "custom_certificate": "PEM", "custom_key": "KEY"}
    await edit_by_hand(session, domain.cf_id, {"ssl": upload})
    edits = ward.calls("PATCH")
    await ward.context.database.write(lambda tx: queue.enqueue_for(ward.context, tx, REVALIDATE, domain, NoPayload()))
    await ward.work()
    job = next(each for each in await all_jobs(ward.context, ward.org) if each.kind == "revalidate")
    assert (job.state, ward.calls("PATCH")) == (JobState.DEAD, edits)
    assert job.last_error is not None
    assert "whose key nobody can read" in str(job.last_error)
    assert READ_ONLY_CODE in str(job)


async def test_a_tenants_own_order_does_not_replace_an_uploaded_certificate(
    ward: Ward, session: aiohttp.ClientSession
) -> None:
    upload = {"method": "txt", "type": "dv", "custom_certificate": "PEM", "custom_key": "KEY"}
    async with session.post("custom_hostnames", json={"hostname": NAME, "ssl": upload}) as response:
        cf_id = (await response.json())["result"]["id"]
    added = await additions.add(ward.context, ward.org, NAME)
    await ward.work()
    domain = await ward.domain(added.id)
    assert (domain.cf_id, domain.read_only) == (cf_id, ReadOnlyReason.CUSTOM_CERTIFICATE)
    assert ward.calls("PATCH") == 0


async def test_one_that_is_only_read_never_falls_dormant(ward: Ward, session: aiohttp.ClientSession) -> None:
    domain = await ward.registered()
    ward.sandbox.world.delete_dns(NAME, "CNAME")
    upload = {"method": "http", "type": "dv", "custom_certificate": "PEM", "custom_key": "KEY"}
    await edit_by_hand(session, domain.cf_id, {"ssl": upload})
    for _ in range(40 * 6):
        domain = await ward.look(domain.id, dns=False)
        ward.clock.advance(4 * HOUR)
    assert (domain.dormant_since, domain.cf_id is not None) == (None, True)
