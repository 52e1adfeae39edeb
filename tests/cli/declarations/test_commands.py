"""`dcvd export` and `dcvd apply`, with a daemon and without one."""

import json
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dcvd.cli.declarations.document import read_document
from dcvd.errors import DcvdError
from tests.cli.processes import House, answer

FILE = """
[[organizations]]
name = "{name}"
zones = ["a.customer.com", "b.customer.com"]
[organizations.quotas]
domains = 500
[organizations.branding]
name = "Brand"
primary_color = "#0F62FE"
language = "de"
[[organizations.endpoints]]
name = "billing"
url = "https://hooks.example.com/one"
events = ["domain.active", "domain.error"]
max_per_second = 5
timeout_seconds = 7
retry_schedule = ["0s", "90s"]
ordering = "none"
match_labels = {{ plan = "gold" }}
[[organizations.endpoints]]
url = "https://hooks.example.com/two"
events = ["*"]
enabled = false
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "organizations.toml"


def applied(house: House, file: Path, *options: str) -> Any:
    return answer(house.dcvd("apply", str(file), "--json", *options))


def exported(house: House, *organizations: str) -> str:
    done = house.dcvd("export", *(option for name in organizations for option in ("--org", name)))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_file_makes_an_organization_once_and_its_export_changes_nothing(served: House, file: Path) -> None:
    file.write_text(FILE.format(name="Whole"))
    first = applied(served, file)
    assert [(step["action"], step["subject"]) for step in first["plan"]] == [
        ("create", "organization Whole"),
        ("change", "quotas of Whole"),
        ("change", "branding of Whole"),
        ("create", "zone a.customer.com of Whole"),
        ("create", "zone b.customer.com of Whole"),
        ("create", "endpoint billing of Whole"),
        ("create", "endpoint https://hooks.example.com/two of Whole"),
    ]
    assert first["taken"] == len(first["plan"])
    assert [secret["url"] for secret in first["secrets"]] == [
        "https://hooks.example.com/one",
        "https://hooks.example.com/two",
    ]
    assert all(secret["signingSecret"].startswith("whsec_") for secret in first["secrets"])
    again = applied(served, file, "--prune", "--dry-run")
    assert [step["subject"] for step in again["plan"] if " of Whole" in step["subject"]] == []
    text = exported(served, "Whole")
    assert not any(secret["secret"] in text for secret in first["secrets"])
    (organization,) = tomllib.loads(text)["organizations"]
    assert organization["quotas"] == {"domains": 500}
    assert organization["endpoints"][0]["match_labels"] == {"plan": "gold"}
    assert [endpoint.get("enabled") for endpoint in organization["endpoints"]] == [None, False]
    file.write_text(text)
    assert applied(served, file)["plan"] == []
    for own_id in (organization["id"], *(endpoint["id"] for endpoint in organization["endpoints"])):
        text = text.replace(own_id, f"{own_id[:-1]}x")
    file.write_text(text)  # as one that another server has exported
    assert applied(served, file)["plan"] == []


def test_a_change_is_shown_then_made_and_nothing_else_is(served: House, file: Path) -> None:
    file.write_text(FILE.format(name="Changed"))
    applied(served, file)
    file.write_text(FILE.format(name="Changed").replace("max_per_second = 5", "max_per_second = 9"))
    dry = served.dcvd("apply", str(file), "--dry-run")
    assert dry.stdout == (
        "Plan:\n  ~ endpoint billing of Changed\n      max_per_second: 5 → 9\nNothing was done (--dry-run).\n"
    )
    done = served.dcvd("apply", str(file))
    assert done.stdout.endswith("changed endpoint billing of Changed\nDone: 1 step.\n")
    assert served.dcvd("apply", str(file)).stdout == "All is as the file says.\n"


def test_secrets_go_into_a_file_of_their_own(served: House, file: Path, tmp_path: Path) -> None:
    file.write_text(FILE.format(name="Secretive"))
    path = tmp_path / "secrets.json"
    done = served.dcvd("apply", str(file), "--secrets", str(path))
    assert done.returncode == 0
    assert f"Wrote the secrets of new endpoints to {path}." in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = json.loads(path.read_text())["secrets"]
    assert len(found) == 2
    assert found[0]["secret"] not in done.stdout
    refused = served.dcvd("apply", str(file), "--secrets", str(path))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"There is a file {path} already" in refused.stderr


def test_a_step_that_fails_leaves_those_before_it_done_and_says_so(served: House, file: Path) -> None:
    good = FILE.format(name="Partial")
    file.write_text(good.replace("https://hooks.example.com/two", "http://hooks.example.com/two"))
    done = served.dcvd("apply", str(file), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["taken"] == 6
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "bad_url"
    assert error["message"].startswith(
        "Steps that are done: 6 of 7. To create endpoint http://hooks.example.com/two of Partial"
    )
    assert len(json.loads(done.stdout)["secrets"]) == 1
    file.write_text(good)
    assert applied(served, file)["taken"] == 1


def test_prune_removes_what_a_list_lacks_and_force_is_asked_for_organizations(house: House, file: Path) -> None:
    house.given_a_database()
    file.write_text('[[organizations]]\nname = "A"\nzones = ["a.customer.com"]\n[[organizations]]\nname = "B"\n')
    assert applied(house, file)["taken"] == 3
    file.write_text('[[organizations]]\nname = "A"\nzones = []\n')
    assert applied(house, file)["plan"] == []
    refused = house.dcvd("apply", str(file), "--prune")
    assert refused.returncode == 1
    assert "- zone a.customer.com of A" in refused.stdout
    assert refused.stderr == (
        "It removes organization B, with everything of its own. Nothing was done; --force does it all the same.\n"
    )
    assert len(tomllib.loads(exported(house))["organizations"]) == 2
    assert applied(house, file, "--prune", "--force")["taken"] == 2
    (left,) = tomllib.loads(exported(house))["organizations"]
    assert (left["name"], left["zones"]) == ("A", [])


def test_without_a_daemon_a_new_endpoint_says_that_it_needs_one_and_the_rest_is_done(house: House, file: Path) -> None:
    house.given_a_database()
    file.write_text(FILE.format(name="Alone"))
    done = house.dcvd("apply", str(file))
    assert done.returncode == 1
    assert (
        "Steps that are done: 5 of 7. To create endpoint billing of Alone failed: This needs a stored secret"
        in done.stderr
    )
    assert "created zone a.customer.com of Alone" in done.stdout


def test_contacts_come_along_where_there_is_a_mail_server(tmp_path: Path, file: Path) -> None:
    mail = """
    [mail]
    host = "127.0.0.1"
    from_address = "dcvd@example.net"
    """
    house = House(tmp_path, mail)
    house.config.write_text(house.config.read_text().replace("[server]", "[server]\npublic_url = 'https://d.example'"))
    house.given_a_database()
    file.write_text('[[organizations]]\nname = "Told"\n[[organizations.contacts]]\naddress = "ops@told.example"\n')
    assert applied(house, file)["taken"] == 2
    (organization,) = tomllib.loads(exported(house))["organizations"]
    assert organization["contacts"] == [{"address": "ops@told.example"}]
    file.write_text(f'{file.read_text()}kinds = ["domain_broken"]\n')
    (change,) = applied(house, file)["plan"]
    assert (change["action"], change["details"]) == ("change", ["kinds: default → domain_broken"])
    assert applied(house, file)["plan"] == []
    file.write_text('[[organizations]]\nname = "Told"\ncontacts = []\n')
    assert [step["action"] for step in applied(house, file, "--prune")["plan"]] == ["remove"]


def test_an_export_into_a_file_keeps_what_is_there(served: House, file: Path) -> None:
    served.given(lambda operations: operations.create_organization("Exported"))
    done = served.dcvd("export", str(file), "--org", "Exported")
    assert (done.returncode, done.stdout) == (0, "")
    assert "with 1 organization." in done.stderr
    assert tomllib.loads(file.read_text())["organizations"][0]["name"] == "Exported"
    assert served.dcvd("export", str(file)).returncode == 1
    missing = served.dcvd("export", "--org", "None")
    assert "There is no organization 'None'" in missing.stderr


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[organizations]]\n", "says what no such file can say: Object missing required field `name`"),
        ("[[organizations]]\nname = 'A'\nquota = 1\n", "unknown field `quota`"),
        (
            "[[organizations]]\nname = 'A'\n[[organizations.endpoints]]\nurl = 5\nevents = []\n",
            "organizations[0].endpoints[0].url",
        ),
        ("organizations = 5\n", "Expected `array`, got `int`"),
        ("a = = b\n", "is not valid TOML"),
        ("a = " + "[" * 3000, "has a value that nobody can read"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_the_place(file: Path, text: str, complaint: str) -> None:
    file.write_text(text)
    with pytest.raises(DcvdError) as caught:
        read_document(file)
    assert complaint in caught.value.message


def test_a_file_that_is_wrong_changes_nothing(house: House, file: Path) -> None:
    file.write_text("a = = b\n")
    done = house.dcvd("apply", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not valid TOML" in done.stderr
    assert not house.database.exists()


def test_an_empty_file_changes_nothing(served: House, file: Path) -> None:
    file.write_text("")
    assert served.dcvd("apply", str(file)).stdout == "All is as the file says.\n"
