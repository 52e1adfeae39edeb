"""The outermost layer: it adds each request's id, headers and log line, and guards the operators' paths."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Response
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from dcvd.core.callers import Caller, CallerKind
from dcvd.errors import DcvdError
from dcvd.http.access.acting_operators import lead_to_tenants_route
from dcvd.http.access.authentication import (
    NOT_AN_OPERATOR,
    check_operator,
    find_lost_rights_error,
    is_operator_path,
)
from dcvd.http.access.hosts import AllowedHosts
from dcvd.http.answer_headers import AnswerHeaders
from dcvd.http.answers.problems import (
    FAILURE,
    MEDIA_TYPE,
    REQUEST_ID,
    ProblemResponse,
    handle_exception,
    report_failure,
)
from dcvd.http.app_services import AppServices
from dcvd.http.kept_answers import KeptAnswers
from dcvd.http.limits.client_requests import CLIENT_ADDRESS, CLIENT_CLAIMANT, ClientRequests
from dcvd.http.limits.open_requests import OPEN_REQUEST
from dcvd.http.request import BODY_RESERVATION, SENT_METHOD, ApiRequest
from dcvd.http.request_ids import RequestIds
from dcvd.http.route_classes import classify_route, classify_status
from dcvd.http.traces import describe_request
from dcvd.kit.limits.byte_budget import ByteBudget
from dcvd.kit.logs.anonymous_lines import mark_anonymous
from dcvd.kit.tracing import TRACING

log = structlog.get_logger(__name__)


class RequestEnvelope:
    """Wraps an ASGI application with what every request and answer has."""

    def __init__(self, app: ASGIApp, services: AppServices, methods: Mapping[str, Collection[str]]) -> None:
        """`methods`: the methods of each path template; there may be more of them later."""
        self._app = app
        self._services = services
        limits = services.context.config.limits
        self._body_budget = ByteBudget(limits.body_bytes, limits.body_bytes_per_organization)
        server = services.context.config.server
        self._clients = ClientRequests(server)
        self._hosts = AllowedHosts(server.hosts)
        self._headers = AnswerHeaders(server, methods)
        self._request_ids = RequestIds()
        self._kept_answers = KeptAnswers(services)

    async def __call__(self, original_scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; every answer is sent through here."""
        request_id = self._request_ids.make()
        # A copy: the server keeps its own scope with HEAD, and so drops the body of the answer.
        scope: HTTPScope = original_scope.copy()
        method = scope["method"]
        address = self._clients.find_address(scope)
        reservation = self._body_budget.open()
        scope["state"] = {
            REQUEST_ID: request_id,
            SENT_METHOD: method,
            CLIENT_ADDRESS: address,
            CLIENT_CLAIMANT: self._clients.find_claimant(address),
            BODY_RESERVATION: reservation,
        }
        if method == "HEAD":
            scope["method"] = "GET"
        structlog.contextvars.bind_contextvars(request_id=request_id)
        mark_anonymous()
        started_s = time.perf_counter()
        status: int | None = None

        async def send_out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._headers.complete(message["headers"], scope)
            await send(message)

        with TRACING.span("request", "server") as span:
            try:
                with self._services.open_requests.enter(request_id) as open_request:
                    scope["state"][OPEN_REQUEST] = open_request
                    try:
                        await self._answer(scope, receive, send_out)
                    except asyncio.CancelledError:
                        if not open_request.accept_cancellation() or status is not None:
                            raise
                        await _send_failure(scope, receive, send_out, await find_lost_rights_error(scope))
            finally:
                reservation.release()
                self._count_use(scope, method, status)
                self._services.metrics.record_request(
                    classify_route(scope.get("path_template")), classify_status(status), time.perf_counter() - started_s
                )
                _log_request(scope, method, status, started_s)
                if TRACING.is_on:
                    describe_request(span, scope, method, status)

    def _count_use(self, scope: Scope, method: str, status: int | None) -> None:
        caller: Caller | None = scope.get("auth")
        if caller is not None and caller.kind is CallerKind.TOKEN:
            operation = f"{method} {scope.get('path_template', '')}"
            is_error = status is None or status >= HTTPStatus.BAD_REQUEST
            now = self._services.context.now()
            self._services.token_usage.count_request(caller.id, operation, now, is_error=is_error)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Pass the request to the application, unless it is refused before any route is looked for."""
        with ExitStack() as stack:
            try:
                self._services.probes.note(scope)
                self._hosts.check(scope)
                self._refuse_stranger(scope)
                stack.enter_context(self._clients.admit(scope["state"][CLIENT_ADDRESS]))
            except DcvdError as error:
                if error.code == NOT_AN_OPERATOR:
                    self._services.metrics.count_authentication_failure(NOT_AN_OPERATOR)
                await _send_problem(report_failure(scope, error), send)
                return
            preflight = self._headers.build_preflight(scope)
            if preflight is None:
                await self._answer_or_repeat(scope, receive, send)
            else:
                await send({"type": "http.response.start", "status": HTTPStatus.NO_CONTENT, "headers": preflight})
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _answer_or_repeat(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Pass the request to the application, unless what it would answer is kept."""
        kept = self._kept_answers.find(scope)
        if kept is None:
            await self._app(scope, receive, send)
            self._kept_answers.keep(scope)
            return
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": kept.fields})
        await send({"type": "http.response.body", "body": kept.body, "more_body": False})

    def _refuse_stranger(self, scope: Scope) -> None:
        """Refuse an operators' path here: the guards run later, and would reveal which addresses and methods exist."""
        if is_operator_path(scope["path"]):
            check_operator(scope, self._services.operators.value)
            lead_to_tenants_route(scope)


async def _send_failure(scope: HTTPScope, receive: Receive, send: Send, error: DcvdError) -> None:
    """Answer an exception as the request's route does: with a problem, or with a page."""
    request = ApiRequest(scope, receive, send)
    handlers = scope["route_handler"].resolve_exception_handlers()
    build_answer: Callable[[ApiRequest, DcvdError], Response[Any]] = handlers.get(Exception, handle_exception)
    await build_answer(request, error).to_asgi_response(app=None, request=request)(scope, receive, send)


async def _send_problem(response: ProblemResponse, send: Send) -> None:
    body = response.body
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in response.headers.items()),
    ]
    await send({"type": "http.response.start", "status": response.problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _log_request(scope: Scope, method: str, status: int | None, started_s: float) -> None:
    """Log one line for a request; `status` None: it got no answer, because the client or the daemon stopped."""
    is_failure = status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if not is_failure and not log.is_enabled_for(logging.DEBUG):
        return
    caller: Caller | None = scope.get("auth")
    facts = {
        "method": method,
        "path": scope.get("path_template"),
        "status": status,
        "ms": round((time.perf_counter() - started_s) * 1000, 1),
        "org_id": None if caller is None else caller.org_id,
        "caller": None if caller is None else caller.actor,
    }
    # 501 is no failure: what the operator has not set up, callers are told of, and nobody has to look.
    if is_failure and status != HTTPStatus.NOT_IMPLEMENTED:
        failure = scope["state"].get(FAILURE)
        if isinstance(failure, DcvdError):
            # The sentence says it all; while a disk is full, a traceback for each request would bury it. A caller can
            # meet a limit as often as they like: such lines are bounded as those of strangers are.
            is_limit = failure.code == "busy"
            log.error("api.request_failed", code=failure.code, error=failure.message, anonymous=is_limit, **facts)
        else:
            log.error("api.request_failed", exc_info=failure, **facts)
    else:
        log.debug("api.request", **facts)
