"""Sessions: their secrets, their ends, and what their pages send with each write."""

import os

from dcvd.core.instants import DAY, HOUR
from dcvd.core.sessions import (
    MAX_USER_AGENT_CHARACTERS,
    Session,
    derive_csrf_token,
    is_csrf_token,
    is_session_secret,
    mint_session_secret,
    shorten_user_agent,
)
from dcvd.core.tokens.token import is_well_formed

SESSION = Session(id="ses_1", org_id="org_1", token_id="token_1", created_at=0, last_used_at=HOUR, expires_at=DAY)


def test_a_secret_has_256_bits_and_is_no_token() -> None:
    secret = mint_session_secret(os.urandom).reveal()
    assert is_session_secret(secret)
    assert len(secret.removeprefix("dcv_session_")) * 4 == 256
    assert not is_well_formed(secret)
    assert not is_session_secret(secret[:-1])


def test_a_session_ends_exactly_when_it_was_unused_for_so_long() -> None:
    assert SESSION.is_in_force(2 * HOUR, 3 * HOUR - 1)
    assert not SESSION.is_in_force(2 * HOUR, 3 * HOUR)


def test_no_use_puts_off_the_end_of_a_session() -> None:
    assert SESSION.find_end(2 * DAY) == DAY
    assert not SESSION.is_in_force(2 * DAY, DAY)


def test_what_pages_send_belongs_to_one_session_and_does_not_tell_its_secret() -> None:
    one, other = (mint_session_secret(os.urandom).reveal() for _ in range(2))
    assert is_csrf_token(derive_csrf_token(one), one)
    assert not is_csrf_token(derive_csrf_token(one), other)
    assert not is_csrf_token("", one)
    assert not is_csrf_token("ü", one)
    assert one not in derive_csrf_token(one)


def test_what_a_browser_says_of_itself_becomes_one_short_printable_line() -> None:
    assert shorten_user_agent("Mozilla/5.0\x1b[31m\n (X11)") == "Mozilla/5.0 [31m (X11)"
    assert len(shorten_user_agent("x" * 10_000) or "") == MAX_USER_AGENT_CHARACTERS
    assert shorten_user_agent(None) is shorten_user_agent(" \n") is None
