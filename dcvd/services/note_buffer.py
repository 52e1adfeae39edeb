"""Notes that are kept in memory and stored now and then, so that what causes them costs no write."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from dcvd.services.context import Context
from dcvd.store.engine.transactions import Transaction

Note = TypeVar("Note")


class NoteBuffer(Generic[Note]):
    """The latest note on each object since they were last stored, by its id."""

    def __init__(self, write: Callable[[Transaction, Mapping[str, Note]], None]) -> None:
        """`write` stores notes in a transaction."""
        self._write = write
        self._notes: dict[str, Note] = {}

    def record(self, object_id: str, note: Note) -> None:
        """Keep a note in place of an earlier one on the same object."""
        self._notes[object_id] = note

    def get(self, object_id: str) -> Note | None:
        """Return the note on an object that is not stored yet."""
        return self._notes.get(object_id)

    async def store(self, context: Context) -> None:
        """Store the notes kept since the last call; what cannot be stored is kept for the next one."""
        notes, self._notes = self._notes, {}
        if not notes:
            return
        try:
            await context.database.write(lambda tx: self._write(tx, notes))
        except BaseException:
            self._notes = notes | self._notes
            raise
