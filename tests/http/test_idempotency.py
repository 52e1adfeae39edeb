"""A repeated POST with the same Idempotency-Key does nothing again and gets the same answer, or the key is refused."""

import asyncio
import re
from pathlib import Path
from typing import Any, Final

import pytest
from litestar.handlers import HTTPRouteHandler

from dcvd.api.app import Api
from dcvd.core.http.idempotency import KEY_LIFETIME_MS
from dcvd.core.tokens.token import Role
from dcvd.http.idempotency import declares_key
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services import idempotency
from dcvd.services.context import Context
from dcvd.services.idempotency import Answer as RememberedAnswer
from dcvd.services.idempotency import RepeatableRequest
from dcvd.services.organizations import quotas
from dcvd.services.tokens import minting
from dcvd.services.tokens.minting import MintedToken
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store.organizations.organizations import Organization
from dcvd.web.sign_in.redirection import DASHBOARD_PATH
from tests.api.webhooks.owed import URL, added
from tests.http.repeatable_calls import PLAYS, TOKEN, UNITS
from tests.manual_clock import ManualClock
from tests.served_app.client import Answer, Client, problem
from tests.served_app.fixtures import Mint
from tests.unreliable_database import Fate, Strike

KEY: Final = {"Idempotency-Key": "7f3d2c10-3b0f-4a5e-9d86-000000000000"}
ANSWERED_ONCE: Final = {
    "/api/tokens",
    "/api/domains",
    "/api/domains/{domain_id}/dns",
    "/api/domains/{domain_id}/dns/undo",
    "/api/tokens/{token_id}/rotate",
    "/api/links",
    "/api/domains/{domain_id}/links",
    "/api/members",
    "/api/members/{member_id}/invite",
    "/api/alerts/contacts",
    "/api/alerts/contacts/{contact_id}/confirmation",
    "/api/zones",
    "/api/webhooks",
    "/api/webhooks/{webhook_id}/rotate-secret",
    "/api/webhooks/{webhook_id}/replay",
    "/api/deliveries/{delivery_id}/retry",
    "/api/deliveries/{delivery_id}/cancel",
    "/api/deliveries/retry",
    "/api/jobs/{job_id}/retry",
    "/api/oauth/connections",
    "/api/oauth/aws/external-ids",
    "/api/oauth/authorize",
}
OF_THE_OPERATOR: Final = {
    path.replace("/api/", "/operator/", 1)
    for path in ANSWERED_ONCE
    if path.startswith(("/api/webhooks", "/api/deliveries", "/api/jobs"))
}
"""The same calls, for the operator's own endpoints."""
LINE_BY_LINE: Final = {
    "/api/domains/bulk",
    "/api/domains/bulk/delete",
    "/operator/organizations/{id_or_name}/domains/bulk",
}
REFUSED: Final = {
    "/api/diagnose": "stores nothing",
    "/api/tokens/revoke-all": "a repeat finds none to revoke",
    "/api/members/accept": "an invitation is good for one use",
    "/api/zones/{zone_id}/check": "looks again each time, which is what it is for",
    "/api/domains/{domain_id}/sync": "looks again each time, which is what it is for",
    "/api/domains/{domain_id}/domain-connect": "stores nothing",
    "/api/webhooks/{webhook_id}/test": "sends a test each time, which is what it is for",
    "/api/webhooks/{webhook_id}/conformance": "sends tests each time",
    "/api/oauth/exchange": "its state is good for one call",
    "/operator/all/jobs/requeue": "a repeat finds none of that cause that is dead",
    "/sign-in/oidc/organization": "a form of a page: a choice is good for one use",
    "/sign-in/operator/{code}": "a form of a page: a link is good for one use",
    "/invitation/{invite}": "a form of a page: an invitation is good for one use",
    "/sign-in": "a form of a page: each one is a session of its own",
    "/sign-out": "a form of a page: a repeat finds no session",
    "/connect/{link_token}/check": "a form of a page: looks again each time",
    "/connect/{link_token}/domain": "a form of a page: one domain is added by a link, and a repeat finds it",
    "/connect/{link_token}/authorize": "a form of a page",
    "/connect/{link_token}/domain-connect": "a form of a page: stores nothing",
    "/connect/{link_token}/plan": "a form of a page: stores nothing",
    "/connect/{link_token}/write": "a form of a page: a pending job is the same for a repeat",
    "/alerts/refuse": "sets a state, so a repeat changes nothing",
    "/alerts/allow": "sets a state, so a repeat changes nothing",
    "/alerts/{action}": "sets a state, so a repeat changes nothing",
    "/operator/organizations/{id_or_name}/alerts/contacts": "an address is there once",
    "/hooks/cloudflare": "a hint, which may come twice",
    "/operator/webhooks/{webhook_id}/test": "sends a test each time, which is what it is for",
    "/operator/webhooks/{webhook_id}/conformance": "sends tests each time",
    "/operator/organizations": "a name is there once",
    "/operator/organizations/{id_or_name}/suspend": "sets a state, so a repeat changes nothing",
    "/operator/sign-in-links": "each is good for one use, within a minute",
    "/operator/probes": "a code is kept in memory for a minute",
    "/operator/import/predecessor": "a repeat finds what was brought, and brings only what is new",
    "/operator/organizations/{id_or_name}/resume": "sets a state",
    "/operator/organizations/{id_or_name}/export": "stores nothing",
    "/operator/organizations/{id_or_name}/tokens/{token_id}/rotate": "an operator sees what there is",
    "/operator/organizations/{id_or_name}/cloudflare-import": "a repeat finds there what was adopted",
    "/operator/organizations/{id_or_name}/domains/move": "a domain that was moved is not there to be moved again",
    "/operator/organizations/{id_or_name}/tokens/revoke-all": "a repeat finds none to revoke",
    "/operator/organizations/{id_or_name}/tokens": "an operator sees what there is",
    "/operator/organizations/{id_or_name}/links": "an operator sees what there is",
    "/operator/organizations/{id_or_name}/zones": "a name is there once",
    "/operator/organizations/{id_or_name}/zones/{zone_id}/check": "looks again",
    "/operator/organizations/{id_or_name}/members": "an address is there once",
    "/operator/organizations/{id_or_name}/members/{member_id}/invite": "an operator sees what there is",
}
"""What each POST does with a key; a new route needs a row."""


