"""`dcvd domain`: one domain is found by its name, added, checked, looked at and removed, with a daemon and without."""

from uuid import uuid4

import msgspec
import pytest

from dcvd.api.operators.domain_view import OperatorDomainView, ReasonView
from dcvd.api.operators.view import OrganizationView
from dcvd.cli.domains.listing import by_wait
from dcvd.core.diagnosis.awaited import Awaited
from tests.cli.processes import House

_NO_SUCH = "There are no such domains: the list is filtered by"


@pytest.fixture
def acme(either: House) -> OrganizationView:
    return either.given(lambda operations: operations.create_organization(f"Acme {uuid4().hex[:8]}"))


@pytest.fixture
def owner(served: House) -> OrganizationView:
    """What needs no second look without a daemon is tried beside one alone."""
    return served.given(lambda operations: operations.create_organization(f"Acme {uuid4().hex[:8]}"))


@pytest.fixture
def name() -> str:
    return f"app.{uuid4().hex[:8]}.com"


def test_an_added_domain_says_which_record_its_owner_creates_and_is_found_by_name_id_and_url(
    either: House, acme: OrganizationView, name: str
) -> None:
    added = either.dcvd("domain", "add", name, "--org", acme.name, "--label", "tier=gold")
    assert added.returncode == 0
    assert added.stdout.startswith(f"Added {name}: dom_")
    assert f"CNAME  {name}  edge.sandbox.test" in added.stdout
    shown = either.json("domain", "show", name)
    assert shown["domain"]["organization"] == {"id": acme.id, "name": acme.name}
    assert {entry["what"] for entry in shown["timeline"]} >= {"added", "domain.added"}
    assert [job["kind"] for job in shown["jobs"]] == ["register"]
    for other in (shown["domain"]["id"], name.upper(), f"https://{name}/login"):
        assert either.json("domain", "show", other)["domain"]["id"] == shown["domain"]["id"]


def test_a_name_of_several_organizations_asks_for_one_of_them(
    served: House, owner: OrganizationView, name: str
) -> None:
    beta = served.given(lambda operations: operations.create_organization(f"Beta {uuid4().hex[:8]}"))
    for organization in (owner, beta):
        assert served.dcvd("domain", "add", name, "--org", organization.id).returncode == 0
    refused = served.dcvd("domain", "show", name, "--json")
    error = msgspec.json.decode(refused.stderr)["error"]
    assert (refused.returncode, error["code"]) == (1, "ambiguous_name")
    assert owner.name in error["message"]
    assert beta.name in error["message"]
    assert served.json("domain", "show", name, "--org", beta.name)["domain"]["organization"]["id"] == beta.id


def test_a_domain_that_is_not_there_is_said_to_be_so(served: House, owner: OrganizationView) -> None:
    for asked, who in (
        (["nothing.example.com"], "There is"),
        (["dom_none", "--org", owner.name], f"{owner.name} has"),
    ):
        done = served.dcvd("domain", "show", *asked)
        assert (done.returncode, done.stdout) == (1, "")
        assert (
            done.stderr == f"{who} no domain {asked[0]!r}; `dcvd domain list --search TEXT` shows those that exist.\n"
        )


def test_the_domain_of_another_organization_is_not_found_by_its_id(
    served: House, owner: OrganizationView, name: str
) -> None:
    domain_id = served.json("domain", "add", name, "--org", owner.name)["domain"]["id"]
    beta = served.given(lambda operations: operations.create_organization(f"Beta {uuid4().hex[:8]}"))
    assert served.dcvd("domain", "show", domain_id, "--org", beta.name).returncode == 1
    assert served.dcvd("domain", "remove", domain_id, "--org", beta.name, "--yes").returncode == 1
    assert served.json("domain", "show", domain_id, "--org", owner.name)["domain"]["id"] == domain_id


