"""The kinds of jobs: each is declared once, and the worker finds it."""

import asyncio
from types import ModuleType
from typing import Any, cast

import pytest
import structlog.testing
from msgspec import Struct

from dcvd.core.jobs import NO_PAYLOAD, Job, JobKind, JobState, NoPayload
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import Retryable
from dcvd.jobs import JobWorker
from dcvd.jobs.definitions import JOB_DEFINITIONS, collect_definitions, find_modules
from dcvd.metrics import Metrics
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import JobDefinition, JobRun
from tests.conftest import VAULT
from tests.providing import access_of
from tests.services.views import all_jobs
from tests.waiting import until

_NO_CLOUDFLARE = cast(CloudflareClient, None)


class _Errand(Struct, frozen=True):
    text: str


ERRAND = JobKind("errand", _Errand)


@pytest.fixture
def real_time(context: Context) -> Context:
    """In real time, because a worker waits by it."""
    return Context(context.database, context.live_config, vault=VAULT, random_fraction=lambda: 0.0)


def _module(name: str, **members: object) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(members)
    return module


async def _work_until_ended(context: Context, org_id: str, *definitions: JobDefinition[Any], count: int) -> list[Job]:
    """Have a worker of these kinds work until so many jobs have ended; all jobs as they are then."""
    worker = JobWorker(
        context, _NO_CLOUDFLARE, access_of(context), Metrics(), definitions=definitions, cool_down_s=0.01
    )
    task = asyncio.create_task(worker.run())

    async def ended() -> bool:
        assert not task.done(), "the worker goes on"
        return sum(job.state is not JobState.PENDING for job in await all_jobs(context, org_id)) == count

    try:
        await until(ended)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await worker.pool.drain(1)
    return await all_jobs(context, org_id)


def test_every_module_of_a_job_declares_one_kind_and_no_two_the_same() -> None:
    modules = find_modules()
    assert len(modules) == len(collect_definitions(modules)) == len({one.kind.name for one in JOB_DEFINITIONS})
    assert find_modules() == modules, "always in the same order"


def test_a_customer_who_has_just_done_their_part_waits_least() -> None:
    order = ["write_dns", "revalidate", "replay", "deregister", "register", "refresh_token"]
    assert [definition.kind.name for definition in JOB_DEFINITIONS if definition.kind.name in order] == order


def test_what_waits_for_another_kind_waits_for_one_that_there_is() -> None:
    names = {definition.kind.name for definition in JOB_DEFINITIONS}
    awaited = {one.kind.waits_for.kind_name for one in JOB_DEFINITIONS if one.kind.waits_for is not None}
    assert {"deregister", "write_dns"} <= awaited <= names


def test_kinds_declare_their_outages_and_which_of_them_the_return_of_cloudflare_ends() -> None:
    at_cloudflare = {
        "cloudflare_unavailable": True,
        "cloudflare_rate_limited": True,
        "cloudflare_unauthorized": False,
        "cloudflare_zone_not_found": False,
        "saas_not_enabled": False,
        "quota_exceeded": False,
    }
    at_token_endpoint = {"token_endpoint_unavailable": False, "oauth_client_refused": False}
    declared = {
        definition.kind.name: {outage.code: outage.ends_when_cloudflare_answers for outage in definition.outages}
        for definition in JOB_DEFINITIONS
    }
    expected: dict[str, dict[str, bool]] = {
        "register": at_cloudflare,
        "deregister": at_cloudflare,
        "revalidate": at_cloudflare,
        "replay": {},
        "write_dns": at_token_endpoint | {"provider_unavailable": False, "provider_rate_limited": False},
        "refresh_token": at_token_endpoint,
    }
    assert {name: declared[name] for name in expected} == expected


async def _do_nothing(run: JobRun[NoPayload]) -> None:
    await queue.complete(run.context, run.job)


