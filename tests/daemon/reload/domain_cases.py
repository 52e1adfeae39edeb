"""Registration at Cloudflare, the checks of domains, and the jobs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from itertools import count

import aiohttp
import pytest
from msgspec.structs import replace

from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.domain import DomainStatus
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.jobs import NO_PAYLOAD, Job, JobState
from dcvd.custom_hostnames.budget import Urgency
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import InvalidInput, Retryable
from dcvd.metrics import Metrics
from dcvd.sandbox.edge.states import EdgeState
from dcvd.services.domains import queries
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.remedy_jobs import REVALIDATE
from dcvd.store.engine.transactions import Transaction
from tests.core.builders import DNS_RIGHT, certificate, seen
from tests.daemon.reload.cases import case
from tests.daemon.reload.place import Place
from tests.faults import fault, force_edge, heal, state
from tests.services.views import all_jobs, event_names
from tests.waiting import until

_NO_HOSTNAME = "00000000-0000-4000-8000-000000000000"


async def register(place: Place) -> Job:
    """The registration of a new domain, once it is done or has failed."""
    domain = await place.new_domain()

    async def tried() -> bool:
        job = (await all_jobs(place.context, domain.org_id))[0]
        return job.has_failed or job.state is not JobState.PENDING

    await until(tried)
    return (await all_jobs(place.context, domain.org_id))[0]


@case("cloudflare.api_token_file")
async def _(place: Place) -> None:
    assert (await register(place)).state is JobState.DONE
    place.reload(cloudflare__api_token_file='"one"')
    assert (await register(place)).last_error_code == "cloudflare_unauthorized"


@case("cloudflare.timeout")
async def _(place: Place) -> None:
    place.reload(cloudflare__timeout='"50ms"')
    await fault(place.sandbox, kind="timeout", method="POST")
    try:
        failed = await register(place)
    finally:
        await heal(place.sandbox)
    assert "within 0.05 s" in str(failed.last_error)


@case("cloudflare.certificate_authorities")
async def _(place: Place) -> None:
    async def order() -> str:
        job = await register(place)
        hostnames = (await state(place.sandbox))["hostnames"]
        (authority,) = [
            each["ssl"]["certificate_authority"] for each in hostnames if each["hostname"] == job.domain_name
        ]
        return str(authority)

    assert await order() == "google"
    place.reload(cloudflare__certificate_authorities='["lets_encrypt"]')
    assert await order() == "lets_encrypt"


@case("cloudflare.webhook_secret_file")
async def _(place: Place) -> None:
    async def notify() -> int:
        headers = {"cf-webhook-auth": "secret-two"}
        url = f"{place.daemon.urls[0]}/hooks/cloudflare"
        async with aiohttp.ClientSession() as session, session.post(url, headers=headers, json={"text": "x"}) as answer:
            return answer.status

    assert await notify() == 401
    place.reload(cloudflare__webhook_secret_file='"two"')
    assert await notify() == 200


@asynccontextmanager
async def client_of(place: Place) -> AsyncIterator[CloudflareClient]:
    """A client that reads the daemon's configuration, and whose budget nobody else uses."""
    client = CloudflareClient(place.context.live_config, Metrics())
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def check_limit(place: Place, changes: dict[str, str], call: Callable[[], Awaitable[object]]) -> None:
    """One call is made under the new limit; the next has to wait until the limit is lifted."""
    await call()
    place.reload_all(changes)
    await call()
    waiting = asyncio.ensure_future(call())
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    place.reload_all({})
    await waiting


@case("cloudflare.certificates_per_minute")
async def _(place: Place) -> None:
    names = (f"c{number}.customer.test" for number in count())
    async with client_of(place) as client:
        await check_limit(place, {"cloudflare.certificates_per_minute": "1"}, lambda: client.create(next(names)))


@case("cloudflare.requests_per_5m")
async def _(place: Place) -> None:
    async with client_of(place) as client:
        await check_limit(
            place, {"cloudflare.requests_per_5m": "1"}, lambda: client.get(_NO_HOSTNAME, urgency=Urgency.NOW)
        )


@case("domains.allow_reserved_tlds")
async def _(place: Place) -> None:
    await place.new_domain()
    place.reload(domains__allow_reserved_tlds="[]")
    with pytest.raises(InvalidInput, match="test"):
        await place.new_domain()


async def observe(place: Place, observation: CloudflareHostname) -> tuple[list[str], int]:
    """The events of a new domain of which this is seen, and how many milliseconds later it is checked next."""
    job = await register(place)
    assert job.domain_id is not None
    domain = await queries.get(place.context, job.org_id, job.domain_id)
    assert domain.cf_id is not None
    answer = replace(observation, id=domain.cf_id, hostname=domain.name)
    recorded = await checks.record(place.context, domain.id, [DNS_RIGHT, answer])
    assert recorded is not None
    assert recorded.next_check_at is not None
    return await event_names(place.context, domain.org_id), recorded.next_check_at - place.context.now()


