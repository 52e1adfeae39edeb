"""The classes of routes by which metrics tell requests apart: few, however many routes and addresses there are."""

from http import HTTPStatus
from typing import Final

UNKNOWN: Final = "unknown"
_BELOW: Final = frozenset({"api", "operator"})
"""The first parts of templates below which the next part names the subject."""
_ACTED_FOR: Final = ("operator", "organizations")


def classify_route(template: str | None) -> str:
    """Return the class of a path template: its subject, such as `domains`; `unknown` where no route was found.

    What operators do has classes of its own, such as `operator_domains`.
    """
    parts = [part for part in (template or "").split("/") if part and not part.startswith("{")]
    if not parts:
        return UNKNOWN
    if tuple(parts[:2]) == _ACTED_FOR and len(parts) > 2:
        parts = [parts[0], parts[2]]
    if parts[0] not in _BELOW or len(parts) == 1:
        return parts[0]
    return parts[1] if parts[0] == "api" else f"operator_{parts[1]}"


def classify_status(status: int | None) -> str:
    """Return the class of a status, such as `2xx`; `none` where there was no answer."""
    return "none" if status is None else f"{status // HTTPStatus.CONTINUE}xx"
