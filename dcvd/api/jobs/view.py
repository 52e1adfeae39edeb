"""A job as JSON."""

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from dcvd.api.domains.finding_view import ErrorView
from dcvd.core.jobs import Job, JobState
from dcvd.core.webhooks.replays import Replay, ReplayStatus
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.jobs.definitions import JOB_DEFINITIONS
from dcvd.services.webhooks.replay_job import REPLAY

if TYPE_CHECKING:
    JobKindName = str
else:
    # As the document lists them; a job of another kind, which a newer dcvd stored, is shown all the same.
    _NAMES = sorted(definition.kind.name for definition in JOB_DEFINITIONS)
    JobKindName = StrEnum("JobKind", {name.upper(): name for name in _NAMES})
    JobKindName.__doc__ = "The type of work that a job does."


class ReplayView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a `replay` job sends again. `count`: its deliveries; `progress`: how many of them are due so far.

    `webhookId` is null if it sends to every endpoint of the organization.
    """

    webhook_id: str | None
    status: ReplayStatus
    count: int
    progress: int


class JobView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A piece of background work; its domain may have been removed already.

    `action`: what a `write_dns` job does with the domain's records, through `connectionId`. `attempts`: without those
    that failed because a service was away. `requestId`: the `X-Request-Id` of the request that it came of; null where
    it came of none.
    """

    id: str
    org_id: str
    kind: JobKindName
    status: JobState
    domain_id: str | None
    domain_name: str | None
    connection_id: str | None
    action: Literal["write", "undo", "remove"] | None
    replay: ReplayView | None
    attempts: int
    next_attempt_at: Instant | None
    last_error: ErrorView | None
    request_id: str | None
    created_at: Instant
    updated_at: Instant


class JobAnswer(Struct, frozen=True):
    job: JobView


class JobList(Struct, frozen=True, kw_only=True, rename="camel"):
    jobs: list[JobView]
    next_cursor: str | None


def job_view(job: Job) -> JobView:
    """Show one job."""
    return build_view(
        JobView,
        job,
        status=job.state,
        action=job.action,
        replay=_replay_view(REPLAY.decode_payload(job)) if job.kind == REPLAY.name else None,
        last_error=None if job.last_error_code is None else ErrorView(job.last_error_code, job.last_error or ""),
    )


def _replay_view(replay: Replay) -> ReplayView:
    return ReplayView(webhook_id=replay.endpoint_id, status=replay.status, count=replay.total, progress=replay.progress)
