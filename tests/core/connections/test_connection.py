"""When an access token is over, and when it is to be renewed before a call."""

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.connections.connection import (
    Connection,
    ConnectionMethod,
    Provider,
    is_token_expired,
    needs_refresh,
    to_fault,
)
from dcvd.core.connections.oauth import choose_refresh_at
from dcvd.core.instants import DAY, HOUR, SECOND

_NOW = 1_800_000_000_000


def _connection(expires_at: int | None, refresh: int | None) -> Connection:
    return Connection(
        id="conn_x",
        org_id="org_x",
        provider=Provider.OTHER,
        method=ConnectionMethod.OAUTH,
        expires_at=expires_at,
        refresh_at=refresh,
        created_at=_NOW,
        updated_at=_NOW,
    )


@given(st.integers(SECOND, 400 * DAY), st.integers(0, 800 * DAY))
def test_a_token_that_can_be_renewed_is_renewed_before_its_end_and_never_before_its_time(life: int, age: int) -> None:
    connection = _connection(_NOW + life, choose_refresh_at(_NOW, _NOW + life))
    now = _NOW + age
    assert is_token_expired(connection, now) is (age >= life)
    assert connection.refresh_at is not None
    if is_token_expired(connection, now):
        assert needs_refresh(connection, now)
    if now < min(connection.refresh_at, _NOW + life):
        assert not needs_refresh(connection, now)


@given(st.integers(SECOND, 400 * DAY), st.integers(0, 800 * DAY))
def test_a_token_that_cannot_be_renewed_is_good_to_its_last_moment(life: int, age: int) -> None:
    connection = _connection(_NOW + life, None)
    assert needs_refresh(connection, _NOW + age) is is_token_expired(connection, _NOW + age) is (age >= life)


@given(st.integers(0, 1000 * DAY))
def test_credentials_without_an_end_never_end(age: int) -> None:
    connection = _connection(None, None)
    assert not is_token_expired(connection, _NOW + age)
    assert not needs_refresh(connection, _NOW + age)


def test_a_fault_tells_no_more_than_a_line_of_whatever_a_provider_says() -> None:
    fault = to_fault("provider_refused", "It says:\n\x1b[31m" + "x" * 10_000, _NOW)
    assert fault.message.startswith("It says: [31mxxx")
    assert len(fault.message) == 500


def test_a_call_has_half_a_minute_before_the_end_of_its_token() -> None:
    connection = _connection(_NOW + HOUR, _NOW + HOUR // 2)
    assert not needs_refresh(connection, _NOW + HOUR - 30 * SECOND - 1)
    assert needs_refresh(connection, _NOW + HOUR - 30 * SECOND)
