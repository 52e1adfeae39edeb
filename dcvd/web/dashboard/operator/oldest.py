"""What has been due for longest, of each kind of work."""

from msgspec import Struct

from dcvd.core.system.overview import Oldest, SystemOverview


class OldestWork(Struct, frozen=True):
    """What waits longest of a kind of work. words: the id of its sentence. kind: of jobs. place: where it is listed."""

    words: str
    oldest: Oldest
    place: str
    kind: str = ""


def list_oldest(overview: SystemOverview) -> list[OldestWork]:
    """List what waits longest of each kind, the one that is due for longest first."""
    found = [
        OldestWork(f"operator_oldest_check_{lane}", oldest, "/domains?ready=false")
        for lane, oldest in overview.checks.items()
    ]
    found += [
        OldestWork("operator_oldest_job", oldest, f"/jobs?status=pending&kind={kind}", kind)
        for kind, oldest in overview.jobs.oldest.items()
    ]
    deliveries = overview.deliveries
    for words, delivery in (
        ("operator_oldest_delivery", deliveries.oldest),
        ("operator_oldest_delivery_to_failing", deliveries.oldest_to_failing),
    ):
        if delivery is not None:
            found.append(OldestWork(words, delivery, "/deliveries?status=pending"))
    return sorted(found, key=lambda each: -each.oldest.late_seconds)
