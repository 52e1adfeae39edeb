"""`dcvd audit list` and `dcvd audit verify`."""

import sqlite3
from contextlib import closing

from tests.cli.processes import House, answer


def test_a_sound_audit_is_said_to_be_so_and_a_changed_one_is_found(house: House) -> None:
    house.given(lambda operations: operations.create_organization("Acme"))
    done = house.dcvd("audit", "verify")
    assert (done.returncode, done.stdout) == (0, "1 entry in 2 chains is as it was written.\n")
    with closing(sqlite3.connect(house.database)) as connection, connection:
        connection.execute("DROP TRIGGER audit_entries_stay")
        connection.execute("UPDATE audit_entries SET actor = 'token:other'")
    broken = house.dcvd("audit", "verify")
    assert broken.returncode == 1
    assert "BROKEN at entry 1: the entry, or one before it, was changed." in broken.stdout
    assert house.dcvd("audit", "verify", "--json").returncode == 1


def test_entries_are_listed_by_organization_and_filters_newest_first(house: House) -> None:
    acme = house.given(lambda operations: operations.create_organization("Acme"))
    other = house.given(lambda operations: operations.create_organization("Other"))
    house.given(lambda operations: operations.suspend_organization(acme.id))
    shown = answer(house.dcvd("audit", "list", "--org", "Acme", "--json"))["audit"]
    assert [(entry["action"], entry["objectId"]) for entry in shown] == [
        ("organization.suspended", acme.id),
        ("organization.created", acme.id),
    ]
    actor, at = shown[0]["actor"], shown[0]["at"]
    for more, count in (
        (["--actor", actor], 2),
        (["--actor", "token:x"], 0),
        (["--action", "organization.created"], 1),
        (["--object", other.id], 0),
        (["--since", at], 1 + (shown[1]["at"] == at)),
        (["--since", "1h"], 2),
        (["--limit", "1"], 1),
    ):
        assert len(answer(house.dcvd("audit", "list", "--org", acme.id, *more, "--json"))["audit"]) == count, more
    table = house.dcvd("audit", "list", "--org", "Acme").stdout.splitlines()
    assert table[0].split() == ["AT", "ORG", "ACTOR", "ACTION", "OBJECT", "CHANGE"]
    assert table[2].split()[-3:] == ["organization.created", acme.id, '{"name":"Acme"}']


def test_without_an_organization_all_is_listed_with_whom_it_concerns(house: House) -> None:
    acme = house.given(lambda operations: operations.create_organization("Acme"))
    doomed = house.given(lambda operations: operations.create_organization("Doomed"))
    house.given(lambda operations: operations.delete_organization(doomed.id, leave_hostnames=False))
    listed = house.json("audit", "list")["audit"]
    assert [(each["action"], each["objectId"], each["organization"]) for each in listed[-3:]] == [
        ("organization.deletion_begun", doomed.id, None),
        ("organization.created", doomed.id, {"id": doomed.id, "name": "Doomed"}),
        ("organization.created", acme.id, {"id": acme.id, "name": "Acme"}),
    ]
    own = house.json("audit", "list", "--own")["audit"]
    assert own == [each for each in listed if each["organization"] is None]
    both = house.dcvd("audit", "list", "--own", "--org", "Acme")
    assert (both.returncode, "exclude each other" in both.stderr) == (2, True)


def test_what_does_not_exist_is_said_so(house: House) -> None:
    house.given(lambda operations: operations.create_organization("Acme"))
    assert house.dcvd("audit", "list", "--org", "Nobody").returncode == 1
    assert "There is no organization 'Nobody'" in house.dcvd("audit", "verify", "--org", "Nobody").stderr
    assert "neither an instant" in house.dcvd("audit", "list", "--since", "yesterday").stderr
    said = "There are no such entries: the list is filtered by --own.\n"
    assert house.dcvd("audit", "list", "--own").stderr == said


def test_the_chain_of_one_organization_is_verified_alone(house: House) -> None:
    house.given(lambda operations: operations.create_organization("Acme"))
    other = house.given(lambda operations: operations.create_organization("Other"))
    with closing(sqlite3.connect(house.database)) as connection, connection:
        connection.execute("DROP TRIGGER audit_entries_stay")
        connection.execute("UPDATE audit_entries SET actor = 'token:other' WHERE org_id = ?", (other.id,))
    alone = house.dcvd("audit", "verify", "--org", "Acme")
    assert (alone.returncode, alone.stdout) == (0, "1 entry in 1 chain is as it was written.\n")
    assert house.dcvd("audit", "verify", "--org", "Other").returncode == 1
