"""Which problems an operation can be answered with: some by what it is, the others because its handler says so."""

from typing import Any, Final

from dcvd.core.http.entity_tags import IF_MATCH_HEADER
from dcvd.core.http.idempotency import KEY_HEADER
from dcvd.http.answers.problems import MEDIA_TYPE
from dcvd.http.documentation import STATUS_MEANINGS

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_RETRY_AFTER: Final = {
    "Retry-After": {"description": "Ask again after so many seconds.", "schema": {"type": "integer", "minimum": 1}}
}
_HEADERS_OF_TENANTS: Final[dict[str, Any]] = {
    "RateLimit": {
        "description": "What is left of each limit: `r` requests, and no more than that for `t` seconds.",
        "schema": {"type": "string"},
        "example": '"token-reads";r=5999;t=1, "reads";r=11942;t=1',
    },
    "RateLimit-Policy": {
        "description": "How often the token and its organization may ask: `q` requests in `w` seconds.",
        "schema": {"type": "string"},
        "example": '"token-reads";q=6000;w=60, "reads";q=12000;w=60',
    },
}
HEADERS: Final[dict[str, Any]] = {
    **_HEADERS_OF_TENANTS,
    "ETag": {
        "description": "Stands for what can be changed of the object: send it as `If-Match` with a change.",
        "schema": {"type": "string"},
        "example": '"d276691fd2950b861275dc31"',
    },
}
"""The headers of answers, to which operations refer."""
_OF_EVERY_CALL: Final = (400, 421, 500)
_OF_TENANTS: Final = (401, 403, 429, 503)
_OF_PATHS_WITH_AN_ID: Final = (404,)
_OF_BODIES: Final = (408, 413, 415, 503)
_OF_IDEMPOTENCY_KEYS: Final = (409,)


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


def add_entity_tags(methods: dict[str, Any]) -> None:
    """Document the tag in the answers about an object that honours If-Match; `methods`: the operations of its path."""
    if not any(parameter["name"] == IF_MATCH_HEADER for parameter in methods.get("patch", {}).get("parameters", ())):
        return
    for operation in (methods[method] for method in ("get", "patch") if method in methods):
        headers = operation["responses"]["200"].setdefault("headers", {})
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}


def add_problems(path: str, operation: dict[str, Any]) -> None:
    """Add to an operation every problem that it may be answered with; Litestar's own shape of one goes."""
    responses = operation["responses"]
    statuses = {int(status) for status, response in responses.items() if MEDIA_TYPE in response.get("content", ())}
    # Where there are parameters, Litestar lists a 400 of a shape of its own, which is never sent.
    statuses |= set(_OF_EVERY_CALL)
    if any(operation.get("security", ())):
        statuses |= set(_OF_TENANTS)
        for response in responses.values():
            response["headers"] = {
                **(response.get("headers") or {}),
                **{name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS_OF_TENANTS},
            }
    if "{" in path:
        statuses |= set(_OF_PATHS_WITH_AN_ID)
    if "requestBody" in operation:
        statuses |= set(_OF_BODIES)
    if any(parameter["name"] == KEY_HEADER for parameter in operation.get("parameters", ())):
        statuses |= set(_OF_IDEMPOTENCY_KEYS)
    for status in sorted(statuses):
        responses[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
