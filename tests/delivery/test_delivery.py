"""Deliveries to a real receiver."""

import asyncio
import hashlib
import hmac
import json

import pytest
from aiohttp import web
from msgspec.structs import replace
from standardwebhooks import Webhook

from dcvd.core.signing import standard_secret
from dcvd.delivery import DeliveryPool
from dcvd.errors import StoreFull
from dcvd.kit.clock import ManualClock, SystemClock
from dcvd.metrics import Metrics
from dcvd.services import deliveries as service
from dcvd.services import domains, webhooks
from dcvd.services.context import Context
from tests.delivery.conftest import Receiver
from tests.waiting import until


async def _states(context: Context) -> list[tuple[str, int, str | None]]:
    return await context.database.read(
        lambda snapshot: snapshot.all(
            "SELECT d.state, d.attempts, d.last_error FROM webhook_endpoints w JOIN deliveries d"
            " ON d.endpoint_id = w.id WHERE w.org_id IN (SELECT id FROM organizations) ORDER BY d.id"
        )
    )


async def _attempts(context: Context) -> list[tuple[int, str, int | None, bytes]]:
    return await context.database.read(
        lambda snapshot: snapshot.all(
            "SELECT a.number, a.outcome, a.status_code, a.response FROM webhook_endpoints w"
            " JOIN deliveries d ON d.endpoint_id = w.id JOIN attempts a ON a.delivery_id = d.id"
            " WHERE w.org_id IN (SELECT id FROM organizations) ORDER BY a.number"
        )
    )


async def _attempted(context: Context, times: int) -> None:
    async def made() -> bool:
        return len(await _attempts(context)) >= times

    await until(made)


