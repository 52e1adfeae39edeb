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

from dcvd.core.text import shorten
from dcvd.errors import (
    Conflict,
    DcvdError,
    DiskFull,
    Forbidden,
    Gone,
    InvalidInput,
    NotConfigured,
    NotFound,
    RemoteError,
    Retryable,
    StoreError,
    TooManyRequests,
    Unauthenticated,
)

MEDIA_TYPE: Final = "application/problem+json"
FAILURE: Final = "dcvd.failure"
"""Where the scope's state keeps the exception behind an answer of 500 or more, for the log line of the request."""
REQUEST_ID: Final = "dcvd.request_id"

_MAX_SENTENCE_LENGTH: Final = 1000  # characters of a sentence, which may quote what was given
_DEFAULT_RETRY_AFTER_S: Final = 5.0  # seconds to wait where a service that is away named none


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


class ProblemResponse(Struct, frozen=True):
    """A problem, ready to be sent."""

    problem: Problem
    headers: dict[str, str]

    @property
    def body(self) -> bytes:
        return msgspec.json.encode(self.problem)


def route_not_found() -> NotFound:
    """Nothing is at that address, or nothing that this caller may know of."""
    return NotFound("There is nothing at this address; /schema lists what there is.", code="route_not_found")


def format_allow(methods: Iterable[str]) -> str:
    """The value of `Allow`: wherever GET is, HEAD is too."""
    found = set(methods)
    return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))


def to_problem(error: Exception, request_id: str) -> ProblemResponse:
    """The answer to any exception; what nobody foresaw says nothing but where to look for it."""
    match error:
        case HttpRefusal():
            return _build_problem(error.status, error.code, error.message, headers=error.headers)
        case InvalidInput():
            faults = [FieldError(error.field, shorten(error.message, _MAX_SENTENCE_LENGTH))]
            return _build_problem(HTTPStatus.BAD_REQUEST, error.code, error.message, errors=faults)
        case Unauthenticated():
            headers = {"WWW-Authenticate": 'Bearer realm="dcvd"'}
            return _build_problem(HTTPStatus.UNAUTHORIZED, error.code, error.message, headers=headers)
        case Forbidden():
            return _build_problem(HTTPStatus.FORBIDDEN, error.code, error.message)
        case NotFound():
            return _build_problem(HTTPStatus.NOT_FOUND, error.code, error.message)
        case Gone():
            return _build_problem(HTTPStatus.GONE, error.code, error.message)
        case Conflict():
            return _build_problem(HTTPStatus.CONFLICT, error.code, error.message, existing_id=error.existing_id)
        case TooManyRequests():
            headers = {"Retry-After": str(max(math.ceil(error.retry_after_s), 1))}
            return _build_problem(HTTPStatus.TOO_MANY_REQUESTS, error.code, error.message, headers=headers)
        case DiskFull():
            return _build_problem(HTTPStatus.SERVICE_UNAVAILABLE, error.code, error.message)
        case StoreError():
            sentence = "The database could not do its work; nothing was changed. Try again, or ask your operator."
            return _build_problem(HTTPStatus.SERVICE_UNAVAILABLE, error.code, sentence)
        case NotConfigured():
            return _build_problem(HTTPStatus.SERVICE_UNAVAILABLE, error.code, error.message)
        case Retryable():
            wait = error.retry_after_s if error.retry_after_s is not None else _DEFAULT_RETRY_AFTER_S
            headers = {"Retry-After": str(max(math.ceil(wait), 1))}
            return _build_problem(HTTPStatus.SERVICE_UNAVAILABLE, error.code, error.message, headers=headers)
        case RemoteError():
            return _build_problem(HTTPStatus.BAD_GATEWAY, error.code, error.message)
        case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _litestar_problem(error)
        case _:
            sentence = f"Something failed inside dcvd. Ask your operator to look for {request_id} in its log."
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            return _build_problem(status, "internal_error", sentence, request_id=request_id)


def handle_exception(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's handler of every exception."""
    refused = report_failure(request.scope, error)
    return Response(refused.body, status_code=refused.problem.status, media_type=MEDIA_TYPE, headers=refused.headers)


def report_failure(scope: Scope, error: Exception) -> ProblemResponse:
    """The answer to an exception, which is kept for the log where it is a failure of ours."""
    refused = to_problem(error, scope["state"][REQUEST_ID])
    if refused.problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        scope["state"][FAILURE] = error
    return refused


def _litestar_problem(error: HTTPException) -> ProblemResponse:
    """What the framework refuses by itself: mostly addresses and methods that do not exist."""
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    match status:
        case HTTPStatus.NOT_FOUND:
            missing = route_not_found()
            return _build_problem(status, missing.code, missing.message)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            methods = format_allow(headers.get("allow", "").split(", "))
            sentence = f"The methods of this address are {methods}."
            return _build_problem(status, "method_not_allowed", sentence, headers={"Allow": methods})
        case _:
            faults = _field_errors(error) if isinstance(error, ValidationException) else []
            return _build_problem(status, status.name.lower(), error.detail, headers=headers, errors=faults)


def _field_errors(error: ValidationException) -> list[FieldError]:
    extra = error.extra if isinstance(error.extra, list) else []
    return [FieldError(str(item.get("key", "")), str(item.get("message", ""))) for item in extra]


def _build_problem(
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    errors: list[FieldError] | None = None,
    existing_id: str | None = None,
    request_id: str | None = None,
) -> ProblemResponse:
    problem = Problem(
        title=status.phrase,
        status=status.value,
        detail=shorten(detail, _MAX_SENTENCE_LENGTH),
        code=code,
        errors=errors or [],
        existing_id=UNSET if existing_id is None else existing_id,
        request_id=UNSET if request_id is None else request_id,
    )
    return ProblemResponse(problem, headers or {})
