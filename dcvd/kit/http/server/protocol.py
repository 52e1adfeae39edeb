"""The HTTP protocol with the deadlines and limits that uvicorn's lacks, and the peer's credentials.

It closes connections of clients that are silent, send heads that are too large or drip in, let a body stall, or never
read their answer. It builds on uvicorn's HttpToolsProtocol, whose internals may change: tests/kit notice that.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Any, Final, Literal

import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from dcvd.kit.http.server.connections import OpenConnection
from dcvd.kit.http.server.http_limits import HttpLimits
from dcvd.kit.http.server.joined_answers import JoinedAnswer
from dcvd.kit.http.server.last_requests import LastRequestHttpProtocol
from dcvd.kit.http.server.lingering import LingeringTransport, SlowDrain, is_rest_small
from dcvd.kit.http.server.peer import PEER_EXTENSION, Peer, read_peer
from dcvd.kit.http.server.queued_starts import QueuedStarts
from dcvd.kit.http.server.refusals import build_refusal
from dcvd.kit.http.server.targets import is_host, is_host_told, parse_absolute_target

log = structlog.get_logger(__name__)

LONG_BODY_EXTENSION: Final = "dcvd.long_body"
"""An extension of the scope: an application calls it to receive a body that may take long to arrive."""
_BODY_CHECK_S: Final = 1.0


class _NoTrailers(list[tuple[bytes, bytes]]):
    """Drops the trailers of a body, which uvicorn would add to its headers; a proxy may pass them on unseen."""

    def append(self, _: tuple[bytes, bytes]) -> None:
        pass


class GuardedHttpProtocol(LastRequestHttpProtocol):
    """One connection of a client, with the limits of `HttpLimits`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        limits: HttpLimits,
        connection: OpenConnection,
        *,
        starts: QueuedStarts,
        drain: SlowDrain,
        on_lost: Callable[[], None],
    ) -> None:
        super().__init__(config, server_state, starts)
        self._connection = connection
        self._drain = drain
        self.limits = limits
        self.timeout_keep_alive = self.limits.keep_alive_s  # type: ignore[assignment]  # passed to call_later only
        self._on_lost = on_lost
        self._peer: Peer | None = None
        self._reading_part: Literal["head", "body"] = "head"
        self._is_head_started = False
        self._head_bytes = 0
        self._head_count = 0
        self._framing_bytes = 0  # of extensions and trailers of chunks, since a part of the body has come
        self._is_long_body = False
        self._last_body_time = 0.0
        self._body_deadline = 0.0
        self._body_check_time = 0.0  # when the body was last checked
        self._answer_end_time: float | None = None
        self._writable_time = 0.0  # when the client last had read so much that we may write again
        self._is_refused = False  # nothing that arrives is parsed any more
        self._is_lingering = False
        self._linger_end = 0.0
        self._receipt_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        super().connection_made(transport)
        self._peer = read_peer(transport)
        self._wait_for_head()
        self._connection.bind(transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_receipt_timer()
        self._stop_write_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        self._connection.leave()
        self._on_lost()

    @property
    def unread_bytes(self) -> int:
        """How much of its answers the client has yet to take."""
        return self.transport.get_write_buffer_size()

    def is_late_to_read(self, unread_since: float, now: float) -> bool:
        """Whether the client, who has read nothing for so long, should have."""
        return now - max(unread_since, self._writable_time, self._body_sent_time) >= self.limits.write_timeout_s

    @property
    def _body_sent_time(self) -> float:
        """When a client last sent of a body that is not complete: many read their answer only after they have sent it.

        -inf where there is none.
        """
        return self._last_body_time if self._reading_part == "body" else -math.inf

    def cut(self) -> None:
        """End the connection at once."""
        self.transport.abort()

    def parse(self, piece: bytes) -> None:
        if self._is_refused:
            return
        heads_before, body_bytes_before = self._head_count, self.body_bytes
        super().parse(piece)
        if self.body_bytes != body_bytes_before:
            self._last_body_time = self.loop.time()
            self._framing_bytes = 0
        elif self._reading_part == "body" and heads_before == self._head_count:
            self._framing_bytes += len(piece)
            if self._framing_bytes > self.limits.head_bytes:
                self._refuse(431)
        if self._is_closing() or self._reading_part != "head":
            return
        if self._is_head_started:
            # The piece in which a head begins may hold earlier requests, so it is not counted. The exact size is known
            # when the head is complete; this check only limits what may pile up until then.
            self._head_bytes += len(piece) if heads_before == self._head_count else 0
            if self._head_bytes > self.limits.head_bytes:
                self._refuse(431)
                return
            if self._pending_cycle is None:
                self._connection.await_head()
            self._wait_for_head()
        elif self._pending_cycle is None:
            # Blank lines before a request are legal, and so is the end of a body after its answer. Both have stopped
            # the keep-alive timer, so the client needs another deadline.
            self._wait_for_head()

    def stop(self, idle_s: float) -> None:
        super().stop(idle_s)
        if self._reading_part == "body" and not self._is_closing():
            self._body_deadline = min(self._body_deadline, self.loop.time() + self.limits.stop_timeout_s)
            self._watch_body(self.limits.stop_timeout_s)

    # Parser callbacks

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_head_started = True
        self._head_bytes = 0
        self._head_count += 1
        extensions: dict[str, Any] = {LONG_BODY_EXTENSION: self._allow_long_body}
        if self._peer is not None:
            extensions[PEER_EXTENSION] = self._peer
        self.scope["extensions"] = extensions

    def on_headers_complete(self) -> None:
        if self._is_refused:
            return
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.limits.head_bytes:
            self._refuse(431)
            return
        if not is_host_told(self.headers, self.parser.get_http_version()):
            self._refuse(400)
            return
        if not self.url.startswith((b"/", b"*")):
            target = parse_absolute_target(self.url)
            if target is None or not is_host(target.host):
                self._refuse(400)
                return
            self.url = target.path
            # The target says which host is meant, whatever Host says.
            self.headers[:] = [header for header in self.headers if header[0] != b"host"] + [(b"host", target.host)]
        super().on_headers_complete()
        if self._is_start_held:
            self._connection.be_idle()
        self._reading_part = "body"
        self._is_head_started = False
        self.headers = _NoTrailers()
        self.body_bytes = 0
        self._framing_bytes = 0
        self._is_long_body = False
        self._last_body_time = self.loop.time()
        self._body_check_time = self._last_body_time
        self._body_deadline = self._last_body_time + self.limits.body_total_s
        self._answer_end_time = None
        self._watch_body(min(self.limits.body_timeout_s, self.limits.body_total_s))

    def on_body(self, body: bytes) -> None:
        if self._is_refused:
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_refused:
            return
        self._reading_part = "head"
        self._stop_receipt_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        is_body_left = self._reading_part == "body" and self.cycle.response_complete
        if is_body_left and not is_rest_small(self.cycle, self.body_bytes):
            self._close_behind_answer()
        super().on_response_complete()
        if self._is_refused:
            self._unset_keepalive_if_required()
        elif self._pending_cycle is None and self._is_head_started:
            self._connection.await_head()
        elif self._is_start_held or self._pending_cycle is None:
            self._connection.be_idle()

    def begin_request(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Start the application, and catch a cancellation: uvicorn would log it as a failure with a traceback."""

        async def send_before_body(message: Any) -> None:
            if message["type"] == "http.response.start" and cycle.more_body:
                is_body_read = self._is_long_body and not cycle.waiting_for_100_continue
                if not (is_body_read or is_rest_small(cycle, self.body_bytes)):
                    cycle.keep_alive = False
            await cycle.send(message)

        async def run_app(scope: Any, receive: Any, send: Any) -> None:
            if cycle.more_body:
                self._let_answer_be_read(cycle)
                send = send_before_body
            if scope["method"] != "HEAD" and not cycle.waiting_for_100_continue:
                # What is written alone is never held: a refusal of what comes next would overtake it.
                cycle.transport = JoinedAnswer(cycle.transport, self.loop)  # type: ignore[assignment]  # all that is used
            try:
                await app(scope, receive, send)
            except asyncio.CancelledError:
                # The server cancels when it stops. This is the task's outermost frame, so no caller needs the error.
                cycle.disconnected = True
                self.transport.abort()
                log.info("http.request_cut", method=scope["method"], path=scope["path"], client=self.client)

        super().begin_request(cycle, run_app)
        self._connection.run()

    def _is_closing(self) -> bool:
        return self._is_refused or self.transport.is_closing()

    # Deadlines

    @property
    def _pending_cycle(self) -> RequestResponseCycle | None:
        """The newest request, as long as its answer is not complete."""
        # It is None before the first request, whatever uvicorn's annotation says.
        newest: RequestResponseCycle | None = getattr(self, "cycle", None)
        return None if newest is None or newest.response_complete else newest

    def _wait_for_head(self) -> None:
        if self._receipt_timer is None:
            self._receipt_timer = self.loop.call_later(self.limits.head_timeout_s, self._on_head_deadline)

    def _stop_receipt_timer(self) -> None:
        if self._receipt_timer is not None:
            self._receipt_timer.cancel()
            self._receipt_timer = None

    def _on_head_deadline(self) -> None:
        self._receipt_timer = None
        if self._pending_cycle is not None:
            self._wait_for_head()  # an earlier request of this connection is still being answered: that one goes on
        elif self._is_head_started:
            self._refuse(408)
        else:
            self.transport.close()

    def _allow_long_body(self) -> None:
        self._is_long_body = True
        self._body_deadline += self.limits.long_body_total_s - self.limits.body_total_s

    def _watch_body(self, delay_s: float) -> None:
        """Check the body after so many seconds or sooner: no callback reports an answer that ends before the body."""
        self._stop_receipt_timer()
        due = self.loop.time() + min(delay_s, _BODY_CHECK_S)
        self._receipt_timer = self.loop.call_at(due, self._on_body_deadline, due)

    def _on_body_deadline(self, due: float) -> None:
        now = self.loop.time()
        remaining_s = self.limits.body_timeout_s
        if self._pending_cycle is None:
            # The answer is complete without the body; a client that goes on sending gets a moment to read the answer.
            self._answer_end_time = now if self._answer_end_time is None else self._answer_end_time
            remaining_s = self._answer_end_time + self.limits.linger_s - now
        elif self.flow.is_holding_back or self.cycle.waiting_for_100_continue:
            # While we hold the client back (the application reads slowly, or did not ask for the body), it is not late.
            self._body_deadline += now - self._body_check_time
        else:
            busy_s = max(0.0, now - due)  # the loop was late: what has arrived is yet to be read
            self._last_body_time += busy_s
            self._body_deadline += busy_s
            silent_since = max(self._last_body_time, self.flow.resumed_time)
            remaining_s = min(silent_since + self.limits.body_timeout_s, self._body_deadline) - now
        self._body_check_time = now
        if remaining_s > 0:
            self._watch_body(remaining_s)
            return
        self._receipt_timer = None
        self._refuse(408)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.limits.write_timeout_s, self._on_write_deadline)

    def resume_writing(self) -> None:
        self._writable_time = self.loop.time()
        self._stop_write_timer()
        super().resume_writing()

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _on_write_deadline(self) -> None:
        remaining_s = self._body_sent_time + self.limits.write_timeout_s - self.loop.time()
        if remaining_s > 0:
            self._write_timer = self.loop.call_later(remaining_s, self._on_write_deadline)
            return
        self.transport.abort()

    # Refusals

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # the signature is uvicorn's
        self._refuse(400)

    def _refuse(self, status: int) -> None:
        """Answer with an error unless an answer has begun, then close. Wake an application that waits for the body."""
        if self._is_closing():
            return
        self._is_refused = True
        self._stop_receipt_timer()
        self._unset_keepalive_if_required()
        log.debug("http.request_refused", anonymous=True, status=status, client=self.client)
        pending = self._pending_cycle
        if self._reading_part == "head":
            if pending is not None:
                pending.keep_alive = False  # an earlier request gets its answer, then we close
                self._let_answer_be_read(pending)
                self.flow.drop_input(self._drain)
                return
        else:
            if pending is not None:
                pending.disconnected = True
                pending.message_event.set()
            if pending is None or pending.response_started or self.pipeline:
                self.transport.close()
                return
        self.transport.write(build_refusal(status, self.server_state.default_headers))
        self._linger()

    def _let_answer_be_read(self, cycle: RequestResponseCycle) -> None:
        """Prepare for an answer that ends while the client may still be sending."""
        transport = LingeringTransport(self.transport, self._close_behind_answer)
        cycle.transport = transport  # type: ignore[assignment]  # it has all that uvicorn uses

    def _close_behind_answer(self) -> None:
        is_input_left = self._reading_part == "body" or self._is_refused
        if self.cycle.response_complete and is_input_left:
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        """Close our side, and the connection when the client has had a moment to read its answer."""
        if self._is_lingering or self.transport.is_closing():
            return
        self._is_refused = self._is_lingering = True
        self._stop_receipt_timer()
        self._connection.be_idle()
        self.flow.drop_input(self._drain)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._linger_end = self.loop.time() + self.limits.write_timeout_s
        self._receipt_timer = self.loop.call_later(self.limits.linger_s, self._on_linger_deadline)

    def _on_linger_deadline(self) -> None:
        if self.transport.get_write_buffer_size() and self.loop.time() < self._linger_end:
            self._receipt_timer = self.loop.call_later(self.limits.linger_s, self._on_linger_deadline)
        else:
            self.transport.abort()

    def _unsupported_upgrade_warning(self) -> None:
        """Ignore an `Upgrade:` header: the request is answered as if it had none."""
        # The parser drops what follows the request in the same piece, so the connection takes no further request.
        if (pending := self._pending_cycle) is not None:
            pending.keep_alive = False
