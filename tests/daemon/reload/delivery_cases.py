"""Deliveries of webhooks, and how long what has ended is kept."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from dcvd.core.instants import DAY
from dcvd.core.jobs import JobState
from dcvd.core.tokens.token import Role
from dcvd.errors import ConfigError
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services.tokens import minting
from dcvd.services.tokens.usage import TokenUsage
from dcvd.services.webhooks import endpoints
from tests.authority import Authority, serve_with
from tests.daemon.reload.cases import case
from tests.daemon.reload.domain_cases import register
from tests.daemon.reload.place import Place
from tests.delivery.receivers import Answer, ok
from tests.kit.receivers import receiver
from tests.waiting import until


async def deliver(place: Place, count: int = 1, answer: Answer = ok) -> str:
    """Have `domain.added` sent for new domains to an endpoint that so answers; returns its id."""
    org_id = await place.new_organization()
    url = f"{place.receiver.url}/{org_id}"
    place.receiver.answers[urlsplit(url).path] = answer
    endpoint, _ = await endpoints.create(place.context, org_id, url=url, events=["domain.added"])
    await asyncio.gather(*(place.new_domain(org_id) for _ in range(count)))
    return endpoint.id


async def read_deliveries(place: Place, endpoint_id: str) -> list[tuple[str, int, int | None]]:
    """State, attempts and time of the next attempt of each."""
    return await place.context.database.read(
        lambda snapshot: snapshot.fetch_all(
            "SELECT state, attempts, next_attempt_at FROM deliveries WHERE endpoint_id = ?", (endpoint_id,)
        )
    )


async def attempt(place: Place, answer: Answer) -> tuple[str, int, int | None]:
    """One delivery after its first attempt."""
    endpoint_id = await deliver(place, answer=answer)

    async def tried() -> bool:
        return any(attempts for _, attempts, _ in await read_deliveries(place, endpoint_id))

    await until(tried)
    (found,) = await read_deliveries(place, endpoint_id)
    return found


@case("webhooks.timeout")
async def _(place: Place) -> None:
    async def answer_late(_: web.Request) -> web.Response:
        await asyncio.sleep(0.2)
        return web.Response()

    assert (await attempt(place, answer_late))[0] == "delivered"
    place.reload(webhooks__timeout='"20ms"')
    assert (await attempt(place, answer_late))[0] == "pending"


@case("webhooks.retry_schedule")
async def _(place: Place) -> None:
    state, _, next_attempt_at = await attempt(place, refuse)
    assert state == "pending"
    assert next_attempt_at is not None
    place.reload(webhooks__retry_schedule='["0s"]')
    assert (await attempt(place, refuse))[0] == "dead"


@case("webhooks.endpoint_concurrency")
async def _(place: Place) -> None:
    place.reload(webhooks__endpoint_concurrency="1")
    assert await count_open_requests(place, 1) == 1
    place.reload(webhooks__endpoint_concurrency="4")
    assert await count_open_requests(place, 4) == 4


@case("webhooks.origin_concurrency")
async def _(place: Place) -> None:
    place.reload(webhooks__origin_concurrency="1")
    assert await count_open_requests(place, 1) == 1
    place.reload(webhooks__origin_concurrency="16")
    assert await count_open_requests(place, 8) == 8


async def count_open_requests(place: Place, expected: int) -> int:
    """How many of eight deliveries are sent at once to an endpoint that answers none before so many are there."""
    gate = asyncio.Event()
    open_counts: list[int] = []
    answered = 0

    async def hold(_: web.Request) -> web.Response:
        nonlocal answered
        open_counts.append(len(open_counts) + 1 - answered)
        await gate.wait()
        answered += 1
        return web.Response()

    async def all_open() -> bool:
        return len(open_counts) == expected

    async def all_answered() -> bool:
        return answered == 8

    await deliver(place, 8, hold)
    await until(all_open)
    gate.set()
    await until(all_answered)
    return max(open_counts)


async def refuse(_: web.Request) -> web.Response:
    return web.Response(status=500)


async def check_kept(place: Place, changes: dict[str, str], count: Callable[[], Awaitable[int]]) -> None:
    """What there is stays for as long as the file says, and goes when that is no time."""
    janitor = Janitor(place.context, TokenUsage(), Metrics())
    await janitor.run_once()
    before = await count()
    assert before
    place.reload_all(changes)

    async def gone() -> bool:
        await janitor.run_once()
        return await count() < before

    await until(gone)


async def count_rows(place: Place, table: str, org_id: str) -> int:
    rows = await place.context.database.read(
        lambda snapshot: snapshot.fetch_all(f"SELECT id FROM {table} WHERE org_id = ?", (org_id,))
    )
    return len(rows)


@case("retention.tokens")
async def _(place: Place) -> None:
    org_id = await place.new_organization()
    now = place.context.now()
    await minting.create(place.context, org_id, name="ci", role=Role.OWNER, expires_at=now + DAY)
    await place.context.database.write(
        lambda tx: tx.execute("UPDATE api_tokens SET expires_at = ? WHERE org_id = ?", (now - 1, org_id))
    )
    await check_kept(place, {"retention.tokens": '"0s"'}, lambda: count_rows(place, "api_tokens", org_id))


@case("retention.jobs")
async def _(place: Place) -> None:
    job = await register(place)
    assert job.state is JobState.DONE
    await check_kept(place, {"retention.jobs": '"0s"'}, lambda: count_rows(place, "jobs", job.org_id))


@case("retention.events")
async def _(place: Place) -> None:
    job = await register(place)
    await check_kept(place, {"retention.events": '"0s"'}, lambda: count_rows(place, "events", job.org_id))


@case("retention.timeline")
async def _(place: Place) -> None:
    job = await register(place)
    await check_kept(place, {"retention.timeline": '"0s"'}, lambda: count_rows(place, "timeline", job.org_id))


@case("retention.audit")
async def _(place: Place) -> None:
    org_id = await place.new_organization()
    await check_kept(place, {"retention.audit": '"0s"'}, lambda: count_rows(place, "audit_entries", org_id))


async def check_deliveries_kept(place: Place, key: str, changes: dict[str, str], answer: Answer) -> None:
    endpoint_id = await deliver(place, answer=answer)

    async def ended() -> bool:
        return any(state != "pending" for state, _, _ in await read_deliveries(place, endpoint_id))

    async def count() -> int:
        return len(await read_deliveries(place, endpoint_id))

    await until(ended)
    await check_kept(place, changes | {key: '"0s"'}, count)


@case("retention.deliveries")
async def _(place: Place) -> None:
    await check_deliveries_kept(place, "retention.deliveries", {}, ok)


@case("retention.dead_letters")
async def _(place: Place) -> None:
    once = {"webhooks.retry_schedule": '["0s"]'}
    place.reload_all(once)
    await check_deliveries_kept(place, "retention.dead_letters", once, refuse)


@case("webhooks.ca_file")
async def _(place: Place) -> None:
    authority = Authority()
    tls = serve_with(authority.issue("127.0.0.1", address="127.0.0.1"), place.directory / "receiver.pem")
    async with receiver(ok, tls) as port:

        async def outcome() -> str:
            org_id = await place.new_organization()
            url = f"https://127.0.0.1:{port}/"
            endpoint, _ = await endpoints.create(place.context, org_id, url=url, events=["domain.added"])
            await place.new_domain(org_id)
            found: list[str] = []

            async def ended() -> bool:
                found[:] = await place.context.database.read(
                    lambda snapshot: snapshot.fetch_column(
                        "SELECT outcome FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
                        " WHERE d.endpoint_id = ?",
                        (endpoint.id,),
                    )
                )
                return bool(found)

            await until(ended)
            return found[0]

        assert await outcome() == "tls"
        path = authority.write(place.directory / "private-ca.pem")
        place.reload(webhooks__ca_file=f'"{path}"')
        assert await outcome() == "delivered"
        # A file that cannot be read changes nothing.
        path.write_text("nothing")
        with pytest.raises(ConfigError, match=r"webhooks\.ca_file is .*no certificate"):
            place.reload(webhooks__ca_file=f'"{path}"')
        assert await outcome() == "delivered"


@case("webhooks.source_addresses")
async def _(place: Place) -> None:
    assert await _read_source_addresses(place) == []
    place.reload(webhooks__source_addresses='["9.9.9.9", "8.8.8.0/28"]')
    assert await _read_source_addresses(place) == ["9.9.9.9", "8.8.8.0/28"]


async def _read_source_addresses(place: Place) -> object:
    async with aiohttp.ClientSession() as session, session.get(f"{place.daemon.urls[0]}/api/meta") as answer:
        return (await answer.json())["meta"]["webhooks"]["sourceAddresses"]
