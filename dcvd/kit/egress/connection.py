"""One connection to a receiver: a request at a time, and an answer that is bounded in every direction.

A receiver may be hostile. So bytes are counted before they are parsed, they are parsed in slices (a full piece can hold
thousands of interim answers or chunks, and the event loop stands still while they are parsed), and what comes unasked
for is never taken for an answer.
"""

import asyncio
from typing import Final, Literal

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from msgspec import Struct

from dcvd.core.http_exchanges import FailureReason
from dcvd.kit.egress.failures import EgressFailure, Failed, words
from dcvd.kit.egress.request import Origin

MAX_BODY: Final = 1 << 10
"""Bytes of an answer's body that are kept; nobody waits for more."""
MAX_RECEIVED: Final = 64 << 10
"""Bytes of one exchange, whatever they are."""
MAX_HEAD: Final = 32 << 10
"""Bytes of an answer's status line and headers, the interim answers before it not counted."""
MAX_INTERIM: Final = 8
_SLICE: Final = 2 << 10
_MAX_HEADER: Final = 1024  # characters of a kept header
_KEPT: Final = {
    name.encode(): name
    for name in (
        "retry-after",
        "content-type",
        "location",
        "server",
        "cf-ray",
        "cf-mitigated",
        "x-amzn-waf-action",
        "www-authenticate",
    )
}
_CONTROLS: Final = dict.fromkeys((*range(32), *range(127, 160)), " ")

Phase = Literal["waiting for the answer", "reading the body of the answer"]


class Reply(Struct, frozen=True, gc=False):
    """A final answer; `body` is its beginning."""

    status: int
    headers: dict[str, str]
    body: bytes


class Late(Struct, frozen=True):
    """The deadline came first."""

    phase: Phase


