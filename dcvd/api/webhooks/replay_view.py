"""A request to send many events again, as JSON."""

from msgspec import Struct

from dcvd.api.jobs.view import JobView


class ReplayAnswer(Struct, frozen=True):
    """How many deliveries are sent again, and the job that makes them due; null after a dry run."""

    job: JobView | None
    count: int
