"""An HTTP exchange: its answer, or why it got none, and how long each of its phases took."""

from enum import StrEnum
from http import HTTPStatus
from typing import Final

from msgspec import Struct


class FailureReason(StrEnum):
    """Why a request got no usable answer. The set is closed; each reason belongs to one class of failure."""

    BAD_URL = "bad_url"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    PORT_NOT_ALLOWED = "port_not_allowed"
    NAME_NOT_PUBLIC = "name_not_public"
    """The name is unknown, has no address, or has none that may be dialled: who asks must not learn which, because they
    could explore the names of our own network by it."""
    NAME_SERVER_FAILED = "name_server_failed"
    CONNECTION_REFUSED = "connection_refused"
    HOST_UNREACHABLE = "host_unreachable"
    NETWORK_UNREACHABLE = "network_unreachable"
    OWN_LIMIT = "own_limit"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_SELF_SIGNED = "certificate_self_signed"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    CERTIFICATE_WRONG_NAME = "certificate_wrong_name"
    CERTIFICATE_WEAK = "certificate_weak"
    CHAIN_EXPIRED = "chain_expired"
    """The server's own certificate is valid, and another one of its chain is not any more."""
    TRUST_STORE_OUTDATED = "trust_store_outdated"
    """Every certificate that the server sent is valid, and the authority in our own store is not any more."""
    CLIENT_CERTIFICATE_REQUIRED = "client_certificate_required"
    CLIENT_CERTIFICATE_REFUSED = "client_certificate_refused"
    TLS_TOO_OLD = "tls_too_old"
    TLS_HANDSHAKE = "tls_handshake"
    CLOSED_WITHOUT_ANSWER = "closed_without_answer"
    CONNECTION_RESET = "connection_reset"
    NOT_HTTP = "not_http"
    TOO_MUCH = "too_much"


class OwnFault(StrEnum):
    """What is wrong with our own machine, network or clock when a request comes to nothing by our own fault."""

    LIMIT = "limit"
    """No descriptor, port, thread or memory is left, or no connection was free."""
    NO_ROUTE = "no_route"
    RESOLVER = "resolver"
    NETWORK = "network"
    """Nothing answers, as if the Internet were gone, or something in between answers in others' names."""
    PROXY = "proxy"
    """The proxy of webhooks is down or refuses us, or nobody can be reached through it."""
    CLOCK = "clock"
    TRUST_STORE = "trust_store"
    """Our list of certificate authorities lacks those that everybody knows."""


POSSIBLY_OUR_FAULT: Final = frozenset(
    {
        FailureReason.NAME_SERVER_FAILED,
        FailureReason.NETWORK_UNREACHABLE,
        FailureReason.OWN_LIMIT,
        FailureReason.TRUST_STORE_OUTDATED,
    }
)
"""Failures that dcvd's own machine or network may have caused: no endpoint is given up because of them."""


def is_temporary(status: int) -> bool:
    """Whether a request that was refused with this status may succeed later (429 and 5xx)."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500


class HttpResponse(Struct, frozen=True, gc=False):
    """An answer of any status, with the names of headers in lower case; `body` may be only the first bytes."""

    status: int
    headers: dict[str, str]
    body: bytes


class ReceivedResponse(HttpResponse, frozen=True, gc=False):
    """An answer as it came. body_fault: a sentence's clause on why its body is not whole; empty where it is.

    The head is whole, and so its status counts, whatever became of the body.
    """

    body_fault: str = ""


class Timings(Struct, frozen=True, kw_only=True, gc=False):
    """How long each phase of an exchange took, in milliseconds.

    A phase is None where it was not reached or not needed, as on a connection that was used before. `first_byte_ms`
    runs from the request's last byte to the answer's first, `total_ms` over everything.
    """

    dns_ms: int | None = None
    connect_ms: int | None = None
    tls_ms: int | None = None
    first_byte_ms: int | None = None
    total_ms: int


class RepeatedExchange(Struct, frozen=True, kw_only=True):
    """An exchange that came to nothing, and was repeated at once over a new connection.

    It went over a kept connection, or over a new one by an address family whose way is broken.

    response: the 408 with which the receiver closed the connection; None where it closed it without an answer, and then
    `reason` and `message` (a sentence) tell it. See RFC 9110, sections 9.2.2 and 15.5.9, and RFC 9112, section 9.5.
    """

    response: ReceivedResponse | None = None
    reason: FailureReason | None = None
    message: str = ""
    timings: Timings
    remote_ip: str
