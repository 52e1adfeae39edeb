"""`dcvd check`, as operators call it."""

import sqlite3
from contextlib import closing

from tests.cli.processes import House


def test_beside_a_running_daemon_it_says_that_all_is_well(served: House) -> None:
    done = served.dcvd("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{served.database} keeps all ")
    answer = served.json("check")
    assert answer == {"database": str(served.database), "rules": answer["rules"], "faults": []}


def test_what_it_finds_is_told_with_examples_and_an_exit_code(house: House) -> None:
    house.given(lambda operations: operations.create_organization("Acme"))
    with closing(sqlite3.connect(house.database, isolation_level=None)) as connection:
        connection.execute("UPDATE organizations SET last_sequence = 7")
        (org_id,) = connection.execute("SELECT id FROM organizations").fetchone()
    before = house.database.read_bytes()
    done = house.dcvd("check", "--json")
    assert done.returncode == 1
    assert '"rule":"event_count"' in done.stdout
    done = house.dcvd("check")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "event_count: The newest event of an organization does not have the number that was given out last.",
        f"  {org_id}: 0 instead of 7",
    ]
    assert house.database.read_bytes() == before


def test_a_database_of_a_newer_dcvd_is_not_said_to_be_cured_by_a_start(house: House) -> None:
    house.given_a_database()
    with closing(sqlite3.connect(house.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 1000")
    done = house.dcvd("check")
    assert done.returncode == 1
    assert "use the dcvd that brought it there, or a newer one" in done.stderr


def test_where_there_is_no_database_a_sentence_says_so(house: House) -> None:
    done = house.dcvd("check")
    assert done.returncode == 1
    assert "There is no database at" in done.stderr
