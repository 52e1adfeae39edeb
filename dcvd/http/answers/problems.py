"""The answer to every failure: RFC 9457 `application/problem+json`, with a stable `code`."""

import math
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import Scope
from msgspec import UNSET, Struct

from dcvd.core.sentences.wording import word
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
    OutcomeUnknown,
    PreconditionFailed,
    QuotaReached,
    RemoteError,
    Retryable,
    StoreError,
    TooManyRequests,
    Unauthenticated,
    Wording,
)
from dcvd.http.answers.problem_view import FieldError, Problem

MEDIA_TYPE: Final = "application/problem+json"
FAILURE: Final = "dcvd.failure"
"""Under this key the scope's state keeps the exception behind an answer of 500 or more, for the log line."""
REQUEST_ID: Final = "dcvd.request_id"

MAX_SENTENCE_LENGTH: Final = 1000  # characters of a sentence, which may quote what was given
_DEFAULT_RETRY_AFTER_S: Final = 5.0  # seconds to wait, if the unavailable service did not say how long
_DISK_FULL_RETRY_AFTER_S: Final = 30.0  # somebody has to make room


class HttpRefusal(DcvdError):
    """A request that is refused by a rule of HTTP, with a status and headers of its own."""

    def __init__(
        self, status: HTTPStatus, code: str, message: str | Wording, *, headers: dict[str, str] | None = None
    ) -> None:
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


def refuse_head() -> HttpRefusal:
    """Build the refusal of HEAD where GET uses something up, which who only tests whether a link works must not do."""
    return HttpRefusal(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "method_not_allowed",
        word("methods_get"),
        headers={"Allow": "GET, OPTIONS"},
    )


def route_not_found() -> NotFound:
    """Build the error for an address where nothing is, or nothing that this caller may know of."""
    return NotFound(word("address_unknown"), code="route_not_found")


def format_allow(methods: Iterable[str]) -> str:
    """Format the value of `Allow`; with GET it also lists HEAD."""
    names = set(methods)
    return ", ".join(sorted(names | {"HEAD"} if "GET" in names else names))


def to_problem(error: Exception, request_id: str) -> ProblemResponse:
    """Translate any exception into an answer; an unexpected one only says what to look for in the log."""
    match error:
        case HttpRefusal():
            return _build_problem(error.status, error.code, error.message, headers=error.headers)
        case InvalidInput():
            faults = [FieldError(error.field, shorten(error.message, MAX_SENTENCE_LENGTH))]
            return _build_problem(HTTPStatus.BAD_REQUEST, error.code, error.message, errors=faults)
        case Unauthenticated():
            headers = {"WWW-Authenticate": 'Bearer realm="dcvd"'}
            return _build_problem(HTTPStatus.UNAUTHORIZED, error.code, error.message, headers=headers)
        case Forbidden() | QuotaReached():
            return _build_problem(HTTPStatus.FORBIDDEN, error.code, error.message)
        case NotFound():
            return _build_problem(HTTPStatus.NOT_FOUND, error.code, error.message)
        case Gone():
            return _build_problem(HTTPStatus.GONE, error.code, error.message)
        case Conflict():
            return _build_problem(HTTPStatus.CONFLICT, error.code, error.message, existing_id=error.existing_id)
        case PreconditionFailed():
            return _build_problem(HTTPStatus.PRECONDITION_FAILED, error.code, error.message)
        case TooManyRequests():
            headers = {"Retry-After": str(max(math.ceil(error.retry_after_s), 1))}
            return _build_problem(HTTPStatus.TOO_MANY_REQUESTS, error.code, error.message, headers=headers)
        case NotConfigured():
            # Not 503: a retry is useless until the operator has changed the configuration.
            return _build_problem(HTTPStatus.NOT_IMPLEMENTED, error.code, error.message)
        case DiskFull():
            return _build_unavailable(error.code, error.message, _DISK_FULL_RETRY_AFTER_S)
        case OutcomeUnknown():
            return _build_unavailable(error.code, error.message, _DEFAULT_RETRY_AFTER_S)
        case StoreError():
            sentence = "The database could not do its work; nothing was changed. Try again, or ask your operator."
            return _build_unavailable(error.code, sentence, _DEFAULT_RETRY_AFTER_S)
        case Retryable():
            wait_s = error.retry_after_s if error.retry_after_s is not None else _DEFAULT_RETRY_AFTER_S
            return _build_unavailable(error.code, error.message, wait_s)
        case RemoteError():
            return _build_problem(HTTPStatus.BAD_GATEWAY, error.code, error.message)
        case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _litestar_problem(error)
        case _:
            sentence = f"Something failed inside dcvd. Ask your operator to look for {request_id} in its log."
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            return _build_problem(status, "internal_error", sentence, request_id=request_id)


def handle_exception(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer an exception; Litestar calls this for every one."""
    response = report_failure(request.scope, error)
    return Response(response.body, status_code=response.problem.status, media_type=MEDIA_TYPE, headers=response.headers)


def report_failure(scope: Scope, error: Exception) -> ProblemResponse:
    """Translate an exception into an answer, and keep it for the log if the status is 500 or more."""
    response = to_problem(error, scope["state"][REQUEST_ID])
    if response.problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        scope["state"][FAILURE] = error
    return response


def _litestar_problem(error: HTTPException) -> ProblemResponse:
    """Translate a refusal of Litestar's own: mostly addresses and methods that do not exist."""
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    match status:
        case HTTPStatus.NOT_FOUND:
            not_found = route_not_found()
            return _build_problem(status, not_found.code, not_found.message)
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


def _build_unavailable(code: str, detail: str, wait_s: float) -> ProblemResponse:
    headers = {"Retry-After": str(max(math.ceil(wait_s), 1))}
    return _build_problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, headers=headers)


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
        detail=shorten(detail, MAX_SENTENCE_LENGTH),
        code=code,
        errors=errors or [],
        existing_id=UNSET if existing_id is None else existing_id,
        request_id=UNSET if request_id is None else request_id,
    )
    return ProblemResponse(problem, headers or {})
