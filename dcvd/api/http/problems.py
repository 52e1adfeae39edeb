"""Every failure as an answer: RFC 9457 `application/problem+json`, with a stable `code`."""

import math
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import Scope
from msgspec import UNSET, Struct, UnsetType

from dcvd.errors import (
    Conflict,
    DcvdError,
    Forbidden,
    Gone,
    InvalidInput,
    NotFound,
    RemoteError,
    Retryable,
    StoreError,
    StoreFull,
    Throttled,
    Unauthenticated,
    Unavailable,
)

MEDIA_TYPE: Final = "application/problem+json"
FAILURE: Final = "dcvd.failure"
"""Where the scope's state keeps the exception behind an answer of 500 or more, for the log line of the request."""
REQUEST_ID: Final = "dcvd.request_id"

_LONGEST: Final = 1000  # characters of a sentence, which may quote what was given
_PATIENCE: Final = 5.0  # seconds to wait where a service that is away named none


class FieldError(Struct, frozen=True):
    """One value at fault: its name as the caller wrote it, and what is wrong with it."""

    field: str
    message: str


class Problem(Struct, frozen=True, kw_only=True, rename="camel"):
    """What went wrong. `code` is stable and for programs, `detail` is a sentence for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = []
    existing_id: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class HttpRefusal(DcvdError):
    """A request that HTTP's own rules refuse, whatever it asks for."""

    def __init__(self, status: HTTPStatus, code: str, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.headers = headers or {}


class Refused(Struct, frozen=True):
    """A problem, ready to be sent."""

    problem: Problem
    headers: dict[str, str]

    @property
    def body(self) -> bytes:
        return msgspec.json.encode(self.problem)


def no_route() -> NotFound:
    """Nothing is at that address, or nothing that this caller may know of."""
    return NotFound("There is nothing at this address; /schema lists what there is.", code="route_not_found")


def allowed(methods: Iterable[str]) -> str:
    """The value of `Allow`: wherever GET is, HEAD is too."""
    found = set(methods)
    return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))


def refusal(error: Exception, request_id: str) -> Refused:
    """The answer to any exception; what nobody foresaw says nothing but where to look for it."""
    match error:
        case HttpRefusal():
            return _refused(error.status, error.code, error.message, headers=error.headers)
        case InvalidInput():
            faults = [FieldError(error.field, _shortened(error.message))]
            return _refused(HTTPStatus.BAD_REQUEST, error.code, error.message, errors=faults)
        case Unauthenticated():
            headers = {"WWW-Authenticate": 'Bearer realm="dcvd"'}
            return _refused(HTTPStatus.UNAUTHORIZED, error.code, error.message, headers=headers)
        case Forbidden():
            return _refused(HTTPStatus.FORBIDDEN, error.code, error.message)
        case NotFound():
            return _refused(HTTPStatus.NOT_FOUND, error.code, error.message)
        case Gone():
            return _refused(HTTPStatus.GONE, error.code, error.message)
        case Conflict():
            return _refused(HTTPStatus.CONFLICT, error.code, error.message, existing_id=error.existing_id)
        case Throttled():
            headers = {"Retry-After": str(max(math.ceil(error.retry_after), 1))}
            return _refused(HTTPStatus.TOO_MANY_REQUESTS, error.code, error.message, headers=headers)
        case StoreFull():
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, error.code, error.message)
        case StoreError():
            sentence = "The database could not do its work; nothing was changed. Try again, or ask your operator."
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, error.code, sentence)
        case Unavailable():
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, error.code, error.message)
        case Retryable():
            wait = error.retry_after if error.retry_after is not None else _PATIENCE
            headers = {"Retry-After": str(max(math.ceil(wait), 1))}
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, error.code, error.message, headers=headers)
        case RemoteError():
            return _refused(HTTPStatus.BAD_GATEWAY, error.code, error.message)
        case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _litestar(error)
        case _:
            sentence = f"Something failed inside dcvd. Ask your operator to look for {request_id} in its log."
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            return _refused(status, "internal_error", sentence, request_id=request_id)


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's handler of every exception."""
    refused = refuse(request.scope, error)
    return Response(refused.body, status_code=refused.problem.status, media_type=MEDIA_TYPE, headers=refused.headers)


def refuse(scope: Scope, error: Exception) -> Refused:
    """The answer to an exception, which is kept for the log where it is a failure of ours."""
    refused = refusal(error, scope["state"][REQUEST_ID])
    if refused.problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        scope["state"][FAILURE] = error
    return refused


def _litestar(error: HTTPException) -> Refused:
    """What the framework refuses by itself: mostly addresses and methods that do not exist."""
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    match status:
        case HTTPStatus.NOT_FOUND:
            missing = no_route()
            return _refused(status, missing.code, missing.message)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            methods = allowed(headers.get("allow", "").split(", "))
            sentence = f"The methods of this address are {methods}."
            return _refused(status, "method_not_allowed", sentence, headers={"Allow": methods})
        case _:
            faults = _faults(error) if isinstance(error, ValidationException) else []
            return _refused(status, status.name.lower(), error.detail, headers=headers, errors=faults)


def _faults(error: ValidationException) -> list[FieldError]:
    extra = error.extra if isinstance(error.extra, list) else []
    return [FieldError(str(item.get("key", "")), str(item.get("message", ""))) for item in extra]


def _refused(
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    errors: list[FieldError] | None = None,
    existing_id: str | None = None,
    request_id: str | None = None,
) -> Refused:
    problem = Problem(
        title=status.phrase,
        status=status.value,
        detail=_shortened(detail),
        code=code,
        errors=errors or [],
        existing_id=UNSET if existing_id is None else existing_id,
        request_id=UNSET if request_id is None else request_id,
    )
    return Refused(problem, headers or {})


def _shortened(sentence: str) -> str:
    return sentence if len(sentence) <= _LONGEST else f"{sentence[:_LONGEST]}…"
