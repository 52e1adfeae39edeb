"""What a plan would change in a zone, record by record."""

from msgspec import Struct

from dcvd.core.domains.typed_records import find_place
from dcvd.core.records.plan import DnsPlan
from dcvd.core.sentences.rendering import Language


class PlannedChange(Struct, frozen=True):
    """One line of a plan: `add`, `remove` or `done`, or what is in the way (`blocked`), in words."""

    kind: str
    text: str


def list_changes(plan: DnsPlan, language: Language) -> list[PlannedChange]:
    """List what a plan would do, record by record."""
    changes = []
    for step in plan.steps:
        host = find_place(step.record.name, plan.zone).host
        changes += [PlannedChange("remove", f"{each.type} {host} {each.value}") for each in step.to_remove]
        changes += [PlannedChange("add", f"{each.type} {host} {each.value}") for each in step.to_add]
        if step.obstacle is not None:
            changes.append(PlannedChange("blocked", step.obstacle.wording.render(language)))
        elif not step.to_add:
            changes.append(PlannedChange("done", f"{step.record.type} {host} {step.record.value}"))
    return changes
