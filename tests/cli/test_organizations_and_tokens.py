"""`dcvd org` and `dcvd token` say and do the same whether a daemon runs or not."""

import re
import sqlite3
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from dcvd.api.operators.view import OrganizationView
from dcvd.api.tokens.view import TokenView
from dcvd.cli.operations import Operations
from dcvd.core.instants import DAY, HOUR, from_rfc3339
from dcvd.core.tokens.token import Role
from dcvd.store.engine.paging import MAX_LIMIT
from tests.cli.conftest import ServedHouse
from tests.cli.processes import House


@pytest.fixture
def name() -> str:
    """Of an organization that no other test has."""
    return f"Acme & Söhne {uuid4().hex[:8]}"


@pytest.fixture
def acme(either: House, name: str) -> OrganizationView:
    """An organization that is there already."""
    return either.given(lambda operations: operations.create_organization(name))


def test_a_created_organization_is_printed_whole(either: House, name: str) -> None:
    created = either.json("org", "create", name)
    assert list(created) == ["organization"]
    assert set(created["organization"]) == {"id", "name", "createdAt"}
    assert created["organization"]["name"] == name


def test_organizations_are_listed_for_programs(either: House, acme: OrganizationView) -> None:
    listed = either.json("org", "list")["organizations"]
    (shown,) = [each for each in listed if each["id"] == acme.id]
    identity = {"id": acme.id, "name": acme.name, "createdAt": acme.created_at, "status": "active"}
    assert {name: shown[name] for name in identity} == identity
    assert (shown["domains"], shown["deadJobs"], shown["lastEventAt"]) == (0, 0, None)


def test_an_organization_is_shown_renamed_suspended_and_resumed(either: House, acme: OrganizationView) -> None:
    shown = either.json("org", "show", acme.name)["organization"]
    assert (shown["id"], shown["status"], shown["counts"]["domains"]) == (acme.id, "active", 0)
    assert either.json("org", "suspend", acme.name)["organization"]["status"] == "suspended"
    assert either.json("org", "resume", acme.id)["organization"]["status"] == "active"
    renamed = either.json("org", "rename", acme.id, f"{acme.name} 2")["organization"]
    assert (renamed["id"], renamed["name"]) == (acme.id, f"{acme.name} 2")


def test_quotas_are_set_and_go_back_to_what_is_configured(either: House, acme: OrganizationView) -> None:
    done = either.dcvd("org", "quota", acme.name, "domains=5000", "tokens=0")
    facts = {line.split("  ")[0].strip(): line for line in done.stdout.splitlines() if line}
    assert re.split(" {2,}", facts["domains"]) == ["domains", "0", "5000", "its own"]
    assert re.split(" {2,}", facts["tokens"]) == ["tokens", "0", "no limit", "its own"]
    back = either.json("org", "quota", acme.name, "domains=default")["organization"]
    assert back["ownQuotas"] == {"tokens": 0}
    wrong = either.dcvd("org", "quota", acme.name, "cats=1")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "There is no quota 'cats'" in wrong.stderr
    assert either.dcvd("org", "quota", acme.name, "domains:5").returncode == 2


def test_organizations_are_listed_for_eyes(house: House, name: str) -> None:
    house.given_a_database()
    empty = house.dcvd("org", "list")
    assert (empty.returncode, empty.stdout, empty.stderr) == (
        0,
        "",
        "There are no organizations yet: dcvd org create NAME\n",
    )
    acme = house.given(lambda operations: operations.create_organization(name))
    head, row = house.dcvd("org", "list").stdout.splitlines()
    assert head.split()[:5] == ["NAME", "ID", "STATUS", "DOMAINS", "READY"]
    assert re.fullmatch(rf"{re.escape(name)}  {acme.id}  active +0 +0 +0 +0 +0 +0 +never", row)
    _, wide = house.dcvd("org", "list", "-o", "wide").stdout.splitlines()
    assert re.fullmatch(
        rf"{re.escape(name)}  {acme.id}  active .* never +0 +never +\d{{4}}-\d\d-\d\d \d\d:\d\d UTC", wide
    )


def test_a_second_organization_of_the_same_name_is_refused_in_one_sentence(
    either: House, acme: OrganizationView
) -> None:
    again = either.dcvd("org", "create", acme.name)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == f"There is already an organization named {acme.name!r}.\n"


