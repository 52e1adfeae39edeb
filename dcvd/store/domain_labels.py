"""Labels of domains as conditions of a list. Triggers on `domains` write the rows."""

from collections.abc import Sequence
from typing import Any, Final

from dcvd.store.engine.transactions import Snapshot

Label = tuple[str, str]
_OF_LABEL: Final = "org_id = :org_id AND key = :label_key_{0} AND value = :label_value_{0}"


def write_conditions(labels: Sequence[Label]) -> tuple[list[str], dict[str, Any]]:
    """Write the SQL conditions that a row of `domains` has all the labels, and the values that they refer to."""
    conditions = [
        "EXISTS (SELECT 1 FROM domain_labels WHERE domain_labels.domain_id = domains.id"
        f" AND domain_labels.key = :label_key_{number} AND domain_labels.value = :label_value_{number})"
        for number in range(len(labels))
    ]
    values = {f"label_key_{number}": key for number, (key, _) in enumerate(labels)}
    return conditions, values | {f"label_value_{number}": value for number, (_, value) in enumerate(labels)}


def write_rare_condition(snapshot: Snapshot, org_id: str, labels: Sequence[Label], limit: int) -> str | None:
    """Write the SQL condition that a row of `domains` has the rarest of the labels, which finds these rows by it.

    It refers to `:org_id` and the values of `write_conditions`. None where more than `limit` have each.
    """
    values = write_conditions(labels)[1] | {"org_id": org_id, "limit": limit + 1}
    counts = [
        (
            snapshot.fetch_count(
                f"SELECT count(*) FROM (SELECT 1 FROM domain_labels WHERE {_OF_LABEL.format(number)} LIMIT :limit)",
                values,
            ),
            number,
        )
        for number in range(len(labels))
    ]
    count, number = min(counts)
    return None if count > limit else f"id IN (SELECT domain_id FROM domain_labels WHERE {_OF_LABEL.format(number)})"
