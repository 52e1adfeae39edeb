"""A connection to a disk that fails at the end of a transaction."""

import sqlite3
from typing import Any


class FailingConnection(sqlite3.Connection):
    """A connection whose next commits fail with these codes: `None` is one that works.

    An INSERT outside of any transaction commits by itself.
    """

    codes: tuple[int | None, ...] = ()

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        is_commit = arguments[0] == "COMMIT" or (arguments[0].startswith("INSERT") and not self.in_transaction)
        if not self.codes or not is_commit:
            return super().execute(*arguments)
        code, *rest = self.codes
        self.codes = tuple(rest)
        if code is None:
            return super().execute(*arguments)
        if self.in_transaction:
            super().execute("ROLLBACK")
        error = sqlite3.OperationalError("the disk failed")
        error.sqlite_errorcode = code
        raise error
