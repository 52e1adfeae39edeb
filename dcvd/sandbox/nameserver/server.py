"""The DNS server: UDP and TCP (RFC 7766) on one port. Nothing that arrives can stop it."""

import asyncio
import struct
from collections import Counter
from typing import Final, NamedTuple, cast

import dns.flags
import dns.rcode
import dns.rdatatype
import structlog
from dns.message import Message

from dcvd.core.instants import to_seconds
from dcvd.errors import DcvdError
from dcvd.sandbox.faults import DnsFault, Faults
from dcvd.sandbox.nameserver.responder import (
    answer_query,
    empty_response,
    parse_query,
    root_referral,
    to_datagram,
    truncated_response,
)
from dcvd.sandbox.nameserver.zone import ZoneData

log = structlog.get_logger(__name__)

TCP_IDLE_S: Final = 10.0
"""Seconds that a silent TCP connection is kept."""
_PORT_TRIES: Final = 20


class DelayedResponse(NamedTuple):
    """An answer as it goes out, and the seconds for which it is held back."""

    wire: bytes
    delay_s: float = 0.0


class Nameserver:
    """Answers from `zone` unless one of `faults` applies; counts queries by type in `queries`."""

    def __init__(self, zone: ZoneData, faults: Faults) -> None:
        self._zone = zone
        self._faults = faults
        self.queries: Counter[str] = Counter()
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Bind both and return the port; 0 finds one that is free for both. Raises DcvdError where it is taken."""
        for attempt in range(_PORT_TRIES):
            try:
                return await self._bind(host, port)
            except OSError as error:
                if port or attempt == _PORT_TRIES - 1:
                    raise DcvdError(
                        f"The sandbox cannot serve DNS on {host} port {port}: {error.strerror or error}; "
                        "stop what uses it or choose another with --dns.",
                        code="port_taken",
                    ) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def stop(self) -> None:
        if self._udp is not None:
            self._udp.close()
            self._udp = None
        if self._tcp is not None:
            tcp, self._tcp = self._tcp, None
            tcp.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await tcp.wait_closed()

    async def _bind(self, host: str, port: int) -> int:
        tcp = await asyncio.start_server(self._serve_connection, host, port)
        bound = cast(int, tcp.sockets[0].getsockname()[1])
        try:
            udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _DatagramProtocol(self), local_addr=(host, bound)
            )
        except OSError:
            tcp.close()
            await tcp.wait_closed()
            raise
        self._tcp, self._udp = tcp, udp
        return bound

    def respond(self, wire: bytes, *, datagram: bool) -> DelayedResponse | None:
        """The answer to one query; None where there is none, by its nature or by a fault."""
        query = parse_query(wire)
        if query is None:
            return None
        if isinstance(query, bytes):
            return DelayedResponse(query)
        delay = 0.0
        try:
            response = answer_query(query, self._zone)
            if query.question:
                question = query.question[0]
                self.queries[dns.rdatatype.to_text(question.rdtype)] += 1
                fault = self._faults.take_dns_fault(
                    question.name,
                    question.rdtype,
                    datagram=datagram,
                    checking_disabled=bool(query.flags & dns.flags.CD),
                )
                if fault is not None:
                    struck = _apply_fault(fault, query, response)
                    if struck is None:
                        return None
                    response, delay = struck, to_seconds(fault.delay_ms)
            return DelayedResponse(
                to_datagram(response, query) if datagram else response.to_wire(max_size=65535), delay
            )
        except Exception:
            # Whatever a stranger's packet provokes must not end the server; the asker is told, and so is the log.
            log.exception("sandbox.dns_answer_failed", query_bytes=len(wire))
            return DelayedResponse(empty_response(query, dns.rcode.SERVFAIL).to_wire())

    async def _serve_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.set_name("sandbox.dns_connection")
        self._connections.add(task)
        try:
            while self._tcp is not None:
                async with asyncio.timeout(TCP_IDLE_S):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    wire = await reader.readexactly(length)
                reply = self.respond(wire, datagram=False)
                if reply is not None:
                    await asyncio.sleep(reply.delay_s)
                    writer.write(struct.pack("!H", len(reply.wire)) + reply.wire)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
            log.debug("sandbox.dns_connection_ended", reason=type(error).__name__)
        except asyncio.CancelledError:
            # stop() cancelled us; the stream's own callback would report a cancelled task as an error.
            log.debug("sandbox.dns_connection_ended", reason="stopping")
        finally:
            self._connections.discard(task)
            writer.close()


class _DatagramProtocol(asyncio.DatagramProtocol):
    def __init__(self, server: Nameserver) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None
        self._delayed_sends: set[asyncio.TimerHandle] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._server.respond(data, datagram=True)
        if reply is None:
            return
        if not reply.delay_s:
            self._send(reply.wire, addr)
            return
        loop = asyncio.get_running_loop()
        due = {timer for timer in self._delayed_sends if timer.when() < loop.time()}
        self._delayed_sends -= due
        self._delayed_sends.add(loop.call_later(reply.delay_s, self._send, reply.wire, addr))

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        for timer in self._delayed_sends:
            timer.cancel()

    def _send(self, wire: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(wire, addr)

    def error_received(self, exc: OSError) -> None:  # type: ignore[override]  # typeshed says Exception; it is OSError
        log.debug("sandbox.dns_send_failed", reason=str(exc))


def _apply_fault(fault: DnsFault, query: Message, response: Message) -> Message | None:
    """What the fault makes of the answer; None: no answer at all."""
    match fault.kind:
        case "servfail" | "bogus":
            return empty_response(query, dns.rcode.SERVFAIL)
        case "refuse":
            return empty_response(query, dns.rcode.REFUSED)
        case "timeout":
            return None
        case "wrong_id":
            response.id ^= 0xFFFF
            return response
        case "truncate":
            return truncated_response(query)
        case "slow":
            return response
        case "lame":
            return root_referral(query)
