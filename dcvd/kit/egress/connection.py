"""One connection to a receiver: one request at a time, and an answer that is limited in every respect.

A receiver may be hostile. So bytes are counted before they are parsed, and unrequested bytes are never taken for an
answer. Bytes are parsed in slices, because a full piece can hold thousands of interim answers or chunks, and the event
loop stands still while they are parsed.
"""

import asyncio
import math
import ssl
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from dcvd.core.addresses import IpAddress
from dcvd.core.http.exchanges import FailureReason, ReceivedResponse
from dcvd.kit.egress.failures import EgressError, build_tls_error, describe_error, is_alert
from dcvd.kit.egress.request import Origin
from dcvd.kit.tls.sent_chain import read_sent_chain

MAX_BODY_BYTES: Final = 1 << 10
"""Bytes of an answer's body that are kept; further ones are not awaited."""
MAX_RECEIVED_BYTES: Final = 64 << 10
"""Bytes that are received in one exchange, of any kind."""
MAX_HEAD_BYTES: Final = 32 << 10
"""Bytes of an answer's status line and headers, without the interim answers before it."""
MAX_INTERIM_ANSWERS: Final = 8
_SLICE_BYTES: Final = 2 << 10
_MAX_HEADER_CHARACTERS: Final = 1024  # characters of a header that is kept
_KEPT_HEADERS: Final = {
    name.encode(): name
    for name in (
        "retry-after",
        "date",
        "content-type",
        "location",
        "server",
        "cf-ray",
        "cf-mitigated",
        "x-amzn-waf-action",
        "sg-captcha",
        "x-vercel-mitigated",
        "x-vercel-error",
        "ngrok-error-code",
        "x-render-routing",
        "x-railway-fallback",
        "www-authenticate",
    )
}
_CONTROL_CHARACTERS: Final = dict.fromkeys((*range(32), *range(127, 160)), " ")


class DeadlineExceeded:
    """The outcome of an exchange that reached its deadline before the head of an answer was there."""


ExchangeOutcome = ReceivedResponse | DeadlineExceeded | EgressError


