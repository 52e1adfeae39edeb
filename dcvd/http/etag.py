"""ETag and If-Match: a change is refused where somebody else has changed the object since the caller read it."""

from typing import Annotated, Any, Final

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import HeaderParameter

from dcvd.core.http.entity_tags import IF_MATCH_HEADER, IF_MATCH_PATTERN, Precondition, parse_precondition
from dcvd.errors import InvalidInput
from dcvd.http.request import ApiRequest

ETAG_HEADER: Final = "ETag"
_HEADER_NAME: Final = IF_MATCH_HEADER.lower().encode()
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name=IF_MATCH_HEADER,
        description=(
            "The `ETag` that you have read, or several with commas between them. Where the object has another one by "
            "now, nothing is changed and the answer is 412. `*`, or no header: whatever it has."
        ),
        schema_extra={"type": "string", "one_of": None, "pattern": IF_MATCH_PATTERN},
    ),
]


async def read_precondition(request: ApiRequest, if_match: IfMatch = None) -> Precondition:  # noqa: ARG001  # documented
    """Read If-Match, which may stand in several lines. Raises InvalidInput."""
    lines = request.headers.getall(IF_MATCH_HEADER, [])
    return parse_precondition(", ".join(lines) if lines else None)


async def check_if_match(request: Request[Any, Any, Any]) -> None:
    """Check the header before the handler runs. Raises InvalidInput where a change would be made in spite of it."""
    scope = request.scope
    if scope["method"] in _SAFE_METHODS or all(name != _HEADER_NAME for name, _ in scope["headers"]):
        return
    if IF_MATCH["precondition"] not in scope["route_handler"].resolve_dependencies().values():
        raise InvalidInput(
            IF_MATCH_HEADER, f"{IF_MATCH_HEADER} is not honoured here: leave it out.", code="if_match_unsupported"
        )


IF_MATCH: Final = {"precondition": Provide(read_precondition)}
"""The dependency of a handler that changes an object."""
InjectedPrecondition = NamedDependency[Precondition]
