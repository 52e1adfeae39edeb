"""Query parameters, and text members that hold more than text. A wrong one raises InvalidInput."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Final, TypeVar

from litestar import Request
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.params import QueryParameter
from litestar.utils.signature import ParsedSignature

from dcvd.core.events import EventType
from dcvd.core.records.domain_connect import RETURN_PATH
from dcvd.core.unknown_names import refuse_unknown
from dcvd.errors import InvalidInput
from dcvd.http.page_routes import ANY_QUERY
from dcvd.services.webhooks.endpoints import parse_event_type
from dcvd.store.engine.paging import DEFAULT_LIMIT, MAX_LIMIT

E = TypeVar("E", bound=StrEnum)

_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,9}")

EVENT_TYPES: Final[dict[str, Any]] = {
    "type": "array",
    "items": Schema(type=OpenAPIType.STRING, enum=list(EventType)),
}
"""The documented type of a list of event types."""

_PATHS_THAT_TOLERATE_ANY: Final = frozenset(
    {
        "/health",  # Balancers may append what keeps caches away, and an error would take the daemon out of service.
        "/ready",
        "/alerts/refuse",
        "/alerts/allow",
        "/alerts/{action}",  # Mail programs and their gates append to links what is theirs.
        "/oauth/callback/{provider}",  # RFC 6749, section 4.1.2: what is not recognized is ignored.
        RETURN_PATH,  # A DNS provider composes the query (Domain Connect), and its customer could do nothing about it.
    }
)


def query_parameter(name: str, description: str, **schema: Any) -> QueryParameter:
    """Document an optional parameter of text, or of what `schema` says: a query can leave it out, and not say null."""
    return QueryParameter(name=name, description=description, schema_extra={"type": "string", "one_of": None, **schema})


# Parameters are declared as text and parsed here: Litestar would also accept " 5", and read "null" as no value.
Limit = Annotated[
    str | None,
    query_parameter(
        "limit",
        f"The most entries that the answer may have; {DEFAULT_LIMIT} unless given.",
        type="integer",
        minimum=1,
        maximum=MAX_LIMIT,
    ),
]
Cursor = Annotated[str | None, query_parameter("cursor", "The previous page's `nextCursor`; absent: the first page.")]
RemoveRecords = Annotated[
    str | None,
    query_parameter(
        "removeRecords",
        "`true`: also remove from DNS the records that were written through a connection.",
        type="boolean",
    ),
]

RemoveHostname = Annotated[
    str | None,
    query_parameter(
        "removeHostname",
        "`true`: also remove at Cloudflare a hostname that is only read (`readOnly`), which stays there otherwise.",
        type="boolean",
    ),
]


def parse_page_limit(text: str | None) -> int:
    """Parse how many rows a page may have."""
    if text is None:
        return DEFAULT_LIMIT
    if _WHOLE_NUMBER.fullmatch(text) is None or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidInput("limit", f"limit is {text!r}; give a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def parse_choice(field: str, text: str | None, choices: type[E]) -> E | None:
    """Parse a member of a closed set; None stays None."""
    if text is None:
        return None
    try:
        return choices(text)
    except ValueError as error:
        raise InvalidInput(field, refuse_unknown(field, text, choices)) from error


def parse_flag(name: str, text: str | None) -> bool:
    """Parse a switch, which is off if it is absent."""
    if text not in (None, "true", "false"):
        raise InvalidInput(name, f"{name} is {text!r}; give true or false.")
    return text == "true"


def parse_event_types(field: str, texts: list[str] | None) -> list[EventType] | None:
    """Parse event types, from one parameter with commas or from several; None stays None."""
    if texts is None:
        return None
    return [parse_event_type(field, name.strip()) for text in texts for name in text.split(",")]


async def refuse_unknown_parameters(request: Request[Any, Any, Any]) -> None:
    """Check a query before its handler runs. Raises InvalidInput for an unknown parameter, naming the known ones.

    One that takes a single value is refused too if it is given twice: either value could be the one that was meant.
    """
    scope = request.scope
    if not scope["query_string"] or scope["method"] == "OPTIONS" or scope["path_template"] in _PATHS_THAT_TOLERATE_ANY:
        return
    if scope["route_handler"].opt.get(ANY_QUERY, False):
        return
    known = declared_parameters(scope["route_handler"])
    query = request.query_params
    for name in query:
        if name not in known:
            what = f"what can be given: {', '.join(sorted(known))}" if known else "this address takes none"
            raise InvalidInput(name, f"The parameter {name!r} is not expected here; {what}.", code="unknown_field")
        count = len(query.getall(name))
        if count > 1 and not known[name]:
            raise InvalidInput(name, f"{name} was given {count} times; give it once.")


@cache
def declared_parameters(handler: BaseRouteHandler) -> Mapping[str, bool]:
    """Return what query parameters a handler and its dependencies declare, and whether each takes several values."""
    return _parameters_of(handler.parsed_fn_signature, handler.resolve_dependencies())


def _parameters_of(signature: ParsedSignature, dependencies: Mapping[str, Provide]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for name, field in signature.parameters.items():
        if isinstance(field.kwarg_definition, QueryParameter):
            types = (field, *field.inner_types)
            found[field.kwarg_definition.name or name] = any(each.is_non_string_sequence for each in types)
        elif name in dependencies:
            found |= _parameters_of(dependencies[name].parsed_fn_signature, dependencies)
    return found
