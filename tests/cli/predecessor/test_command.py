"""`dcvd import-predecessor` says what comes along before anything does, and moves it once the daemon runs."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.cli.processes import House, answer, dcvd
from tests.predecessor.dumps import PASSPHRASE, earliest_dump, full_dump

UUID = "11111111-2222-4333-8444-"


@pytest.fixture
def full(tmp_path: Path) -> str:
    path = tmp_path / "dump.sql"
    path.write_text(full_dump().replace("customer.test", "customer-e.com"), encoding="utf-8")
    return str(path)


@pytest.fixture
def early(tmp_path: Path) -> tuple[str, str]:
    """A small dump whose organization no other test has, and the end of its ids."""
    end = uuid4().hex[:12]
    path = tmp_path / "early.sql"
    text = earliest_dump().replace("'o1'", f"'{UUID}{end}'").replace("'First'", f"'First {end}'")
    text = text.replace("'d1'", f"'{UUID}{end}'").replace("early.customer.test", f"e{end}.com")
    text += (
        "CREATE TABLE organization_members (id TEXT, org_id TEXT, email TEXT, role TEXT);\n"
        f"INSERT INTO organization_members VALUES ('{UUID}{end}', '{UUID}{end}', 'ann@e.example', 'owner');\n"
        "CREATE TABLE api_tokens (id TEXT, org_id TEXT, token_hash TEXT);\n"
        f"INSERT INTO api_tokens VALUES ('{UUID}{end}', '{UUID}{end}', '{end}{'0' * 52}');\n"
        "CREATE TABLE webhook_endpoints (id TEXT, org_id TEXT, url TEXT, secret TEXT, events TEXT);\n"
        f"INSERT INTO webhook_endpoints VALUES ('{UUID}{end}', '{UUID}{end}', 'https://e.example', 's', '[\"*\"]');\n"
    )
    path.write_text(text, encoding="utf-8")
    return str(path), end


def run(house: House, *arguments: str, passphrase: str = "not theirs") -> Any:
    return dcvd("import-predecessor", *arguments, "--config", str(house.config), environ={"ENCRYPTION_KEY": passphrase})


def test_a_dry_run_says_row_by_row_what_comes_along_and_stores_nothing(either: House, full: str) -> None:
    either.given_a_database()
    before = either.json("org", "list")
    told = run(either, full, "--dry-run")
    assert (told.returncode, told.stderr) == (1, "")
    lines = told.stdout.splitlines()
    for line in (
        'would be imported: organization Acme; "Shops" & Söhne (0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60)',
        "would be imported: domain shop.customer-e.com (d0000000-0000-4000-8000-000000000001)",
        "left out: member owner@org-2.local (7a1c0000-0000-4000-8000-000000000003)",
        "    A migration of the predecessor made up its address.",
        "left out: token old (c0ffee00-0000-4000-8000-000000000003)",
        "refused: domain 127.0.0.1 (d0000000-0000-4000-8000-000000000006)",
        "    jobs, rows: 2: what was under way there ends with it; dcvd does its own work.",
        "    Triggers and views: 2. Nothing of a dump is carried out.",
    ):
        assert line in lines, told.stdout
    assert either.json("org", "list") == before


def test_a_dry_run_is_json_for_programs_and_shows_no_secret(either: House, full: str) -> None:
    either.given_a_database()
    told = run(either, full, "--dry-run", "--json")
    assert (told.returncode, told.stderr, told.stdout.count("\n")) == (1, "", 1)
    report = answer_of(told)
    assert report["dryRun"] is True
    assert report["summary"]["token"] == {"would_import": 2, "left_out": 1, "refused": 2}
    assert report["summary"]["history"] == {"would_import": 2}
    kinds = {row["kind"] for row in report["rows"]}
    assert "history" not in kinds
    assert {"organization", "member", "domain", "token", "endpoint", "connection"} <= kinds
    assert "not theirs" not in told.stdout


def answer_of(done: Any) -> Any:
    done.returncode = 0
    return answer(done)


def test_what_a_dump_lacks_is_said(either: House, early: tuple[str, str]) -> None:
    either.given_a_database()
    report = answer(run(either, early[0], "--dry-run", "--json"))
    assert "It has no table oauth_connections, so nothing of that comes along." in report["missing"]
    assert any(line.startswith("Its table domains does not have: cname_target, ") for line in report["missing"])


def test_without_a_daemon_nothing_is_moved_and_a_sentence_says_so(house: House, early: tuple[str, str]) -> None:
    house.given_a_database()
    told = run(house, early[0])
    assert (told.returncode, told.stdout) == (1, "")
    assert "No daemon listens at" in told.stderr
    assert house.json("org", "list") == {"organizations": []}


@pytest.mark.sweep
def test_one_organization_moves_and_is_there_already_at_the_second_time(served: House, early: tuple[str, str]) -> None:
    path, end = early
    told = run(served, path, "--org", f"First {end}")
    assert (told.returncode, told.stderr) == (0, "")
    assert [line.split() for line in told.stdout.splitlines()][-6:] == [
        ["KIND", "OUTCOME", "ROWS"],
        ["organization", "imported", "1"],
        ["member", "imported", "1"],
        ["domain", "imported", "1"],
        ["token", "imported", "1"],
        ["endpoint", "imported", "1"],
    ]
    again = answer(run(served, path, "--json"))
    assert {kind: counts for kind, counts in again["summary"].items() if counts != {"exists": 1}} == {}


@pytest.mark.sweep
def test_every_command_takes_the_ids_that_came_along(served: House, early: tuple[str, str]) -> None:
    path, end = early
    assert run(served, path).returncode == 0
    imported = f"{UUID}{end}"
    listed = served.json("token", "list", "--org", imported)
    assert [token["id"] for token in listed["tokens"]] == [imported]
    for arguments in (
        ("member", "change", "--org", imported, imported, "--role", "admin"),
        ("member", "invite-again", "--org", imported, imported),
        ("webhook", "list", "--org", imported),
        ("webhook", "order", "--org", imported, imported, "none"),
        ("token", "revoke", "--org", imported, imported),
        ("org", "show", imported),
    ):
        done = served.dcvd(*arguments)
        assert done.returncode == 0, (arguments, done.stderr)


@pytest.mark.parametrize(
    ("dump", "option", "sentence"),
    [
        ("ATTACH 'x' AS y;", "--json", "line 1: a statement that begins with 'ATTACH'"),
        ("", "--dry-run", "none of the predecessor's tables"),
        (
            "CREATE TABLE organizations (id, name);\nINSERT INTO organizations VALUES ('a",
            "--org=x",
            "the file was cut off",
        ),
        ("CREATE TABLE organizations (id, name);\xff", "--json", "not text in UTF-8"),
    ],
)
def test_a_hostile_or_broken_dump_gives_a_sentence(
    house: House, tmp_path: Path, dump: str, option: str, sentence: str
) -> None:
    house.given_a_database()
    path = tmp_path / "bad.sql"
    path.write_bytes(dump.encode("latin-1"))
    told = run(house, str(path), option)
    assert (told.returncode, told.stdout) == (1, "")
    assert sentence in told.stderr
    assert house.json("org", "list") == {"organizations": []}


def test_an_organization_that_the_dump_does_not_have_is_not_found(house: House, full: str) -> None:
    house.given_a_database()
    told = run(house, full, "--dry-run", "--org", "Nobody")
    assert (told.returncode, told.stdout) == (1, "")
    assert "The dump has no organization 'Nobody'." in told.stderr


def test_a_passphrase_from_a_file_wins(house: House, full: str, tmp_path: Path) -> None:
    house.given_a_database()
    file = tmp_path / "passphrase"
    file.write_text("not the right one\n")
    told = answer_of(run(house, full, "--dry-run", "--json", "--passphrase-file", str(file), passphrase=PASSPHRASE))
    [note] = [row["notes"][-1] for row in told["rows"] if row["id"] == "f0000000-0000-4000-8000-000000000001"]
    assert note == "Its access token cannot be decrypted with the passphrase that is given."
