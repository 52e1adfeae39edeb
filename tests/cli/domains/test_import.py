"""`dcvd domain import` says and does the same whether a daemon runs or not."""

from pathlib import Path
from uuid import uuid4

import pytest

from dcvd.api.operators.view import OrganizationView
from tests.cli.processes import House, dcvd


@pytest.fixture
def acme(either: House) -> OrganizationView:
    """An organization that is there already."""
    return either.given(lambda operations: operations.create_organization(f"Acme {uuid4().hex[:8]}"))


@pytest.fixture
def zone() -> str:
    """A customer's domain that no other test has."""
    return f"z{uuid4().hex[:12]}.com"


def test_a_file_is_imported_and_what_was_refused_is_told_with_its_line(
    either: House, acme: OrganizationView, tmp_path: Path, zone: str
) -> None:
    file = tmp_path / "names.txt"
    file.write_text(f"# ours\na.{zone}\nnot a name\n\nb.{zone}\nA.{zone}\n")
    done = either.dcvd("domain", "import", str(file), "--org", acme.name)
    assert done.returncode == 1
    [refused] = done.stderr.splitlines()
    assert refused.startswith(f"{file}:3: not a name: The label 'not a name' is not made of")
    assert [line.rsplit(maxsplit=1) for line in done.stdout.splitlines()] == [
        f"Domains of {acme.name}:".rsplit(maxsplit=1),
        ["OUTCOME", "LINES"],
        ["created", "2"],
        ["there already", "1"],
        ["refused", "1"],
    ]


def test_a_repeat_with_a_key_is_answered_the_same_for_programs(
    either: House, acme: OrganizationView, tmp_path: Path, zone: str
) -> None:
    file = tmp_path / "names.jsonl"
    file.write_text(f'\n{{"domainName":"a.{zone}"}}\n{{"domainName":"b.{zone}","wildcard":true}}\n')
    arguments = ("domain", "import", str(file), "--org", acme.id, "--key", "k")
    rehearsed = either.json(*arguments, "--dry-run")
    assert rehearsed["summary"] == {"created": 0, "wouldCreate": 2, "exists": 0, "refused": 0}
    first = either.json(*arguments)
    assert first["summary"] == {"created": 2, "wouldCreate": 0, "exists": 0, "refused": 0}
    assert [result["line"] for result in first["results"]] == [2, 3]
    assert [record["name"] for record in first["results"][1]["domain"]["requiredRecords"]] == [
        f"b.{zone}",
        f"_acme-challenge.b.{zone}",
        f"*.b.{zone}",
    ]
    assert either.json(*arguments) == first


def test_a_name_is_moved_to_another_organization(
    either: House, acme: OrganizationView, tmp_path: Path, zone: str
) -> None:
    file = tmp_path / "names.txt"
    file.write_text(f"a.{zone}\n")
    assert either.dcvd("domain", "import", str(file), "--org", acme.id).returncode == 0
    other = either.given(lambda operations: operations.create_organization(f"Other {uuid4().hex[:8]}"))
    moved = either.json("domain", "move", f"a.{zone}", "--to", other.name)["domain"]
    assert (moved["orgId"], moved["domainName"], moved["ownership"]["proof"]) == (other.id, f"a.{zone}", "operator")
    told = either.dcvd("domain", "move", f"a.{zone}", "--to", other.id)
    assert told.stdout == f"a.{zone} is a domain of {other.name} now: {moved['id']}\n"
    unknown = either.dcvd("domain", "move", f"b.{zone}", "--to", other.id)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert f"Nobody has added b.{zone} here." in unknown.stderr


def test_standard_input_and_mistakes_before_anything_is_asked(house: House) -> None:
    house.given_a_database()
    wrong = house.dcvd("domain", "import", "/nowhere/names.txt", "--org", "x")
    assert wrong.returncode == 2
    unknown = dcvd("domain", "import", "-", "--org", "Nobody", "--config", str(house.config), stdin="a.customer.com\n")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "There is no organization 'Nobody'" in unknown.stderr
    key = house.dcvd("domain", "import", str(house.config), "--org", "x", "--key", "a b")
    assert (key.returncode, key.stdout) == (1, "")
    assert "visible ASCII" in key.stderr


def test_what_is_attached_to_imported_domains_is_changed_by_name(
    either: House, acme: OrganizationView, tmp_path: Path, zone: str
) -> None:
    file = tmp_path / "names.csv"
    file.write_text(f'domainName,externalId,labels\na.{zone},c1,"{{""tier"":""gold""}}"\nb.{zone},,\n')
    arguments = ("domain", "import", str(file), "--org", acme.id, "--external-id", "c0", "--label", "tier=iron")
    assert either.dcvd(*arguments, "--label", "eu=").returncode == 0
    change = ("domain", "change", f"a.{zone}", "--org", acme.name)
    changed = either.json(*change, "--label", "plan=x=y", "--remove-label", "eu")["domain"]
    assert (changed["externalId"], changed["labels"]) == ("c1", {"plan": "x=y", "tier": "gold"})
    told = either.dcvd("domain", "change", f"B.{zone}", "--org", acme.id, "--external-id", "")
    assert [line.split(maxsplit=1)[-1] for line in told.stdout.splitlines()][1:] == ["id  none", "eu=, tier=iron"]
    for wrong in ([], ["--label", "tier"], ["--label", "Tier=x"], ["--label", "a=1", "--remove-label", "a"]):
        assert either.dcvd(*change, *wrong).returncode == 2
    nobodys = either.dcvd("domain", "change", f"c.{zone}", "--org", acme.id, "--label", "a=b")
    assert (nobodys.returncode, nobodys.stdout) == (1, "")
    assert f"The organization has no domain c.{zone}." in nobodys.stderr
