"""Answers that are sent again: to the same caller, while they would be told the same, and as if the route spoke."""

import gc
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.instants import DAY, HOUR
from dcvd.core.tokens.token import Role, hash_token
from dcvd.errors import Forbidden
from dcvd.http.limits.rate_limits import RateLimiter
from dcvd.services.context import Context
from dcvd.services.domains.kept_json import DomainJson, KeptDomains, KeptPage
from dcvd.services.tokens import changes, minting, revocation, suspension
from dcvd.services.tokens.minting import MintedToken
from dcvd.services.tokens.rights import TokenLimits
from dcvd.store import domains, members
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock, ManualMonotonic
from tests.served_app.client import Answer, Client, problem
from tests.sync.fleet import fleet

_CHANGING: frozenset[str] = frozenset({"date", "x-request-id", "ratelimit"})
"""Headers of answers that differ from one request to the next."""


class Asked(KeptDomains):
    """Counts how often a route asks for domains."""

    count = 0

    async def get(self, *arguments: Any) -> DomainJson:
        self.count += 1
        return await super().get(*arguments)

    async def list_page(self, *arguments: Any, **options: Any) -> KeptPage:
        self.count += 1
        return await super().list_page(*arguments, **options)


@pytest.fixture
def asked(app: Api, context: Context) -> Asked:
    asked = app.services.kept_domains = Asked(context)
    return asked


@pytest.fixture
async def domain(context: Context, org: str) -> Domain:
    (_, _, last) = await fleet(context, org, 3)
    return last


@pytest.fixture
async def minted(context: Context, org: str) -> MintedToken:
    return await minting.create(context, org, name="t", role=Role.ADMIN, expires_at=context.now() + 2 * DAY)


@pytest.fixture
def reader(anybody: Client, minted: MintedToken) -> Client:
    return anybody.as_bearer(minted.plaintext.reveal())


@pytest.fixture(params=["/api/domains?limit=2", "/api/domains/{id}"])
def path(request: pytest.FixtureRequest, domain: Domain) -> str:
    text: str = request.param
    return text.format(id=domain.id)


def shown(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    fields = [(name, value) for name, value in answer.headers.items() if name.lower() not in _CHANGING]
    return answer.status, fields, answer.body


async def ask_twice(reader: Client, asked: Asked, path: str) -> Answer:
    """Ask until the answer is kept, and return it."""
    first = await reader.get(path)
    assert first.status == 200, first.body
    asked.count = 0
    again = await reader.get(path)
    assert asked.count == 0
    assert shown(again) == shown(first)
    return again


async def test_the_same_question_is_answered_in_the_same_way_without_the_route(
    reader: Client, asked: Asked, path: str
) -> None:
    first = await reader.get(path)
    again = await reader.get(path)
    assert asked.count == 1
    assert shown(again) == shown(first)
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]


async def test_what_is_answered_again_is_counted(
    reader: Client, owner: Client, asked: Asked, minted: MintedToken, clock: ManualClock, path: str
) -> None:
    await ask_twice(reader, asked, path)
    clock.advance(HOUR)
    await reader.get(path)
    usage = (await owner.get(f"/api/tokens/{minted.token.id}/usage")).json["usage"]
    assert (usage["requests"], usage["errors"]) == (3, 0)
    assert {day["operation"] for day in usage["days"]} == {
        "GET /api/domains" if "?" in path else "GET /api/domains/{domain_id}"
    }
    token = (await owner.get(f"/api/tokens/{minted.token.id}")).json["token"]
    assert token["lastAddress"] == "127.0.0.1"