@pytest.mark.usefixtures("pool")
async def test_an_event_arrives_with_both_signatures_right(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    context.clock = SystemClock()
    await domains.add(context, org, "app.customer.test")
    await _attempted(context, 1)
    ((headers, body),) = receiver.received
    secret = (await webhooks.get(context, org, endpoint)).secret
    expected = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-DCVaaS-Signature"] == expected
    assert headers["X-DCVaaS-Event"] == "domain.added"
    verified = Webhook(standard_secret(secret).reveal()).verify(body, dict(headers))
    assert verified == json.loads(body)
    assert headers["webhook-id"] == json.loads(body)["id"]
    assert headers["Content-Type"] == "application/json"
    assert await _states(context) == [("delivered", 1, None)]


@pytest.mark.usefixtures("pool")
async def test_an_endpoint_gets_the_events_that_it_asked_for_alone(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    domain = await domains.add(context, org, "app.customer.test")
    await domains.remove(context, org, domain.id)
    await _attempted(context, 1)
    assert [json.loads(body)["event"] for _, body in receiver.received] == ["domain.added"]
    assert len(await _states(context)) == 1


@pytest.mark.usefixtures("pool", "endpoint")
async def test_a_failure_is_tried_again_by_the_schedule_with_the_same_id_and_body(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    async def sometimes(request: web.Request) -> web.Response:
        return web.Response(status=200 if len(receiver.received) == 3 else 500, text="no" * 2000)

    receiver.answer = sometimes
    await domains.add(context, org, "app.customer.test")
    await _attempted(context, 1)
    assert (await _states(context))[0][:2] == ("pending", 1)
    clock.advance(5_000)
    await _attempted(context, 2)
    clock.advance(30_000)
    await _attempted(context, 3)
    assert await _states(context) == [("delivered", 3, None)]
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
    assert len({body for _, body in receiver.received}) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.received}) == 3
    assert [(number, outcome, status) for number, outcome, status, _ in await _attempts(context)] == [
        (1, "http_error", 500),
        (2, "http_error", 500),
        (3, "delivered", 200),
    ]
    assert [len(response) for *_, response in await _attempts(context)] == [1024, 1024, 1024]


@pytest.mark.usefixtures("pool", "endpoint")
async def test_after_the_last_attempt_it_is_a_dead_letter(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    context.config = replace(context.config, webhooks=replace(context.config.webhooks, retry_schedule=(0, 1000)))

    async def never(request: web.Request) -> web.Response:
        return web.Response(status=500)

    receiver.answer = never
    await domains.add(context, org, "app.customer.test")
    await _attempted(context, 1)
    clock.advance(1000)
    await _attempted(context, 2)
    ((state, attempts, error),) = await _states(context)
    assert (state, attempts) == ("dead", 2)
    assert error is not None
    assert "500" in error


@pytest.mark.usefixtures("pool", "endpoint")
async def test_a_redirect_is_a_failure_and_is_not_followed(context: Context, org: str, receiver: Receiver) -> None:
    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    receiver.answer = redirect
    await domains.add(context, org, "app.customer.test")
    await _attempted(context, 1)
    assert len(receiver.received) == 1
    ((state, _, error),) = await _states(context)
    assert state == "pending"
    assert error is not None
    assert "/elsewhere" in error


async def test_bytes_that_are_no_text_in_an_answer_are_stored_all_the_same(
    context: Context, org: str, pool: DeliveryPool
) -> None:
    async def hostile(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 302 \xff\r\nLocation: /\xff\xfe\r\nRetry-After: \xff\r\nContent-Length: 2\r\n\r\n\xff\xfe"
        )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(hostile, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await webhooks.create(context, org, url=url, events=["domain.added"])
        await domains.add(context, org, "app.customer.test")
        await _attempted(context, 1)
    ((state, attempts, error),) = await _states(context)
    assert (state, attempts) == ("pending", 1)
    assert error is not None
    error.encode()


@pytest.mark.usefixtures("endpoint")
async def test_a_fault_of_ours_is_an_attempt_and_not_a_storm(
    context: Context, org: str, pool: DeliveryPool, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*arguments: object, **named: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("dcvd.delivery.pool.attempt", broken)
    await domains.add(context, org, "app.customer.test")
    await _attempted(context, 1)
    ((state, attempts, error),) = await _states(context)
    assert (state, attempts) == ("pending", 1)
    assert error is not None
    assert "a fault of ours" not in error


@pytest.mark.usefixtures("pool", "endpoint")
async def test_gone_ends_it_at_once(context: Context, org: str, receiver: Receiver) -> None:
    async def gone(request: web.Request) -> web.Response:
        return web.Response(status=410)

    receiver.answer = gone
    await domains.add(context, org, "app.customer.test")
    await _attempted(context, 1)
    assert (await _states(context))[0][:2] == ("dead", 1)


@pytest.mark.usefixtures("pool", "endpoint")
async def test_a_receiver_that_answers_too_late_has_failed(context: Context, org: str, receiver: Receiver) -> None:
    context.config = replace(context.config, webhooks=replace(context.config.webhooks, timeout=100))

    async def late(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    receiver.answer = late
    await domains.add(context, org, "app.customer.test")
    await _attempted(context, 1)
    assert [(outcome, status) for _, outcome, status, _ in await _attempts(context)] == [("timeout", None)]


async def test_the_pool_is_bounded_and_everything_arrives(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    context.config = replace(context.config, webhooks=replace(context.config.webhooks, concurrency=4))
    full = asyncio.Event()

    async def together(request: web.Request) -> web.Response:
        if receiver.open == 4:
            full.set()
        # Until the pool is full, so that a larger one would show.
        async with asyncio.timeout(5):
            await full.wait()
        await asyncio.sleep(0)
        return web.Response()

    receiver.answer = together
    for number in range(30):
        await domains.add(context, org, f"n{number}.customer.test")
    pool = DeliveryPool(context, Metrics())
    await pool.start()
    task = asyncio.create_task(pool.run())
    await _attempted(context, 30)
    task.cancel()
    await asyncio.wait([task])
    await pool.pool.drain(1)
    await pool.close()
    assert receiver.most_open == 4
    assert [state for state, *_ in await _states(context)] == ["delivered"] * 30


async def test_stopping_stores_the_outcome_of_what_was_under_way(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    arrived, answer = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        arrived.set()
        await answer.wait()
        return web.Response()

    receiver.answer = slow
    pool = DeliveryPool(context, Metrics())
    await pool.start()
    task = asyncio.create_task(pool.run())
    await domains.add(context, org, "app.customer.test")
    await arrived.wait()
    task.cancel()
    await asyncio.wait([task])
    draining = asyncio.create_task(pool.pool.drain(5))
    await asyncio.sleep(0)
    answer.set()
    assert await draining == 0
    await pool.close()
    assert await _states(context) == [("delivered", 1, None)]


async def test_what_was_cut_off_while_stopping_is_simply_due_again(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    arrived = asyncio.Event()

    async def endless(request: web.Request) -> web.Response:
        arrived.set()
        await asyncio.sleep(30)
        return web.Response()

    receiver.answer = endless
    pool = DeliveryPool(context, Metrics())
    await pool.start()
    task = asyncio.create_task(pool.run())
    await domains.add(context, org, "app.customer.test")
    await arrived.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await pool.pool.drain(0) == 1
    await pool.close()
    assert await _states(context) == [("pending", 0, None)]


@pytest.mark.usefixtures("pool", "endpoint")
async def test_an_outcome_that_cannot_be_stored_is_not_sent_again_but_stored_later(
    context: Context, org: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = service.record_attempt
    refusals = iter([StoreFull("The disk is full.")])

    async def full_once(*arguments: object) -> object:
        for refusal in refusals:
            raise refusal
        return await record(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "record_attempt", full_once)
    await domains.add(context, org, "app.customer.test")
    await _attempted(context, 1)
    assert len(receiver.received) == 1
    assert await _states(context) == [("delivered", 1, None)]


@pytest.mark.usefixtures("pool")
async def test_a_disabled_endpoint_gets_what_waited_once_it_is_enabled_again(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    async def fail(request: web.Request) -> web.Response:
        return web.Response(status=503)

    good, receiver.answer = receiver.answer, fail
    await domains.add(context, org, "app.customer.test")
    await _attempted(context, 1)
    await webhooks.change(context, org, endpoint, enabled=False)
    assert isinstance(context.clock, ManualClock)
    context.clock.advance(3_600_000)
    receiver.answer = good
    await webhooks.change(context, org, endpoint, enabled=True)
    await _attempted(context, 2)
    assert await _states(context) == [("delivered", 2, None)]
