"""How tokens are limited, changed, rotated and used."""

from typing import Any

import pytest

from dcvd.core.instants import DAY, HOUR, SECOND, to_rfc3339
from dcvd.core.tokens.scopes import Scope
from dcvd.core.tokens.token import Role
from dcvd.services.context import Context
from dcvd.services.tokens import authentication, minting
from dcvd.services.tokens.rights import TokenLimits
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import NOW


async def minted(client: Client, **members: Any) -> dict[str, Any]:
    answer = await client.post("/api/tokens", {"name": "t", "role": "admin", **members})
    assert answer.status == 201, answer.body
    token: dict[str, Any] = answer.json["token"]
    return token


async def bearer(client: Client, **members: Any) -> Client:
    return client.as_bearer((await minted(client, **members))["token"])


async def test_whoami_says_what_the_token_may_do(owner: Client, organization: Organization) -> None:
    token = await minted(owner, scopes=["domains:read"], domains=["*.B.com", "a.com"], readOnly=True)
    shown = (await owner.as_bearer(token["token"]).get("/api/whoami")).json["caller"]
    assert shown == {
        "kind": "token",
        "id": token["id"],
        "orgId": organization.id,
        "role": "admin",
        "scopes": ["domains:read"],
        "domains": ["*.b.com", "a.com"],
        "readOnly": True,
        "allowedNetworks": None,
        "expiresAt": None,
        "link": None,
    }


@pytest.mark.parametrize(
    "members",
    [
        {"scopes": ["domains:read", "webhooks:read"]},
        {"scopes": None},
        {"domains": ["other.com"]},
        {"domains": ["a.com"]},
        {"domains": None},
        {"allowedNetworks": ["10.0.0.0/7"]},
        {"allowedNetworks": ["2001:db8::/32"]},
        {"allowedNetworks": None},
        {"role": "owner"},
    ],
)
async def test_nobody_mints_a_token_that_may_do_more_than_their_own(owner: Client, members: dict[str, Any]) -> None:
    client = await bearer(
        owner,
        scopes=["domains:read", "tokens:write"],
        domains=["*.a.com"],
        allowedNetworks=["10.0.0.0/8", "127.0.0.0/8"],
    )
    problem(await client.post("/api/tokens", {"name": "x", **members}), 403, "forbidden")


async def test_a_token_that_is_minted_without_limits_has_those_of_its_minter(owner: Client) -> None:
    limits = {"scopes": ["tokens:write"], "domains": ["*.a.com"], "allowedNetworks": ["127.0.0.0/8"]}
    child = await minted(await bearer(owner, **limits))
    assert {name: child[name] for name in limits} == limits


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["domains"]}, "scopes[0]"),
        ({"domains": []}, "domains"),
        ({"domains": ["*"]}, "domains"),
        ({"domains": ["dom_*"]}, "domains"),
        ({"domains": [f"{number}.a.com" for number in range(101)]}, "domains"),
        ({"allowedNetworks": ["10.0.0.1/8"]}, "allowedNetworks"),
        ({"allowedNetworks": ["anywhere"]}, "allowedNetworks"),
        ({"allowedNetworks": []}, "allowedNetworks"),
        ({"expiresAt": to_rfc3339(NOW)}, "expiresAt"),
    ],
)
@pytest.mark.sampled(3)
async def test_what_is_no_limit_is_refused(owner: Client, members: dict[str, Any], field: str) -> None:
    problem(await owner.post("/api/tokens", {"name": "x", **members}), 400, "invalid_input", field=field)


@pytest.mark.parametrize("entry", ["*.co.uk", "*.*.a.com", "a..com", "*.127.0.0.1"])
async def test_a_limit_names_what_can_be_a_domain(owner: Client, entry: str) -> None:
    answer = await owner.post("/api/tokens", {"name": "x", "domains": [entry]})
    problem(answer, 400, "hostname_invalid", field="domains")


async def test_a_token_works_from_the_networks_that_it_allows(owner: Client) -> None:
    inside = await bearer(owner, allowedNetworks=["127.0.0.0/8"])
    outside = await bearer(owner, allowedNetworks=["192.0.2.0/24"])
    assert (await inside.get("/api/domains")).status == 200
    problem(await outside.get("/api/domains"), 403, "network_not_allowed")


async def test_a_network_of_mapped_addresses_is_that_of_the_addresses_themselves(owner: Client) -> None:
    token = await minted(owner, allowedNetworks=["::ffff:127.0.0.0/104", "::ffff:192.0.2.1"])
    assert token["allowedNetworks"] == ["127.0.0.0/8", "192.0.2.1/32"]
    assert (await owner.as_bearer(token["token"]).get("/api/domains")).status == 200