def test_a_token_is_shown_once_and_then_only_listed(either: House, acme: OrganizationView) -> None:
    minted = either.json("token", "create", "--org", acme.name, "--name", "ci", "--expires-in", "90d")["token"]
    assert re.fullmatch("dcv_live_[0-9a-f]{32}", minted.pop("token"))
    assert (minted["name"], minted["role"], minted["orgId"]) == ("ci", "owner", acme.id)
    assert from_rfc3339(minted["expiresAt"]) - from_rfc3339(minted["createdAt"]) == pytest.approx(90 * DAY, abs=10_000)
    listed = either.json("token", "list", "--org", acme.id)
    assert listed == {"tokens": [{**minted, "lastUsedAt": None}]}


def test_a_token_for_eyes_comes_with_what_it_is_and_a_warning(house: House) -> None:
    house.given(lambda operations: operations.create_organization("Acme"))
    done = house.dcvd("token", "create", "--org", "Acme", "--name", "reports", "--role", "member")
    assert done.returncode == 0
    facts = dict(re.split(" {2,}", line, maxsplit=1) for line in done.stdout.splitlines())
    assert facts["Token"].startswith("dcv_live_")
    assert (facts["Name"], facts["Role"], facts["Expires"]) == ("reports", "member", "never")
    assert done.stderr == "Keep the token safe: it cannot be shown again.\n"

    head, row = house.dcvd("token", "list", "--org", "Acme").stdout.splitlines()
    assert re.split(" {2,}", head) == ["NAME", "ROLE", "ID", "CREATED", "EXPIRES", "LAST USED"]
    assert re.split(" {2,}", row)[:3] == ["reports", "member", facts["Id"]]


def test_a_revoked_token_is_gone_and_cannot_be_revoked_twice(either: House, acme: OrganizationView) -> None:
    token = either.given(
        lambda operations: operations.create_token(acme.id, name="ci", role=Role.ADMIN, expires_at=None)
    )
    done = either.dcvd("token", "revoke", "--org", acme.name, token.id)
    assert (done.returncode, done.stdout) == (0, f"Revoked {token.id} of {acme.name}.\n")
    again = either.dcvd("token", "revoke", "--org", acme.name, token.id)
    said = f"There is no token {token.id}; `dcvd token list` shows those that exist.\n"
    assert (again.returncode, again.stdout, again.stderr) == (1, "", said)


def test_an_expired_token_is_marked_for_eyes(house: House) -> None:
    async def mint(operations: Operations) -> None:
        acme = await operations.create_organization("Acme")
        tomorrow = time.time_ns() // 1_000_000 + DAY
        await operations.create_token(acme.id, name="short", role=Role.MEMBER, expires_at=tomorrow)
        await operations.create_token(acme.id, name="long", role=Role.MEMBER, expires_at=tomorrow)

    house.given(mint)
    with closing(sqlite3.connect(house.database)) as connection, connection:
        connection.execute("UPDATE api_tokens SET expires_at = expires_at - ? WHERE name = 'short'", (2 * DAY,))
    _, *rows = house.dcvd("token", "list", "--org", "Acme").stdout.splitlines()
    expires = {row.split()[0]: re.split(" {2,}", row)[4] for row in rows}
    assert re.fullmatch(r"expired 2\d h ago", expires["short"])
    assert re.fullmatch(r"in 2\d h", expires["long"])


def test_an_unknown_organization_is_named(house: House) -> None:
    house.given_a_database()
    done = house.dcvd("token", "list", "--org", "Nobody/..")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no organization 'Nobody/..'; `dcvd org list` shows those that exist.\n"


def test_more_tokens_than_a_page_holds_are_all_listed(house: House) -> None:
    house.config.write_text(f"{house.config.read_text()}\n[limits]\ntokens = 0\n")

    async def mint_many(operations: Operations) -> list[TokenView]:
        acme = await operations.create_organization("Acme")
        await operations.change_organization(acme.id, name=None, quotas={"tokens": 0})
        for number in range(MAX_LIMIT + 1):
            await operations.create_token(acme.id, name=str(number), role=Role.MEMBER, expires_at=None)
        return (await operations.list_tokens(acme.id)).items

    assert {token.name for token in house.given(mint_many)} == {str(number) for number in range(MAX_LIMIT + 1)}