_ONE = JobDefinition(kind=JobKind("one", NoPayload), perform=_do_nothing, rank=2)
_OTHER = JobDefinition(kind=JobKind("other", NoPayload), perform=_do_nothing, rank=1)


def test_definitions_are_taken_by_rank_from_modules_that_declare_exactly_one() -> None:
    assert collect_definitions([_module("a_job", A=_ONE), _module("b_job", B=_OTHER)]) == (_OTHER, _ONE)
    with pytest.raises(ValueError, match="a_job declares 0 kinds"):
        collect_definitions([_module("a_job")])
    with pytest.raises(ValueError, match="a_job declares 2 kinds"):
        collect_definitions([_module("a_job", A=_ONE, B=_OTHER)])
    with pytest.raises(ValueError, match="the same name: one, one"):
        collect_definitions([_module("a_job", A=_ONE), _module("b_job", B=_ONE)])


async def test_a_job_runs_with_its_payload_by_nothing_but_its_declaration(real_time: Context) -> None:
    org = await organizations.create(real_time, "Acme")
    texts: list[str] = []

    async def note(run: JobRun[_Errand]) -> None:
        texts.append(run.payload.text)
        if len(texts) < 2:
            raise Retryable("It hiccuped.", code="odd", retry_after_s=0)
        await queue.complete(run.context, run.job)

    await real_time.database.write(lambda tx: queue.enqueue(real_time, tx, ERRAND, _Errand("bread"), org_id=org.id))
    (job,) = await _work_until_ended(real_time, org.id, JobDefinition(kind=ERRAND, perform=note, rank=1), count=1)
    assert texts == ["bread", "bread"]
    assert (job.state, job.attempts, job.payload) == (JobState.DONE, 2, '{"text":"bread"}')


async def test_pending_jobs_of_an_unknown_kind_are_logged_and_left_alone(real_time: Context) -> None:
    org = await organizations.create(real_time, "Acme")
    for kind in (JobKind("of_tomorrow", NoPayload), JobKind("one", NoPayload), JobKind("zeal", NoPayload)):
        await real_time.database.write(
            lambda tx, kind=kind: queue.enqueue(real_time, tx, kind, NO_PAYLOAD, org_id=org.id)  # type: ignore[misc]
        )
    with structlog.testing.capture_logs() as lines:
        jobs = await _work_until_ended(real_time, org.id, _ONE, count=1)
    assert [line["kind"] for line in lines if line["event"] == "jobs.unknown_kind"] == ["of_tomorrow", "zeal"]
    assert {job.kind: (job.state, job.attempts) for job in jobs} == {
        "of_tomorrow": (JobState.PENDING, 0),
        "one": (JobState.DONE, 1),
        "zeal": (JobState.PENDING, 0),
    }


class _NewerErrand(Struct, frozen=True):
    action: tuple[str, ...] = ("of a newer dcvd",)


@pytest.mark.parametrize("payload", [NO_PAYLOAD, _NewerErrand()])
async def test_a_payload_that_cannot_be_read_is_a_fault_of_the_job_alone(real_time: Context, payload: Struct) -> None:
    org = await organizations.create(real_time, "Acme")
    unreadable = JobKind(ERRAND.name, type(payload))
    await real_time.database.write(lambda tx: queue.enqueue(real_time, tx, unreadable, payload, org_id=org.id))
    await real_time.database.write(lambda tx: queue.enqueue(real_time, tx, _ONE.kind, NO_PAYLOAD, org_id=org.id))

    async def never(run: JobRun[_Errand]) -> None:
        raise AssertionError("it is not performed")

    jobs = await _work_until_ended(real_time, org.id, JobDefinition(kind=ERRAND, perform=never, rank=1), _ONE, count=1)
    # Both may be of the same millisecond, and then their order says nothing.
    errand, one = sorted(jobs, key=lambda job: job.kind)
    assert one.state is JobState.DONE
    assert (errand.state, errand.last_error_code) == (JobState.PENDING, "internal_error")
