"""How many bytes of bodies are held at once: for one organization, and for all."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import pytest
from litestar import Litestar
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.config import Config, Live
from dcvd.http.request_envelope import RequestEnvelope
from dcvd.kit.http.server.http_limits import HttpLimits
from dcvd.services.context import Context
from tests.kit.http.peer import Client, connected, serving
from tests.served_app.client import Client as Tenant

_BODY = b'{"domainName":"app.customer.com"}'.ljust(2000)


class Bodies:
    """Opens connections that announce a body and hold it back."""

    def __init__(self, address: tuple[str, int], stack: AsyncExitStack) -> None:
        self._address = address
        self._stack = stack

    async def begin(self, tenant: Tenant, framing: bytes = b"Content-Length: %d\r\n\r\n" % len(_BODY)) -> Client:
        client = await self._stack.enter_async_context(connected(self._address))
        await client.send(
            b"POST /api/domains HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" % str(tenant.token).encode()
            + b"Content-Type: application/json\r\n" + framing
        )  # fmt: skip
        return client


async def busy(client: Client) -> bool:
    head, answered = await client.response()
    assert "\r\nretry-after: 1\r\n" in head
    return bool(head.startswith("HTTP/1.1 503 ") and answered["code"] == "busy")


async def created(client: Client) -> bool:
    await client.send(_BODY)
    head, answered = await client.response()
    assert head.startswith(("HTTP/1.1 201 ", "HTTP/1.1 409 ")), answered
    return True


@pytest.fixture
async def bodies(app: Api, config: Config) -> AsyncIterator[Bodies]:
    limits = replace(config.limits, body_bytes_per_organization=3000, body_bytes=5000)
    context = Context(app.services.context.database, Live(replace(config, limits=limits)))
    envelope = RequestEnvelope(partial(Litestar.__call__, app), replace(app.services, context=context), {})
    async with serving(envelope, limits=HttpLimits()) as (_, [address]), AsyncExitStack() as stack:
        assert isinstance(address, tuple)
        yield Bodies(address, stack)


async def test_one_organization_has_its_share_of_the_bodies_that_are_held_and_the_others_have_theirs(
    bodies: Bodies, owner: Tenant, stranger: Tenant
) -> None:
    first = await bodies.begin(owner)
    await asyncio.sleep(0.1)
    assert await busy(await bodies.begin(owner))
    assert await created(await bodies.begin(stranger))
    assert await created(first)
    assert await created(await bodies.begin(owner))


async def test_bodies_without_a_length_are_counted_as_they_arrive(bodies: Bodies, owner: Tenant) -> None:
    chunk = b"%x\r\n%s\r\n" % (len(_BODY), _BODY)
    first = await bodies.begin(owner, b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
    await asyncio.sleep(0.1)
    assert await busy(await bodies.begin(owner, b"Transfer-Encoding: chunked\r\n\r\n" + chunk))
    await first.send(b"0\r\n\r\n")
    assert (await first.response())[0].startswith("HTTP/1.1 201 ")


async def test_a_client_that_leaves_in_the_middle_holds_nothing(bodies: Bodies, owner: Tenant) -> None:
    first = await bodies.begin(owner)
    await asyncio.sleep(0.1)
    assert await busy(await bodies.begin(owner))
    first.writer.transport.abort()
    await asyncio.sleep(0.1)
    assert await created(await bodies.begin(owner))


@pytest.mark.parametrize("body", [_BODY, json.dumps({"domainName": "b.customer.com"}).encode()])
async def test_json_with_a_byte_order_mark_is_taken(owner: Tenant, body: bytes) -> None:
    answer = await owner.post("/api/domains", data=b"\xef\xbb\xbf" + body)
    assert answer.status == 201, answer.body


async def test_a_byte_order_mark_alone_is_an_empty_body(owner: Tenant) -> None:
    assert (await owner.post("/api/domains", data=b"\xef\xbb\xbf")).status == 400


async def test_lines_may_begin_with_a_byte_order_mark(owner: Tenant) -> None:
    lines = b"\xef\xbb\xbf" + b'{"domainName":"one.customer.com"}\n{"domainName":"two.customer.com"}\n'
    answer = await owner.post("/api/domains/bulk", data=lines, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status == 200
    assert "malformed_json" not in answer.body.decode()
    assert len(answer.body.splitlines()) == 2
    added = await owner.get("/api/domains")
    assert {domain["domainName"] for domain in added.json["domains"]} == {"one.customer.com", "two.customer.com"}
