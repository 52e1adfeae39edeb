"""What the API answers about domains, as far as commands read it."""

from typing import Any

from msgspec import Struct

from dcvd.api.domains.finding_view import ErrorView
from dcvd.api.operators.domain_view import OperatorDomainView
from dcvd.api.webhooks.delivery_view import DeliveryView
from dcvd.http.answers.instants import Instant


class JobOutput(Struct, frozen=True, kw_only=True, rename="camel"):
    """A job of a domain; `status` is `pending`, `done` or `dead`."""

    id: str
    kind: str
    status: str
    attempts: int
    next_attempt_at: Instant | None
    last_error: ErrorView | None
    created_at: Instant
    updated_at: Instant


class ChangeOutput(Struct, frozen=True):
    """A member of the domain before and after."""

    field: str
    before: Any
    after: Any


class TimelineEntryOutput(Struct, frozen=True, kw_only=True, rename="camel"):
    """What happened, and who caused it; see `GET /api/domains/{id}/timeline`."""

    id: str
    kind: str
    at: Instant
    sentence: str
    actor: str | None = None
    what: str | None = None
    detail: str | None = None
    changes: list[ChangeOutput] = []
    servers: list[str] = []
    merged: int = 0
    until: Instant | None = None
    job: JobOutput | None = None
    event: dict[str, Any] | None = None


class TimelinePage(Struct, frozen=True, kw_only=True, rename="camel"):
    timeline: list[TimelineEntryOutput]
    next_cursor: str | None


class DomainReport(Struct, frozen=True, kw_only=True):
    """A domain with what happened to it last, and what did not go well.

    timeline: newest first. jobs: those that are pending or dead. deliveries: those that failed, or whose last attempt
    did.
    """

    domain: OperatorDomainView
    timeline: list[TimelineEntryOutput]
    jobs: list[JobOutput]
    deliveries: list[DeliveryView]


class CheckOutput(Struct, frozen=True, kw_only=True):
    """A domain before and after a check; `is_fresh`: whether the check was made, and answered in time."""

    before: OperatorDomainView
    after: OperatorDomainView
    is_fresh: bool
