"""Note when connections were used and what went wrong; kept in memory and stored now and then, to save writes."""

from msgspec.structs import replace

from dcvd.core.connections.connection import Connection, to_fault
from dcvd.errors import RemoteError
from dcvd.services.context import Context
from dcvd.services.note_buffer import NoteBuffer
from dcvd.store.connections import connections


class ConnectionUsage:
    """The uses and faults of connections that were noted since they were last stored."""

    def __init__(self) -> None:
        self._used_at = NoteBuffer(connections.touch)
        self._faults = NoteBuffer(connections.set_faults)

    def record_use(self, connection_id: str, now: int) -> None:
        """Note that a connection was used."""
        self._used_at.record(connection_id, now)

    def record_fault(self, connection_id: str, error: RemoteError, now: int) -> None:
        """Note that a call with a connection failed."""
        self._faults.record(connection_id, to_fault(error.code, error.message, now))

    def apply_to(self, connection: Connection) -> Connection:
        """Return the connection with its noted use and fault that are not stored yet."""
        fault = self._faults.get(connection.id) or connection.last_error
        if fault is not None and connection.last_error is not None and fault.at < connection.last_error.at:
            fault = connection.last_error
        return replace(
            connection, last_used_at=self._used_at.get(connection.id) or connection.last_used_at, last_error=fault
        )

    async def store(self, context: Context) -> None:
        """Store what was noted; what cannot be stored is kept for the next call."""
        await self._used_at.store(context)
        await self._faults.store(context)
