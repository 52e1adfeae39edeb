"""Idempotency-Key: a repeated request gets the answer of the first one, or the key is refused; it is never ignored.

A handler that honours keys declares the header as its parameter, which documents it too.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

from litestar import Request, Response
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import HeaderParameter

from dcvd.core.http.idempotency import KEY_HEADER, MAX_KEY_CHARS, fingerprint, validate_key
from dcvd.errors import InvalidInput
from dcvd.http.answers.problems import HttpRefusal
from dcvd.http.request import ApiRequest
from dcvd.services import idempotency
from dcvd.services.context import Context
from dcvd.services.idempotency import Answer, RepeatableRequest

A = TypeVar("A")
R = TypeVar("R")

_HEADER_NAME: Final = KEY_HEADER.lower().encode()
_MEDIA_TYPE: Final = "application/json"
_RETRY_AFTER_S: Final = 1

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name=KEY_HEADER,
        description=(
            "A text of your choice, such as a UUID. A repeat of the request with the same key does nothing again and "
            "gets the same answer, for 24 hours; a bulk call goes on with the lines that were not done."
        ),
        schema_extra={
            "type": "string",
            "one_of": None,
            "min_length": 1,
            "max_length": MAX_KEY_CHARS,
            "pattern": "^[!-~]+$",
        },
    ),
]


async def check_idempotency_key(request: Request[Any, Any, Any]) -> None:
    """Check the header before the handler runs. Raises InvalidInput where it is malformed, or would be ignored."""
    keys = [value for name, value in request.scope["headers"] if name == _HEADER_NAME]
    if not keys or request.scope["method"] == "OPTIONS":
        return
    if not declares_key(request.scope["route_handler"]):
        raise InvalidInput(
            KEY_HEADER, f"{KEY_HEADER} is not honoured here: leave it out.", code="idempotency_key_unsupported"
        )
    if len(keys) > 1:
        raise InvalidInput(KEY_HEADER, f"{KEY_HEADER} was sent {len(keys)} times; send one.")
    validate_key(keys[0].decode("latin-1"))


async def answer_once(
    request: ApiRequest,
    key: str | None,
    use_case: Callable[[Context], Awaitable[R]],
    to_response: Callable[[R], Response[A]],
) -> Response[A]:
    """Answer with the result of a use case, which a repeat with the same key does not run again.

    Only the token that made the first request gets its answer again, and only with the rights that it had: the answer
    may hold a secret that others may not see. A customer who comes by a link cannot have answers remembered, whose
    number an organization's quota limits; what they may call can be repeated as it is.

    Raises Conflict, InvalidInput for a link's key, and what the use case raises.
    """
    if key is None:
        return to_response(await use_case(request.context))
    caller = request.auth
    if caller.link is not None:
        message = f"{KEY_HEADER} is not honoured for links: leave it out. A repeat does no harm."
        raise InvalidInput(KEY_HEADER, message, code="idempotency_key_unsupported")
    repeatable = RepeatableRequest(
        org_id=request.org_id,
        key=key,
        fingerprint=fingerprint(
            f"{caller.id} {caller.rights_version}".encode(),
            request.scope["method"].encode(),
            request.scope["path"].encode(),
            request.scope["query_string"],
            await request.body() if request.has_body else b"",
        ),
    )
    in_progress = request.services.keys_in_progress
    entry = (repeatable.org_id, key)
    if entry in in_progress:
        raise HttpRefusal(
            HTTPStatus.CONFLICT,
            "idempotency_key_in_progress",
            "A request with this Idempotency-Key is under way: ask again when it is through.",
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        )
    in_progress.add(entry)
    try:
        answer = await idempotency.answer_once(
            request.context, repeatable, use_case, lambda result: _to_answer(request, to_response(result))
        )
    finally:
        in_progress.discard(entry)
    response: Response[Any] = Response(
        answer.body.encode(), status_code=answer.status, headers=answer.headers, media_type=_MEDIA_TYPE
    )
    return response


@cache
def declares_key(handler: BaseRouteHandler) -> bool:
    """Whether a handler honours keys."""
    return any(
        isinstance(field.kwarg_definition, HeaderParameter) and field.kwarg_definition.name == KEY_HEADER
        for field in handler.parsed_fn_signature.parameters.values()
    )


def _to_answer(request: ApiRequest, response: Response[Any]) -> Answer:
    handler = request.route_handler
    assert isinstance(handler, HTTPRouteHandler), "requests are HTTP's"
    status = response.status_code or handler.status_code
    body = response.render(response.content, _MEDIA_TYPE)
    return Answer(status=status, headers=dict(response.headers), body=body.decode())
