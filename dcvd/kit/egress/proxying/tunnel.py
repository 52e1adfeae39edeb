"""A connection to a proxy, which becomes one to the receiver as soon as the proxy has agreed."""

import asyncio
import ssl

from dcvd.kit.egress.proxying.proxy_answers import ConnectAnswer, ProxyFault, read_connect_answer


class Tunnel(asyncio.Protocol):
    """Asks the proxy, and then hands the connection over to another protocol.

    What a receiver sends unasked may come in one piece with the proxy's answer: it is the receiver's, and passed on.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[ConnectAnswer] = asyncio.get_running_loop().create_future()
        self._rest = b""

    async def ask(self, request: bytes) -> int:
        """Send a request, and return the status of the answer. Raises ProxyFault where there is none."""
        assert self._transport is not None
        self._transport.write(request)
        answer = await self._answer
        self._rest = answer.rest
        return answer.status

    async def hand_over(self, protocol: asyncio.Protocol, tls: ssl.SSLContext | None, server_name: str | None) -> None:
        """Give the connection to a protocol, with TLS to the receiver where a context is given.

        Raises OSError, which includes ssl.SSLError; the connection is closed then.
        """
        transport = self._transport
        assert transport is not None
        if tls is None:
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            if self._rest:
                protocol.data_received(self._rest)
            if not transport.is_closing():
                transport.resume_reading()
            return
        try:
            if self._rest:
                raise ConnectionAbortedError("it sent something before TLS began")
            if transport.is_closing():
                raise ConnectionResetError
            inner = await asyncio.get_running_loop().start_tls(transport, protocol, tls, server_hostname=server_name)
            if inner is None:
                raise ConnectionResetError
        except BaseException:
            transport.abort()
            raise
        protocol.connection_made(inner)

    def close(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    # Callbacks of the event loop

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP and TLS have no other
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._answer.done():
            self._rest += data
            return
        self._received += data
        try:
            answer = read_connect_answer(self._received)
        except ProxyFault as fault:
            self._fail(fault)
            return
        if answer is not None:
            assert self._transport is not None
            self._transport.pause_reading()
            self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answer.done():
            how = "it closed the connection" if exc is None else "the connection to it broke"
            self._fail(ProxyFault(f"{how} without an answer"))

    def _fail(self, fault: ProxyFault) -> None:
        self._answer.set_exception(fault)
        self._answer.exception()  # whoever asked may have given up, and then nobody else reads it
        self.close()
