"""`dcvd orphans`, as operators call it, against a sandbox."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.sandbox_house import SandboxHouse, sandbox_running


class Place(SandboxHouse):
    """A house whose zone at Cloudflare has hostnames that its database does not know."""

    def orphans(self, *arguments: str, code: int = 0, stdin: str = "") -> tuple[str, str]:
        return self.run("orphans", *arguments, code=code, stdin=stdin)

    def listed(self, *arguments: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.orphans("list", "--json", *arguments)[0])["orphans"]
        return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with sandbox_running() as sandbox:
        place = Place(tmp_path, sandbox)
        place.given(lambda operations: operations.create_organization("Acme"))
        place.given(lambda operations: operations.create_organization("Other"))
        yield place


def test_what_the_database_does_not_know_is_listed_by_name(place: Place) -> None:
    assert place.orphans("list")[1] == "The database knows every hostname of the zone.\n"
    ids = {name: place.register(name) for name in ("b.customer.test", "a.customer.test")}
    assert [(each["hostname"], each["id"], each["formerOrgId"]) for each in place.listed()] == [
        (name, ids[name], None) for name in sorted(ids)
    ]
    assert [line.split()[0] for line in place.orphans("list")[0].splitlines()[1:]] == sorted(ids)


def test_a_name_that_is_adopted_belongs_to_its_organization_as_it_is_ordered_there(place: Place) -> None:
    place.register("plain.customer.test")
    place.register("wild.customer.test", validation="delegated", wildcard=True)
    place.register("other.customer.test")
    out, _ = place.orphans("adopt", "plain.customer.test", "wild.customer.test", "--org", "Acme")
    assert out == "Adopted 2 of 2.\n"
    assert place.rows(
        "SELECT d.name, o.name, d.validation, d.wildcard FROM domains d JOIN organizations o ON o.id = d.org_id"
        " ORDER BY d.name"
    ) == [("plain.customer.test", "Acme", "http", 0), ("wild.customer.test", "Acme", "delegated", 1)]
    assert [each["hostname"] for each in place.listed()] == ["other.customer.test"]


def test_an_earlier_database_says_whose_they_were(place: Place, tmp_path: Path) -> None:
    cf_id = place.register("known.customer.test")
    place.register("unknown.customer.test")
    former = tmp_path / "former.db"
    shutil.copy(place.database, former)
    with closing(sqlite3.connect(former, isolation_level=None)) as connection:
        ((other_id,),) = connection.execute("SELECT id FROM organizations WHERE name = 'Other'").fetchall()
        connection.execute(
            "INSERT INTO domains (id, org_id, name, registrable, status, cname_target, cf_id, dns_state, next_sync_at,"
            " created_at, updated_at) VALUES ('dom_1', ?, 'known.customer.test', 'customer.test', 'active',"
            " 'edge.test', ?, 'verified', 1, 1, 1)",
            (other_id, cf_id),
        )
    assert [each["formerOrgId"] for each in place.listed("--former", str(former))] == [other_id, None]
    out, _ = place.orphans("adopt", "--all", "--former", str(former), "--json", code=1)
    assert json.loads(out) == {
        "adopted": ["known.customer.test"], "refused": [], "ownerless": ["unknown.customer.test"],
    }  # fmt: skip
    assert place.rows("SELECT name, org_id FROM domains") == [("known.customer.test", other_id)]


def test_what_is_removed_is_asked_about_and_nothing_else_is_touched(place: Place) -> None:
    for name in ("keep.customer.test", "remove.customer.test"):
        place.register(name)
    out, shown = place.orphans("remove", "remove.customer.test", code=130, stdin="n\n")
    assert (out, "remove.customer.test" in shown) == ("", True)
    assert len(place.listed()) == 2
    assert place.orphans("remove", "remove.customer.test", stdin="y\n")[0] == "Removed 1 of 1.\n"
    assert [each["hostname"] for each in place.listed()] == ["keep.customer.test"]
    assert json.loads(place.orphans("remove", "--all", "--yes", "--json")[0]) == {"removed": ["keep.customer.test"]}
    assert place.listed() == []


def test_a_name_that_is_no_orphan_is_refused_and_so_is_a_call_that_says_too_little(place: Place) -> None:
    place.register("a.customer.test")
    place.orphans("adopt", "a.customer.test", "--org", "Acme")
    assert "a.customer.test is no orphan" in place.orphans("remove", "a.customer.test", "--yes", code=1)[1]
    assert "by --org or by --former" in place.orphans("adopt", "a.customer.test", code=2)[1]
    assert "Give names, or --all" in place.orphans("remove", code=2)[1]
    assert "Give names, or --all" in place.orphans("remove", "a.customer.test", "--all", code=2)[1]