def test_a_quiet_token_stands_alone_and_opens_the_running_api(served: ServedHouse, name: str) -> None:
    served.given(lambda operations: operations.create_organization(name))
    done = served.dcvd("token", "create", "--org", name, "--name", "ci", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch("dcv_live_[0-9a-f]{32}\n", done.stdout)
    request = urllib.request.Request(
        f"{served.url}/api/domains", headers={"Authorization": f"Bearer {done.stdout.strip()}"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        assert response.status == 200


def test_an_organization_is_exported_and_then_deleted(either: House, acme: OrganizationView) -> None:
    exported = either.dcvd("org", "export", acme.name)
    assert exported.returncode == 0
    assert msgspec.json.decode(exported.stdout.splitlines()[0])["row"]["id"] == acme.id
    refused = either.dcvd("org", "delete", acme.name)
    assert refused.returncode != 0
    assert either.json("org", "show", acme.id)["organization"]["status"] == "active"
    deleted = either.json("org", "delete", acme.name, "--yes")["organization"]
    assert (deleted["id"], deleted["status"]) == (acme.id, "deleting")


def test_people_are_invited_listed_changed_and_removed(either: House, acme: OrganizationView) -> None:
    invited = either.json("member", "invite", "--org", acme.name, "Boss@example.com", "--role", "owner")["member"]
    assert invited["inviteToken"].startswith("dcv_invite_")
    listed = either.json("member", "list", "--org", acme.id)["members"]
    assert [(each["address"], each["role"], each["status"]) for each in listed] == [
        ("boss@example.com", "owner", "invited")
    ]
    changed = either.json("member", "change", "--org", acme.name, invited["id"], "--role", "admin")["member"]
    assert (changed["role"], changed["status"]) == ("admin", "invited")
    again = either.json("member", "invite-again", "--org", acme.name, invited["id"])["member"]
    assert again["inviteToken"] != invited["inviteToken"]
    removed = either.dcvd("member", "remove", "--org", acme.name, invited["id"])
    assert (removed.returncode, removed.stdout) == (0, f"Removed {invited['id']}.\n")
    assert either.json("member", "list", "--org", acme.id) == {"members": []}


def test_a_token_is_renamed_and_its_expiry_changed(either: House, acme: OrganizationView) -> None:
    minted = either.json("token", "create", "--org", acme.name, "--name", "ci", "--expires-in", "1d")["token"]
    to_change = ("token", "change", "--org", acme.name, minted["id"])
    renamed = either.json(*to_change, "--name", "deployment")["token"]
    assert (renamed["name"], renamed["expiresAt"]) == ("deployment", minted["expiresAt"])
    prolonged = either.json(*to_change, "--expires-in", "90d")["token"]
    assert from_rfc3339(prolonged["expiresAt"]) - from_rfc3339(minted["expiresAt"]) >= 88 * DAY
    shown = either.dcvd(*to_change, "--never-expires")
    facts = {line.split("  ")[0].strip(): line.split("  ")[-1].strip() for line in shown.stdout.splitlines() if line}
    assert (facts["Name"], facts["Expires"]) == ("deployment", "never")
    assert "Token" not in facts
    for wrong in ([], ["--never-expires", "--expires-in", "1d"]):
        assert either.dcvd(*to_change, *wrong).returncode == 2


def test_a_token_may_belong_to_an_active_member(either: House, acme: OrganizationView) -> None:
    async def join(operations: Operations) -> str:
        return (await operations.invite_member(acme.id, "ann@acme.example", Role.ADMIN)).id

    member_id = either.given(join)
    refused = either.dcvd("token", "create", "--org", acme.name, "--name", "x", "--member", member_id)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "only an active one has tokens" in refused.stderr


def test_zones_are_added_listed_checked_and_removed(either: House, acme: OrganizationView) -> None:
    name = f"zone-{uuid4().hex}.customer.com"
    added = either.json("zone", "add", "--org", acme.name, name.upper())["zone"]
    assert (added["name"], added["status"], added["record"]["name"]) == (name, "pending", f"_dcvd.{name}")
    assert either.dcvd("zone", "add", "--org", acme.name, name).returncode == 1
    assert either.dcvd("zone", "add", "--org", acme.name, "github.io").returncode == 1
    (listed,) = either.json("zone", "list", "--org", acme.id)["zones"]
    assert listed["id"] == added["id"]
    shown = either.dcvd("zone", "check", "--org", acme.name, name)
    assert added["record"]["value"] in shown.stdout
    assert either.json("zone", "check", "--org", acme.name, added["id"])["zone"]["id"] == added["id"]
    removed = either.dcvd("zone", "remove", "--org", acme.name, f"{name}.")
    assert (removed.returncode, removed.stdout) == (0, f"Removed {name}.\n")
    missing = either.dcvd("zone", "remove", "--org", acme.name, name)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert either.json("zone", "list", "--org", acme.id) == {"zones": []}


def test_branding_is_shown_changed_and_unset(either: House, acme: OrganizationView) -> None:
    unset_names = ("name", "primaryColor", "backgroundColor", "language", "returnUrl", "logoUrl")
    nothing: dict[str, object] = {**dict.fromkeys(unset_names), "embedOrigins": []}
    assert either.json("org", "branding", "show", acme.name) == {"branding": nothing}
    given = ("--name", "Acme Pages", "--primary-color", "#0F62FE", "--return-url", "https://acme.example/")
    changed = either.json("org", "branding", "set", acme.id, *given)["branding"]
    expected = {"name": "Acme Pages", "primaryColor": "#0f62fe", "returnUrl": "https://acme.example/"}
    assert changed == {**nothing, **expected}
    unset = either.dcvd("org", "branding", "set", acme.name, "--name", "")
    facts = {line.split("  ")[0].strip(): line.split("  ")[-1].strip() for line in unset.stdout.splitlines() if line}
    assert (facts["Name"], facts["Primary"]) == ("not set", "#0f62fe")
    origins = ["--embed-origin", "https://app.acme.example", "--embed-origin", "http://localhost:3000"]
    framed = either.json("org", "branding", "set", acme.name, *origins)["branding"]
    assert framed["embedOrigins"] == ["https://app.acme.example", "http://localhost:3000"]
    assert either.json("org", "branding", "set", acme.name, "--embed-origin", "")["branding"]["embedOrigins"] == []
    for wrong in (
        ["--language", "no language"],
        ["--return-url", "javascript:alert(1)"],
        ["--embed-origin", "http://acme.example"],
    ):
        assert either.dcvd("org", "branding", "set", acme.name, *wrong).returncode == 1
    assert either.dcvd("org", "branding", "set", acme.name).returncode == 2


def test_a_logo_is_fetched_by_the_guarded_way_alone_and_can_be_removed(either: House, acme: OrganizationView) -> None:
    refused = either.dcvd("org", "branding", "logo", acme.name, "http://169.254.169.254/logo.png")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "The logo was not taken" in refused.stderr
    assert either.json("org", "branding", "logo", acme.name, "--remove")["branding"]["logoUrl"] is None
    for wrong in ([], ["https://acme.example/logo.png", "--remove"]):
        assert either.dcvd("org", "branding", "logo", acme.name, *wrong).returncode == 2


def test_links_are_created_listed_and_revoked(either: House, acme: OrganizationView) -> None:
    created = either.json("link", "create", "--org", acme.name, "--new", "--expires-in", "2h")["link"]
    assert (created["purpose"], created["domainId"]) == ("new", None)
    assert created["token"].startswith("dcv_link_")
    assert from_rfc3339(created["expiresAt"]) - from_rfc3339(created["createdAt"]) == 2 * HOUR
    (listed,) = either.json("link", "list", "--org", acme.id)["links"]
    assert (listed["id"], listed["status"], "token" in listed) == (created["id"], "active", False)
    revoked = either.dcvd("link", "revoke", "--org", acme.name, created["id"])
    assert (revoked.returncode, revoked.stdout) == (0, f"Revoked {created['id']}.\n")
    assert either.json("link", "list", "--org", acme.id) == {"links": []}


def test_a_link_is_for_a_domain_by_its_name_or_its_id(either: House, acme: OrganizationView, tmp_path: Path) -> None:
    name, file = f"{uuid4().hex}.customer.com", tmp_path / "names.txt"
    file.write_text(f"{name}\n")
    assert either.dcvd("domain", "import", str(file), "--org", acme.name).returncode == 0
    by_name = either.json("link", "create", "--org", acme.name, name)["link"]
    by_id = either.json("link", "create", "--org", acme.name, by_name["domainId"])["link"]
    assert by_id["domainId"] == by_name["domainId"] is not None
    quiet = either.dcvd("link", "create", "--org", acme.name, name, "--quiet")
    assert "dcv_link_" in quiet.stdout
    missing = either.dcvd("link", "create", "--org", acme.name, "www.nobody.com")
    assert (missing.returncode, missing.stderr) == (1, "The organization has no domain www.nobody.com.\n")
    for wrong in ([], [name, "--new"], [name, "--expires-in", "59s"]):
        assert either.dcvd("link", "create", "--org", acme.name, *wrong).returncode == 2
    assert either.dcvd("link", "revoke", "--org", acme.name, "token_x").returncode == 2
