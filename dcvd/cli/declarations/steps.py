"""Steps of a plan: single calls, and what they mean to people."""

from enum import StrEnum
from typing import Any

from msgspec import Struct


class Action(StrEnum):
    """What a step does."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


class Step(Struct, frozen=True, kw_only=True):
    """One call, and what it means to people.

    `organization` is its number in the file, or its id where it is not there. `path` follows that of the organization;
    None for the call that creates it. `follow_up`: what is changed at once in the endpoint that the call made.
    """

    action: Action
    subject: str
    details: list[str] = []
    organization: int | str
    method: str
    path: str | None
    body: Any = None
    follow_up: Any = None


class Plan(Struct, frozen=True):
    """The steps, in the order in which they are taken. `danger`: why they are not taken without being forced."""

    steps: list[Step]
    org_ids: dict[int | str, str]
    danger: str | None


def create(number: int, subject: str, path: str, body: Any) -> Step:
    """Make a step that creates something."""
    return Step(action=Action.CREATE, subject=subject, organization=number, method="POST", path=path, body=body)


def change(number: int, subject: str, details: list[str], path: str, body: Any) -> Step:
    """Make a step that changes something."""
    return Step(
        action=Action.CHANGE,
        subject=subject,
        details=details,
        organization=number,
        method="PATCH",
        path=path,
        body=body,
    )


def remove(number: int, subject: str, path: str) -> Step:
    """Make a step that removes something."""
    return Step(action=Action.REMOVE, subject=subject, organization=number, method="DELETE", path=path)


def describe_change(name: str, before: Any, after: Any) -> str:
    """Describe what becomes of one setting."""
    return f"{name}: {_show(before)} → {_show(after)}"


def _show(value: Any) -> str:
    if value is None:
        return "default"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
