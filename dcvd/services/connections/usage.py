"""When connections were used and what went wrong: kept in memory and stored now and then, so that no use costs a
write."""

from msgspec.structs import replace

from dcvd.core.connections.connection import Connection, ConnectionFault, to_fault
from dcvd.errors import RemoteError
from dcvd.services.context import Context
from dcvd.store import connections
from dcvd.store.engine.database import Transaction


class ConnectionUsage:
    """What was noted since it was last stored."""

    def __init__(self) -> None:
        self._used_at: dict[str, int] = {}
        self._faults: dict[str, ConnectionFault] = {}

    def record_use(self, connection_id: str, now: int) -> None:
        """A call was made with it."""
        self._used_at[connection_id] = now

    def record_fault(self, connection_id: str, error: RemoteError, now: int) -> None:
        """A call with it failed."""
        self._faults[connection_id] = to_fault(error.code, error.message, now)

    def apply_to(self, connection: Connection) -> Connection:
        """With what is not stored yet."""
        fault = self._faults.get(connection.id, connection.last_error)
        if fault is not None and connection.last_error is not None and fault.at < connection.last_error.at:
            fault = connection.last_error
        return replace(
            connection, last_used_at=self._used_at.get(connection.id, connection.last_used_at), last_error=fault
        )

    async def store(self, context: Context) -> None:
        """Write down what was noted; what cannot be stored is kept for the next time."""
        used, self._used_at = self._used_at, {}
        faults, self._faults = self._faults, {}
        if not used and not faults:
            return

        def unit(tx: Transaction) -> None:
            connections.touch(tx, used)
            connections.set_faults(tx, faults)

        try:
            await context.database.write(unit)
        except BaseException:
            self._used_at = used | self._used_at
            self._faults = faults | self._faults
            raise
