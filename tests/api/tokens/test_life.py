"""How long a token lives, and each of its secrets: nobody prolongs what they were given for a while."""

import asyncio
from typing import Any

import pytest

from dcvd.core.instants import DAY, HOUR, SECOND, to_rfc3339
from dcvd.core.tokens.token import Role
from dcvd.errors import Unauthenticated
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.events.feed import EventFeed
from dcvd.services.tokens import authentication, changes
from dcvd.store.organizations.organizations import Organization
from tests.api.tokens.test_revocation import begin_long_poll
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.fixtures import Mint
from tests.served_app.stand_ins import NOW

TOMORROW = to_rfc3339(NOW + DAY)
LATER = to_rfc3339(NOW + 2 * DAY)


@pytest.fixture
async def guest(owner: Client) -> Client:
    """The bearer of an owner's token for a day."""
    token = await mint_token(owner, expiresAt=TOMORROW)
    return owner.as_bearer(token["token"])


async def mint_token(client: Client, **members: Any) -> dict[str, Any]:
    answer = await client.post("/api/tokens", {"name": "t", "role": "owner", **members})
    assert answer.status == 201, answer.body
    token: dict[str, Any] = answer.json["token"]
    return token


async def rotate(client: Client, token_id: str, grace_seconds: int = HOUR // SECOND) -> str:
    answer = await client.post(f"/api/tokens/{token_id}/rotate", {"graceSeconds": grace_seconds})
    assert answer.status == 200, answer.body
    return str(answer.json["token"]["token"])


async def own_id(client: Client) -> str:
    return str((await client.get("/api/whoami")).json["caller"]["id"])


@pytest.mark.parametrize("expires_at", [LATER, None])
async def test_nobody_mints_a_token_that_lives_longer_than_their_own(guest: Client, expires_at: str | None) -> None:
    problem(await guest.post("/api/tokens", {"name": "x", "expiresAt": expires_at}), 403, "forbidden")
    assert (await mint_token(guest, expiresAt=TOMORROW))["expiresAt"] == TOMORROW


async def test_a_token_that_is_minted_without_an_expiry_ends_with_its_minter(guest: Client, owner: Client) -> None:
    assert (await mint_token(guest))["expiresAt"] == TOMORROW
    assert (await mint_token(owner))["expiresAt"] is None


@pytest.mark.parametrize("expires_at", [LATER, None])
async def test_a_token_prolongs_neither_its_own_life_nor_that_of_another(guest: Client, expires_at: str | None) -> None:
    for token_id in (await own_id(guest), (await mint_token(guest))["id"]):
        problem(await guest.patch(f"/api/tokens/{token_id}", {"expiresAt": expires_at}), 403, "forbidden")


async def test_a_token_shortens_its_own_life(guest: Client) -> None:
    sooner = to_rfc3339(NOW + HOUR)
    changed = await guest.patch(f"/api/tokens/{await own_id(guest)}", {"name": "n", "expiresAt": sooner})
    assert changed.json["token"]["expiresAt"] == sooner


async def test_nobody_takes_over_a_token_that_lives_longer_than_their_own(guest: Client, owner: Client) -> None:
    lasting = await mint_token(owner)
    problem(await guest.post(f"/api/tokens/{lasting['id']}/rotate", {}), 403, "forbidden")
    assert (await guest.delete(f"/api/tokens/{lasting['id']}")).status == 204


async def test_a_token_that_expires_can_rotate_itself(guest: Client) -> None:
    token_id = await own_id(guest)
    renewed = guest.as_bearer(await rotate(guest, token_id))
    assert (await renewed.get("/api/whoami")).json["caller"]["expiresAt"] == TOMORROW


async def test_the_secret_before_a_rotation_ends_with_its_grace_whatever_it_is_used_for(owner: Client) -> None:
    """Whoever stole the secret for which it was rotated gets no other one by it."""
    token = await mint_token(owner)
    await rotate(owner, token["id"])
    old = owner.as_bearer(token["token"])
    end = to_rfc3339(NOW + HOUR)
    assert (await old.get("/api/whoami")).json["caller"]["expiresAt"] == end
    problem(await old.post(f"/api/tokens/{token['id']}/rotate", {"graceSeconds": 0}), 403, "forbidden")
    problem(await old.patch(f"/api/tokens/{token['id']}", {"expiresAt": LATER}), 403, "forbidden")
    problem(await old.post("/api/tokens", {"name": "x", "expiresAt": LATER}), 403, "forbidden")
    assert (await mint_token(old))["expiresAt"] == end


async def test_nothing_is_stored_with_a_secret_after_its_grace(
    context: Context, organization: Organization, mint: Mint, clock: ManualClock
) -> None:
    secret = await mint(Role.ADMIN)
    caller = await authentication.KeptCallers(context).authenticate(secret)
    await changes.rotate(context, organization.id, caller.id, grace_ms=HOUR)
    old = authentication.act_as(context, await authentication.KeptCallers(context).authenticate(secret))
    clock.advance(HOUR)
    with pytest.raises(Unauthenticated):
        await additions.add(old, organization.id, "www.customer.com")


async def test_nothing_is_stored_with_a_secret_that_a_second_rotation_ended(
    context: Context, organization: Organization, mint: Mint, clock: ManualClock
) -> None:
    secret = await mint(Role.ADMIN)
    caller = await authentication.KeptCallers(context).authenticate(secret)
    await changes.rotate(context, organization.id, caller.id, grace_ms=HOUR)
    old = authentication.act_as(context, await authentication.KeptCallers(context).authenticate(secret))
    present = authentication.act_as(context, caller)
    clock.advance(SECOND)
    await changes.rotate(context, organization.id, caller.id, grace_ms=HOUR)
    with pytest.raises(Unauthenticated):
        await additions.add(old, organization.id, "old.customer.com")
    assert (await additions.add(present, organization.id, "present.customer.com")).name == "present.customer.com"


async def test_a_token_that_rotates_itself_again_gets_an_answer_that_was_lost(
    owner: Client, clock: ManualClock
) -> None:
    token = await mint_token(owner)
    renewed = owner.as_bearer(await rotate(owner.as_bearer(token["token"]), token["id"]))
    clock.advance(SECOND)
    answers = [
        await renewed.post(f"/api/tokens/{token['id']}/rotate", {}, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json == answers[1].json


async def test_the_long_poll_of_a_rotated_secret_ends_with_its_grace(
    context: Context, organization: Organization, anybody: Client, mint: Mint, feed: EventFeed
) -> None:
    secret = await mint(Role.MEMBER)
    caller = await authentication.KeptCallers(context).authenticate(secret)
    await changes.rotate(context, organization.id, caller.id, grace_ms=200)
    polling = await begin_long_poll(anybody.as_bearer(secret), feed)
    async with asyncio.timeout(5):
        problem(await polling, 401, "unauthenticated")


async def test_the_long_poll_of_a_secret_ends_when_a_second_rotation_ends_the_secret(
    owner: Client, feed: EventFeed
) -> None:
    token = await mint_token(owner)
    await rotate(owner, token["id"])
    polling = await begin_long_poll(owner.as_bearer(token["token"]), feed)
    await rotate(owner, token["id"])
    async with asyncio.timeout(5):
        problem(await polling, 401, "unauthenticated")
