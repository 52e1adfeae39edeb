"""What commands do where neither a daemon nor a database is."""

import json

import pytest

from tests.cli.processes import House

TOKEN_ID = f"token_{'0' * 26}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("org", "list"),
        ("org", "list", "--json"),
        ("token", "list", "--org", "Acme"),
        ("token", "create", "--org", "Acme", "--name", "ci"),
        ("token", "revoke", "--org", "Acme", TOKEN_ID),
    ],
    ids=" ".join,
)
def test_a_command_that_needs_one_says_so_and_writes_nothing(house: House, arguments: tuple[str, ...]) -> None:
    before = sorted(house.config.parent.iterdir())
    done = house.dcvd(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    sentence = (
        f"There is no database at {house.database} yet: start the daemon, or create an organization by dcvd org create "
        "NAME."
    )
    if "--json" in arguments:
        assert json.loads(done.stderr)["error"] == {
            "code": "store_failed", "message": sentence, "problems": [sentence]
        }  # fmt: skip
    else:
        assert done.stderr == f"{sentence}\n"
    assert sorted(house.config.parent.iterdir()) == before


def test_a_lock_that_outlived_its_database_changes_nothing(house: House) -> None:
    house.lock.touch(0o600)
    done = house.dcvd("org", "list")
    assert (done.returncode, done.stderr.startswith(f"There is no database at {house.database} yet")) == (1, True)
    assert not house.database.exists()


def test_the_first_organization_creates_it_and_says_so_once(house: House) -> None:
    first, second = house.dcvd("org", "create", "Acme"), house.dcvd("org", "create", "Other")
    assert (first.returncode, first.stderr) == (0, f"Created the database {house.database}.\n")
    assert "database" not in first.stdout
    assert (second.returncode, second.stderr) == (0, "")


def test_for_programs_it_is_created_without_a_word(house: House) -> None:
    assert house.json("org", "create", "Acme")["organization"]["name"] == "Acme"


def test_a_relative_database_is_the_same_from_anywhere(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.config.write_text(house.config.read_text().replace(str(house.database), "dcvd.db"))
    assert house.json("org", "create", "Acme")["organization"]["name"] == "Acme"
    (elsewhere := house.config.parent / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere)
    assert [found["name"] for found in house.json("org", "list")["organizations"]] == ["Acme"]
