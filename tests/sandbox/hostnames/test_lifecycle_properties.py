"""The pure state machine under any sequence of DNS changes, forces and restarts."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.instants import DAY
from dcvd.sandbox.hostnames.certificates import earliest_expiry
from dcvd.sandbox.hostnames.lifecycle import ForcedStateChange, advance, apply_conditions, force, renew, restart
from dcvd.sandbox.hostnames.model import (
    CustomHostname,
    HostnameConditions,
    SslOrder,
    compute_challenge_tokens,
    visible_ssl_status,
    visible_status,
)
from dcvd.sandbox.hostnames.statuses import HostnameStatus, SslStatus

STEP = 300
START = 1_800_000_000_000

instants = st.one_of(st.integers(0, 5 * STEP), st.integers(0, 200 * DAY))
sights = st.builds(
    HostnameConditions,
    has_cname=st.booleans(),
    is_delegated=st.booleans(),
    fallback_active_at=st.one_of(st.none(), st.integers(START, START + STEP)),
    authority_refusal=st.one_of(st.none(), st.none(), st.just("The authority refuses.")),
)
acts = st.one_of(
    st.tuples(st.just("see"), sights),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("renew"), st.integers(1, 400)),
    st.tuples(
        st.just("force"),
        st.builds(
            ForcedStateChange,
            status=st.one_of(st.none(), st.sampled_from(HostnameStatus)),
            ssl_status=st.one_of(st.none(), st.sampled_from(SslStatus)),
            expires_on=st.one_of(st.none(), st.integers(START - 100 * DAY, START + 500 * DAY)),
            is_sticky=st.booleans(),
        ),
    ),
)
History = list[tuple[int, tuple[str, Any]]]
histories: st.SearchStrategy[History] = st.lists(st.tuples(instants, acts), max_size=8)


def created(*, wildcard: bool = False) -> CustomHostname:
    return CustomHostname(
        id="h",
        hostname="shop.customer.test",
        created_at=START,
        pending_at=START,
        ownership_token="own",
        ssl=SslOrder(id="s", stage=SslStatus.INITIALIZING, stage_entered_at=START, method="txt", wildcard=wildcard),
    )


def lived(record: CustomHostname, history: History) -> tuple[CustomHostname, int]:
    now = START
    for wait, (kind, value) in history:
        now += wait
        record = advance(record, now, STEP)
        match kind:
            case "see":
                record = apply_conditions(record, value, now)
            case "restart":
                assert record.ssl is not None
                record = restart(record, record.ssl, now)
            case "renew":
                record = renew(record, now, value) or record
            case _:
                record = force(record, value, now)
    return record, now


@given(histories, st.booleans(), instants, instants)
def test_it_makes_no_difference_whether_somebody_looks_in_between(
    history: History, wildcard: bool, first: int, second: int
) -> None:
    record, now = lived(created(wildcard=wildcard), history)
    in_one = advance(record, now + first + second, STEP)
    assert advance(advance(record, now + first, STEP), now + first + second, STEP) == in_one


@given(histories, st.booleans())
def test_no_change_happens_before_its_time_or_in_the_future(history: History, wildcard: bool) -> None:
    record, now = lived(created(wildcard=wildcard), history)
    later = advance(record, now, STEP)
    assert later.ssl is not None
    assert later.ssl.stage_entered_at <= now
    assert all(
        certificate.issued_on <= now for certificate in later.ssl.certificates + later.ssl.undeployed_certificates
    )


@given(st.lists(st.tuples(instants, st.tuples(st.just("see"), sights)), max_size=8), instants)
def test_a_hostname_is_active_only_if_its_cname_was_right_for_a_step(history: History, wait: int) -> None:
    wrong = [(after, ("see", replace(sight, has_cname=False, is_delegated=False))) for after, (_, sight) in history]
    record, now = lived(created(), wrong)
    record = advance(record, now + wait, STEP)
    assert visible_status(record) is HostnameStatus.PENDING
    assert record.ssl is not None
    assert record.ssl.pair_count == 0


@given(histories, st.booleans())
def test_with_right_dns_and_nothing_forced_it_ends_active_with_a_valid_certificate(
    history: History, wildcard: bool
) -> None:
    record, now = lived(created(wildcard=wildcard), history)
    record = force(record, ForcedStateChange(status=None, ssl_status=None, expires_on=None), now)
    record = apply_conditions(
        record, HostnameConditions(has_cname=True, is_delegated=True, fallback_active_at=START), now
    )
    now += 6 * STEP
    record = advance(record, now, STEP)
    assert visible_status(record) is HostnameStatus.ACTIVE
    assert visible_ssl_status(record, now) is SslStatus.ACTIVE
    assert record.ssl is not None
    expiry = earliest_expiry(record.ssl.certificates)
    assert expiry is not None
    assert expiry > now


@given(histories)
def test_a_restart_gives_tokens_never_given_before(history: History) -> None:
    record, now = lived(created(wildcard=True), history)
    assert record.ssl is not None
    again = restart(record, record.ssl, now)
    assert again.ssl is not None
    assert not set(compute_challenge_tokens(again.ssl)) & set(compute_challenge_tokens(record.ssl))
    if record.forced_state.is_sticky:
        assert again.forced_state == record.forced_state
    else:
        assert visible_ssl_status(again, now) is SslStatus.INITIALIZING


@given(histories, st.booleans(), instants)
def test_an_authority_that_refuses_issues_nothing(history: History, wildcard: bool, wait: int) -> None:
    record, now = lived(created(wildcard=wildcard), history)
    record = force(record, ForcedStateChange(status=None, ssl_status=None, expires_on=None, is_sticky=False), now)
    assert record.ssl is not None
    record = apply_conditions(
        restart(record, record.ssl, now), replace(record.conditions, authority_refusal="It refuses."), now
    )
    assert record.ssl is not None
    issued = record.ssl.pair_count
    record = advance(record, now + wait, STEP)
    assert record.ssl is not None
    assert record.ssl.pair_count == issued
