"""The meaning of the HTTP status with which a receiver answers a delivery.

Source: Standard Webhooks (only 2xx is a success, 410 ends everything, some statuses ask for a pause). What hosts and
Cloudflare answer with statuses of their own where others answer 502, 503 or 504 asks for a pause as well.
"""

from http import HTTPStatus
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.webhooks.deliveries import AttemptOutcome


class StatusMeaning(Struct, frozen=True, kw_only=True):
    """The meaning of a status.

    error: a sentence on what happened, with the placeholders `status` and `location`; None after a success.
    fix_id: the sentence on what the receiver's developer can do, with the parameter `moment`; empty after a success.
    pauses_endpoint: it concerns the endpoint as a whole, not one delivery.
    refuses_request: it blames the request, not the receiver. refuses_access: it asks for authentication.
    may_refuse_signature: receivers answer so that cannot verify a signature.
    """

    outcome: AttemptOutcome
    error: str | None = None
    fix_id: str = ""
    pauses_endpoint: bool = False
    refuses_request: bool = False
    refuses_access: bool = False
    may_refuse_signature: bool = False


def describe_status(status: int) -> str:
    """Return a status with its phrase, where it has one."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


GONE_ANSWER: Final = describe_status(HTTPStatus.GONE)
FIX_WITHOUT_REDIRECT: Final = "answer_fix_redirect"
FIX_ACCESS: Final = "answer_fix_access"
_NOT_RECEIVED: Final = "The receiver answered {status}; only 2xx counts as received."

_INFORMATION: Final = StatusMeaning(outcome=AttemptOutcome.HTTP_ERROR, error=_NOT_RECEIVED, fix_id="answer_fix_any")
_SUCCESS: Final = StatusMeaning(outcome=AttemptOutcome.DELIVERED)
_REDIRECT: Final = StatusMeaning(
    outcome=AttemptOutcome.REDIRECT,
    error="The receiver redirected ({status}) to {location}; redirects are not followed, put the final URL.",
    fix_id=FIX_WITHOUT_REDIRECT,
)
_CLIENT_ERROR: Final = StatusMeaning(
    outcome=AttemptOutcome.HTTP_ERROR,
    error=_NOT_RECEIVED,
    fix_id="answer_fix_refusal",
    refuses_request=True,
)
_SERVER_ERROR: Final = StatusMeaning(
    outcome=AttemptOutcome.HTTP_ERROR,
    error=_NOT_RECEIVED,
    fix_id="answer_fix_failure",
)
_CLASSES: Final = {1: _INFORMATION, 2: _SUCCESS, 3: _REDIRECT, 4: _CLIENT_ERROR, 5: _SERVER_ERROR}
_GONE: Final = StatusMeaning(
    outcome=AttemptOutcome.GONE,
    error=f"The receiver answered {GONE_ANSWER}: it does not want this any more.",
    fix_id="answer_fix_gone",
    refuses_request=True,
)


def _client(fix_id: str, **flags: bool) -> StatusMeaning:
    return replace(_CLIENT_ERROR, fix_id=fix_id, **flags)


def _server(fix_id: str, **flags: bool) -> StatusMeaning:
    return replace(_SERVER_ERROR, fix_id=fix_id, **flags)


def _host(fix_id: str) -> StatusMeaning:
    """Return the meaning of a status with which a host or Cloudflare speaks for a server that it cannot reach."""
    return _server(fix_id, pauses_endpoint=True)


_STATUSES: Final = {
    303: replace(_REDIRECT, fix_id="answer_fix_redirect_of_form"),
    400: _client("answer_fix_signature", may_refuse_signature=True),
    401: _client(FIX_ACCESS, refuses_access=True, may_refuse_signature=True),
    403: _client(FIX_ACCESS, refuses_access=True, may_refuse_signature=True),
    404: _client("answer_fix_path"),
    405: _client("answer_fix_method"),
    406: _client("answer_fix_406"),
    408: _client("answer_fix_408"),
    409: _client("answer_fix_409"),
    410: _GONE,
    411: _client("answer_fix_411"),
    413: _client("answer_fix_413"),
    415: _client("answer_fix_415"),
    419: _client("answer_fix_csrf"),
    421: _client("answer_fix_421"),
    422: _client("answer_fix_signature", may_refuse_signature=True),
    425: _client("answer_fix_425"),
    426: _client("answer_fix_426"),
    429: _client("answer_fix_429", pauses_endpoint=True),
    431: _client("answer_fix_431"),
    501: _server("answer_fix_method"),
    502: _server("answer_fix_application", pauses_endpoint=True),
    503: _server("answer_fix_application", pauses_endpoint=True),
    504: _server("answer_fix_504", pauses_endpoint=True),
    509: _host("answer_fix_509"),
    520: _server("answer_fix_520"),
    521: _host("answer_fix_521"),
    522: _host("answer_fix_522"),
    523: _host("answer_fix_523"),
    524: _host("answer_fix_524"),
    525: _host("answer_fix_525"),
    526: _host("answer_fix_526"),
    530: _host("answer_fix_530"),
}


def meaning_of(status: int) -> StatusMeaning:
    """Return the meaning of a status; one above 599 counts as an error of the receiver."""
    return _STATUSES.get(status) or _CLASSES[min(max(status // 100, 1), 5)]
