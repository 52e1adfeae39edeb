"""Which secrets of an endpoint sign at an instant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.instants import DAY, HOUR
from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import SigningSecret, select_signing_secrets
from tests.core.builders import NOW


def secret(name: str, *, created_at: int, expires_at: int | None = None) -> SigningSecret:
    return SigningSecret(secret=Secret(name), created_at=created_at, expires_at=expires_at)


def signing(secrets: list[SigningSecret], now: int) -> list[str]:
    return [each.reveal() for each in select_signing_secrets(secrets, now)]


def test_without_a_rotation_the_present_one_signs_for_ever() -> None:
    present = secret("present", created_at=NOW)
    assert signing([present], NOW) == signing([present], NOW + 9999 * DAY) == ["present"]


def test_during_a_rotation_the_present_one_is_first() -> None:
    earlier = secret("earlier", created_at=NOW - DAY, expires_at=NOW + DAY)
    present = secret("present", created_at=NOW)
    assert signing([earlier, present], NOW) == signing([present, earlier], NOW) == ["present", "earlier"]


@pytest.mark.parametrize(("left", "signs"), [(1, True), (0, False), (-1, False)])
def test_an_earlier_one_ends_to_the_millisecond(left: int, signs: bool) -> None:
    earlier = secret("earlier", created_at=NOW - DAY, expires_at=NOW + HOUR)
    assert ("earlier" in signing([earlier, secret("present", created_at=NOW)], NOW + HOUR - left)) is signs


def test_several_earlier_ones_follow_newest_first_whenever_they_end() -> None:
    secrets = [
        secret("first", created_at=NOW, expires_at=NOW + 9 * DAY),
        secret("second", created_at=NOW + 1, expires_at=NOW + DAY),
        secret("third", created_at=NOW + 2, expires_at=NOW + 5 * DAY),
        secret("fourth", created_at=NOW + 3),
    ]
    assert signing(secrets, NOW + 3) == ["fourth", "third", "second", "first"]
    assert signing(secrets, NOW + DAY) == ["fourth", "third", "first"]
    assert signing(secrets, NOW + 9 * DAY) == ["fourth"]


def test_the_present_one_is_first_even_when_the_clock_had_jumped_back() -> None:
    earlier = secret("earlier", created_at=NOW + HOUR, expires_at=NOW + DAY)
    assert signing([earlier, secret("present", created_at=NOW)], NOW) == ["present", "earlier"]


@given(st.permutations(range(5)), st.integers(0, 6))
def test_the_order_in_which_they_are_stored_does_not_matter(order: list[int], passed: int) -> None:
    secrets = [
        secret(str(number), created_at=number, expires_at=10 + number if number < 4 else None) for number in order
    ]
    assert signing(secrets, 9 + passed) == [
        str(number) for number in range(4, -1, -1) if number == 4 or number >= passed
    ]
