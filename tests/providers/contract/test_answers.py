"""Whatever a provider answers that is not as it documents ends in an error that says so, and in no wrong write."""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from msgspec.structs import replace

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import RemoteError, Retryable
from dcvd.providers.record_provider import RecordProvider
from tests.providers.connected import TARGET
from tests.providers.contract.places import ContractPlace, GodaddyPlace
from tests.providers.contract.tampered_line import TamperedLine, Tampering, list_tamperings
from tests.providers.contract.test_contract import cname, each, find, standing
from tests.providers.http.servers import KINDS

OVER_HTTP = ("cloudflare", "godaddy", *KINDS, "route53")
BEFORE = [("A", "192.0.2.1")]
AFTER = [("CNAME", TARGET)]

Call = Callable[[RecordProvider], Awaitable[object]]


async def tampered(at: ContractPlace, call: Call, number: int, tampering: Tampering) -> object:
    """What a call returns or raises whose answer of this number is another."""
    async with TamperedLine(at.port, number, tampering.body).open() as line:
        try:
            return await call(at.driver(port=line.port))
        except RemoteError as error:
            return error


async def true_bodies(at: ContractPlace, call: Call) -> list[bytes]:
    async with TamperedLine(at.port).open() as line:
        await call(at.driver(port=line.port))
    return line.bodies


def is_said(error: RemoteError, at: ContractPlace) -> bool:
    """Whether it is an error of the provider's answer, with its name and what was asked; no try will be the last."""
    title = at.driver().title
    names = ("AWS", title) if title == "Route 53" else (title,)
    is_named = any(name in error.message for name in names)
    return isinstance(error, Retryable) and is_named and error.code in ("provider_unexpected", "provider_unavailable")


@each(OVER_HTTP)
async def test_no_other_zone_is_found_and_none_is_never_said_for_an_answer_that_cannot_be_read(
    at: ContractPlace,
) -> None:
    zone = await find(at, at.driver())
    wrong = []

    async def call(driver: RecordProvider) -> Zone | None:
        return await driver.find_zone(at.name("app"))

    for number, body in enumerate(await true_bodies(at, call)):
        for tampering in list_tamperings(body):
            found = await tampered(at, call, number, tampering)
            # Whoever says no name servers does not decide by them.
            is_right = found in (zone, replace(zone, nameservers=())) or _is_documented(at, tampering)
            if isinstance(found, RemoteError):
                is_right = is_said(found, at)
            if not is_right:
                wrong.append((number, tampering.description, found))
    assert wrong == []


@each(OVER_HTTP)
async def test_no_record_is_overlooked(at: ContractPlace) -> None:
    await at.put("app", "A", "192.0.2.1")
    zone = await find(at, at.driver())
    wrong = []

    async def call(driver: RecordProvider) -> Sequence[ZoneRecord]:
        return await driver.read(zone, at.name("app"))

    for number, body in enumerate(await true_bodies(at, call)):
        for tampering in list_tamperings(body):
            found = await tampered(at, call, number, tampering)
            if isinstance(found, RemoteError):
                is_right = is_said(found, at)
            else:
                assert isinstance(found, list)
                is_right = [(each.type, each.value) for each in found] == BEFORE or _is_documented(at, tampering)
            if not is_right:
                wrong.append((number, tampering.description, found))
    assert wrong == []


@each(OVER_HTTP)
async def test_a_change_leaves_what_stood_there_or_what_was_wanted(at: ContractPlace) -> None:
    await at.put("app", "A", "192.0.2.1")
    await at.put("shop", "A", "192.0.2.7")
    driver = at.driver()
    zone = await find(at, driver)
    before: list[ZoneRecord] = []
    wrong = []

    async def call(driver: RecordProvider) -> None:
        await driver.change(zone, before, [cname(at)])

    before = await driver.read(zone, at.name("app"))
    for number, body in enumerate(await true_bodies(at, call)):
        for tampering in list_tamperings(body):
            await at.put("app", "A", "192.0.2.1")
            before = await driver.read(zone, at.name("app"))
            found = await tampered(at, call, number, tampering)
            left = await standing(at, zone)
            if left not in (BEFORE, AFTER) or (found is None and left != AFTER):
                wrong.append((number, tampering.description, found, left))
    assert wrong == []
    assert await standing(at, zone, "shop") == [("A", "192.0.2.7")]


def _is_documented(at: ContractPlace, tampering: Tampering) -> bool:
    """Whether the provider documents such an answer too: a list of fewer."""
    if isinstance(at, GodaddyPlace):
        return tampering.body == b"[]"
    return tampering.description in ("no HostedZone", "no NameServer", "no ResourceRecordSet")


@pytest.mark.parametrize("body", [b"[]", b"{}", b"<a/>"])
def test_the_tamperings_of_a_body_differ_from_it(body: bytes) -> None:
    assert body not in [tampering.body for tampering in list_tamperings(body)]
