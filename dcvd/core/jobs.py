"""Jobs: durable pieces of work that must happen."""

from enum import StrEnum

from msgspec import Struct

from dcvd.core.records.zones import DnsWrite
from dcvd.core.webhooks.replays import Replay


class JobKind(StrEnum):
    """What is to be done."""

    REGISTER = "register"
    DEREGISTER = "deregister"
    REVALIDATE = "revalidate"
    REPLAY = "replay"
    WRITE_DNS = "write_dns"
    REFRESH_TOKEN = "refresh_token"


class JobState(StrEnum):
    """Where a job stands. Running is not a state: after a crash what ran is simply due again."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


class Job(Struct, frozen=True, kw_only=True):
    """A job. `domain_id`, `domain_name`, `cf_id` and `connection_id` say what it works on, and outlive it.

    `replay` and `dns_write` say what else there is to know of a job of that kind.

    attempts: tries already made. next_attempt_at: milliseconds, None once it is done or dead.
    outage: the last try failed because the service was not there, so it is due as soon as the service is back.
    turn: due jobs of a kind are taken by it, the lowest first.
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
