"""What a trace says of a request."""

from http import HTTPStatus
from typing import Final

from litestar.types import HTTPScope

from dcvd.core.callers import Caller, CallerKind
from dcvd.http.answers.problems import REQUEST_ID
from dcvd.kit.tracing import Span

_TRACEPARENT: Final = b"traceparent"
_TRUSTED_KINDS: Final = (CallerKind.TOKEN, CallerKind.MEMBER, CallerKind.OPERATOR)


def describe_request(span: Span, scope: HTTPScope, method: str, status: int | None) -> None:
    """Describe a request that has ended: its route, and no path, which may hold what is secret.

    The caller's own trace is linked, and no parent of ours: a parent would decide whether we record the request. It is
    believed of callers with a token and of operators only.
    """
    route = scope.get("path_template") or None
    span.rename(method if route is None else f"{method} {route}")
    span.set("http.request.method", method)
    span.set("http.route", route)
    span.set("http.response.status_code", status)
    span.set("dcvd.request_id", scope["state"][REQUEST_ID])
    caller: Caller | None = scope.get("auth")
    if caller is not None:
        span.set("dcvd.org_id", caller.org_id)
        span.set("dcvd.caller", caller.kind.value)
        if caller.kind in _TRUSTED_KINDS:
            for name, value in scope["headers"]:
                if name == _TRACEPARENT:
                    span.link(value.decode("latin-1"))
    if status is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.fail("no_answer" if status is None else str(status))
