"""Jobs: durable pieces of work that must happen."""

from enum import StrEnum

from msgspec import Struct

from dcvd.core.records.zones import DnsWrite
from dcvd.core.webhooks.replays import Replay


class JobKind(StrEnum):
    """The type of work that a job does."""

    REGISTER = "register"
    DEREGISTER = "deregister"
    REVALIDATE = "revalidate"
    REPLAY = "replay"
    WRITE_DNS = "write_dns"
    REFRESH_TOKEN = "refresh_token"


class JobState(StrEnum):
    """The state of a job. Running is not a state: after a crash the job that ran is simply due again."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


class Job(Struct, frozen=True, kw_only=True):
    """A durable piece of work.

    `domain_id`, `domain_name`, `cf_id` and `connection_id` say what the job works on, and stay when that is deleted.
    `replay` and `dns_write` are the input of jobs of those kinds.

    attempts: the attempts made so far. next_attempt_at: milliseconds, None once the job is done or dead.
    outage: whether the last attempt failed because the service could not be reached; the job is then due as soon as
        the service is back.
    turn: the order of due jobs of one kind, the lowest first.
    """

    id: str
    org_id: str
    kind: JobKind
    state: JobState
    domain_id: str | None
    domain_name: str | None
    cf_id: str | None
    attempts: int
    next_attempt_at: int | None
    last_error_code: str | None
    last_error: str | None
    outage: bool
    created_at: int
    updated_at: int
    turn: int = 0
    connection_id: str | None = None
    replay: Replay | None = None
    dns_write: DnsWrite | None = None
