"""`/api/oauth/connections`."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dcvd.api.app import Api
from dcvd.errors import Permanent
from dcvd.kit.http.fetch import Fetcher
from dcvd.metrics import Metrics
from dcvd.oauth.tokens import TokenClient
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.setup import CredentialTrials
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.organizations import quotas
from dcvd.store.organizations.organizations import Organization
from tests.connections.provider import ProviderDrivers, ProviderServer, serving
from tests.leaks import MARK
from tests.marked import marked
from tests.sealing import without_key
from tests.served_app.client import Client, problem
from tests.served_app.fixtures import EventDict
from tests.unreliable_database import Fate, Strike

_PATH = "/api/oauth/connections"


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with serving() as server:
        yield server


@pytest.fixture(autouse=True)
async def _wired(
    app: Api, context: Context, provider: ProviderServer, log_lines: list[EventDict]
) -> AsyncIterator[None]:
    """The application with a provider; what it logs never holds a token."""
    fetcher = Fetcher()
    await fetcher.start()
    parts = app.services
    drivers = ProviderDrivers(fetcher, provider)
    parts.access = ProviderAccess(context, drivers, TokenClient(fetcher, context.live_config), Metrics())
    parts.credential_trials = CredentialTrials()
    yield
    await fetcher.close()
    assert MARK not in repr(log_lines)


def _body(token: str) -> dict[str, Any]:
    return {"provider": "cloudflare", "credentials": {"apiToken": token}}


async def _stored(context: Context) -> int:
    ((count,),) = await context.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT count(*) FROM oauth_connections WHERE id > ''")
    )
    return int(count)


async def test_a_repeat_with_the_same_key_connects_once_also_where_the_first_answer_was_lost(
    owner: Client, provider: ProviderServer, context: Context
) -> None:
    key, body = {"Idempotency-Key": "k"}, _body(provider.api_token())
    database: Any = context.database
    database.strikes = (Strike("create.<locals>.unit", 1, Fate.DONE_ANYWAY),)
    first = await owner.post(_PATH, body, headers=key)
    assert first.status == 201
    repeat = await owner.post(_PATH, body, headers=key)
    assert (repeat.status, repeat.body) == (first.status, first.body)
    assert repeat.headers["Location"] == first.headers["Location"]
    assert await _stored(context) == 1
    problem(await owner.post(_PATH, _body(provider.api_token()), headers=key), 409, "idempotency_key_reused")


async def test_credentials_that_work_are_stored_and_never_shown(
    owner: Client, member: Client, provider: ProviderServer, context: Context, organization: Organization
) -> None:
    answer = await owner.post(_PATH, _body(provider.api_token()))
    assert answer.status == 201
    made = answer.json["connection"]
    assert answer.headers["Location"] == f"{_PATH}/{made['id']}"
    assert made == {
        "id": made["id"],
        "orgId": organization.id,
        "provider": "cloudflare",
        "method": "api_token",
        "status": "active",
        "account": "Customer Ltd",
        "scopes": [],
        "expiresAt": None,
        "refreshAt": None,
        "lastUsedAt": None,
        "lastError": None,
        "createdAt": "2027-01-15T08:00:00Z",
        "updatedAt": "2027-01-15T08:00:00Z",
    }
    domain = await additions.add(context, organization.id, "app.customer.com")
    await context.database.write(
        lambda tx: tx.execute("UPDATE domains SET connection_id = ? WHERE id = ?", (made["id"], domain.id))
    )
    shown = await member.get(f"{_PATH}/{made['id']}")
    assert shown.json == {"connection": made | {"domains": 1}}
    listed = await member.get(_PATH)
    assert listed.json == {"connections": [made], "nextCursor": None}
    assert MARK.encode() not in answer.body + shown.body + listed.body


async def test_a_list_has_pages_newest_first(owner: Client, provider: ProviderServer, context: Context) -> None:
    made = [(await owner.post(_PATH, _body(provider.api_token()))).json["connection"]["id"] for _ in range(3)]
    first = (await owner.get(f"{_PATH}?limit=2")).json
    rest = (await owner.get(f"{_PATH}?limit=2&cursor={first['nextCursor']}")).json
    assert sorted(each["id"] for page in (first, rest) for each in page["connections"]) == sorted(made)
    assert rest["nextCursor"] is None


async def test_what_a_call_has_noted_is_shown_before_it_is_stored(
    owner: Client, provider: ProviderServer, app: Api, organization: Organization
) -> None:
    made = (await owner.post(_PATH, _body(provider.api_token()))).json["connection"]
    driver = await app.services.access.open_driver(organization.id, made["id"])
    await driver.check_credentials()
    provider.status = 503
    with pytest.raises(Exception, match="503"):
        await driver.check_credentials()
    shown = (await owner.get(f"{_PATH}/{made['id']}")).json["connection"]
    assert shown["lastUsedAt"] == "2027-01-15T08:00:00Z"
    assert shown["lastError"] == {
        "code": "provider_unavailable",
        "message": "The provider answered 503.",
        "at": "2027-01-15T08:00:00Z",
    }


async def test_credentials_that_the_provider_refuses_are_not_stored(
    owner: Client, provider: ProviderServer, context: Context
) -> None:
    answer = await owner.post(_PATH, _body(marked("wrong")))
    problem(answer, 400, "credentials_refused", field="credentials")
    assert MARK.encode() not in answer.body
    assert provider.calls["check"] == 1
    assert await _stored(context) == 0


async def test_a_provider_that_is_away_or_never_answers_means_503_and_nothing_stored(
    app: Api, owner: Client, provider: ProviderServer, context: Context
) -> None:
    token = provider.api_token()
    provider.status = 502
    problem(await owner.post(_PATH, _body(token)), 503, "provider_unavailable")
    provider.status = 200
    provider.api_gate.clear()
    app.services.credential_trials = CredentialTrials(timeout_s=0.05)
    problem(await owner.post(_PATH, _body(token)), 503, "provider_unavailable")
    assert await _stored(context) == 0


async def test_what_the_provider_says_for_good_is_the_callers_fault(
    owner: Client, provider: ProviderServer, context: Context
) -> None:
    provider.raises = Permanent("This account may not use the API.", code="account_not_eligible")
    answer = await owner.post(_PATH, _body(provider.api_token()))
    assert problem(answer, 400, "account_not_eligible", field="credentials")["detail"] == (
        "This account may not use the API."
    )
    assert await _stored(context) == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"provider": "gandi", "credentials": {"apiToken": marked("x")}}, "provider"),
        ({"provider": "cloudflare", "credentials": marked("x")}, "credentials"),
        ({"provider": "cloudflare", "credentials": {"apiToken": f"{marked('x')}\n"}}, "credentials.apiToken"),
    ],
)
async def test_what_is_of_a_wrong_form_is_named_and_never_quoted(
    owner: Client, provider: ProviderServer, context: Context, body: object, field: str
) -> None:
    answer = await owner.post(_PATH, body)
    problem(answer, 400, "invalid_input", field=field)
    assert MARK.encode() not in answer.body
    assert not provider.calls
    assert await _stored(context) == 0


async def test_only_those_who_may_write_connect_and_remove(
    owner: Client, member: Client, provider: ProviderServer
) -> None:
    problem(await member.post(_PATH, _body(provider.api_token())), 403, "forbidden")
    assert not provider.calls
    made = (await owner.post(_PATH, _body(provider.api_token()))).json["connection"]
    problem(await member.delete(f"{_PATH}/{made['id']}"), 403, "forbidden")


async def test_another_organizations_connection_is_not_there(
    owner: Client, stranger: Client, provider: ProviderServer, context: Context
) -> None:
    made = (await owner.post(_PATH, _body(provider.api_token()))).json["connection"]
    problem(await stranger.get(f"{_PATH}/{made['id']}"), 404, "not_found")
    problem(await stranger.delete(f"{_PATH}/{made['id']}"), 404, "not_found")
    assert (await stranger.get(_PATH)).json["connections"] == []
    assert await _stored(context) == 1


async def test_a_removed_connection_is_gone(owner: Client, provider: ProviderServer, context: Context) -> None:
    made = (await owner.post(_PATH, _body(provider.api_token()))).json["connection"]
    assert (await owner.delete(f"{_PATH}/{made['id']}")).status == 204
    problem(await owner.get(f"{_PATH}/{made['id']}"), 404, "not_found")
    problem(await owner.delete(f"{_PATH}/{made['id']}"), 404, "not_found")
    assert await _stored(context) == 0


async def test_without_a_configured_key_what_needs_one_says_which_setting_is_missing(
    app: Api, owner: Client, provider: ProviderServer, context: Context
) -> None:
    made = (await owner.post(_PATH, _body(provider.api_token()))).json["connection"]
    app.services.context = without_key(context)
    provider.calls.clear()
    for answer in (
        await owner.post(_PATH, _body(provider.api_token())),
        await owner.delete(f"{_PATH}/{made['id']}"),
    ):
        assert "OAUTH_ENCRYPTION_KEY" in problem(answer, 501, "encryption_key_missing")["detail"]
    assert not provider.calls
    assert (await owner.get(f"{_PATH}/{made['id']}")).status == 200


async def test_an_organization_has_no_end_of_connections(
    owner: Client, stranger: Client, provider: ProviderServer, context: Context, organization: Organization
) -> None:
    await quotas.set_quotas(context, organization.id, {"connections": 1})
    assert (await owner.post(_PATH, _body(provider.api_token()))).status == 201
    provider.calls.clear()
    problem(await owner.post(_PATH, _body(provider.api_token())), 403, "quota_reached")
    assert not provider.calls
    assert (await stranger.post(_PATH, _body(provider.api_token()))).status == 201


async def test_credentials_cannot_be_tried_without_end(
    owner: Client, stranger: Client, provider: ProviderServer
) -> None:
    provider.api_gate.clear()
    trying = [asyncio.create_task(owner.post(_PATH, _body(marked(number)))) for number in range(5)]
    done, _ = await asyncio.wait(trying, return_when=asyncio.FIRST_COMPLETED)
    problem(done.pop().result(), 429, "too_many_requests")
    provider.api_gate.set()
    answers = await asyncio.gather(*trying)
    assert sorted(answer.status for answer in answers) == [400, 400, 400, 400, 429]
    assert (await stranger.post(_PATH, _body(provider.api_token()))).status == 201
