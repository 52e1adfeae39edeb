"""A state is good for one answer, of one token, from one provider, at one redirect URI, for ten minutes."""

import asyncio
import threading

import pytest
from aiohttp import web

from dcvd.core.connections.connection import Provider
from dcvd.core.connections.oauth import STATE_LIFETIME_MS, hash_state
from dcvd.core.instants import MINUTE
from dcvd.core.secret import Secret
from dcvd.services.connections import code_exchange
from dcvd.store.engine.transactions import Transaction
from tests.api.oauth.flow import Flow
from tests.manual_clock import ManualClock
from tests.oauth.servers import OURS, TENANTS
from tests.oauth.strict import Strict
from tests.served_app.client import Client, problem
from tests.served_app.fixtures import EventDict, Mint
from tests.unreliable_database import Fate, UnreliableDatabase, strike
from tests.waiting import until

pytestmark = pytest.mark.parametrize("server", ["ours"], indirect=True)


async def test_a_verifier_that_was_moved_from_another_state_is_not_sent(flow: Flow) -> None:
    parameters = await flow.consented(redirectUri=TENANTS)
    other = await flow.begin(redirectUri=TENANTS)
    await flow.context.database.write(
        lambda tx: tx.execute(
            "UPDATE oauth_states SET sealed_verifier = (SELECT sealed_verifier FROM oauth_states WHERE state_hash = ?)"
            " WHERE state_hash = ?",
            (hash_state(other["state"]), hash_state(parameters["state"])),
        )
    )
    problem(await flow.exchange(parameters), 400, "invalid_state", field="state")
    assert flow.client.secrets == set()
    await flow.assert_nothing_is_kept()


async def test_a_state_that_is_not_ours_is_refused(flow: Flow) -> None:
    parameters = await flow.consented(redirectUri=TENANTS)
    for wrong in ("x", parameters["state"][:-1], parameters["state"] + "A", "\u00e9" * 50):
        problem(await flow.exchange({**parameters, "state": wrong}), 400, "invalid_state", field="state")
    answer = await flow.exchange({name: value for name, value in parameters.items() if name != "state"})
    assert "/api/oauth/authorize" in problem(answer, 400, "state_missing", field="state")["detail"]
    await flow.assert_nothing_is_kept()


async def test_of_two_at_once_with_one_state_only_one_connects(flow: Flow) -> None:
    parameters = await flow.consented(redirectUri=TENANTS)
    answers = await asyncio.gather(*[flow.exchange(parameters) for _ in range(5)])
    assert sorted(answer.status for answer in answers) == [201, 400, 400, 400, 400]
    assert {answer.json["code"] for answer in answers if answer.status == 400} == {"invalid_state"}
    assert await flow.kept() == 1
    assert len(flow.client.granted) == 1


async def test_another_organization_can_neither_use_a_state_nor_use_it_up(flow: Flow, stranger: Client) -> None:
    parameters = await flow.consented(redirectUri=TENANTS)
    problem(await flow.exchange(parameters, stranger), 400, "invalid_state", field="state")
    await flow.assert_nothing_is_kept()
    assert (await flow.exchange(parameters)).status == 201


async def test_another_token_of_the_organization_cannot_use_a_state_and_ends_it(flow: Flow, admin: Client) -> None:
    parameters = await flow.consented(redirectUri=TENANTS)
    problem(await flow.exchange(parameters, admin), 400, "invalid_state", field="state")
    problem(await flow.exchange(parameters), 400, "invalid_state", field="state")
    await flow.assert_nothing_is_kept()


async def test_an_answer_at_another_providers_address_is_refused(flow: Flow) -> None:
    parameters = await flow.consented()
    page = await flow.callback(parameters, "cloudflare")
    assert (page.status, "Not connected" in page.body.decode()) == (400, True)
    parameters = await flow.consented(redirectUri=TENANTS)
    problem(await flow.exchange(parameters, provider="cloudflare"), 400, "invalid_state", field="state")
    await flow.assert_nothing_is_kept()


async def test_a_state_ends_after_ten_minutes(flow: Flow, clock: ManualClock) -> None:
    late, in_time = [await flow.consented(redirectUri=TENANTS) for _ in range(2)]
    assert STATE_LIFETIME_MS == 10 * MINUTE
    clock.advance(STATE_LIFETIME_MS - 1)
    assert (await flow.exchange(in_time)).status == 201
    clock.advance(1)
    problem(await flow.exchange(late), 400, "invalid_state", field="state")
    assert await flow.kept() == 1


async def test_an_answer_is_of_use_only_with_the_redirect_uri_that_it_was_begun_with(flow: Flow) -> None:
    parameters = await flow.consented(redirectUri=TENANTS)
    problem(await flow.exchange(parameters, redirectUri=OURS), 400, "invalid_state", field="state")
    problem(await flow.exchange(parameters), 400, "invalid_state", field="state")
    await flow.assert_nothing_is_kept()


async def test_the_answer_for_a_tenants_page_is_of_no_use_at_our_own_address(flow: Flow) -> None:
    page = await flow.callback(await flow.consented(redirectUri=TENANTS))
    assert page.status == 400
    await flow.assert_nothing_is_kept()


