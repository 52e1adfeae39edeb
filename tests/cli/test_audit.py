"""`dcvd audit verify`."""

import sqlite3
from contextlib import closing

from tests.cli.processes import House


def test_a_sound_audit_is_said_to_be_so_and_a_changed_one_is_found(house: House) -> None:
    house.given(lambda operations: operations.create_organization("Acme"))
    done = house.dcvd("audit", "verify")
    assert (done.returncode, done.stdout) == (0, "1 entries in 2 chains are as they were written.\n")
    with closing(sqlite3.connect(house.database)) as connection, connection:
        connection.execute("DROP TRIGGER audit_entries_stay")
        connection.execute("UPDATE audit_entries SET actor = 'token:other'")
    broken = house.dcvd("audit", "verify")
    assert broken.returncode == 1
    assert "BROKEN at entry 1: the entry, or one before it, was changed." in broken.stdout
    assert house.dcvd("audit", "verify", "--json").returncode == 1