class Connection(asyncio.Protocol):
    """Made by a dial, which gives it a transport; from then on `send` may be called whenever `is_fresh`."""

    def __init__(self, origin: Origin, remote_ip: str) -> None:
        self.origin = origin
        self.remote_ip = remote_ip
        self.used = False
        self.idle_since = 0.0
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        """Done when the socket is closed."""
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Reply | Late | Failed] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._parser = HttpResponseParser(self)
        # As browsers and other senders read it: folded headers and bare line feeds do not make a receiver's 200 less.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._begin()

    def _begin(self) -> None:
        self._reusable = False
        self._written_at = 0.0
        self.first_byte: float | None = None
        """Seconds from the request's last byte to the first of whatever came."""
        self._received = 0
        self._before_head = 0
        self._interim = 0
        self._failure: Failed | None = None
        self._body = bytearray()
        self._complete = False
        self._begin_head()

    def _begin_head(self) -> None:
        self._status = 0
        self._answering = False
        self._headers: dict[str, str] = {}
        self._framed = False

    # What the pool does with it

    def send(self, request: bytes, ends_at: float) -> "asyncio.Future[Reply | Late | Failed]":
        """Writes a request; what comes of it by `ends_at` (the loop's time) is the result, never an exception."""
        assert self._transport is not None
        assert self._waiter is None
        if self.used:
            self._begin()
        waiter = self._waiter = self._loop.create_future()
        self._timer = self._loop.call_at(ends_at, self._on_deadline)
        self._transport.write(request)
        self._written_at = self._loop.time()
        return waiter

    def settle(self) -> bool:
        """Ends the exchange, whatever became of it. True when another may follow; else the connection is closed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiter = None
        self.used = True
        assert self._transport is not None
        # A receiver that answers before it has read the request may never read the rest of it.
        if self._reusable and not self._transport.is_closing() and not self._transport.get_write_buffer_size():
            return True
        self._transport.abort()
        return False

    def is_fresh(self) -> bool:
        """Nothing has come since the last answer, neither bytes nor its end, as far as the loop has seen.

        To ask the socket itself would cost a system call, and the interpreter's lock, for each request. A receiver
        that answers in advance deceives nobody but itself, and one that has just closed is asked again.
        """
        return self._transport is not None and not self._transport.is_closing()

    def abort(self) -> None:
        """Closes at once; an exchange under way ends without an answer."""
        if self._transport is not None:
            self._transport.abort()

    def peer_certificate(self) -> bytes | None:
        """What the receiver showed in the TLS handshake, in DER."""
        assert self._transport is not None
        shown: bytes | None = self._transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return shown

    # What the event loop tells

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP and TLS have no other
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._waiter is None or self._waiter.done():
            # Whatever it is, it answers no question; it may be meant to be taken for the answer to the next one.
            self.abort()
            return
        if not self._received:
            self.first_byte = self._loop.time() - self._written_at
        for start in range(0, len(data), _SLICE):
            piece = data if len(data) <= _SLICE else data[start : start + _SLICE]
            self._received += len(piece)
            self._parse(piece)
            if self._failure is not None:
                self._end(self._failure)
                return
            if self._complete or len(self._body) > MAX_BODY:
                if start + _SLICE < len(data):
                    self._reusable = False
                self._answer()
                return
            if self._received >= MAX_RECEIVED:
                self._end(self._too_much(f"more than {MAX_RECEIVED >> 10} KiB"))
                return
            if not self._answering and self._received - self._before_head > MAX_HEAD:
                self._end(self._invalid(f"its head is longer than {MAX_HEAD >> 10} KiB", FailureReason.TOO_MUCH))
                return

    def eof_received(self) -> None:
        self._on_end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_end(exc)
        if not self.lost.done():
            self.lost.set_result(None)

    def _on_end(self, error: Exception | None) -> None:
        self._reusable = False
        if self._waiter is None or self._waiter.done():
            self.abort()
        elif self._answering and not self._framed and error is None:
            self._answer()
        else:
            self._end(self._cut(error))

    def _on_deadline(self) -> None:
        self._end(Late("reading the body of the answer" if self._answering else "waiting for the answer"))

    # What the parser tells

    def on_message_begin(self) -> None:
        if self._complete:
            self._reusable = False  # something follows the answer
        else:
            self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._answering:
            return  # a trailer
        name = name.lower()
        kept = _KEPT.get(name)
        if kept is not None:
            self._headers.setdefault(kept, _text(value))
        elif name == b"content-length":
            self._framed = True
        elif name == b"transfer-encoding":
            # RFC 9112, section 6.3: with any other last coding the body ends with the connection.
            self._framed = value.strip().lower().endswith(b"chunked")

    def on_headers_complete(self) -> None:
        if self._complete:
            return
        status = self._status = self._parser.get_status_code()
        if status < 100:
            self._failure = self._invalid(f"its status is {status:03}")
        elif status == 101:
            self._failure = self._invalid("it switches protocols, unasked")
        elif status < 200:
            return
        self._answering = True

    def on_body(self, piece: bytes) -> None:
        if self._answering and not self._complete:
            self._body += piece

    def on_message_complete(self) -> None:
        if self._complete or self._failure is not None:
            return
        if self._answering:
            self._complete = True
            self._reusable = self._parser.should_keep_alive()
            return
        self._interim += 1
        self._before_head = self._received
        if self._interim > MAX_INTERIM:
            self._failure = self._too_much(f"more than {MAX_INTERIM} interim answers ({self._status})")
            raise self._failure  # which the parser turns into an error of its own: it is to stop here

    # Outcomes

    def _parse(self, piece: bytes) -> None:
        try:
            self._parser.feed_data(piece)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._reusable = False
            if not self._complete and self._failure is None:
                self._failure = self._invalid(str(error) or type(error).__name__)
                self._failure.__cause__ = error

    def _answer(self) -> None:
        self._end(Reply(self._status, self._headers, bytes(self._body[:MAX_BODY])))

    def _end(self, outcome: Reply | Late | Failed) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(outcome)
        if not self._reusable:
            self.abort()

    def _invalid(self, said: str, reason: FailureReason = FailureReason.NOT_HTTP) -> Failed:
        said = said.rstrip(".")
        return self._failed(reason, f"{self.origin.host} sent something that is no valid HTTP answer: {said}.")

    def _too_much(self, said: str) -> Failed:
        return self._failed(FailureReason.TOO_MUCH, f"The exchange with {self.origin.host} broke off: it sent {said}.")

    def _cut(self, error: Exception | None) -> Failed:
        host = self.origin.host
        retriable = self.used and not self._received
        if error is None and not self._received:
            message = f"{host} closed the connection without an answer."
            return self._failed(FailureReason.CLOSED_WITHOUT_ANSWER, message, retriable=retriable)
        if isinstance(error, OSError):
            said = words(error)
        else:
            said = "it closed the connection in the middle of its answer" if error is None else str(error)
        message = f"The exchange with {host} broke off: {said}."
        failed = self._failed(FailureReason.CONNECTION_RESET, message, retriable=retriable)
        failed.__cause__ = error
        return failed

    @staticmethod
    def _failed(reason: FailureReason, message: str, *, retriable: bool = False) -> Failed:
        kind: EgressFailure = "protocol"
        return Failed(kind, reason, message, retriable=retriable)


def _text(value: bytes) -> str:
    """A header's value as text that can be stored and shown: no surrogates, no control characters."""
    value = value.strip()
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return (text if text.isprintable() else text.translate(_CONTROLS))[:_MAX_HEADER]
