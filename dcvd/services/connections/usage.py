"""Note when connections were used and what went wrong; kept in memory and stored now and then, to save writes."""

from msgspec.structs import replace

from dcvd.core.connections.connection import Connection, ConnectionFault, to_fault
from dcvd.errors import RemoteError
from dcvd.services.context import Context
from dcvd.store import connections
from dcvd.store.engine.database import Transaction


class ConnectionUsage:
    """The uses and faults of connections that were noted since they were last stored."""

    def __init__(self) -> None:
        self._used_at: dict[str, int] = {}
        self._faults: dict[str, ConnectionFault] = {}

    def record_use(self, connection_id: str, now: int) -> None:
        """Note that a connection was used."""
        self._used_at[connection_id] = now

    def record_fault(self, connection_id: str, error: RemoteError, now: int) -> None:
        """Note that a call with a connection failed."""
        self._faults[connection_id] = to_fault(error.code, error.message, now)

    def apply_to(self, connection: Connection) -> Connection:
        """Return the connection with its noted use and fault that are not stored yet."""
        fault = self._faults.get(connection.id, connection.last_error)
        if fault is not None and connection.last_error is not None and fault.at < connection.last_error.at:
            fault = connection.last_error
        return replace(
            connection, last_used_at=self._used_at.get(connection.id, connection.last_used_at), last_error=fault
        )

    async def store(self, context: Context) -> None:
        """Store what was noted; what cannot be stored is kept for the next call."""
        used_at, self._used_at = self._used_at, {}
        faults, self._faults = self._faults, {}
        if not used_at and not faults:
            return

        def unit(tx: Transaction) -> None:
            connections.touch(tx, used_at)
            connections.set_faults(tx, faults)

        try:
            await context.database.write(unit)
        except BaseException:
            self._used_at = used_at | self._used_at
            self._faults = faults | self._faults
            raise