class EgressConnection(asyncio.Protocol):
    """A connection that a `Dialler` has made; `send` may be called whenever `is_usable` is true."""

    def __init__(self, origin: Origin, address: IpAddress) -> None:
        self.origin = origin
        self.address = address
        self.remote_ip = str(address)
        self.is_used = False
        self.idle_since = 0.0
        self.retirement_time = math.inf
        """The loop's time from which no further request is sent."""
        self._loop = asyncio.get_running_loop()
        self.close_future: asyncio.Future[None] = self._loop.create_future()
        """The future that is done when the socket is closed."""
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[ExchangeOutcome] | None = None
        self._deadline = math.inf
        self._timer: asyncio.TimerHandle | None = None
        """Goes on between exchanges: to cancel it and to set another one would cost each of them more."""
        self._timer_time = 0.0
        self._parser = HttpResponseParser(self)
        # Be as lenient as browsers and other senders: a 200 with folded headers or bare line feeds is still a 200.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
            # RFC 9112, section 6.3: Transfer-Encoding overrides Content-Length, and the connection ends.
            lenient_chunked_length=True,
            # An interim answer that says "close" speaks of the answer that follows it.
            lenient_keep_alive=True,
        )
        self._reset()
        self._begin_head()

    def _reset(self) -> None:
        self._is_reusable = False
        self._write_time = 0.0
        self.first_byte_s: float | None = None
        """Seconds from the request's last byte to the first byte received."""
        self._received_bytes = 0
        self._bytes_before_head = 0
        self._interim_count = 0
        self._has_begun = False
        self._failure: EgressError | None = None
        self._body = bytearray()
        self._is_complete = False
        self._has_final_head = False

    def _begin_head(self) -> None:
        self._status = 0
        self._has_final_head = False
        self._headers: dict[str, str] = {}
        self._has_length = False
        self._is_coded = False
        self._is_chunked = False

    # Calls of the pool

    def send(self, request: bytes, deadline: float) -> "asyncio.Future[ExchangeOutcome]":
        """Write a request. The future gets the outcome by `deadline` (loop time), and never an exception."""
        assert self._transport is not None
        assert self._waiter is None
        if self.is_used:
            self._reset()
        waiter = self._waiter = self._loop.create_future()
        self._deadline = deadline
        if self._timer is None or deadline < self._timer_time:
            self._set_timer(deadline)
        self._transport.write(request)
        self._write_time = self._loop.time()
        return waiter

    def finish_exchange(self) -> bool:
        """End the exchange, whatever its outcome. True when another may follow; otherwise the connection is closed."""
        self._waiter = None
        self.is_used = True
        assert self._transport is not None
        # A receiver that answers before it has read the request may never read the rest of it.
        if self._is_reusable and not self._transport.is_closing() and not self._transport.get_write_buffer_size():
            return True
        self._transport.abort()
        return False

    def is_usable(self) -> bool:
        """Whether the connection is open, and nothing has arrived since the last answer, as far as the loop knows.

        To ask the socket itself would cost a system call, and the interpreter's lock, for each request. A receiver
        that answers in advance deceives only itself, and the request to one that has just closed is repeated.
        """
        return self._transport is not None and not self._transport.is_closing()

    def abort(self) -> None:
        """Close at once; an exchange in flight ends without an answer."""
        if self._transport is not None:
            self._transport.abort()

    def get_sent_chain(self) -> list[bytes]:
        """Return the certificates that the receiver sent in the TLS handshake, in DER, its own first."""
        assert self._transport is not None
        return read_sent_chain(self._transport.get_extra_info("ssl_object"))

    # Callbacks of the event loop

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP and TLS have no other
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        waiter = self._waiter
        if waiter is None or waiter.done():
            # It answers no request, and may be meant to be taken for the answer to the next one.
            self.abort()
            return
        if not self._received_bytes:
            self.first_byte_s = self._loop.time() - self._write_time
        for start in range(0, len(data), _SLICE_BYTES):
            piece = data if len(data) <= _SLICE_BYTES else data[start : start + _SLICE_BYTES]
            self._received_bytes += len(piece)
            self._parse(piece)
            if self._failure is not None:
                self._finish(self._failure)
            if waiter.done():
                return
            if self._is_complete or len(self._body) > MAX_BODY_BYTES:
                if start + _SLICE_BYTES < len(data):
                    self._is_reusable = False
                self._finish_with_response()
                return
            if self._received_bytes >= MAX_RECEIVED_BYTES:
                detail = f"more than {MAX_RECEIVED_BYTES >> 10} KiB"
                self._break_off(self._build_too_much_error(detail), f"it sent {detail}")
                return
            if not self._has_final_head and self._received_bytes - self._bytes_before_head > MAX_HEAD_BYTES:
                detail = f"its head is longer than {MAX_HEAD_BYTES >> 10} KiB"
                self._finish(self._build_invalid_error(detail, FailureReason.TOO_MUCH))
                return

    def eof_received(self) -> None:
        self._on_end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_end(exc)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.close_future.done():
            self.close_future.set_result(None)

    def _on_end(self, error: Exception | None) -> None:
        self._is_reusable = False
        if self._waiter is None or self._waiter.done():
            self.abort()
        elif error is None and self._has_final_head and self._ends_with_connection:
            self._finish_with_response()
        else:
            self._break_off(self._build_cut_error(error), f"{_describe_cut(error)} before the end of its body")

    def _set_timer(self, time: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_time = time
        self._timer = self._loop.call_at(time, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._deadline > self._timer_time:
            self._set_timer(self._deadline)  # it was set for an earlier exchange
            return
        self._break_off(DeadlineExceeded(), "the end of its body did not come in time")

    # Callbacks of the parser

    def on_message_begin(self) -> None:
        if self._is_complete:
            self._is_reusable = False  # something follows the answer
        else:
            self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._has_final_head:
            return  # a trailer
        name = name.lower()
        kept_name = _KEPT_HEADERS.get(name)
        if kept_name is not None:
            self._headers.setdefault(kept_name, _decode_header(value))
        elif name == b"content-length":
            self._has_length = True
        elif name == b"transfer-encoding":
            self._is_coded = True
            self._is_chunked = value.strip().lower().endswith(b"chunked")

    def on_headers_complete(self) -> None:
        if self._is_complete:
            return
        status = self._status = self._parser.get_status_code()
        if status < 100:
            self._failure = self._build_invalid_error(f"its status is {status:03}")
        elif status == 101:
            self._failure = self._build_invalid_error("it switches protocols, unasked")
        elif status >= 200:
            self._has_final_head = True

    def on_body(self, piece: bytes) -> None:
        if self._has_final_head and not self._is_complete:
            self._body += piece

    def on_message_complete(self) -> None:
        if self._is_complete or self._failure is not None:
            return
        if self._has_final_head:
            self._is_complete = True
            self._is_reusable = self._parser.should_keep_alive() and not self._has_two_framings
            return
        self._interim_count += 1
        self._bytes_before_head = self._received_bytes
        if self._interim_count > MAX_INTERIM_ANSWERS:
            self._failure = self._build_too_much_error(
                f"more than {MAX_INTERIM_ANSWERS} interim answers ({self._status})"
            )
            raise self._failure  # makes the parser stop, with an error of its own

    # Outcomes

    def _parse(self, piece: bytes) -> None:
        if not self._has_begun and not self._begin(piece):
            return
        try:
            self._parser.feed_data(piece)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._is_reusable = False
            if self._is_complete or self._failure is not None:
                return
            detail = (str(error) or type(error).__name__).rstrip(".")
            failure = self._build_invalid_error(detail)
            failure.__cause__ = error
            self._break_off(failure, f"its body cannot be read ({detail})")

    def _begin(self, piece: bytes) -> bool:
        """Whether it may begin an answer of HTTP. The parser would take one of RTSP or of Icecast too."""
        opening = piece[:1]
        if opening in (b"\r", b"\n"):
            opening = piece.lstrip(b"\r\n")[:1]
        self._has_begun = bool(opening)
        if opening in (b"", b"H"):
            return True
        self._failure = self._build_invalid_error("Expected HTTP/")
        return False

    def _break_off(self, failure: DeadlineExceeded | EgressError, body_fault: str) -> None:
        """End the exchange before the answer's end: its status counts where it is known, and the failure otherwise."""
        self._is_reusable = False
        if self._has_final_head:
            self._finish_with_response(body_fault)
        else:
            self._finish(failure)

    def _finish_with_response(self, body_fault: str = "") -> None:
        if not body_fault and self._has_two_framings:
            body_fault = "it declared the length of its body twice, by Content-Length and by Transfer-Encoding"
        self._finish(
            ReceivedResponse(self._status, self._headers, bytes(self._body[:MAX_BODY_BYTES]), body_fault=body_fault)
        )

    @property
    def _has_two_framings(self) -> bool:
        return self._has_length and self._is_coded

    @property
    def _ends_with_connection(self) -> bool:
        """Whether the body ends with the connection: its last coding is another than chunked, or it has no length."""
        return not self._is_chunked and (self._is_coded or not self._has_length)

    def _finish(self, outcome: ExchangeOutcome) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(outcome)
        if not self._is_reusable:
            self.abort()

    def _build_invalid_error(self, detail: str, reason: FailureReason = FailureReason.NOT_HTTP) -> EgressError:
        message = f"{self.origin.host} sent something that is no valid HTTP answer: {detail.rstrip('.')}."
        return EgressError("protocol", reason, message)

    def _build_too_much_error(self, detail: str) -> EgressError:
        message = f"The exchange with {self.origin.host} broke off: it sent {detail}."
        return EgressError("protocol", FailureReason.TOO_MUCH, message)

    def _build_cut_error(self, error: Exception | None) -> EgressError:
        host = self.origin.host
        is_retriable = self.is_used and not self._received_bytes
        if isinstance(error, ssl.SSLError) and not self._received_bytes and is_alert(error):
            # With TLS 1.3 the server judges our certificate after the handshake has ended on our side.
            has_certificate = bool(self.origin.client_certificate)
            refusal = build_tls_error(host, error, has_certificate=has_certificate)
            refusal.__cause__ = error
            return refusal
        if error is None and not self._received_bytes:
            message = f"{host} closed the connection without an answer."
            return EgressError("protocol", FailureReason.CLOSED_WITHOUT_ANSWER, message, is_retriable=is_retriable)
        cause = "it closed the connection in the middle of its answer" if error is None else _describe_break(error)
        message = f"The exchange with {host} broke off: {cause}."
        cut = EgressError("protocol", FailureReason.CONNECTION_RESET, message, is_retriable=is_retriable)
        cut.__cause__ = error
        return cut


def _describe_break(error: Exception) -> str:
    return describe_error(error) if isinstance(error, OSError) else str(error)


def _describe_cut(error: Exception | None) -> str:
    return "it closed the connection" if error is None else f"the connection broke ({_describe_break(error)})"


def _decode_header(value: bytes) -> str:
    """Decode a header's value as text that can be stored and shown: no surrogates, no control characters."""
    value = value.strip()
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return (text if text.isprintable() else text.translate(_CONTROL_CHARACTERS))[:_MAX_HEADER_CHARACTERS]
