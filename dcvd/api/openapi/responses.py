"""Which problems an operation can be answered with: some by what it is, the others because its handler says so."""

from typing import Any, Final

from dcvd.api.http.documentation import STATUS_MEANINGS
from dcvd.api.http.problems import MEDIA_TYPE

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_RETRY_AFTER: Final = {
    "Retry-After": {"description": "Ask again after so many seconds.", "schema": {"type": "integer", "minimum": 1}}
}
_OF_EVERY_CALL: Final = (400, 500)
_OF_TENANTS: Final = (401, 403, 429, 503)
_OF_PATHS_WITH_AN_ID: Final = (404,)
_OF_BODIES: Final = (408, 413, 415)


def _name(status: int) -> str:
    return f"Problem{status}"


PROBLEM_RESPONSES: Final[dict[str, Any]] = {
    _name(status): {
        "description": meaning,
        "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
        **({"headers": _RETRY_AFTER} if status in (429, 503) else {}),
    }
    for status, meaning in STATUS_MEANINGS.items()
}
"""The problems of each status, to which operations refer."""


def add_problems(path: str, operation: dict[str, Any]) -> None:
    """Add to an operation every problem that it may be answered with; Litestar's own shape of one goes."""
    responses = operation["responses"]
    statuses = {int(status) for status, response in responses.items() if MEDIA_TYPE in response.get("content", ())}
    # Where there are parameters, Litestar lists a 400 of a shape of its own, which is never sent.
    statuses |= set(_OF_EVERY_CALL)
    if any(operation.get("security", ())):
        statuses |= set(_OF_TENANTS)
    if "{" in path:
        statuses |= set(_OF_PATHS_WITH_AN_ID)
    if "requestBody" in operation:
        statuses |= set(_OF_BODIES)
    for status in sorted(statuses):
        responses[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
