"""A job as a page shows it."""

from msgspec import Struct

from dcvd.core.job_kinds import name_job
from dcvd.core.jobs import Job, JobState
from dcvd.core.sentences.rendering import CATALOGUE, Language, render
from dcvd.core.sentences.sentence import say


class JobView(Struct, frozen=True, kw_only=True):
    """A job. what: its kind in words. error: what went wrong last, as it was noted then, in English.

    meaning: what its code means, in words; None for a code that has none."""

    id: str
    what: str
    state: JobState
    action: str | None
    domain_id: str | None
    domain_name: str | None
    connection_id: str | None
    attempts: int
    next_attempt_at: int | None
    error_code: str | None
    error: str | None
    meaning: str | None
    request_id: str | None
    created_at: int
    updated_at: int


def view_job(job: Job, language: Language) -> JobView:
    """Show a job in a language."""
    return JobView(
        id=job.id,
        what=render((name_job(job.kind),), language),
        state=job.state,
        action=job.action,
        domain_id=job.domain_id,
        domain_name=job.domain_name,
        connection_id=job.connection_id,
        attempts=job.attempts,
        next_attempt_at=job.next_attempt_at,
        error_code=job.last_error_code,
        error=job.last_error,
        meaning=name_error(job.last_error_code, language),
        request_id=job.request_id,
        created_at=job.created_at,
        updated_at=job.updated_at,
    )


def name_error(code: str | None, language: Language) -> str | None:
    """Return what a job's error code means, in a language; None for a code without words."""
    sentence_id = f"job_error_{code}"
    return render((say(sentence_id),), language) if sentence_id in CATALOGUE[language] else None
