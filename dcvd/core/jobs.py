"""Jobs: durable pieces of work that must happen, and what follows from a failed attempt."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from dcvd.core.http.json_members import get_member
from dcvd.core.instants import HOUR, SECOND
from dcvd.core.retry_delays import job_delay_ms
from dcvd.errors import DcvdError, Permanent, Retryable

P = TypeVar("P", bound=Struct)

MAX_DELAY_MS: Final = 2 * HOUR
"""No job is planned further ahead than this; one that is was planned by a clock that has since been put back."""


class JobState(StrEnum):
    """The state of a job. Running is not a state: after a crash the job that ran is simply due again."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


class Job(Struct, frozen=True, kw_only=True):
    """A durable piece of work.

    `domain_id`, `domain_name` and `connection_id` say what the job works on, and stay when that is deleted.

    kind: the name of its `JobKind`; one that is not known, of a newer dcvd, is left alone.
    attempts: the attempts made so far, without those that failed by an `Outage`.
    next_attempt_at: milliseconds, None once the job is done or dead.
    outage_attempts: the last attempts in a row that failed by an `Outage`; if there are any, the job is due as soon as
        that outage is known to be over.
    turn: the order of due jobs of one kind, the lowest first.
    payload: what else the job needs, as JSON; `JobKind.decode_payload` reads it.
    ends_with_domain: see `JobKind`.
    request_id: that of the HTTP request that enqueued it, or the job before it; None where no request did.
    """

    id: str
    org_id: str
    kind: str
    state: JobState
    domain_id: str | None
    domain_name: str | None
    attempts: int = 0
    next_attempt_at: int | None
    last_error_code: str | None = None
    last_error: str | None = None
    outage_attempts: int = 0
    created_at: int
    updated_at: int
    turn: int = 0
    connection_id: str | None = None
    payload: str = "{}"
    ends_with_domain: bool = False
    request_id: str | None = None

    @property
    def has_failed(self) -> bool:
        """Whether the job waits for another attempt after one that failed, or has had one."""
        return self.attempts > 0 or self.outage_attempts > 0

    @property
    def action(self) -> str | None:
        """The member `action` of the payload, if it has such a text: what exactly a job of its kind does."""
        action = get_member(msgspec.json.decode(self.payload), "action")
        return action if isinstance(action, str) else None


class Cause(Struct, frozen=True, order=True):
    """What jobs are dead of: their kind, and the code of the error that ended them."""

    kind: str
    code: str


class NoPayload(Struct, frozen=True):
    """The payload of jobs that need only their domain or their connection."""


NO_PAYLOAD: Final = NoPayload()


class Predecessor(Struct, frozen=True):
    """The pending jobs that a job waits for: those of the kind with this name that are about the same domain name.

    is_earlier: only those of its own organization whose turn comes before its own.
    """

    kind_name: str
    is_earlier: bool = False


class JobKind(Struct, Generic[P], frozen=True):
    """A kind of jobs, as those know it who enqueue and find them; a `JobDefinition` adds how they run.

    ends_with_domain: whether the removal of its domain ends a pending job.
    waits_for: the pending jobs that have to end before.
    """

    name: str
    payload_type: type[P]
    ends_with_domain: bool = False
    waits_for: Predecessor | None = None

    def decode_payload(self, job: Job) -> P:
        """Decode the payload of a job of this kind. Raises msgspec.ValidationError for what another kind stored."""
        return msgspec.json.decode(job.payload, type=self.payload_type)


def encode_payload(payload: Struct) -> str:
    """Encode a payload as the JSON that is stored."""
    return msgspec.json.encode(payload).decode()


class Outage(Struct, frozen=True):
    """A failure that says nothing about the job: the job waits as long as it lasts, and no attempt is counted.

    code: of the error. ends_when_cloudflare_answers: whether it is over once any call to Cloudflare succeeds. Of other
    outages nobody notices the end: an operator has to act at Cloudflare or at a provider while both answer, or the
    service is one that only the job itself calls; there the job's own delay decides.
    """

    code: str
    ends_when_cloudflare_answers: bool = False


class FailureConsequence(Struct, frozen=True, kw_only=True):
    """What follows from a failed attempt: when the job is due again (milliseconds), or that it is a dead letter.

    has_event: whether an event says so.
    """

    state: JobState
    attempts: int
    outage_attempts: int
    next_attempt_at: int | None
    has_event: bool = True


def decide_after_failure(
    error: DcvdError,
    job: Job,
    *,
    max_attempts: int,
    outages: Collection[Outage],
    now: int,
    random_fraction: float,
    planned_at: int | None = None,
) -> FailureConsequence:
    """Decide whether a job is due again after an attempt that failed by `error`, or is a dead letter.

    job: as it was before the attempt. planned_at: for when somebody planned the job anew during the attempt, which then
    holds whatever came of the attempt.

    A Permanent error is final at once, an outage never, any other failure after `max_attempts`. A service's own wish to
    be asked later can lengthen the delay up to MAX_DELAY_MS, but never shorten it.

    Only the first, second, fourth, eighth and so on of the attempts in an outage has an event: an outage may last for
    days, in which an attempt is made every few minutes.
    """
    is_outage = not isinstance(error, Permanent) and any(outage.code == error.code for outage in outages)
    attempts = job.attempts if is_outage else job.attempts + 1
    outage_attempts = job.outage_attempts + 1 if is_outage else 0
    is_final = isinstance(error, Permanent) or (not is_outage and attempts >= max_attempts)
    next_attempt_at = planned_at
    if next_attempt_at is None and not is_final:
        delay_ms = job_delay_ms(outage_attempts or attempts, random_fraction, is_outage=is_outage)
        if isinstance(error, Retryable) and error.retry_after_s is not None:
            delay_ms = max(delay_ms, min(int(error.retry_after_s * SECOND), MAX_DELAY_MS))
        next_attempt_at = now + delay_ms
    return FailureConsequence(
        state=JobState.DEAD if next_attempt_at is None else JobState.PENDING,
        attempts=attempts,
        outage_attempts=outage_attempts,
        next_attempt_at=next_attempt_at,
        has_event=not is_outage or outage_attempts.bit_count() == 1,
    )
