"""The name of a zone, and how long its record is looked for."""

import pytest
from msgspec.structs import replace

from dcvd.core.domains.claims import proof_text
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.zones.zone import (
    Zone,
    ZoneStatus,
    count_check,
    enclosing_names,
    find_holder,
    is_proved_by,
    new_zone,
    validate_zone_name,
    wait_again,
)
from dcvd.errors import InvalidInput

TARGET = "{token}.edge.saas.net"
NOW = 1_800_000_000_000


@pytest.fixture
def zone() -> Zone:
    return new_zone(zone_id="zone_1", org_id="org_1", name="customer.com", now=NOW)


def check(zone: Zone, now: int, *, is_answered: bool = True) -> Zone:
    return count_check(zone, now, 0.0, is_answered=is_answered, expire_after_ms=30 * DAY)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Customer.COM.", "customer.com"), ("a.customer.com", "a.customer.com"), ("x.github.io", "x.github.io"),
        ("BÜCHER\u3002Example\uff0ecom\uff61", "xn--bcher-kva.example.com"), ("XN--BCHER-KVA.com", "xn--bcher-kva.com"),
        ("www.ck", "www.ck"), ("customer.city.kawasaki.jp", "customer.city.kawasaki.jp"),
    ],
)  # fmt: skip
def test_a_zone_is_any_name_of_a_customers_own(text: str, name: str) -> None:
    assert validate_zone_name(text, target=TARGET, allowed_tlds=()) == name


@pytest.mark.parametrize(
    "text",
    [
        "com", "co.uk", "github.io", "customer.test", "a_b.com", "edge.saas.net", "x.edge.saas.net", "saas.net", "",
        "*.customer.com", "\uff0a.customer.com", "customer.com..", "Co\u3002UK.", "\uff43\uff4f\uff0euk",
        "\u516c\u53f8.cn", "XN--55QX5D.cn", "any.ck", "kawasaki.jp", "any.kawasaki.jp", "EDGE\uff0esaas.net",
    ],
)  # fmt: skip
def test_a_public_suffix_a_reserved_name_and_the_services_own_are_no_zones(text: str) -> None:
    with pytest.raises(InvalidInput):
        validate_zone_name(text, target=TARGET, allowed_tlds=())


def test_a_name_is_in_the_zones_above_it_and_in_no_top_level_domain() -> None:
    assert enclosing_names("a.b.customer.com") == ("a.b.customer.com", "b.customer.com", "customer.com")


@pytest.mark.parametrize(
    ("name", "zones"),
    [
        ("a.bucket.s3.amazonaws.com", ("a.bucket.s3.amazonaws.com", "bucket.s3.amazonaws.com")),
        ("x.github.io", ("x.github.io",)), ("a.b.any.ck", ("a.b.any.ck", "b.any.ck")),
        ("a.www.ck", ("a.www.ck", "www.ck")),
    ],
)  # fmt: skip
def test_what_is_above_a_public_suffix_is_no_zone_of_the_names_below_it(name: str, zones: tuple[str, ...]) -> None:
    assert enclosing_names(name) == zones


def test_of_the_zones_that_a_name_is_in_the_nearest_says_whose_it_is() -> None:
    holders = {"customer.com": "org_1", "shop.customer.com": "org_2", "amazonaws.com": "org_3"}
    assert find_holder("a.shop.customer.com", holders) == "org_2"
    assert find_holder("shop.customer.com", holders) == "org_2"
    assert find_holder("myshop.customer.com", holders) == "org_1"
    assert find_holder("bucket.s3.amazonaws.com", holders) is None


def test_the_text_of_its_own_id_alone_proves_a_zone(zone: Zone) -> None:
    assert is_proved_by(zone, ("v=spf1", proof_text("zone_1")))
    assert not is_proved_by(zone, (proof_text("zone_2"), ""))


def test_it_is_looked_for_ever_more_rarely_and_given_up_after_thirty_days(zone: Zone) -> None:
    assert check(zone, NOW).next_check_at == NOW + MINUTE
    looked = check(zone, NOW)
    now = NOW
    for _ in range(1000):
        if looked.next_check_at is None:
            break
        assert looked.next_check_at - now <= 4 * HOUR
        now = looked.next_check_at
        looked = check(looked, now)
    assert looked.status is ZoneStatus.EXPIRED
    assert 30 * DAY <= now - NOW <= 30 * DAY + 4 * HOUR


def test_neither_a_step_of_the_clock_nor_silence_ends_the_wait(zone: Zone) -> None:
    looked = check(check(zone, NOW), NOW + 400 * DAY)
    assert looked.status is ZoneStatus.PENDING
    for day in range(1, 200):
        looked = check(looked, NOW + (400 + day) * DAY, is_answered=False)
    assert looked.status is ZoneStatus.PENDING


def test_one_that_was_given_up_waits_again_when_somebody_asks(zone: Zone) -> None:
    expired = replace(zone, status=ZoneStatus.EXPIRED, unproved_ms=31 * DAY, checks=200, next_check_at=None)
    again = wait_again(expired, NOW)
    assert (again.status, again.unproved_ms, again.checks, again.next_check_at) == (ZoneStatus.PENDING, 0, 0, NOW)
    held = replace(zone, status=ZoneStatus.HELD, next_check_at=None)
    assert wait_again(held, NOW) == held