@case("domains.expiring_soon")
async def _(place: Place) -> None:
    old = certificate("1", issued_at=place.context.now() - 80 * DAY)
    active = seen("active", "active", old)
    assert "domain.expiring_soon" in (await observe(place, active))[0]
    place.reload(domains__expiring_soon="[]")
    assert "domain.expiring_soon" not in (await observe(place, active))[0]


@case("domains.dormant_after")
async def _(place: Place) -> None:
    domain = await place.new_domain()
    missing = DnsObservation(DnsFacts(hostname=domain.name, target=domain.cname_target, outcome="answered"))
    waiting = await checks.record(place.context, domain.id, [missing])
    assert waiting is not None
    assert waiting.dormant_since is None
    place.reload(domains__dormant_after='"0s"')
    asleep = await checks.record(place.context, domain.id, [missing])
    assert asleep is not None
    assert asleep.dormant_since is not None


@case("sync.pending_interval")
async def _(place: Place) -> None:
    waiting = seen("pending", "pending_validation")
    assert (await observe(place, waiting))[1] < 10 * MINUTE
    place.reload(sync__pending_interval='"3h"')
    assert (await observe(place, waiting))[1] > HOUR


@case("sync.active_interval")
async def _(place: Place) -> None:
    active = seen("active", "active", certificate("1", issued_at=place.context.now()))
    assert (await observe(place, active))[1] > HOUR
    place.reload(sync__active_interval='"1m"')
    assert (await observe(place, active))[1] < 10 * MINUTE


async def probe(place: Place, **changes: str) -> bool:
    """Whether a check that a person asks for sees that the edge serves an expired certificate."""
    place.reload(**{"sync__tick": '"10ms"', "sync__pending_interval": '"50ms"', **changes})
    domain = await place.new_domain()
    place.sandbox.set_dns(domain.name, "CNAME", ["edge.sandbox.test."])

    async def is_active() -> bool:
        return (await queries.get(place.context, domain.org_id, domain.id)).status is DomainStatus.ACTIVE

    await until(is_active)
    await force_edge(place.sandbox, domain.name, EdgeState.EXPIRED)
    # The loop's first look at what serves may have begun before that, and be stored after a check of ours.
    for _ in range(5):
        active = await queries.get(place.context, domain.org_id, domain.id)
        assert await place.daemon.services.checks.check(active, nullcontext(), request="sync", actor="operator")
        found = await queries.get(place.context, domain.org_id, domain.id)
        if any(finding.code == "edge_wrong_certificate" for finding in found.findings):
            return True
    return False


def leading_to_the_edge(place: Place) -> dict[str, str]:
    ca_file = place.directory / "edge-ca.pem"
    ca_file.write_bytes(place.sandbox.edge_ca)
    return {"sync__probe_connect_to": f'"{place.sandbox.edge_address}"', "sync__probe_ca_file": f'"{ca_file}"'}


@case("sync.probe")
async def _(place: Place) -> None:
    assert await probe(place, **leading_to_the_edge(place))
    assert not await probe(place, sync__probe='"never"', **leading_to_the_edge(place))


@case("sync.probe_connect_to")
async def _(place: Place) -> None:
    keys = leading_to_the_edge(place)
    assert not await probe(place, sync__probe_ca_file=keys["sync__probe_ca_file"])
    assert await probe(place, **keys)


@case("sync.probe_ca_file")
async def _(place: Place) -> None:
    keys = leading_to_the_edge(place)
    assert not await probe(place, sync__probe_connect_to=keys["sync__probe_connect_to"])
    assert await probe(place, **keys)


@case("sync.tick")
async def _(place: Place) -> None:
    domain = await place.new_domain()

    async def checked(later_than: int) -> bool:
        stored = await queries.get(place.context, domain.org_id, domain.id)
        return stored.dns_checked_at is not None and stored.dns_checked_at > later_than

    await until(lambda: checked(0))
    place.reload(sync__tick='"10ms"', sync__pending_interval='"50ms"')
    await checks.check_now(place.context, domain.id)
    for _ in range(3):
        await until(partial(checked, place.context.now()))


@case("jobs.max_attempts")
async def _(place: Place) -> None:
    async def fail_once() -> JobState:
        domain = await place.new_domain()

        def unit(tx: Transaction) -> Job:
            job = queue.enqueue_for(place.context, tx, REVALIDATE, domain, NO_PAYLOAD)
            return queue.record_failure(place.context, tx, job, Retryable("It hiccuped.", code="odd"))

        return (await place.context.database.write(unit)).state

    assert await fail_once() is JobState.PENDING
    place.reload(jobs__max_attempts="1")
    assert await fail_once() is JobState.DEAD
