"""The body of `POST /sandbox/faults`, what it may hold together, and how a fault is shown."""

from http import HTTPStatus
from typing import Annotated, Final, Literal, cast, get_args

import msgspec
from msgspec import Meta

from dcvd.core.durations import format_duration, parse_duration
from dcvd.core.instants import MINUTE
from dcvd.errors import InvalidInput
from dcvd.sandbox.faults import ApiFault, ApiFaultKind, DnsFault, DnsFaultKind
from dcvd.sandbox.http.decoding import choice_error, reason
from dcvd.sandbox.nameserver.records import parse_name, parse_type

_LONGEST_DELAY: Final = MINUTE
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_API_PREFIX: Final = "/client/v4"
_TOKEN_CHARACTERS: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_UNSENDABLE: Final = frozenset({"content-length", "transfer-encoding", "connection"})


class FaultRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`target` says what fails.

    `method`, `path`, `status` and `headers` belong to the API; `name`, `type` and `delay` (of `slow`) to DNS.
    """

    kind: ApiFaultKind | DnsFaultKind
    target: Literal["api", "dns"] = "api"
    method: str | None = None
    path: str | None = None
    status: Annotated[int, Meta(ge=300, le=599)] | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    name: str | None = None
    type: str | None = None
    delay: str | None = None
    times: Annotated[int, Meta(ge=1)] | None = None


def read_fault(asked: FaultRequest, fault_id: str) -> ApiFault | DnsFault:
    """Raises InvalidInput naming the member that does not fit."""
    match asked.target:
        case "api":
            return _api_fault(asked, fault_id)
        case "dns":
            return _dns_fault(asked, fault_id)


def fault_view(fault: ApiFault | DnsFault, times: int | None) -> dict[str, object]:
    """As it was asked for, with its id and the times that are left (null: until it is deleted)."""
    if isinstance(fault, DnsFault):
        name = None if fault.name is None else fault.name.to_text(omit_final_dot=True)
        shown: dict[str, object] = {"id": fault.id, "target": "dns", "kind": fault.kind, "name": name}
        if fault.type is not None:
            shown["type"] = fault.type.name
        if fault.kind == "slow":
            shown["delay"] = format_duration(fault.delay)
        return {**shown, "times": times}
    view: dict[str, object] = {
        "id": fault.id,
        "target": "api",
        "kind": fault.kind,
        "method": fault.method,
        "path": fault.path,
    }
    if fault.kind == "status":
        view |= {"status": fault.status, "headers": fault.headers}
    return {**view, "times": times}


def _api_fault(asked: FaultRequest, fault_id: str) -> ApiFault:
    kinds = get_args(ApiFaultKind)
    if asked.kind not in kinds:
        raise choice_error("kind", asked.kind, kinds, context="for target api")
    for member, value in (("name", asked.name), ("type", asked.type), ("delay", asked.delay)):
        if value is not None:
            raise InvalidInput(member, f"{member} belongs to a fault with target dns; an API fault has a path.")
    if asked.kind != "status" and (asked.status is not None or asked.headers):
        raise InvalidInput("status", f"status and headers belong to kind status; {asked.kind} sends no answer.")
    method = None if asked.method is None else asked.method.upper()
    if method is not None and method not in _METHODS:
        raise choice_error("method", asked.method, _METHODS)
    path = asked.path
    if path is not None:
        path = path.removeprefix(_API_PREFIX) or "/"
        if not path.startswith(("/", "*")):
            raise InvalidInput("path", f"path {asked.path!r} begins with / and is what follows {_API_PREFIX}.")
    for header, value in asked.headers.items():
        _check_header(header, value)
    return ApiFault(
        id=fault_id,
        kind=cast(ApiFaultKind, asked.kind),
        method=method,
        path=path,
        status=asked.status or HTTPStatus.INTERNAL_SERVER_ERROR,
        headers=asked.headers,
    )


def _dns_fault(asked: FaultRequest, fault_id: str) -> DnsFault:
    kinds = get_args(DnsFaultKind)
    if asked.kind not in kinds:
        raise choice_error("kind", asked.kind, kinds, context="for target dns")
    if asked.method is not None or asked.path is not None or asked.status is not None or asked.headers:
        raise InvalidInput("target", "method, path, status and headers belong to target api; a DNS fault has a name.")
    return DnsFault(
        id=fault_id,
        kind=cast(DnsFaultKind, asked.kind),
        name=None if asked.name is None else parse_name(asked.name),
        type=None if asked.type is None else parse_type(asked.type),
        delay=_delay(asked),
    )


def _delay(asked: FaultRequest) -> int:
    if asked.kind != "slow":
        if asked.delay is not None:
            raise InvalidInput("delay", f"delay belongs to kind slow; {asked.kind} answers at once or never.")
        return 0
    if asked.delay is None:
        raise InvalidInput("delay", 'delay is missing: kind slow needs how long an answer takes, such as "2s".')
    try:
        delay = parse_duration(asked.delay)
    except ValueError as error:
        raise InvalidInput("delay", f"delay {asked.delay!r} cannot be used: {reason(error)}.") from error
    if delay > _LONGEST_DELAY:
        raise InvalidInput("delay", f"delay {asked.delay!r} is more than a minute, and no asker waits that long.")
    return delay


def _check_header(name: str, value: str) -> None:
    if not name or not set(name) <= _TOKEN_CHARACTERS or name.lower() in _UNSENDABLE:
        raise InvalidInput("headers", f"headers: {name!r} is not a header that can be set.")
    if not value.isprintable() or not value.isascii():
        raise InvalidInput("headers", f"headers: the value of {name!r} is not printable ASCII.")
