"""`/api/tokens`."""

import pytest

from dcvd.core.instants import DAY, MINUTE, to_rfc3339
from dcvd.core.tokens.token import Role
from dcvd.services.context import Context
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import NOW


async def test_a_minted_token_shows_its_plain_text_and_where_it_is(owner: Client, organization: Organization) -> None:
    answer = await owner.post("/api/tokens", {"name": " ci ", "role": "admin", "expiresAt": to_rfc3339(NOW + DAY)})
    assert answer.status == 201
    token = answer.json["token"]
    assert answer.headers["Location"] == f"/api/tokens/{token['id']}"
    assert token.pop("id").startswith("token_")
    assert token.pop("token").startswith("dcv_live_")
    assert token.pop("mintedBy").startswith("token_")
    assert token == {
        "orgId": organization.id,
        "name": "ci",
        "role": "admin",
        "createdAt": "2027-01-15T08:00:00Z",
        "expiresAt": "2027-01-16T08:00:00Z",
        "lastUsedAt": None,
        "memberId": None,
        "lastAddress": None,
        "previousExpiresAt": None,
        "scopes": None,
        "domains": None,
        "readOnly": False,
        "allowedNetworks": None,
    }


async def test_a_minted_token_works_with_its_role_which_is_member_unless_told_otherwise(
    owner: Client, anybody: Client
) -> None:
    minted = (await owner.post("/api/tokens", {"name": "reader"})).json["token"]
    assert minted["role"] == "member"
    assert minted["expiresAt"] is None
    client = anybody.as_bearer(minted["token"])
    assert (await client.get("/api/domains")).status == 200
    problem(await client.post("/api/domains", {"domainName": "app.customer.com"}), 403, "forbidden")


async def test_nobody_mints_above_their_own_role(admin: Client, owner: Client) -> None:
    problem(await admin.post("/api/tokens", {"name": "x", "role": "owner"}), 403, "forbidden")
    assert (await admin.post("/api/tokens", {"name": "x", "role": "admin"})).status == 201
    assert (await owner.post("/api/tokens", {"name": "x", "role": "owner"})).status == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": None}, "name"),
        ({"name": "x", "role": None}, "role"),
        ({"name": "x", "role": "Owner"}, "role"),
        ({"name": "x", "expiresAt": 1_900_000_000}, "expiresAt"),
        ({"name": "x", "expiresAt": "tomorrow"}, "expiresAt"),
        ({"name": "x", "expiresAt": "2028-02-30T00:00:00Z"}, "expiresAt"),
        ({"name": "x", "expiresAt": "2028-01-01T00:00:00"}, "expiresAt"),
        ({"name": "x", "expiresAt": to_rfc3339(NOW)}, "expiresAt"),
        ({"name": "x", "expiresAt": "0001-01-01T00:00:00+23:59"}, "expiresAt"),
    ],
)
async def test_a_bad_token_is_refused_naming_the_field(owner: Client, body: object, field: str) -> None:
    before = (await owner.get("/api/tokens")).json
    problem(await owner.post("/api/tokens", body), 400, "invalid_input", field=field)
    assert (await owner.get("/api/tokens")).json == before


async def test_the_latest_instant_that_can_be_written_is_an_expiry(owner: Client) -> None:
    answer = await owner.post("/api/tokens", {"name": "x", "expiresAt": "9999-12-31T23:59:59-23:59"})
    assert answer.status == 201


async def test_the_list_never_shows_a_token_nor_a_part_of_it(owner: Client, clock: ManualClock) -> None:
    clock.advance(1)
    minted = (await owner.post("/api/tokens", {"name": "ci"})).json["token"]
    answer = await owner.get("/api/tokens")
    assert minted["token"].encode() not in answer.body
    assert b"dcv_live" not in answer.body
    newest = answer.json["tokens"][0]
    assert newest["id"] == minted["id"]
    assert set(newest) == set(minted) - {"token"}


async def test_the_last_use_is_shown_before_it_is_stored_and_after(
    owner: Client, clock: ManualClock, last_use: TokenUsage, context: Context
) -> None:
    clock.advance(MINUTE)
    shown = (await owner.get("/api/tokens")).json["tokens"][0]["lastUsedAt"]
    assert shown == "2027-01-15T08:01:00Z"
    await last_use.store(context)
    clock.advance(MINUTE)
    assert (await owner.get("/api/tokens")).json["tokens"][0]["lastUsedAt"] == "2027-01-15T08:02:00Z"


async def test_a_refused_write_counts_as_a_use_but_a_refused_token_does_not(
    anybody: Client, owner: Client, clock: ManualClock
) -> None:
    minted = (await owner.post("/api/tokens", {"name": "reader"})).json["token"]
    clock.advance(MINUTE)
    problem(await anybody.as_bearer(minted["token"]).post("/api/domains", {}), 403, "forbidden")
    clock.advance(MINUTE)
    problem(await anybody.as_bearer(minted["token"] + "0").get("/api/domains"), 401, "unauthenticated")
    listed = {token["id"]: token for token in (await owner.get("/api/tokens")).json["tokens"]}
    assert listed[minted["id"]]["lastUsedAt"] == "2027-01-15T08:01:00Z"


async def test_another_organizations_token_looks_as_if_it_did_not_exist(owner: Client, stranger: Client) -> None:
    minted = (await owner.post("/api/tokens", {"name": "ci"})).json["token"]
    theirs = problem(await stranger.delete(f"/api/tokens/{minted['id']}"), 404, "not_found")
    missing = problem(await stranger.delete("/api/tokens/token_missing"), 404, "not_found")
    assert theirs["detail"].replace(minted["id"], "token_missing") == missing["detail"]
    assert minted["id"] in str((await owner.get("/api/tokens")).json)
    assert minted["id"] not in str((await stranger.get("/api/tokens")).json)


async def test_a_token_can_revoke_itself_and_is_then_unknown(owner: Client) -> None:
    own = (await owner.get("/api/tokens")).json["tokens"][0]["id"]
    answer = await owner.delete(f"/api/tokens/{own}")
    assert answer.status == 204
    assert answer.body == b""
    problem(await owner.delete(f"/api/tokens/{own}"), 401, "unauthenticated")


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_can_be_listed(owner: Client, clock: ManualClock, role: Role) -> None:
    clock.advance(1)
    await owner.post("/api/tokens", {"name": "x", "role": role})
    assert (await owner.get("/api/tokens")).json["tokens"][0]["role"] == role
