"""The meaning of the HTTP status with which a receiver answers a delivery.

Source: Standard Webhooks (only 2xx is a success, 410 ends everything, some statuses ask for a pause). What hosts and
Cloudflare answer with statuses of their own where others answer 502, 503 or 504 asks for a pause as well.
"""

from http import HTTPStatus
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.core.webhooks.signing import SIGNATURE_HEADER


class StatusMeaning(Struct, frozen=True, kw_only=True):
    """The meaning of a status.

    error: a sentence on what happened, with the placeholders `status` and `location`; None after a success.
    fix: a sentence on what the receiver's developer can do, with the placeholders `moment` and `scheme_hint`.
    pauses_endpoint: it concerns the endpoint as a whole, not one delivery.
    refuses_request: it blames the request, not the receiver. refuses_access: it asks for authentication.
    may_refuse_signature: receivers answer so that cannot verify a signature.
    """

    outcome: AttemptOutcome
    error: str | None = None
    fix: str = ""
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
FIX_WITHOUT_REDIRECT: Final = "Answer 2xx yourself at this URL, without a redirect."
_NOT_RECEIVED: Final = "The receiver answered {status}; only 2xx counts as received."
_FIX_ACCESS: Final = (
    "Your own authentication refused it{scheme_hint}: let this path in without one, since the signature authenticates "
    "us, or give the webhook the header that it wants as a custom header."
)
_FIX_APPLICATION: Final = (
    "Check that your application runs and is healthy: a proxy before it has nobody to pass the delivery on to."
)
_FIX_SIGNATURE_CHECK: Final = (
    f"Your own check refused it: verify the signature ({SIGNATURE_HEADER} or webhook-signature) over the raw bytes of "
    "the body, before any parsing, and with the present secret."
)

_FIX_FORGERY_CHECK: Final = (
    "Exempt this path from the CSRF check, which is for forms in browsers; the signature authenticates deliveries."
)

_INFORMATION: Final = StatusMeaning(
    outcome=AttemptOutcome.HTTP_ERROR, error=_NOT_RECEIVED, fix="Answer 2xx: only that counts as received."
)
_SUCCESS: Final = StatusMeaning(outcome=AttemptOutcome.DELIVERED)
_REDIRECT: Final = StatusMeaning(
    outcome=AttemptOutcome.REDIRECT,
    error="The receiver redirected ({status}) to {location}; redirects are not followed, put the final URL.",
    fix=FIX_WITHOUT_REDIRECT,
)
_CLIENT_ERROR: Final = StatusMeaning(
    outcome=AttemptOutcome.HTTP_ERROR,
    error=_NOT_RECEIVED,
    fix="Look in the receiver's log at {moment} for why it refused this, and answer 2xx to what you accept.",
    refuses_request=True,
)
_SERVER_ERROR: Final = StatusMeaning(
    outcome=AttemptOutcome.HTTP_ERROR,
    error=_NOT_RECEIVED,
    fix="Look in the receiver's log at {moment} for what failed there, and answer 2xx before you handle it.",
)
_CLASSES: Final = {1: _INFORMATION, 2: _SUCCESS, 3: _REDIRECT, 4: _CLIENT_ERROR, 5: _SERVER_ERROR}
_GONE: Final = StatusMeaning(
    outcome=AttemptOutcome.GONE,
    error=f"The receiver answered {GONE_ANSWER}: it does not want this any more.",
    fix="This says that nothing more is wanted; if it was not meant, answer 2xx and enable the webhook again.",
    refuses_request=True,
)


def _client(fix: str, **flags: bool) -> StatusMeaning:
    return replace(_CLIENT_ERROR, fix=fix, **flags)


def _server(fix: str, **flags: bool) -> StatusMeaning:
    return replace(_SERVER_ERROR, fix=fix, **flags)


def _host(fix: str) -> StatusMeaning:
    """Return the meaning of a status with which a host or Cloudflare speaks for a server that it cannot reach."""
    return _server(fix, pauses_endpoint=True)


_STATUSES: Final = {
    303: replace(
        _REDIRECT, fix="Answer 2xx in place of this redirect, with which forms answer once they have been handled."
    ),
    400: _client(_FIX_SIGNATURE_CHECK, may_refuse_signature=True),
    401: _client(_FIX_ACCESS, refuses_access=True, may_refuse_signature=True),
    403: _client(_FIX_ACCESS, refuses_access=True, may_refuse_signature=True),
    404: _client("Check the path of the URL, and that your application serves it on this host."),
    405: _client("Accept the method POST at exactly this URL."),
    406: _client(
        "Accept requests with `Accept: */*`; where your application does, a filter before it refused this one."
    ),
    408: _client(
        "Let what stands before your application wait for the request's body; the whole request was sent at once."
    ),
    409: _client("Where you know the webhook-id already, answer 2xx: a delivery is repeated until then."),
    410: _GONE,
    411: _client(
        "Accept requests with a Content-Length, which each delivery carries, in whatever stands before the receiver."
    ),
    413: _client("Raise the limit of the request's size there; a delivery has a few KiB."),
    415: _client("Accept the content type application/json."),
    419: _client(_FIX_FORGERY_CHECK),
    421: _client("Let the server, and what stands before it, know this host name."),
    422: _client(_FIX_SIGNATURE_CHECK, may_refuse_signature=True),
    425: _client("Let the server accept the request: it comes after the handshake, never as early data of TLS."),
    426: _client("Accept HTTP/1.1, over TLS where you require it."),
    429: _client("Set maxPerSecond on the webhook to what the receiver can take.", pauses_endpoint=True),
    431: _client("Accept longer headers, or give the webhook fewer custom ones."),
    501: _server("Accept the method POST at exactly this URL."),
    502: _server(_FIX_APPLICATION, pauses_endpoint=True),
    503: _server(_FIX_APPLICATION, pauses_endpoint=True),
    504: _server(
        "Answer first and work later: a proxy before your application waited for it in vain.", pauses_endpoint=True
    ),
    509: _host("Raise the limit of traffic or of requests at your host, which it says is reached."),
    520: _server("Look at the origin server behind Cloudflare: it gave an answer that Cloudflare does not understand."),
    521: _host("Start the origin server behind Cloudflare: it refuses Cloudflare's connections."),
    522: _host("Let Cloudflare reach the origin server: its packets are dropped."),
    523: _host("Correct the origin's address at Cloudflare, which cannot reach it."),
    524: _host("Answer first and work later: Cloudflare waited for the origin server in vain."),
    525: _host("Mend TLS on the origin server: Cloudflare's handshake with it fails."),
    526: _host("Renew the origin server's certificate: Cloudflare does not trust it."),
    530: _host("Correct the origin's name at Cloudflare, or start its tunnel."),
}  # fmt: skip


def meaning_of(status: int) -> StatusMeaning:
    """Return the meaning of a status; one above 599 counts as an error of the receiver."""
    return _STATUSES.get(status) or _CLASSES[min(max(status // 100, 1), 5)]
