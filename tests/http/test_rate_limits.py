"""How often a tenant may ask, and what each answer says about it."""

import asyncio

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.config import Config
from dcvd.core.callers import Caller, CallerKind
from dcvd.core.tokens.token import Role
from dcvd.http.limits.rate_limits import RateLimiter
from dcvd.services.context import Context
from dcvd.services.organizations import quotas
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualMonotonic
from tests.served_app.client import Answer, Client, problem
from tests.served_app.fixtures import Mint
from tests.waiting import until


@pytest.fixture
def monotonic() -> ManualMonotonic:
    return ManualMonotonic()


@pytest.fixture
def limited(context: Context, app: Api, monotonic: ManualMonotonic) -> Context:
    """The daemon's context with low limits: each token reads 3 and writes 2 times a minute, all together 5 and 3."""
    limits = replace(
        context.config.limits,
        token_reads_per_minute=3,
        token_writes_per_minute=2,
        reads_per_minute=5,
        writes_per_minute=3,
    )
    set_limits(context, replace(context.config, limits=limits))
    app.services.rate_limiter = RateLimiter(context, monotonic)
    return context


def set_limits(context: Context, config: Config) -> None:
    """Change the configuration of this test alone, as a reload does."""
    context.live_config.value = config


def refused(answer: Answer) -> int:
    """The seconds to wait of an answer that is a refusal for the limit."""
    found = problem(answer, 429, "too_many_requests")
    assert "in a minute" in found["detail"]
    return int(answer.headers["Retry-After"])


async def test_a_token_that_asked_too_often_waits_and_another_does_not_notice(
    limited: Context, anybody: Client, mint: Mint, monotonic: ManualMonotonic
) -> None:
    noisy, quiet = anybody.as_bearer(await mint()), anybody.as_bearer(await mint())
    for _ in range(3):
        assert (await noisy.get("/api/domains")).status == 200
    assert refused(await noisy.get("/api/domains")) == 20
    assert (await quiet.get("/api/domains")).status == 200
    monotonic.now += 20
    assert (await noisy.get("/api/domains")).status == 200
    assert refused(await noisy.get("/api/tokens")) == 20


async def test_the_tokens_of_an_organization_share_its_limit_and_another_organization_does_not_notice(
    limited: Context, anybody: Client, mint: Mint, stranger: Client
) -> None:
    one, other = anybody.as_bearer(await mint()), anybody.as_bearer(await mint())
    statuses = [(await client.get("/api/domains")).status for client in (one, other, one, other, one)]
    assert statuses == [200] * 5
    answer = await other.get("/api/domains")
    assert "your organization" in problem(answer, 429, "too_many_requests")["detail"]
    assert refused(answer) == 12
    assert (await stranger.get("/api/domains")).status == 200


async def test_reads_and_writes_are_counted_apart(limited: Context, owner: Client) -> None:
    for _ in range(2):
        assert (await owner.post("/api/domains", {})).status == 400
    refused(await owner.post("/api/domains", {}))
    refused(await owner.delete("/api/domains/dom_x"))
    for _ in range(3):
        assert (await owner.get("/api/domains")).status == 200


async def test_what_is_refused_by_one_limit_takes_nothing_from_the_other(
    limited: Context, anybody: Client, mint: Mint
) -> None:
    noisy, quiet = anybody.as_bearer(await mint()), anybody.as_bearer(await mint())
    for _ in range(20):
        await noisy.get("/api/domains")
    assert [(await quiet.get("/api/domains")).status for _ in range(2)] == [200, 200]


async def test_a_member_that_may_not_write_uses_up_its_writes_by_trying(limited: Context, member: Client) -> None:
    for _ in range(2):
        problem(await member.post("/api/domains", {}), 403, "forbidden")
    refused(await member.post("/api/domains", {}))


async def test_each_answer_tells_the_limits_and_what_is_left(
    limited: Context, owner: Client, anybody: Client, operator: Client, monotonic: ManualMonotonic
) -> None:
    answer = await owner.get("/api/domains")
    assert answer.headers["RateLimit-Policy"] == '"token-reads";q=3;w=60, "reads";q=5;w=60'
    assert answer.headers["RateLimit"] == '"token-reads";r=2;t=20, "reads";r=4;t=12'
    monotonic.now += 5
    missing = await owner.get("/api/domains/dom_missing")
    assert missing.status == 404
    assert missing.headers["RateLimit"] == '"token-reads";r=1;t=15, "reads";r=3;t=7'
    await owner.get("/api/domains")
    answer = await owner.get("/api/domains")
    assert answer.status == 429
    assert answer.headers["RateLimit"].startswith('"token-reads";r=0;t=15')
    assert answer.headers["Retry-After"] == "15"
    created = await owner.post("/api/domains", {"domainName": "a.customer.com"})
    assert created.headers["RateLimit-Policy"] == '"token-writes";q=2;w=60, "writes";q=3;w=60'
    for other in (await anybody.get("/api/domains"), await anybody.get("/health"), await operator.get("/metrics")):
        assert not {"RateLimit", "RateLimit-Policy"} & set(other.headers)


async def test_a_long_poll_counts_once_when_it_begins(limited: Context, owner: Client, app: Api) -> None:
    poll = asyncio.create_task(owner.get("/api/events", headers={"Prefer": "wait=30"}))

    async def has_begun() -> bool:
        return len(app.services.rate_limiter) > 0

    await until(has_begun)
    assert [(await owner.get("/api/events")).status for _ in range(3)] == [200, 200, 429]
    refused(await owner.get("/api/events", headers={"Prefer": "wait=30"}))
    poll.cancel()
    await asyncio.wait([poll])


async def test_an_organization_has_its_own_limits_at_once(
    limited: Context, owner: Client, organization: Organization
) -> None:
    for _ in range(3):
        await owner.get("/api/domains")
    refused(await owner.get("/api/domains"))
    await quotas.set_quotas(limited, organization.id, {"token_reads_per_minute": 100, "reads_per_minute": 0})
    answer = await owner.get("/api/domains")
    assert answer.status == 200
    assert answer.headers["RateLimit-Policy"] == '"token-reads";q=100;w=60'
    await quotas.set_quotas(limited, organization.id, {"token_reads_per_minute": None, "reads_per_minute": None})
    assert (await owner.get("/api/domains")).status == 429


async def test_without_a_limit_nothing_is_counted_and_nothing_is_told(limited: Context, owner: Client) -> None:
    limits = replace(limited.config.limits, token_reads_per_minute=0, reads_per_minute=0)
    set_limits(limited, replace(limited.config, limits=limits))
    for _ in range(8):
        answer = await owner.get("/api/domains")
        assert answer.status == 200
        assert "RateLimit" not in answer.headers


async def test_a_pause_saves_up_no_more_than_the_burst(
    limited: Context, owner: Client, monotonic: ManualMonotonic
) -> None:
    limits = replace(limited.config.limits, token_reads_per_minute=6, reads_per_minute=0, burst=20_000)
    set_limits(limited, replace(limited.config, limits=limits))
    monotonic.now += 3600
    assert [(await owner.get("/api/domains")).status for _ in range(3)] == [200, 200, 429]


async def test_what_is_idle_is_forgotten(limited: Context, monotonic: ManualMonotonic) -> None:
    limiter = RateLimiter(limited, monotonic)
    for number in range(200):
        caller = Caller(kind=CallerKind.TOKEN, role=Role.OWNER, id=f"token_{number}", org_id=f"org_{number}")
        await limiter.admit(caller, is_write=False)
        monotonic.now += 10
    assert len(limiter) < 10