async def test_a_token_that_the_providers_own_api_refuses_is_given_back(flow: Flow) -> None:
    flow.account.status = 401
    answer = await flow.exchange(await flow.consented(redirectUri=TENANTS))
    problem(answer, 400, answer.json["code"], field="code")
    assert len(flow.client.granted) == 1
    await flow.assert_nothing_is_kept()


@pytest.mark.parametrize("step", ["the exchange", "what comes after it"])
async def test_whoever_is_cut_off_after_the_state_was_used_begins_again_and_what_was_granted_is_given_back(
    step: str, flow: Flow
) -> None:
    assert isinstance(flow.server, Strict)
    reached, cut_off = asyncio.Event(), asyncio.Event()

    async def hold(*_: object) -> web.Response:
        reached.set()
        await cut_off.wait()
        return web.Response(status=500)

    parameters = await flow.consented(redirectUri=TENANTS)
    ((org_id, token_id),) = await flow.context.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT org_id, token_id FROM oauth_states WHERE org_id > ''")
    )
    if step == "the exchange":
        flow.server.fault = hold
    else:
        flow.account.before_answer = hold
    call = asyncio.create_task(
        code_exchange.connect_for_tenant(
            flow.context,
            flow.access,
            org_id,
            token_id,
            Provider.OTHER,
            code=Secret(parameters["code"]),
            state=parameters["state"],
            redirect_uri=TENANTS,
            issuer=parameters["iss"],
        )
    )
    await asyncio.wait_for(reached.wait(), 60)
    await flow.access.tasks.drain(0)
    with pytest.raises(asyncio.CancelledError):
        await call
    cut_off.set()
    flow.server.fault = flow.account.before_answer = None
    assert len(flow.client.granted) == (0 if step == "the exchange" else 1)
    problem(await flow.exchange(parameters), 400, "invalid_state", field="state")
    await flow.assert_nothing_is_kept()
    assert await flow.connected()


async def test_a_caller_who_leaves_while_the_code_is_used_finds_the_connection_later(flow: Flow) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await go_on.wait()

    parameters = await flow.consented(redirectUri=TENANTS)
    flow.account.before_answer = hold
    call = asyncio.create_task(flow.exchange(parameters))
    await asyncio.wait_for(reached.wait(), 60)
    call.cancel()
    await asyncio.wait([call])
    go_on.set()
    assert await flow.access.tasks.drain(60) == 0
    assert await flow.kept() == 1
    await flow.assert_every_token_lives()


async def test_a_commit_that_failed_connects_nothing_and_what_was_granted_is_given_back(flow: Flow) -> None:
    strike(flow.context.database, "create.", 1, Fate.LOST)
    problem(await flow.exchange(await flow.consented(redirectUri=TENANTS)), 503, "store_failed")
    await flow.assert_nothing_is_kept()


async def test_a_commit_that_seemed_to_fail_and_did_not_has_connected(flow: Flow) -> None:
    strike(flow.context.database, "create.", 1, Fate.DONE_ANYWAY)
    assert (await flow.exchange(await flow.consented(redirectUri=TENANTS))).status == 201
    assert await flow.kept() == 1
    await flow.assert_every_token_lives()


@pytest.mark.parametrize("fate", Fate)
async def test_nothing_is_given_back_where_nobody_can_tell_whether_it_is_stored(flow: Flow, fate: Fate) -> None:
    strike(flow.context.database, "create.", 1, fate)
    for _ in range(2):
        strike(flow.context.database, "is_stored.", 1, Fate.LOST)
    problem(await flow.exchange(await flow.consented(redirectUri=TENANTS)), 503, "outcome_unknown")
    assert await flow.kept() == (1 if fate is Fate.DONE_ANYWAY else 0)
    await flow.assert_every_token_lives()


async def test_a_connection_that_is_cut_off_at_its_commit_is_stored_and_lives(
    flow: Flow, log_lines: list[EventDict]
) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> None:
        if tx.fetch_count("SELECT count(*) FROM oauth_connections WHERE id > ''"):
            inside.set()
            go_on.wait(60)

    async def cut_off() -> bool:
        return any(line["event"] == "task.cut_off" for line in log_lines)

    parameters = await flow.consented(redirectUri=TENANTS)
    database = flow.context.database
    assert isinstance(database, UnreliableDatabase)
    database.before_commit = hold
    call = asyncio.create_task(flow.exchange(parameters))
    assert await asyncio.to_thread(inside.wait, 60)
    draining = asyncio.create_task(flow.access.tasks.drain(0))
    await until(cut_off)
    go_on.set()
    assert await draining == 1
    await asyncio.wait([call])
    assert await flow.kept() == 1
    await flow.assert_every_token_lives()


async def test_a_token_that_was_revoked_meanwhile_connects_nothing(flow: Flow, mint: Mint) -> None:
    revoked = flow.anybody.as_bearer(await mint())
    begun = (await revoked.post("/api/oauth/authorize", {"provider": "other"})).json
    parameters = await flow.answered(begun)
    ((token_id,),) = await flow.context.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT token_id FROM oauth_states WHERE org_id > '' LIMIT 1")
    )
    assert (await flow.owner.delete(f"/api/tokens/{token_id}")).status in (200, 204)
    assert (await flow.callback(parameters)).status == 400
    await flow.assert_nothing_is_kept()
