"""`/hooks/cloudflare`."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client import generate_latest

from dcvd.core.custom_hostnames.notifications import read_notification
from dcvd.core.instants import HOUR
from dcvd.core.secret import Secret
from dcvd.errors import StoreError
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.cloudflare_notifications import CloudflareNotificationHandler
from dcvd.store.organizations.organizations import Organization
from tests.core.custom_hostnames.test_notifications import EVENT
from tests.manual_clock import ManualClock
from tests.served_app.client import Answer, Client, problem
from tests.served_app.fixtures import BODY_LIMIT, EventDict
from tests.unreliable_database import UnreliableDatabase

PATH, SECRET = "/hooks/cloudflare", "the-secret-of-the-hook"
NAME = "app.customer.com"


@pytest.fixture(autouse=True)
def _configured(context: Context) -> None:
    config = context.config
    context.live_config.value = replace(config, cloudflare=replace(config.cloudflare, webhook_secret=Secret(SECRET)))


async def push(client: Client, payload: Any = None, *, secret: str | None = SECRET, **options: Any) -> Answer:
    headers = {} if secret is None else {"cf-webhook-auth": secret}
    headers |= options.pop("headers", {})
    return await client.post(PATH, payload, headers=headers, **options)


async def test_a_notification_in_either_shape_makes_the_hostname_due(
    anybody: Client, context: Context, organization: Organization, clock: ManualClock
) -> None:
    event = EVENT | {"metadata": {"event": EVENT["metadata"]["event"]}}
    for payload in (event, {"name": "ssl", "text": "…", "data": {**event, "metadata": {"event": {"id": "another"}}}}):
        clock.advance(HOUR)
        found = await queries.list_page(context, organization.id, DomainQuery(), cursor=None, limit=1)
        domain = found.items[0] if found.items else await additions.add(context, organization.id, NAME)
        await checks.postpone(context, domain, clock.now() + HOUR)
        answer = await push(anybody, payload)
        assert (answer.status, answer.json) == (200, {"outcome": "due"})
        assert (await queries.get(context, organization.id, domain.id)).next_check_at == clock.now()


async def test_without_a_configured_secret_there_is_nothing_here(anybody: Client, context: Context) -> None:
    config = context.config
    context.live_config.value = replace(config, cloudflare=replace(config.cloudflare, webhook_secret=None))
    for secret in (SECRET, "", None):
        problem(await push(anybody, EVENT, secret=secret), 404, "route_not_found")


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + " x", SECRET[:-1], SECRET.upper(), "\xff\xfe"])
async def test_a_missing_or_wrong_secret_is_401_without_a_word_on_which(anybody: Client, secret: str | None) -> None:
    right = problem(await push(anybody, EVENT, secret=None), 401, "unauthenticated")
    found = problem(await push(anybody, EVENT, secret=secret), 401, "unauthenticated")
    assert found["detail"] == right["detail"]
    assert SECRET not in found["detail"]


async def test_a_secret_sent_twice_is_refused(addresses: tuple[int, object]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
    header = b"cf-webhook-auth: " + SECRET.encode() + b"\r\n"
    writer.write(
        b"POST /hooks/cloudflare HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
        + header * 2
        + b"Connection: close\r\n\r\n{}"
    )
    async with asyncio.timeout(10):
        assert (await reader.read()).startswith(b"HTTP/1.1 401 ")
    writer.close()
    await writer.wait_closed()


async def test_a_tenants_token_opens_nothing_here(owner: Client) -> None:
    problem(await push(owner, EVENT, secret=None), 401, "unauthenticated")


@pytest.mark.parametrize(
    "payload", [{"text": "Hello World! This is a test message"}, {}, [], "text", 7, None, {"data": 1}, {"metadata": []}]
)
async def test_a_test_and_whatever_else_is_json_is_taken_so_that_nobody_sends_it_again(
    anybody: Client, payload: Any, log_lines: list[EventDict]
) -> None:
    answer = await push(anybody, data="null") if payload is None else await push(anybody, payload)
    assert (answer.status, answer.json) == (200, {"outcome": "without_hostname"})
    assert [line["outcome"] for line in log_lines if line["event"] == "hints.taken"] == ["without_hostname"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"hello", b'{"a":' * 3000, b"[" * 3900])
async def test_what_is_not_json_is_400(anybody: Client, body: bytes) -> None:
    answer = await push(anybody, data=body)
    if len(body) > BODY_LIMIT:
        problem(answer, 413, "body_too_large")
    else:
        problem(answer, 400, "malformed_json")


async def test_an_empty_body_is_400_and_a_large_one_413(anybody: Client) -> None:
    problem(await push(anybody, data=b""), 400, "malformed_json")
    problem(await push(anybody, data=b" " * (BODY_LIMIT + 1)), 413, "body_too_large")


async def test_the_type_that_a_body_is_said_to_have_does_not_matter(anybody: Client) -> None:
    for kind in ("text/plain", "application/json; charset=utf-8", ""):
        assert (await push(anybody, data=b"{}", headers={"Content-Type": kind})).status == 200


async def test_a_failing_database_is_503_so_that_it_is_sent_again(anybody: Client, context: Context) -> None:
    async def fail() -> None:
        raise StoreError("The disk is gone.")

    assert isinstance(context.database, UnreliableDatabase)
    context.database.before_write = fail
    problem(await push(anybody, EVENT | {"metadata": {}}), 503, "store_failed")


async def test_only_a_post_is_taken_and_the_schema_does_not_name_it(anybody: Client) -> None:
    problem(await anybody.get(PATH), 405, "method_not_allowed")
    assert PATH not in (await anybody.get("/schema/openapi.json")).json["paths"]


async def test_what_came_of_them_is_counted(context: Context) -> None:
    metrics = Metrics()
    await CloudflareNotificationHandler(context, metrics).handle(read_notification({}))
    assert b'dcvd_cloudflare_notifications_total{outcome="without_hostname"} 1.0' in generate_latest(metrics.registry)