def test_a_removed_domain_leaves_a_timeline_that_its_id_finds(
    served: House, owner: OrganizationView, name: str
) -> None:
    domain_id = served.json("domain", "add", name, "--org", owner.name)["domain"]["id"]
    asked = served.dcvd("domain", "remove", name)
    assert asked.returncode == 130  # nobody said yes
    removed = served.json("domain", "remove", name, "--yes")
    assert removed["domain"]["id"] == domain_id
    assert served.dcvd("domain", "show", name).returncode == 1
    entries = served.json("domain", "timeline", domain_id, "--org", owner.name, "--oldest")["timeline"]
    assert [entry["what"] for entry in entries if entry["kind"] == "request"] == ["added", "removed"]
    assert served.dcvd("domain", "timeline", domain_id).returncode == 1


def test_a_check_says_what_it_found_that_was_not_known_before(served: House, name: str) -> None:
    acme = served.given(lambda operations: operations.create_organization(f"Acme {uuid4().hex[:8]}"))
    served.json("domain", "add", name, "--org", acme.name)
    check = served.json("domain", "check", name)
    assert check["domain"]["domainName"] == name
    assert isinstance(check["fresh"], bool)
    text = served.dcvd("domain", "check", name)
    assert text.returncode == 0
    assert "To do" in text.stdout


def test_without_a_daemon_a_check_says_that_it_needs_one(house: House, name: str) -> None:
    house.given_a_database()
    done = house.dcvd("domain", "check", name, "--json")
    assert (done.returncode, msgspec.json.decode(done.stderr)["error"]["code"]) == (1, "daemon_needed")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (["--status", "odd"], 2),
        (["--actor", "me"], 2),
        (["--expiring", "soon"], 2),
        (["--label", "tier"], 2),
        (["--finding", "no_such_code"], 1),
        (["--org", "Nobody"], 1),
        (["--search", "x", "--sort", "expires"], 1),
        (["--limit", "0"], 2),
    ],
    ids=str,
)
def test_a_filter_that_makes_no_sense_is_refused_in_words(served: House, wrong: list[str], code: int) -> None:
    done = served.dcvd("domain", "list", *wrong)
    assert (done.returncode, done.stdout) == (code, "")
    assert "fault in dcvd" not in done.stderr


def test_every_filter_of_the_list_narrows_it(served: House) -> None:
    acme = served.given(lambda operations: operations.create_organization(f"Acme {uuid4().hex[:8]}"))

    def list_names(*filters: str) -> list[str]:
        found = served.json("domain", "list", "--org", acme.id, "--sort", "name", *filters)["domains"]
        return [each["domainName"] for each in found]

    first, second = f"a.{uuid4().hex[:8]}.com", f"b.{uuid4().hex[:8]}.org"
    served.json("domain", "add", second, "--org", acme.id)
    served.json("domain", "add", first, "--org", acme.id, "--label", "tier=gold", "--external-id", "7")
    for narrow in (["--label", "tier=gold"], ["--external-id", "7"], ["--search", first[:6]]):
        assert list_names(*narrow) == [first]
    for wide in (["--not-ready"], ["--status", "pending_cname"]):
        assert list_names(*wide) == [first, second]
    for none in (["--stuck"], ["--expiring", "14d"], ["--reason", "zone_hold"], ["--status", "active"]):
        assert list_names(*none) == []
    empty = served.dcvd("domain", "list", "--org", acme.id, "--stuck")
    assert (empty.returncode, empty.stdout, empty.stderr) == (0, "", f"{_NO_SUCH} --org and --stuck.\n")


def test_of_those_that_wait_who_waits_longest_comes_first_and_of_one_instant_by_name() -> None:
    def view(name: str, since: str) -> OperatorDomainView:
        members = dict.fromkeys(OperatorDomainView.__struct_fields__) | {"domain_name": name, "id": name}
        return OperatorDomainView(**members | {"reason": ReasonView("waiting", Awaited.NOBODY, since)})  # type: ignore[arg-type]  # only these count

    early, late = "2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"
    found = [view("c.test", late), view("b.test", early), view("a.test", late)]
    assert [each.domain_name for each in sorted(found, key=by_wait)] == ["b.test", "a.test", "c.test"]