async def test_a_name_and_an_expiry_can_be_changed(owner: Client, clock: ManualClock) -> None:
    token = await minted(owner)
    path, client = f"/api/tokens/{token['id']}", owner.as_bearer(token["token"])
    changed = (await owner.patch(path, {"name": "new", "expiresAt": to_rfc3339(NOW + DAY)})).json["token"]
    assert (changed["name"], changed["expiresAt"]) == ("new", "2027-01-16T08:00:00Z")
    assert (await client.get("/api/domains")).status == 200
    clock.advance(DAY)
    problem(await client.get("/api/domains"), 401, "unauthenticated")
    assert (await owner.patch(path, {"expiresAt": None})).json["token"]["expiresAt"] is None
    assert (await client.get("/api/domains")).status == 200


async def test_a_rotated_token_works_with_both_secrets_until_the_grace_ends(owner: Client, clock: ManualClock) -> None:
    token = await minted(owner)
    rotated = (await owner.post(f"/api/tokens/{token['id']}/rotate", {"graceSeconds": 60})).json["token"]
    assert rotated["id"] == token["id"]
    assert rotated["token"] != token["token"]
    old, new = owner.as_bearer(token["token"]), owner.as_bearer(rotated["token"])
    assert [(await client.get("/api/domains")).status for client in (old, new)] == [200, 200]
    clock.advance(60 * SECOND)
    assert [(await client.get("/api/domains")).status for client in (old, new)] == [401, 200]


async def test_a_token_can_rotate_itself_without_grace(owner: Client) -> None:
    token = await minted(owner)
    client = owner.as_bearer(token["token"])
    answer = await client.post(f"/api/tokens/{token['id']}/rotate", {"graceSeconds": 0})
    assert answer.status == 200
    problem(await client.get("/api/domains"), 401, "unauthenticated")
    assert (await owner.as_bearer(answer.json["token"]["token"]).get("/api/domains")).status == 200


async def test_nobody_takes_over_a_token_that_may_do_more_than_their_own(owner: Client) -> None:
    strong = await minted(owner)
    weak = await bearer(owner, scopes=["tokens:write"])
    problem(await weak.post(f"/api/tokens/{strong['id']}/rotate", {}), 403, "forbidden")
    problem(await weak.patch(f"/api/tokens/{strong['id']}", {"expiresAt": None}), 403, "forbidden")


async def test_all_tokens_below_ones_rank_can_be_revoked_at_once(owner: Client, admin: Client, member: Client) -> None:
    assert (await admin.post("/api/tokens/revoke-all", {"keepThis": True})).json == {"revoked": 1}
    assert [(await client.get("/api/domains")).status for client in (owner, admin, member)] == [200, 200, 401]
    assert (await owner.post("/api/tokens/revoke-all", {"keepThis": False})).json == {"revoked": 2}
    assert [(await client.get("/api/domains")).status for client in (owner, admin)] == [401, 401]


async def test_usage_counts_requests_and_errors_by_day_and_operation(
    owner: Client, clock: ManualClock, last_use: TokenUsage, context: Context
) -> None:
    token = await minted(owner)
    client = owner.as_bearer(token["token"])
    for _ in range(2):
        await client.get("/api/domains")
    await client.get("/api/domains/dom_none")
    await last_use.store(context)
    clock.advance(DAY)
    await client.get("/api/domains")
    usage = (await owner.get(f"/api/tokens/{token['id']}/usage")).json["usage"]
    assert (usage["requests"], usage["errors"], usage["lastAddress"]) == (4, 1, "127.0.0.1")
    assert usage["lastUsedAt"] == to_rfc3339(NOW + DAY)
    assert [(day["day"], day["operation"], day["requests"], day["errors"]) for day in usage["days"]] == [
        ("2027-01-16", "GET /api/domains", 1, 0),
        ("2027-01-15", "GET /api/domains", 2, 0),
        ("2027-01-15", "GET /api/domains/{domain_id}", 1, 1),
    ]


async def test_the_secret_before_the_last_rotation_but_one_is_dead(
    context: Context, organization: Organization, owner: Client
) -> None:
    token = await minted(owner)
    first = token["token"]
    for _ in range(2):
        answer = await owner.post(f"/api/tokens/{token['id']}/rotate", {"graceSeconds": HOUR // SECOND})
        assert answer.status == 200
    problem(await owner.as_bearer(first).get("/api/domains"), 401, "unauthenticated")


async def test_the_daemon_mints_for_an_address_of_ipv6_too(context: Context, organization: Organization) -> None:
    limits = TokenLimits(allowed_networks=["2001:db8::/32", "192.0.2.0/24"])
    token = await minting.create(context, organization.id, name="x", role=Role.MEMBER, expires_at=None, limits=limits)
    plain = token.plaintext.reveal()
    for address in ("2001:db8::1", "192.0.2.1", "::ffff:192.0.2.1"):
        assert (await authentication.KeptCallers(context).authenticate(plain, address)).id == token.token.id


async def test_whoever_names_no_scope_is_told_which_there_are(owner: Client) -> None:
    answer = await owner.post("/api/tokens", {"name": "x", "scopes": ["domains:read", "bogus"]})
    problem(answer, 400, "invalid_input", field="scopes[1]")
    assert ", ".join(Scope) in answer.body.decode()