def handlers_of(app: Api) -> dict[tuple[str, str], HTTPRouteHandler]:
    """The handlers of all routes but OPTIONS, by their methods and paths without types."""
    return {
        (method, re.sub(r":\w+", "", route.path_format)): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if method != "OPTIONS"
    }


def test_each_post_is_said_to_honour_a_key_or_to_refuse_it_and_nothing_else_honours_one(built_app: Api) -> None:
    handlers = handlers_of(built_app)
    # A form of the dashboard sends no key, and is answered with a redirection, so that a reload repeats nothing.
    posts = {path for method, path in handlers if method == "POST" and not path.startswith(f"{DASHBOARD_PATH}/")}
    assert posts == ANSWERED_ONCE | OF_THE_OPERATOR | LINE_BY_LINE | set(REFUSED)
    honouring = {path for (_, path), handler in handlers.items() if declares_key(handler)}
    assert honouring == ANSWERED_ONCE | OF_THE_OPERATOR | LINE_BY_LINE


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/domains"),
        ("HEAD", "/api/domains"),
        ("DELETE", "/api/domains/dom_x"),
        ("PATCH", "/api/webhooks/wh_x"),
        ("POST", "/api/diagnose"),
        ("POST", "/api/domains/dom_x/sync"),
        ("POST", "/api/oauth/exchange"),
    ],
)
async def test_a_key_is_refused_where_it_would_be_ignored(owner: Client, method: str, path: str) -> None:
    answer = await owner.call(method, path, headers=KEY, json=None if method in ("GET", "HEAD") else {})
    assert answer.status == 400
    if method != "HEAD":
        problem(answer, 400, "idempotency_key_unsupported", field="Idempotency-Key")


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "schlüssel".encode().decode("latin-1")])
async def test_what_is_no_key_is_refused(owner: Client, key: str) -> None:
    answer = await owner.post("/api/tokens", TOKEN, headers={"Idempotency-Key": key})
    problem(answer, 400, "invalid_input", field="Idempotency-Key")


PLAYED_WITH_THEIR_PROVIDERS: Final = {
    "/api/domains/{domain_id}/dns",
    "/api/domains/{domain_id}/dns/undo",
    "/api/oauth/connections",
    "/api/oauth/aws/external-ids",
    "/api/oauth/authorize",
}
"""See the tests of records, connections, external ids and of OAuth's beginning."""


def test_each_route_that_answers_once_is_played() -> None:
    assert PLAYS.keys() | PLAYED_WITH_THEIR_PROVIDERS == ANSWERED_ONCE


async def contents_of(context: Context) -> dict[str, int]:
    """How many changes the database has seen, by what there is of tables that count them."""
    return await context.database.read(
        lambda snapshot: {
            table: snapshot.fetch_count(f"SELECT count(*) FROM {table} WHERE {key} > ''")
            for table, key in (
                ("api_tokens", "id"),
                ("domains", "id"),
                ("zones", "id"),
                ("links", "id"),
                ("webhook_endpoints", "id"),
                ("webhook_secrets", "endpoint_id"),
                ("jobs", "id"),
                ("events", "id"),
                ("timeline", "domain_id"),
            )
        }
    )