async def test_whoever_asks_too_often_is_refused_as_ever(
    app: Api, context: Context, reader: Client, asked: Asked, path: str
) -> None:
    limits = replace(context.config.limits, token_reads_per_minute=3)
    context.live_config.value = replace(context.config, limits=limits)
    app.services.rate_limiter = RateLimiter(context, ManualMonotonic())
    answers = [await reader.get(path) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert asked.count == 1
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    problem(answers[-1], 429, "too_many_requests")


_Ending = Callable[[Context, MintedToken, ManualClock], Awaitable[object]]


async def _revoke(context: Context, minted: MintedToken, _: ManualClock) -> None:
    await revocation.revoke(context, minted.token.org_id, minted.token.id)


async def _expire(_: Context, __: MintedToken, clock: ManualClock) -> None:
    clock.advance(2 * DAY)


async def _suspend(context: Context, minted: MintedToken, _: ManualClock) -> None:
    await suspension.suspend(context, minted.token.org_id)


async def _rotate(context: Context, minted: MintedToken, _: ManualClock) -> None:
    await changes.rotate(context, minted.token.org_id, minted.token.id, grace_ms=0)


@pytest.mark.parametrize(
    ("end", "status", "code"),
    [
        (_revoke, 401, "unauthenticated"),
        (_expire, 401, "unauthenticated"),
        (_rotate, 401, "unauthenticated"),
        (_suspend, 403, "organization_suspended"),
    ],
)
async def test_whose_token_has_ended_is_told_nothing_more(
    context: Context, clock: ManualClock, reader: Client, asked: Asked, minted: MintedToken, path: str,
    end: _Ending, status: int, code: str,
) -> None:  # fmt: skip
    await ask_twice(reader, asked, path)
    await end(context, minted, clock)
    problem(await reader.get(path), status, code)


async def test_a_token_of_another_network_is_refused_where_it_was_answered(
    context: Context, org: str, app: Api, anybody: Client, asked: Asked, domain: Domain
) -> None:
    limits = TokenLimits(allowed_networks=["127.0.0.0/8"])
    minted = await minting.create(context, org, name="t", role=Role.ADMIN, expires_at=None, limits=limits)
    reader = anybody.as_bearer(minted.plaintext.reveal())
    await ask_twice(reader, asked, f"/api/domains/{domain.id}")
    found = app.services.callers.find_kept(hash_token(minted.plaintext.reveal()))
    assert found is not None
    with pytest.raises(Forbidden, match="not from yours"):
        app.services.callers.admit_kept(found, "192.0.2.1", None)


async def test_an_answer_holds_nothing_of_a_caller_who_is_kept_no_more(
    context: Context, org: str, app: Api, reader: Client, asked: Asked, path: str
) -> None:
    await ask_twice(reader, asked, path)
    found = app.services.callers.find_kept(hash_token(reader.token or ""))
    assert found is not None
    reference = weakref.ref(found)
    del found
    await minting.create(context, org, name="another", role=Role.MEMBER, expires_at=None)
    gc.collect()
    assert reference() is None


async def test_nobody_gets_what_was_answered_to_another(
    reader: Client, stranger: Client, anybody: Client, operator: Client, asked: Asked, path: str,
    rival: Organization,
) -> None:  # fmt: skip
    mine = await ask_twice(reader, asked, path)
    assert (await anybody.get(path)).status == 401
    theirs = await stranger.get(path)
    assert theirs.body != mine.body
    # An operator acts for another organization, whatever token stands in the header as well.
    acting = await operator.get(
        f"/operator/organizations/{rival.id}{path}", headers={"Authorization": f"Bearer {reader.token}"}
    )
    assert acting.body != mine.body
    assert asked.count >= 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Idempotency-Key": "k"}, 400),
        ({"Prefer": "wait=1"}, 200),
        ({"Cookie": "a=b"}, 200),
        ({"X-Something": "else"}, 200),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, 401),
    ],
)
async def test_a_question_with_more_to_it_goes_the_whole_way(
    reader: Client, asked: Asked, path: str, headers: dict[str, str], status: int
) -> None:
    await ask_twice(reader, asked, path)
    assert (await reader.get(path, headers=headers)).status == status
    assert asked.count == (1 if status == 200 else 0)


async def test_a_head_of_what_is_kept_has_no_body(reader: Client, asked: Asked, path: str) -> None:
    first = await ask_twice(reader, asked, path)
    head = await reader.call("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == first.headers["Content-Type"]


async def test_a_change_is_seen_at_once(
    context: Context, reader: Client, asked: Asked, path: str, domain: Domain
) -> None:
    before = await ask_twice(reader, asked, path)
    changed = replace(domain, status=DomainStatus.ERROR)
    await context.database.write(lambda tx: domains.update(tx, changed))
    after = await reader.get(path)
    assert asked.count == 1
    assert before.body != after.body
    assert b'"status":"error"' in after.body


async def test_what_was_removed_is_missing_at_once(
    context: Context, reader: Client, asked: Asked, path: str, domain: Domain
) -> None:
    await ask_twice(reader, asked, path)
    await context.database.write(lambda tx: domains.delete_all(tx, domain.org_id, [domain.id]))
    after = await reader.get(path)
    assert after.status == (200 if "?" in path else 404)
    assert domain.name.encode() not in after.body


async def test_what_waits_in_the_queue_is_asked_for_each_time(owner: Client, asked: Asked) -> None:
    added = await owner.post("/api/domains", {"domainName": "a.customer.com"})
    path = f"/api/domains/{added.json['domain']['id']}"
    for _ in range(3):
        assert (await owner.get(path)).json["domain"]["registration"]["status"] == "queued"
        assert (await owner.get("/api/domains")).status == 200
    assert asked.count == 6


async def test_a_member_who_may_do_less_or_nothing_is_told_so(
    context: Context, owner: Client, anybody: Client, asked: Asked, path: str
) -> None:
    invited = await owner.post("/api/members", {"address": "ann@example.com", "role": "admin"})
    assert invited.status == 201, invited.body
    member_id = invited.json["member"]["id"]
    await context.database.write(lambda tx: members.confirm(tx, member_id, context.now()))
    made = await owner.post("/api/tokens", {"name": "t", "role": "admin", "memberId": member_id})
    assert made.status == 201, made.body
    reader = anybody.as_bearer(made.json["token"]["token"])
    await ask_twice(reader, asked, path)
    suspended = await owner.patch(f"/api/members/{member_id}", {"status": "suspended"})
    assert suspended.status == 200, suspended.body
    problem(await reader.get(path), 401, "unauthenticated")
