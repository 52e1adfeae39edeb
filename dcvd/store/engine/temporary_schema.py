"""What only the writer's connection has: views and triggers by which one statement does the work of several.

They are in no file, so that another version of dcvd finds none of them.
"""

import sqlite3
from functools import cache
from importlib import resources
from typing import Final

from dcvd.store.engine.transactions import Topic

_ANNOUNCE: Final = "announce"
"""The function by which a trigger announces a topic with a key, like `Transaction.announce`."""


class TriggerAnnouncements:
    """Passes on what triggers announce to the unit of work that runs."""

    def __init__(self) -> None:
        self._announcements: set[tuple[Topic, str]] = set()

    def pass_to(self, announcements: set[tuple[Topic, str]]) -> None:
        """Add to these what is announced from now on."""
        self._announcements = announcements

    def announce(self, topic: str, key: str) -> None:
        """Announce something; called by SQLite, within a statement."""
        self._announcements.add((Topic(topic), key))


def create_temporary_schema(connection: sqlite3.Connection) -> TriggerAnnouncements:
    """Create the views and triggers on a connection whose schema is the newest."""
    announcements = TriggerAnnouncements()
    connection.create_function(_ANNOUNCE, 2, announcements.announce)
    for script in _load_scripts():
        connection.executescript(script)
    return announcements


@cache
def _load_scripts() -> tuple[str, ...]:
    files = resources.files("dcvd.store").joinpath("temporary").iterdir()
    scripts = sorted((file for file in files if file.name.endswith(".sql")), key=lambda file: file.name)
    return tuple(file.read_text(encoding="utf-8") for file in scripts)
