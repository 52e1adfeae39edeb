"""Read and check the body of `POST /sandbox/faults`, and show a fault."""

from http import HTTPStatus
from typing import Annotated, Final, Literal, cast, get_args

import msgspec
from msgspec import Meta

from dcvd.core.durations import format_duration, parse_duration
from dcvd.core.instants import MINUTE
from dcvd.errors import InvalidInput
from dcvd.sandbox.faults import ApiFault, ApiFaultKind, DnsFault, DnsFaultKind
from dcvd.sandbox.http.decoding import choice_error, error_text
from dcvd.sandbox.nameserver.records import parse_name, parse_type

_MAX_DELAY_MS: Final = MINUTE
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_API_PREFIX: Final = "/client/v4"
_TOKEN_CHARACTERS: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_FORBIDDEN_HEADERS: Final = frozenset({"content-length", "transfer-encoding", "connection"})


class FaultRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request for a fault; `target` says what fails.

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


def read_fault(request: FaultRequest, fault_id: str) -> ApiFault | DnsFault:
    """Turn a request into a fault. Raises InvalidInput naming the member that does not fit."""
    match request.target:
        case "api":
            return _read_api_fault(request, fault_id)
        case "dns":
            return _read_dns_fault(request, fault_id)


def fault_view(fault: ApiFault | DnsFault, times: int | None) -> dict[str, object]:
    """Show a fault with its id and how often it still applies (null: until it is deleted)."""
    if isinstance(fault, DnsFault):
        name = None if fault.name is None else fault.name.to_text(omit_final_dot=True)
        dns_view: dict[str, object] = {"id": fault.id, "target": "dns", "kind": fault.kind, "name": name}
        if fault.type is not None:
            dns_view["type"] = fault.type.name
        if fault.kind == "slow":
            dns_view["delay"] = format_duration(fault.delay_ms)
        return {**dns_view, "times": times}
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


def _read_api_fault(request: FaultRequest, fault_id: str) -> ApiFault:
    kinds = get_args(ApiFaultKind)
    if request.kind not in kinds:
        raise choice_error("kind", request.kind, kinds, context="for target api")
    for member, value in (("name", request.name), ("type", request.type), ("delay", request.delay)):
        if value is not None:
            raise InvalidInput(member, f"{member} belongs to a fault with target dns; an API fault has a path.")
    if request.kind != "status" and (request.status is not None or request.headers):
        raise InvalidInput("status", f"status and headers belong to kind status; {request.kind} sends no answer.")
    method = None if request.method is None else request.method.upper()
    if method is not None and method not in _METHODS:
        raise choice_error("method", request.method, _METHODS)
    path = request.path
    if path is not None:
        path = path.removeprefix(_API_PREFIX) or "/"
        if not path.startswith(("/", "*")):
            raise InvalidInput("path", f"path {request.path!r} begins with / and is what follows {_API_PREFIX}.")
    for header, value in request.headers.items():
        _check_header(header, value)
    return ApiFault(
        id=fault_id,
        kind=cast(ApiFaultKind, request.kind),
        method=method,
        path=path,
        status=request.status or HTTPStatus.INTERNAL_SERVER_ERROR,
        headers=request.headers,
    )


def _read_dns_fault(request: FaultRequest, fault_id: str) -> DnsFault:
    kinds = get_args(DnsFaultKind)
    if request.kind not in kinds:
        raise choice_error("kind", request.kind, kinds, context="for target dns")
    if request.method is not None or request.path is not None or request.status is not None or request.headers:
        raise InvalidInput("target", "method, path, status and headers belong to target api; a DNS fault has a name.")
    return DnsFault(
        id=fault_id,
        kind=cast(DnsFaultKind, request.kind),
        name=None if request.name is None else parse_name(request.name),
        type=None if request.type is None else parse_type(request.type),
        delay_ms=_read_delay_ms(request),
    )


def _read_delay_ms(request: FaultRequest) -> int:
    if request.kind != "slow":
        if request.delay is not None:
            raise InvalidInput("delay", f"delay belongs to kind slow; {request.kind} answers at once or never.")
        return 0
    if request.delay is None:
        raise InvalidInput("delay", 'delay is missing: kind slow needs how long an answer takes, such as "2s".')
    try:
        delay = parse_duration(request.delay)
    except ValueError as error:
        raise InvalidInput("delay", f"delay {request.delay!r} cannot be used: {error_text(error)}.") from error
    if delay > _MAX_DELAY_MS:
        raise InvalidInput("delay", f"delay {request.delay!r} is more than a minute, and no resolver waits that long.")
    return delay


def _check_header(name: str, value: str) -> None:
    if not name or not set(name) <= _TOKEN_CHARACTERS or name.lower() in _FORBIDDEN_HEADERS:
        raise InvalidInput("headers", f"headers: {name!r} is not a header that can be set.")
    if not value.isprintable() or not value.isascii():
        raise InvalidInput("headers", f"headers: the value of {name!r} is not printable ASCII.")
