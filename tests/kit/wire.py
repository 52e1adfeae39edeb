"""A connection with nothing of the network under it: a test decides what comes, piece by piece."""

import asyncio
from ipaddress import ip_address

from dcvd.core.http.exchanges import ReceivedResponse
from dcvd.kit.egress.connection import DeadlineExceeded, EgressConnection
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.request import Origin


class RecordingTransport(asyncio.Transport):
    """A wire without an end: what is written is kept, and a test says what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unsent = 0
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


class CountingConnection(EgressConnection):
    """Counts how often the parser saw a head begin."""

    heads_begun = 0

    def on_message_begin(self) -> None:
        self.heads_begun += 1
        super().on_message_begin()


class Wire:
    """A connection with a request sent, and nothing of the network under it; needs a running loop."""

    def __init__(self) -> None:
        self.transport = RecordingTransport()
        self.connection = CountingConnection(Origin("hooks.example", 443, True, "org_a"), ip_address("192.0.2.1"))
        self.connection.connection_made(self.transport)
        self.ask()

    def ask(self) -> None:
        self._outcome: asyncio.Future[ReceivedResponse | DeadlineExceeded | EgressError] = self.connection.send(
            b"POST", asyncio.get_running_loop().time() + 60
        )

    def receive(self, *pieces: bytes) -> None:
        """As the event loop does: nothing more comes from a transport that was aborted."""
        for piece in pieces:
            if piece and not self.transport.aborted:
                self.connection.data_received(piece)

    def end(self, error: Exception | None = None) -> None:
        if not self.transport.aborted:
            self.connection.connection_lost(error)

    @property
    def answered(self) -> bool:
        return self._outcome.done()

    def is_success(self) -> bool:
        """Whether a status of success was got, at the end of all that came."""
        outcome = self._outcome.result()
        return isinstance(outcome, ReceivedResponse) and outcome.status // 100 == 2

    def settle(self) -> bool:
        return self.connection.finish_exchange()

    def reply(self) -> ReceivedResponse:
        outcome = self._outcome.result()
        self.reusable = self.connection.finish_exchange()
        assert isinstance(outcome, ReceivedResponse), outcome
        return outcome

    def failure(self) -> EgressError:
        outcome = self._outcome.result()
        assert not self.connection.finish_exchange()
        assert isinstance(outcome, EgressError), outcome
        return outcome
