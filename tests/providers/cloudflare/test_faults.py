"""What fails in the middle of a change at Cloudflare, and answers that are of no use: nothing is lost unsaid."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import Permanent, RecordConflict, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.cloudflare.calls import CloudflareDnsApi
from dcvd.providers.cloudflare.records import CloudflareRecords
from dcvd.providers.driver import ChangeHalfDone
from tests.kit.receivers import receiver
from tests.providers.cloudflare.customer import Customer, at_cloudflare

NAME = "app.customer.test"
WANTED = ZoneRecord(type="CNAME", name=NAME, value="edge.sandbox.test")
NONE: dict[str, Any] = {"success": True, "errors": [], "messages": [], "result": None}


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    async with at_cloudflare() as made:
        yield made


async def change(customer: Customer) -> None:
    """All that stands there makes place for the wanted record."""
    await customer.driver.change(customer.zone, await customer.driver.read(customer.zone, NAME), [WANTED])


async def refusal(call: Awaitable[object]) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await call
    return caught.value


async def remove_all(customer: Customer) -> None:
    """As the customer does it by hand."""
    for record in await customer.driver.read(customer.zone, NAME):
        assert record.id is not None
        await customer.api.delete_record(customer.zone, record.id)


async def test_a_record_that_somebody_else_takes_out_meanwhile_is_out(customer: Customer) -> None:
    await customer.add("A", "192.0.2.1")
    customer.fetcher.before["DELETE"] = lambda: remove_all(customer)
    await change(customer)
    assert await customer.standing() == [f"{NAME} CNAME edge.sandbox.test"]


async def test_a_cname_that_somebody_else_takes_out_meanwhile_is_told_and_not_taken_for_written(
    customer: Customer,
) -> None:
    await customer.add("CNAME", "old.test")
    customer.fetcher.before["PUT"] = lambda: remove_all(customer)
    error = await refusal(change(customer))
    assert isinstance(error, Permanent)
    assert await customer.standing() == []


async def test_a_deletion_that_is_refused_leaves_everything_as_it_is(customer: Customer) -> None:
    await customer.add("A", "192.0.2.1")
    await customer.fails("DELETE", kind="status", status=400)
    error = await refusal(change(customer))
    assert (type(error), error.code) == (Permanent, "provider_refused")
    assert await customer.standing() == [f"{NAME} A 192.0.2.1"]


async def test_a_deletion_of_which_nothing_can_be_learned_is_tried_again(customer: Customer) -> None:
    await customer.add("A", "192.0.2.1")

    async def no_answer_more() -> None:
        await customer.fails("DELETE", kind="status", status=500)
        await customer.fails("GET", kind="status", status=500)

    customer.fetcher.before["DELETE"] = no_answer_more
    error = await refusal(change(customer))
    assert (type(error), error.code) == (Retryable, "provider_unavailable")
    await customer.control("DELETE", "/faults")
    await change(customer)
    assert await customer.standing() == [f"{NAME} CNAME edge.sandbox.test"]


async def test_a_record_whose_creation_could_not_be_confirmed_is_taken_out_before_the_old_one_is_put_back(
    customer: Customer,
) -> None:
    await customer.add("A", "192.0.2.1", comment="mine")
    whole = await customer.whole()

    async def created_unseen() -> None:
        await customer.fails("POST", kind="lost_answer", times=1)
        await customer.fails("GET", kind="status", status=500, times=1)

    customer.fetcher.before["POST"] = created_unseen
    error = await refusal(change(customer))
    assert isinstance(error, Retryable)
    assert f"What stood at {NAME} before was put back." in error.message
    assert await customer.whole() == whole


async def test_what_its_owner_put_back_meanwhile_is_not_put_back_twice(customer: Customer) -> None:
    await customer.add("A", "192.0.2.1")
    customer.fetcher.before["POST"] = lambda: customer.add("A", "192.0.2.1")
    error = await refusal(change(customer))
    assert (type(error), error.code) == (RecordConflict, "record_conflict")
    assert await customer.standing() == [f"{NAME} A 192.0.2.1"]


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, Permanent, "provider_refused"),
        (401, Unauthorized, "provider_unauthorized"),
        (403, Unauthorized, "provider_unauthorized"),
        (429, Retryable, "provider_rate_limited"),
        (500, Retryable, "provider_unavailable"),
    ],
)
@pytest.mark.parametrize("times", [1, None], ids=["put back", "not put back"])
async def test_what_was_taken_out_is_put_back_or_named_whatever_the_reason(
    customer: Customer, status: int, kind: type[RemoteError], code: str, times: int | None
) -> None:
    await customer.add("A", "192.0.2.1", comment="mine")
    whole = await customer.whole()
    headers = {"Retry-After": "17"} if status == 429 else {}
    await customer.fails("POST", kind="status", status=status, times=times, headers=headers)
    error = await refusal(change(customer))
    if times is None:
        is_refused = kind is Unauthorized
        wanted = (ChangeHalfDone, code) if is_refused else (Retryable, "provider_half_done")
        assert (type(error), error.code) == wanted
        assert f"What stood at {NAME} before could not be put back: A 192.0.2.1." in error.message
        assert await customer.standing() == []
        return
    assert (type(error), error.code) == (kind, code), "the first failure decides what is done about it"
    if isinstance(error, Retryable):
        assert error.retry_after_s == (17 if status == 429 else None)
    if isinstance(error, Permanent):
        assert (error.http_status, error.remote_code) == (400, 10001)
    assert f"What stood at {NAME} before was put back." in str(error)
    assert await customer.whole() == whole


async def test_a_conflict_whose_reason_cannot_be_learned_is_told_without_it(customer: Customer) -> None:
    async def hidden() -> None:
        await customer.add("A", "192.0.2.1")
        await customer.fails("GET", kind="status", status=500)

    customer.fetcher.before["POST"] = hidden
    error = await refusal(customer.driver.change(customer.zone, [], [WANTED]))
    assert (type(error), error.code) == (RecordConflict, "record_conflict")
    assert "stands:" not in error.message


async def test_a_change_of_nothing_asks_nobody(customer: Customer) -> None:
    await customer.driver.change(customer.zone, [], [])
    assert customer.calls() == {}


@pytest.mark.parametrize("records", [100, 101])
async def test_a_name_with_more_records_than_are_read_is_refused_and_not_half_read(
    customer: Customer, records: int
) -> None:
    driver = customer.driver_with(customer.token(), max_pages=1)
    for number in range(records):
        await customer.add("TXT", f"text {number}")
    if records == 100:
        assert len(await driver.read(customer.zone, NAME)) == 100
        return
    error = await refusal(driver.read(customer.zone, NAME))
    assert (type(error), error.code) == (Permanent, "too_many_records")
    assert "more than 100 records" in error.message


# Answers that no Cloudflare is known to give


@asynccontextmanager
async def answering(answers: Callable[[web.Request], web.Response]) -> AsyncIterator[CloudflareRecords]:
    """A driver at a server that answers so."""

    async def handle(request: web.Request) -> web.Response:
        return answers(request)

    fetcher = Fetcher()
    await fetcher.start()
    try:
        async with receiver(handle) as port:
            yield CloudflareRecords(CloudflareDnsApi(fetcher, f"http://127.0.0.1:{port}", Secret("t0ken")))
    finally:
        await fetcher.close()


ZONE = Zone(id="0" * 32, name="customer.test", flattens_apex=True)


@pytest.mark.parametrize("status", ["disabled", "expired", "", None, 5, "\x1b[31m" + "x" * 90])
async def test_a_token_that_is_not_active_is_told_so(status: object) -> None:
    async with answering(lambda request: web.json_response({**NONE, "result": {"status": status}})) as driver:
        error = await refusal(driver.check_credentials())
    assert (type(error), error.code) == (Unauthorized, "provider_unauthorized")
    assert error.message.isprintable()
    assert len(error.message) < 120


@pytest.mark.parametrize("result", [None, [], "active", 5])
async def test_a_verification_that_says_nothing_of_the_token_is_none(result: object) -> None:
    async with answering(lambda request: web.json_response({**NONE, "result": result})) as driver:
        assert isinstance(await refusal(driver.check_credentials()), Unauthorized)


@pytest.mark.parametrize("result", [None, {}, {"id": "../x"}, {"id": 5}, [{"id": "0" * 32}]])
async def test_a_creation_that_names_no_id_is_not_taken_for_done(result: object) -> None:
    async with answering(
        lambda request: web.json_response({**NONE, "result": [] if request.method == "GET" else result})
    ) as driver:
        error = await refusal(driver.change(ZONE, [], [WANTED]))
    assert (type(error), error.code) == (Retryable, "provider_unexpected")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 200),
        ("<html>", 200),
        ("[]", 200),
        ("{}", 200),
        ('{"success": true}', 200),
        ('{"success": true, "result": {}}', 200),
        ("<html>", 403),
        ("", 301),
    ],
)
async def test_an_answer_that_is_not_cloudflares_changes_nothing_and_is_tried_again(body: str, status: int) -> None:
    methods: list[str] = []

    def answers(request: web.Request) -> web.Response:
        methods.append(request.method)
        return web.Response(text=body, status=status)

    async with answering(answers) as driver:
        error = await refusal(driver.change(ZONE, [replace(WANTED, id="1", value="old.test")], [WANTED]))
    assert isinstance(error, Retryable)
    assert methods == ["GET"]


@pytest.mark.parametrize("result", [None, {}, "customer.test"])
async def test_an_answer_without_a_list_of_zones_is_not_taken_for_a_customer_who_has_none(result: object) -> None:
    async with answering(lambda request: web.json_response({**NONE, "result": result})) as driver:
        error = await refusal(driver.find_zone(NAME))
    assert (type(error), error.code) == (Retryable, "provider_unexpected")


async def test_a_list_that_says_more_pages_than_it_has_ends_with_its_first_empty_one() -> None:
    pages: list[str] = []

    def answers(request: web.Request) -> web.Response:
        pages.append(request.query["page"])
        entry = {"id": "1", "type": "TXT", "name": NAME, "content": "one", "ttl": 1}
        result = [entry] if request.query["page"] == "1" else []
        return web.json_response({**NONE, "result": result, "result_info": {"page": 1, "total_pages": 99}})

    async with answering(answers) as driver:
        assert [record.value for record in await driver.read(ZONE, NAME)] == ["one"]
    assert pages == ["1", "2"]


async def test_a_list_without_end_is_refused() -> None:
    def answers(request: web.Request) -> web.Response:
        entry = {"id": request.query["page"], "type": "TXT", "name": NAME, "content": "again", "ttl": 1}
        return web.json_response({**NONE, "result": [entry]})

    async with answering(answers) as driver:
        error = await refusal(driver.read(ZONE, NAME))
    assert (type(error), error.code) == (Permanent, "too_many_records")