def same(repeat: Answer, first: Answer) -> bool:
    """Whether two answers are the same in all that a client goes by."""
    return (repeat.status, repeat.body, repeat.headers.get("Location"), repeat.headers["Content-Type"]) == (
        first.status,
        first.body,
        first.headers.get("Location"),
        first.headers["Content-Type"],
    )


@pytest.mark.parametrize("path", PLAYS)
async def test_a_repeat_does_nothing_again_and_gets_the_same_answer(
    owner: Client, context: Context, clock: ManualClock, path: str
) -> None:
    first = await PLAYS[path](owner, context, KEY)
    assert first.status in (200, 201, 202), first.body
    before = await contents_of(context)
    clock.advance(KEY_LIFETIME_MS - 1)
    repeat = await PLAYS[path](owner, context, KEY)
    assert same(repeat, first)
    assert await contents_of(context) == before


@pytest.mark.parametrize("path", PLAYS)
async def test_an_answer_that_was_lost_behind_the_commit_is_given_to_the_repeat(
    owner: Client, context: Context, path: str
) -> None:
    """What the process had committed before it was killed, or before its disk seemed to fail, is on disk."""
    database: Any = context.database
    strike = Strike(UNITS[path], 1, Fate.DONE_ANYWAY)
    original = PLAYS[path]

    class _Striking(Client):
        """Lets the last request, the one with the key, be struck."""

        async def post(self, path: str, json: Any = None, **options: Any) -> Answer:
            database.strikes = (strike,) if options.get("headers") else ()
            try:
                return await super().post(path, json, **options)
            finally:
                database.strikes = ()

    lost = await original(owner.play(_Striking), context, KEY)
    assert strike.has_struck
    assert lost.status == 503
    before = await contents_of(context)
    repeat = await original(owner, context, KEY)
    assert repeat.status in (200, 201, 202)
    assert same(await original(owner, context, KEY), repeat)
    assert await contents_of(context) == before


async def test_the_answer_is_that_of_a_request_without_a_key(owner: Client, context: Context) -> None:
    keyed = await owner.post("/api/domains", {"domainName": "a.customer.com"}, headers=KEY)
    plain = await owner.post("/api/domains", {"domainName": "b.customer.com"})
    assert keyed.status == plain.status
    assert keyed.json["domain"].keys() == plain.json["domain"].keys()
    assert set(keyed.headers) == set(plain.headers)
    shown = (await owner.get(keyed.headers["Location"])).json
    assert shown == keyed.json


async def test_a_key_is_good_for_one_request_of_one_token(
    owner: Client, admin: Client, anybody: Client, stranger: Client, mint: Mint
) -> None:
    first = await owner.post("/api/tokens", TOKEN, headers=KEY)
    for answer in (
        await owner.post("/api/tokens", {**TOKEN, "name": "other"}, headers=KEY),
        await owner.post("/api/webhooks", {"url": URL, "events": ["domain.added"]}, headers=KEY),
        # An admin could not mint an owner, and so must not be shown one that an owner has minted.
        await admin.post("/api/tokens", TOKEN, headers=KEY),
        await anybody.as_bearer(await mint(Role.OWNER)).post("/api/tokens", TOKEN, headers=KEY),
    ):
        problem(answer, 409, "idempotency_key_reused")
        assert first.json["token"]["token"].encode() not in answer.body
    problem(await anybody.as_bearer(await mint(Role.MEMBER)).post("/api/tokens", TOKEN, headers=KEY), 403, "forbidden")
    elsewhere = await stranger.post("/api/tokens", TOKEN, headers=KEY)
    assert elsewhere.status == 201
    assert elsewhere.json["token"]["id"] != first.json["token"]["id"]


async def test_a_refusal_is_not_remembered(owner: Client, context: Context) -> None:
    body = {"domainName": "app.customer.com"}
    added_before = await owner.post("/api/domains", body)
    problem(await owner.post("/api/domains", body, headers=KEY), 409, "domain_exists")
    problem(await owner.post("/api/domains", {"domainName": "no"}, headers=KEY), 400, "hostname_invalid")
    database: Any = context.database
    database.strikes = (Strike("add.<locals>.unit", 1, Fate.LOST),)
    problem(await owner.post("/api/domains", {"domainName": "b.customer.com"}, headers=KEY), 503, "store_failed")
    database.strikes = ()
    await owner.delete(f"/api/domains/{added_before.json['domain']['id']}")
    assert (await owner.post("/api/domains", body, headers=KEY)).status == 201


