"""Who is let in, and in which order a request is judged."""

import asyncio

import pytest

from dcvd.core.instants import MINUTE
from dcvd.core.tokens.token import Role
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.fixtures import BODY_LIMIT, Mint
from tests.served_app.stand_ins import NOW

READS = ["/api/tokens", "/api/domains", "/api/domains/dom_x", "/api/webhooks", "/api/webhooks/wh_x", "/api/jobs",
         "/api/jobs/job_x", "/api/webhooks/wh_x/deliveries", "/api/deliveries", "/api/deliveries/dlv_x",
         "/api/deliveries/dlv_x/explain", "/api/events", "/api/domains/dom_x/timeline",
         "/api/domains/dom_x/diagnosis", "/api/domains.csv"]  # fmt: skip
WRITES = [
    ("POST", "/api/tokens"), ("DELETE", "/api/tokens/token_x"),
    ("POST", "/api/domains"), ("POST", "/api/domains/dom_x/sync"), ("DELETE", "/api/domains/dom_x"),
    ("POST", "/api/domains/bulk"), ("POST", "/api/domains/bulk/delete"),
    ("POST", "/api/webhooks"), ("PATCH", "/api/webhooks/wh_x"), ("DELETE", "/api/webhooks/wh_x"),
    ("POST", "/api/webhooks/wh_x/rotate-secret"), ("POST", "/api/webhooks/wh_x/replay"),
    ("POST", "/api/webhooks/wh_x/test"), ("POST", "/api/webhooks/wh_x/conformance"),
    ("POST", "/api/deliveries/dlv_x/retry"), ("POST", "/api/deliveries/dlv_x/cancel"),
    ("POST", "/api/deliveries/retry"),
    ("POST", "/api/jobs/job_x/retry"), ("POST", "/api/diagnose"),
]  # fmt: skip


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Token dcv_live_00000000000000000000000000000000",
        "dcv_live_00000000000000000000000000000000",
        "Bearer dcv_live_00000000000000000000000000000000",
        "Bearer dcv_live_0000000000000000000000000000000",
        "Bearer dcv_live_0000000000000000000000000000000Z",
        "Bearer dcv_live_00000000000000000000000000000000 x",
        "Bearer \xff\xfe",
        "Bearer " + "a" * 8000,
    ],
)
async def test_anything_but_a_live_token_is_401_and_says_how_to_come_in(anybody: Client, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await anybody.get("/api/domains", headers=headers)
    found = problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "0000" not in found["detail"]


async def test_two_authorization_headers_are_refused(addresses: tuple[int, object], mint: Mint) -> None:

    token = (await mint()).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
    authorization = b"Authorization: Bearer " + token + b"\r\n"
    writer.write(b"GET /api/domains HTTP/1.1\r\nHost: x\r\n" + authorization * 2 + b"Connection: close\r\n\r\n")
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 401 ")


async def _status(addresses: tuple[int, object], value: bytes) -> int:
    """What is answered to an Authorization of exactly these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
    writer.write(b"GET /api/domains HTTP/1.1\r\nHost: x\r\nAuthorization:" + value + b"\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("template", "status"),
    [
        (b"Bearer TOKEN", 200),
        (b" Bearer TOKEN", 200),
        # RFC 9110: one blank or more between scheme and token, and blanks and tabs around a field's value mean nothing.
        (b" Bearer   TOKEN", 200),
        (b" bearer  TOKEN", 200),
        (b"\t Bearer TOKEN \t ", 200),
        # No other space stands between them, or belongs to a token.
        (b" Bearer\tTOKEN", 401),
        (b" Bearer \tTOKEN", 401),
        (b" Bearer\xa0TOKEN", 401),
        (b" Bearer \xa0TOKEN", 401),
        (b" Bearer TOKEN\xa0", 401),
        (b" Bearer TOKEN\x85", 401),
        (b" BearerTOKEN", 401),
        (b" Bearer: TOKEN", 401),
        (b" Bearer=TOKEN", 401),
        (b" Bearer TOKEN,", 401),
        (b" Bearer TOKEN TOKEN", 401),
        (b" Bearer TOKEN, Bearer TOKEN", 401),
        (b' Bearer "TOKEN"', 401),
        (b" Bearers TOKEN", 401),
    ],
)
async def test_a_header_is_read_as_its_grammar_says_and_no_further(
    addresses: tuple[int, object], mint: Mint, template: bytes, status: int
) -> None:
    token = (await mint()).encode()
    assert await _status(addresses, template.replace(b"TOKEN", token)) == status


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_schemes_name_may_be_written_in_any_case(anybody: Client, mint: Mint, scheme: str) -> None:
    answer = await anybody.get("/api/domains", headers={"Authorization": f"{scheme} {await mint()}"})
    assert answer.status == 200


async def test_a_token_is_dead_from_its_expiry_on(anybody: Client, mint: Mint, clock: ManualClock) -> None:
    client = anybody.as_bearer(await mint(Role.OWNER, expires_at=NOW + MINUTE))
    assert (await client.get("/api/domains")).status == 200
    clock.set(NOW + MINUTE)
    problem(await client.get("/api/domains"), 401, "unauthenticated")


async def test_a_revoked_token_is_dead_at_once(owner: Client, anybody: Client) -> None:
    minted = (await owner.post("/api/tokens", {"name": "ci"})).json["token"]
    client = anybody.as_bearer(minted["token"])
    assert (await client.get("/api/domains")).status == 200
    assert (await owner.delete(f"/api/tokens/{minted['id']}")).status == 204
    problem(await client.get("/api/domains"), 401, "unauthenticated")


@pytest.mark.parametrize("path", READS)
@pytest.mark.sampled(3)
async def test_a_member_reads_everything(member: Client, path: str) -> None:
    assert (await member.get(path)).status in (200, 404)


@pytest.mark.parametrize("path", READS)
@pytest.mark.sampled(3)
async def test_a_head_is_judged_as_the_get_that_it_stands_for(
    member: Client, owner: Client, anybody: Client, path: str
) -> None:
    for client in (member, owner):
        assert (await client.call("HEAD", path)).status == (await client.get(path)).status
    assert (await anybody.call("HEAD", path)).status == 401
    revoked = anybody.as_bearer("dcv_live_" + "0" * 32)
    assert (await revoked.call("HEAD", path)).status == 401


@pytest.mark.parametrize("path", ["/api/domains/dom_x/sync", "/api/deliveries/dlv_x/retry", "/api/webhooks/wh_x/test"])
async def test_a_head_of_what_only_writes_does_nothing(owner: Client, path: str) -> None:
    assert (await owner.call("HEAD", path)).status == 405


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.sampled(3)
async def test_a_member_writes_nothing(member: Client, method: str, path: str) -> None:
    problem(await member.call(method, path, json={}), 403, "forbidden")


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.sampled(3)
async def test_an_admin_may_write(admin: Client, method: str, path: str) -> None:
    assert (await admin.call(method, path, json={})).status in (400, 404)


@pytest.mark.parametrize(("method", "path"), [*WRITES, *(("GET", path) for path in READS)])
@pytest.mark.sampled(3)
async def test_everything_of_a_tenants_needs_a_token(anybody: Client, method: str, path: str) -> None:
    problem(await anybody.call(method, path), 401, "unauthenticated")


async def test_the_token_is_judged_before_the_role_the_role_before_the_body_and_the_body_before_the_object(
    anybody: Client, member: Client, owner: Client
) -> None:
    path, junk, huge = "/api/webhooks/wh_missing", b"\xff{", b"x" * (BODY_LIMIT + 1)
    text = {"Content-Type": "text/plain"}
    problem(await anybody.patch("/api/missing", data=huge, headers=text), 404, "route_not_found")
    problem(await anybody.patch(path, data=huge, headers=text), 401, "unauthenticated")
    problem(await member.patch(path, data=huge, headers=text), 403, "forbidden")
    problem(await owner.patch(path, data=huge, headers=text), 415, "unsupported_media_type")
    problem(await owner.patch(path, data=huge), 413, "body_too_large")
    problem(await owner.patch(path, data=junk), 400, "malformed_json")
    problem(await owner.patch(path, {"url": 1}), 400, "invalid_input", field="url")
    problem(await owner.patch(path, {"enabled": True}), 404, "not_found")


async def test_the_role_is_judged_without_waiting_for_the_body(addresses: tuple[int, object], mint: Mint) -> None:

    token = (await mint(Role.MEMBER)).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
    writer.write(
        b"POST /api/domains HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
        b"Authorization: Bearer " + token + b"\r\n\r\n"
    )
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 403 ")
    writer.close()
    await writer.wait_closed()


async def test_a_tenants_calls_work_over_the_unix_socket_too_and_need_a_token_there(
    operator: Client, mint: Mint
) -> None:
    problem(await operator.get("/api/domains"), 401, "unauthenticated")
    assert (await operator.as_bearer(await mint()).get("/api/domains")).status == 200
