"""What every driver promises, whatever its provider: see `RecordDriver`."""

import asyncio
from collections.abc import Awaitable

import pytest
from msgspec.structs import replace

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Permanent, RecordConflict, RemoteError, Retryable, Unauthorized
from dcvd.providers.record_provider import RecordProvider
from tests.providers.connected import TARGET
from tests.providers.contract.held_line import HeldLine
from tests.providers.contract.places import ContractPlace
from tests.providers.http.servers import KINDS

STEPWISE = ("cloudflare", "godaddy", *KINDS)
"""What changes a name in several calls."""
WITH_ZONES = (*STEPWISE, "route53")
"""What may have several zones; an RFC 2136 connection names its one zone, and Domain Connect finds it in DNS."""
WITH_CONDITIONS = (*WITH_ZONES, "rfc2136")
"""What can be told which records a change was made for; Domain Connect can only be told to overwrite whatever is there.
"""
ALL = (*WITH_CONDITIONS, "domain_connect")
WITHOUT_FLATTENING = tuple(kind for kind in ALL if kind != "cloudflare")


def each(kinds: tuple[str, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("at", kinds, indirect=True)


async def find(at: ContractPlace, driver: RecordProvider) -> Zone:
    zone = await driver.find_zone(at.name("app"))
    assert zone is not None
    return zone


async def standing(at: ContractPlace, zone: Zone, label: str = "app") -> list[tuple[str, str]]:
    return [(record.type, record.value) for record in await at.driver().read(zone, at.name(label))]


async def refusal(at: ContractPlace, call: Awaitable[object]) -> RemoteError:
    """The error of a call, which holds no credential."""
    with pytest.raises(RemoteError) as caught:
        await call
    shown = f"{caught.value!r} {caught.value} {caught.value.message} {caught.value.__cause__}"
    assert not [secret for secret in at.secrets if secret in shown]
    return caught.value


def cname(at: ContractPlace, label: str = "app") -> ZoneRecord:
    return ZoneRecord(type="CNAME", name=at.name(label), value=TARGET)


@each(ALL)
async def test_the_zone_is_found_from_any_name_below_it_and_from_no_other(at: ContractPlace) -> None:
    driver = at.driver()
    for label in ("app", "a.b.c", "_acme-challenge.app", "*"):
        zone = await driver.find_zone(at.name(label))
        assert zone is not None, label
        assert (zone.name, zone.is_active) == (at.zone_name, True)
    for name in ("app.nobody.example", f"app.not{at.zone_name}"):
        assert await driver.find_zone(name) is None


@each(ALL)
async def test_the_zone_says_which_name_servers_serve_it(at: ContractPlace) -> None:
    expected = await at.serve_from(("ns1.here.test", "ns2.here.test"))
    zone = await find(at, at.driver())
    assert sorted(zone.nameservers) == sorted(expected)
    assert zone.is_active


@each(WITH_ZONES)
async def test_the_nearest_zone_is_taken(at: ContractPlace) -> None:
    await at.add_zone("b")
    driver = at.driver()
    found = [await driver.find_zone(at.name(label)) for label in ("a.b", "b", "ab")]
    assert [zone and zone.name for zone in found] == [at.name("b"), at.name("b"), at.zone_name]


@each(ALL)
async def test_a_name_outside_the_zone_is_refused_alike(at: ContractPlace) -> None:
    driver = at.driver()
    zone = await find(at, driver)
    for name in ("app.nobody.example", f"app.not{at.zone_name}", f"{at.name('app')}.nobody.example"):
        outside = replace(cname(at), name=name)
        for call in (driver.read(zone, name), driver.change(zone, [], [outside]), driver.change(zone, [outside], [])):
            error = await refusal(at, call)
            assert (type(error), error.code) == (Permanent, "zone_not_found")
            assert f"{name} is not in the zone {at.zone_name}" in error.message


@each(ALL)
async def test_records_of_two_names_are_refused_alike(at: ContractPlace) -> None:
    driver = at.driver()
    zone = await find(at, driver)
    error = await refusal(at, driver.change(zone, [], [cname(at), cname(at, "shop")]))
    assert (type(error), error.code) == (Permanent, "provider_refused")
    assert await standing(at, zone) == []


@each(ALL)
async def test_a_change_of_nothing_asks_nobody(at: ContractPlace, silent_port: int) -> None:
    zone = await find(at, at.driver())
    await at.driver(port=silent_port, deadline_s=0.05).change(zone, [], [])


@each(WITHOUT_FLATTENING)
async def test_a_cname_at_the_apex_is_refused_alike(at: ContractPlace) -> None:
    driver = at.driver()
    zone = await find(at, driver)
    error = await refusal(at, driver.change(zone, [], [replace(cname(at), name=at.zone_name)]))
    assert (type(error), error.code) == (Permanent, "cname_at_apex")


@each(ALL)
async def test_what_is_read_is_in_lower_case_and_without_the_final_dot(at: ContractPlace) -> None:
    await at.put("app", "CNAME", "Old.Elsewhere.Test.")
    driver = at.driver()
    (record,) = await driver.read(await find(at, driver), at.name("app"))
    assert (record.type, record.name, record.value) == ("CNAME", at.name("app"), "old.elsewhere.test")


@each(ALL)
async def test_a_record_is_removed_however_its_value_is_spelled(at: ContractPlace) -> None:
    await at.put("app", "CNAME", "old.elsewhere.test.")
    driver = at.driver()
    zone = await find(at, driver)
    (record,) = await driver.read(zone, at.name("app"))
    await driver.change(zone, [replace(record, value="OLD.Elsewhere.Test.")], [cname(at)])
    assert await standing(at, zone) == [("CNAME", TARGET)]


@each(ALL)
async def test_a_change_removes_and_adds_and_leaves_the_neighbours_alone(at: ContractPlace) -> None:
    for label in ("app", "shop", "x.app", "a"):
        await at.put(label, "A", "192.0.2.1")
    driver = at.driver()
    zone = await find(at, driver)
    await driver.change(zone, await driver.read(zone, at.name("app")), [cname(at)])
    assert await standing(at, zone) == [("CNAME", TARGET)]
    await driver.change(zone, await driver.read(zone, at.name("app")), [])
    assert await standing(at, zone) == []
    for label in ("shop", "x.app", "a"):
        assert await standing(at, zone, label) == [("A", "192.0.2.1")]


@each(ALL)
async def test_a_record_that_appears_after_the_look_is_a_conflict(at: ContractPlace) -> None:
    driver = at.driver()
    zone = await find(at, driver)
    before = await driver.read(zone, at.name("app"))
    await at.put("app", "A", "192.0.2.1")
    error = await refusal(at, at.driver().change(zone, before, [cname(at)]))
    assert (type(error), error.code) == (RecordConflict, "record_conflict")
    assert await standing(at, zone) == [("A", "192.0.2.1")]


@each(WITH_CONDITIONS)
@pytest.mark.parametrize("kind", ["A", "CNAME"])
async def test_a_record_that_changes_after_the_look_is_a_conflict(at: ContractPlace, kind: str) -> None:
    old, new = ("192.0.2.1", "192.0.2.2") if kind == "A" else ("old.elsewhere.test", "new.elsewhere.test")
    dot = "" if kind == "A" else "."
    await at.put("app", kind, f"{old}{dot}")
    driver = at.driver()
    zone = await find(at, driver)
    before = await driver.read(zone, at.name("app"))
    await at.put("app", kind, f"{new}{dot}")
    error = await refusal(at, driver.change(zone, before, [cname(at)]))
    assert (type(error), error.code) == (RecordConflict, "record_conflict")
    assert await standing(at, zone) == [(kind, new)]


@each(ALL)
async def test_a_change_whose_second_half_is_refused_leaves_what_stood_there(at: ContractPlace) -> None:
    await at.put("app", "A", "192.0.2.1")
    driver = at.driver()
    zone = await find(at, driver)
    before = await driver.read(zone, at.name("app"))
    await at.refuse_additions(once=True)
    error = await refusal(at, driver.change(zone, before, [cname(at)]))
    assert isinstance(error, Permanent)
    assert error.code in ("provider_refused", "record_refused")
    assert await standing(at, zone) == [("A", "192.0.2.1")]


@each(ALL)
async def test_wherever_a_change_is_cancelled_its_name_holds_what_stood_there_or_what_was_wanted(
    at: ContractPlace,
) -> None:
    driver = at.driver()
    zone = await find(at, driver)
    number = 0
    is_cancelled = True
    while is_cancelled:
        number += 1
        await at.put("app", "A", "192.0.2.1")
        before = await driver.read(zone, at.name("app"))
        async with HeldLine(at.port, number).open() as line:
            change = asyncio.create_task(at.driver(port=line.port).change(zone, before, [cname(at)]))
            held = asyncio.create_task(line.held.wait())
            await asyncio.wait({change, held}, return_when=asyncio.FIRST_COMPLETED)
            held.cancel()
            is_cancelled = change.cancel()
            line.release()
            await asyncio.wait({change})
            assert change.cancelled() or (not is_cancelled and change.result() is None)
        assert await standing(at, zone) in ([("A", "192.0.2.1")], [("CNAME", TARGET)]), f"cancelled at {number}"
    assert number > 2, "a change is at least a request and its answer"


@each(STEPWISE)
async def test_what_was_put_back_is_said_and_what_could_not_be_is_named(at: ContractPlace) -> None:
    await at.put("app", "A", "192.0.2.1")
    driver = at.driver()
    zone = await find(at, driver)
    before = await driver.read(zone, at.name("app"))
    await at.refuse_additions(once=True)
    error = await refusal(at, driver.change(zone, before, [cname(at)]))
    assert f"What stood at {at.name('app')} before was put back." in error.message
    await at.refuse_additions(once=False)
    error = await refusal(at, driver.change(zone, await driver.read(zone, at.name("app")), [cname(at)]))
    assert (type(error), error.code) == (Retryable, "provider_half_done")
    assert f"What stood at {at.name('app')} before could not be put back: A 192.0.2.1." in error.message


@each(ALL)
@pytest.mark.sampled(3)
async def test_a_provider_that_does_not_answer_costs_the_deadline(at: ContractPlace, silent_port: int) -> None:
    zone = await find(at, at.driver())
    error = await refusal(at, at.driver(port=silent_port, deadline_s=0.2).change(zone, [], [cname(at)]))
    assert (type(error), error.code) == (Retryable, "provider_unavailable")
    assert "took longer than 0." in error.message


@each(WITH_CONDITIONS)
@pytest.mark.sampled(3)
async def test_a_look_at_a_provider_that_does_not_answer_costs_the_deadline(
    at: ContractPlace, silent_port: int
) -> None:
    zone = await find(at, at.driver())
    error = await refusal(at, at.driver(port=silent_port, deadline_s=0.2).read(zone, at.name("app")))
    assert (type(error), error.code) == (Retryable, "provider_unavailable")
    assert "took longer than 0.2 s" in error.message


@each(ALL)
async def test_credentials_that_are_refused_are_unauthorized(at: ContractPlace) -> None:
    zone = await find(at, at.driver())
    error = await refusal(at, at.driver(wrong=True).change(zone, [], [cname(at)]))
    assert isinstance(error, Unauthorized)
    assert error.code == "provider_unauthorized"
    assert await standing(at, zone) == []


@each(ALL)
async def test_a_wildcard_is_a_record_like_any_other_and_none_of_the_names_that_it_answers(at: ContractPlace) -> None:
    driver = at.driver()
    zone = await find(at, driver)
    await driver.change(zone, [], [cname(at)])
    await driver.change(zone, [], [cname(at, "*.app")])
    for label in ("app", "*.app"):
        assert await standing(at, zone, label) == [("CNAME", TARGET)], label
    assert await standing(at, zone, "x.app") == []