async def test_a_dry_run_does_nothing_and_is_not_remembered(owner: Client, context: Context) -> None:
    webhook = await added(owner)
    body = {"since": "2027-01-01T00:00:00Z", "status": "all"}
    path = f"/api/webhooks/{webhook['id']}/replay"
    assert (await owner.post(path, {**body, "dryRun": True}, headers=KEY)).status == 200
    assert (await owner.post(path, body, headers=KEY)).status == 202


async def test_while_the_first_is_under_way_a_repeat_is_told_to_wait(owner: Client, context: Context) -> None:
    database: Any = context.database
    began, may_go_on = asyncio.Event(), asyncio.Event()

    async def hold_up() -> None:
        began.set()
        await may_go_on.wait()

    database.before_write = hold_up
    first = asyncio.create_task(owner.post("/api/tokens", TOKEN, headers=KEY))
    await began.wait()
    answer = await owner.post("/api/tokens", TOKEN, headers=KEY)
    problem(answer, 409, "idempotency_key_in_progress")
    assert answer.headers["Retry-After"] == "1"
    database.before_write = None
    may_go_on.set()
    assert (await first).status == 201
    assert same(await owner.post("/api/tokens", TOKEN, headers=KEY), await first)


async def test_a_repeat_finds_what_was_stored_after_it_began_and_does_nothing(
    context: Context, organization: Organization
) -> None:
    """As where the client of the first one left, and its unit of work was still to run."""
    request = RepeatableRequest(org_id=organization.id, key="key", fingerprint="same")
    both_asked = asyncio.Barrier(2)

    async def mint(acting: Context) -> MintedToken:
        await both_asked.wait()
        return await minting.create(acting, organization.id, name="ci", role=Role.MEMBER, expires_at=None)

    def show(minted: MintedToken) -> RememberedAnswer:
        return RememberedAnswer(status=201, headers={}, body=minted.token.id)

    before = await contents_of(context)
    answers = await asyncio.gather(
        *(idempotency.answer_once(context, request, mint, show) for _ in range(2)), return_exceptions=True
    )
    assert answers[0] == answers[1]
    assert (await contents_of(context))["api_tokens"] == before["api_tokens"] + 1


async def test_a_key_is_forgotten_after_a_day_and_what_was_kept_is_removed(
    owner: Client, context: Context, clock: ManualClock
) -> None:
    first = await owner.post("/api/tokens", TOKEN, headers=KEY)
    clock.advance(KEY_LIFETIME_MS + 1)
    again = await owner.post("/api/tokens", {**TOKEN, "name": "other"}, headers=KEY)
    assert again.status == 201
    assert again.json["token"]["id"] != first.json["token"]["id"]
    assert await _remembered(context) == 1
    clock.advance(KEY_LIFETIME_MS + 1)
    await Janitor(context, TokenUsage(), Metrics()).run_once()
    assert await _remembered(context) == 0
    counted = await context.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT remembered_lines, remembered_bytes FROM organizations")
    )
    assert counted == [(0, 0)]


async def _remembered(context: Context) -> int:
    return await context.database.read(
        lambda snapshot: snapshot.fetch_count("SELECT count(*) FROM idempotency_answers WHERE id > ''")
    )


async def test_the_secrets_in_an_answer_lie_sealed(owner: Client, context: Context, tmp_path: Path) -> None:
    secrets = [
        (await owner.post("/api/tokens", TOKEN, headers={"Idempotency-Key": "a"})).json["token"]["token"],
        (await PLAYS["/api/webhooks"](owner, context, {"Idempotency-Key": "b"})).json["webhook"]["secret"],
    ]
    files = _read_all(tmp_path)
    assert len(files) > 4096
    for secret in secrets:
        assert secret.encode() not in files


def _read_all(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.glob("*.db*"))


async def test_an_organization_remembers_no_more_than_it_may_and_does_nothing_that_it_cannot_remember(
    owner: Client, context: Context, organization: Organization
) -> None:
    await quotas.set_quotas(context, organization.id, {"remembered_lines": 1})
    assert (await owner.post("/api/tokens", TOKEN, headers={"Idempotency-Key": "a"})).status == 201
    before = await contents_of(context)
    refused = await owner.post("/api/tokens", TOKEN, headers={"Idempotency-Key": "b"})
    assert "remembered" in problem(refused, 403, "quota_reached")["detail"]
    assert await contents_of(context) == before
    assert (await owner.post("/api/tokens", TOKEN, headers={"Idempotency-Key": "a"})).status == 201
    assert (await owner.post("/api/tokens", TOKEN)).status == 201
