"""`/api/oauth/authorize` and `/api/oauth/exchange` against real authorization servers."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from dcvd.api import Api
from dcvd.core.connections import Provider
from dcvd.core.credentials import OauthTokens
from dcvd.core.instants import MINUTE
from dcvd.core.secret import Secret
from dcvd.errors import Unauthorized
from dcvd.kit.clock import ManualClock
from dcvd.services import connections
from dcvd.services.context import Context
from dcvd.store.organizations import Organization
from tests.api.client import Client, problem
from tests.api.oauth.flow import AUTHORIZE, CONNECTIONS, EXCHANGE, Flow
from tests.api.oauth.servers import CLIENT, ELSEWHERE, HERE, OwnServer, query_of


async def _tokens(context: Context, organization: Organization, connection_id: str) -> OauthTokens:
    opened = await context.database.read(
        lambda snapshot: connections.opened(context, snapshot, organization.id, connection_id)
    )
    assert isinstance(opened.credentials, OauthTokens)
    return opened.credentials


def _files(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.glob("dcvd.db*")]


def _texts(tokens: OauthTokens) -> list[bytes]:
    assert tokens.refresh_token is not None
    return [tokens.access_token.reveal().encode(), tokens.refresh_token.reveal().encode()]


async def test_a_consent_becomes_a_connection_whose_tokens_are_nowhere_in_the_clear(
    flow: Flow, owner: Client, context: Context, organization: Organization, tmp_path: Path
) -> None:
    begun = await flow.begin(owner)
    asked = query_of(begun["authorizationUrl"])
    assert (asked["client_id"], asked["redirect_uri"], asked["state"]) == (CLIENT, ELSEWHERE, begun["state"])
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    assert begun["expiresAt"] == "2027-01-15T08:10:00Z"
    answer = await flow.exchange(owner, query_of(await flow.server.consent(begun["authorizationUrl"])))
    assert answer.status == 201
    made = answer.json["connection"]
    assert (made["provider"], made["method"], made["status"]) == ("other", "oauth", "active")
    assert made["account"] == "Customer [31m Ltd"
    assert set(made["scopes"]) == set(flow.server.scopes)
    assert made["expiresAt"] > "2027-01-15T08:30"
    assert (await owner.get(f"{CONNECTIONS}/{made['id']}")).json["connection"] == made | {"domains": 0}
    assert answer.headers["Location"] == f"{CONNECTIONS}/{made['id']}"
    secrets = [*_texts(await _tokens(context, organization, made["id"])), begun["state"].encode()]
    files = _files(tmp_path)
    assert files
    assert [secret for secret in secrets for file in files if secret in file or secret in answer.body] == []


async def test_a_code_that_was_used_is_refused_and_stores_nothing_more(flow: Flow, owner: Client) -> None:
    used = await flow.answered(owner)
    assert (await flow.exchange(owner, used)).status == 201
    fresh = await flow.begin(owner)
    again = await flow.exchange(owner, {**used, "state": fresh["state"]})
    problem(again, 400, "invalid_grant", field="code")
    assert await flow.stored() == 1


async def test_a_code_of_another_authorization_does_not_fit_the_verifier(flow: Flow, owner: Client) -> None:
    answer, other = await flow.answered(owner), await flow.begin(owner)
    problem(await flow.exchange(owner, {**answer, "state": other["state"]}), 400, "invalid_grant", field="code")
    assert await flow.stored() == 0


async def test_a_state_is_good_for_one_answer_however_many_come_at_once(flow: Flow, owner: Client) -> None:
    answer = await flow.answered(owner)
    answers = await asyncio.gather(*(flow.exchange(owner, answer) for _ in range(5)))
    assert sorted(each.status for each in answers) == [201, 400, 400, 400, 400]
    for each in answers:
        if each.status == 400:
            problem(each, 400, "invalid_state", field="state")
    assert await flow.stored() == 1


async def test_a_state_of_another_organization_is_none_and_stays_good_for_its_own(
    flow: Flow, owner: Client, stranger: Client
) -> None:
    answer = await flow.answered(owner)
    problem(await flow.exchange(stranger, answer), 400, "invalid_state", field="state")
    assert (await flow.exchange(owner, answer)).status == 201
    assert (await stranger.get(CONNECTIONS)).json["connections"] == []


@pytest.mark.parametrize("wrong", ["token", "provider", "redirect URI"])
async def test_an_answer_that_does_not_fit_uses_the_state_up(
    wrong: str, own_flow: Flow, owner: Client, admin: Client, own: OwnServer
) -> None:
    answer = await own_flow.answered(owner)
    match wrong:
        case "token":
            refused = await own_flow.exchange(admin, answer)
        case "provider":
            refused = await own_flow.exchange(owner, answer, provider="cloudflare")
        case _:
            refused = await own_flow.exchange(owner, answer, redirectUri=HERE)
    problem(refused, 400, "invalid_state", field="state")
    problem(await own_flow.exchange(owner, answer), 400, "invalid_state", field="state")
    assert (await own_flow.stored(), own.asked) == (0, [])


async def test_a_state_that_was_never_given_or_is_ten_minutes_old_is_none(
    own_flow: Flow, owner: Client, clock: ManualClock, own: OwnServer
) -> None:
    answer = await own_flow.answered(owner)
    problem(await own_flow.exchange(owner, {**answer, "state": "x" * 43}), 400, "invalid_state", field="state")
    clock.advance(10 * MINUTE)
    problem(await own_flow.exchange(owner, answer), 400, "invalid_state", field="state")
    assert (await own_flow.stored(), own.asked) == (0, [])


async def test_without_a_state_it_is_said_where_one_comes_from(own_flow: Flow, owner: Client) -> None:
    body = {"provider": "other", "redirectUri": ELSEWHERE, "code": "x"}
    assert "/api/oauth/authorize" in problem(await owner.post(EXCHANGE, body), 400, "state_missing")["detail"]


async def test_an_answer_in_the_name_of_another_server_is_refused_and_its_code_not_used(
    flow: Flow, owner: Client
) -> None:
    answer = await flow.answered(owner)
    refused = await flow.exchange(owner, answer, iss="https://evil.example")
    problem(refused, 400, "wrong_issuer", field="iss")
    nameless = await flow.answered(owner)
    del nameless["iss"]
    problem(await flow.exchange(owner, nameless), 400, "wrong_issuer", field="iss")
    fresh = await flow.begin(owner)
    # Not used by us; that it does not fit another verifier is another matter.
    problem(await flow.exchange(owner, {**answer, "state": fresh["state"]}), 400, "invalid_grant", field="code")
    assert await flow.stored() == 0


async def test_where_the_server_does_not_name_itself_no_name_is_needed(
    own_flow: Flow, owner: Client, own: OwnServer
) -> None:
    own.names_itself = False
    answer = await own_flow.answered(owner)
    assert "iss" not in answer
    assert (await own_flow.exchange(owner, answer)).status == 201


async def test_a_consent_to_less_than_is_needed_is_given_back(own_flow: Flow, owner: Client, own: OwnServer) -> None:
    own.narrows_to = "offline_access"
    found = problem(await own_flow.exchange(owner, await own_flow.answered(owner)), 400, "insufficient_scope")
    assert "dns" in found["detail"]
    assert own.revoked == [own.issued[1]]
    assert await own_flow.stored() == 0


async def test_a_refresh_token_that_somebody_uses_again_ends_the_connection_which_says_so(
    flow: Flow, owner: Client, app: Api, context: Context, organization: Organization, clock: ManualClock
) -> None:
    made = await flow.connected(owner)
    old = await _tokens(context, organization, made["id"])
    assert old.refresh_token is not None
    client = app.parts.token_client
    assert (await client.refresh(Provider.OTHER, old.refresh_token)).refresh_token not in (None, old.refresh_token)
    clock.advance(61 * MINUTE)
    with pytest.raises(Unauthorized) as caught:
        await app.parts.access.driver(organization.id, made["id"])
    assert caught.value.code == "reauth_required"
    shown = (await owner.get(f"{CONNECTIONS}/{made['id']}")).json["connection"]
    assert (shown["status"], shown["lastError"]["code"]) == ("reauth_required", "invalid_grant")
    events = (await owner.get("/api/events")).json["events"]
    (told,) = [event for event in events if event["event"] == "connection.reauth_required"]
    assert told["data"]["connection_id"] == made["id"]


async def test_a_token_that_is_refreshed_works_on(
    flow: Flow, owner: Client, app: Api, context: Context, organization: Organization, clock: ManualClock
) -> None:
    made = await flow.connected(owner)
    before = await _tokens(context, organization, made["id"])
    clock.advance(61 * MINUTE)
    await app.parts.access.driver(organization.id, made["id"])
    after = await _tokens(context, organization, made["id"])
    assert not set(_texts(before)) & set(_texts(after))


async def test_a_removed_connection_is_revoked_at_the_server(
    flow: Flow, owner: Client, app: Api, context: Context, organization: Organization
) -> None:
    made = await flow.connected(owner)
    tokens = await _tokens(context, organization, made["id"])
    assert (await owner.delete(f"{CONNECTIONS}/{made['id']}")).status == 204
    assert await flow.stored() == 0
    assert tokens.refresh_token is not None
    with pytest.raises(Unauthorized, match="does not accept the refresh token") as caught:
        await app.parts.token_client.refresh(Provider.OTHER, tokens.refresh_token)
    assert caught.value.code == "invalid_grant"


async def test_a_wrong_secret_of_ours_is_the_operators_to_mend(flow: Flow, owner: Client, context: Context) -> None:
    answer = await flow.answered(owner)
    context.config = replace(
        context.config, oauth_other=replace(context.config.oauth_other, client_secret=Secret("another"))
    )
    found = problem(await flow.exchange(owner, answer), 502, "invalid_client")
    assert "oauth.other.client_secret_file" in found["detail"]
    assert await flow.stored() == 0


@pytest.mark.parametrize("method", ["client_secret_post", "none"])
async def test_each_way_of_identification_is_what_its_name_says(
    method: str, own_flow: Flow, owner: Client, own: OwnServer, context: Context
) -> None:
    own.method = method
    context.config = replace(
        context.config,
        oauth_other=replace(context.config.oauth_other, auth_method=method),
    )
    await own_flow.connected(owner)


async def test_only_what_the_operator_wrote_down_can_be_begun(own_flow: Flow, owner: Client, member: Client) -> None:
    problem(await member.post(AUTHORIZE, {"provider": "other"}), 403, "forbidden")
    for body, field in (
        ({"provider": "elsewhere"}, "provider"),
        ({"provider": "other", "redirectUri": f"{ELSEWHERE}/"}, "redirectUri"),
        ({"provider": "other", "returnTo": "https://evil.example/"}, "returnTo"),
    ):
        problem(await owner.post(AUTHORIZE, body), 400, "invalid_input", field=field)
    found = problem(await owner.post(AUTHORIZE, {"provider": "cloudflare"}), 503, "not_set_up")
    assert "oauth.cloudflare.client_id" in found["detail"]
    begun = await own_flow.begin(owner)
    assert (
        query_of((await owner.post(AUTHORIZE, {"provider": "other"})).json["authorizationUrl"])["redirect_uri"] == HERE
    )
    assert begun["state"]


async def test_a_tenant_cannot_leave_authorizations_open_without_end(own_flow: Flow, owner: Client) -> None:
    answers = [await owner.post(AUTHORIZE, {"provider": "other"}) for _ in range(101)]
    assert {answer.status for answer in answers[:100]} == {200}
    problem(answers[100], 429, "too_many_requests")


async def test_when_the_exchange_is_cut_off_nothing_is_kept_and_it_can_be_begun_again(
    own_flow: Flow, owner: Client, own: OwnServer
) -> None:
    answer = await own_flow.answered(owner)
    arrived, held = asyncio.Event(), asyncio.Event()

    async def hang(*_: object) -> web.StreamResponse:
        arrived.set()
        await held.wait()
        return web.Response(status=500)

    own.fault = hang
    cut = asyncio.create_task(own_flow.exchange(owner, answer), name="cut off")
    await arrived.wait()
    cut.cancel()
    await asyncio.gather(cut, return_exceptions=True)
    held.set()
    own.fault = None
    problem(await own_flow.exchange(owner, answer), 400, "invalid_state", field="state")
    assert await own_flow.stored() == 0
    await own_flow.connected(owner)
