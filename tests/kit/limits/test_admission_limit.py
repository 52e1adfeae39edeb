"""Expensive work: so much at once of one caller and of all, and so much of one caller a minute."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.errors import Retryable, TooManyRequests
from dcvd.kit.limits.admission_limit import AdmissionLimit
from tests.manual_clock import ManualMonotonic
from tests.remembered import Keys


@given(
    max_per_caller=st.integers(1, 3),
    max_total=st.integers(1, 5),
    max_per_minute=st.integers(1, 6),
    steps=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.sampled_from([0.0, 1.0, 20.0])), max_size=60),
)
def test_what_is_refused_is_exactly_what_is_over_a_limit(
    max_per_caller: int, max_total: int, max_per_minute: int, steps: list[tuple[int, bool, float]]
) -> None:
    """Each step: a caller, whether they ask or end a piece of work, and the seconds before it."""
    time = ManualMonotonic()
    limit = AdmissionLimit(
        "work_syncs", max_per_caller=max_per_caller, max_total=max_total, max_per_minute=max_per_minute, monotonic=time
    )
    admitted_at: list[tuple[int, float]] = []
    running: list[tuple[int, ExitStack]] = []
    for caller, asks, pause in steps:
        time.now += pause
        own = [stack for other, stack in running if other == caller]
        if not asks:
            if own:
                own[0].close()
                running.remove((caller, own[0]))
            continue
        in_minute = sum(other == caller and at > time.now - 60.0 for other, at in admitted_at)
        is_callers_fault = len(own) >= max_per_caller or in_minute >= max_per_minute
        stack = ExitStack()
        if is_callers_fault or len(running) >= max_total:
            with pytest.raises((TooManyRequests, Retryable)) as refusal:
                stack.enter_context(limit.admit(str(caller)))
            assert isinstance(refusal.value, TooManyRequests if is_callers_fault else Retryable)
            assert 0 < (refusal.value.retry_after_s or 0) <= 60.0
        else:
            stack.enter_context(limit.admit(str(caller)))
            running.append((caller, stack))
            admitted_at.append((caller, time.now))


def test_only_the_callers_of_the_last_minute_are_remembered_and_all_of_them() -> None:
    time = ManualMonotonic()
    limit = AdmissionLimit("work_syncs", max_per_caller=1, max_total=1, max_per_minute=1, monotonic=time)
    callers = Keys()
    for number in range(1500):
        with limit.admit(callers.make(f"org{number}")):
            pass
    assert len(callers.remembered) == 1500
    with pytest.raises(TooManyRequests), limit.admit("org0"):
        pass
    time.now += 60.0
    with limit.admit(callers.make("another")):
        pass
    assert callers.remembered == ["another"]


def test_customers_take_nothing_from_their_caller_and_none_of_them_takes_it_all() -> None:
    time = ManualMonotonic()
    limit = AdmissionLimit("work_syncs", max_per_caller=4, max_total=20, max_per_minute=8, monotonic=time)

    def count_admitted(caller: str, customer: str | None = None) -> int:
        for number in range(100):
            try:
                with limit.admit(caller, customer):
                    pass
            except TooManyRequests:
                return number
        raise AssertionError("there is no limit")

    customers = [count_admitted("org", f"customer{number}") for number in range(6)]
    assert customers == [2, 2, 2, 2, 0, 0], "each has a quarter, and together they have as much as a caller"
    assert count_admitted("org") == 8
    assert count_admitted("other", "stranger") == 2
    time.now += 60
    assert count_admitted("org", "customer5") == 2


def test_one_customer_does_not_run_more_at_once_than_a_quarter_of_what_a_caller_may() -> None:
    limit = AdmissionLimit("work_syncs", max_per_caller=4, max_total=9, max_per_minute=99, monotonic=ManualMonotonic())
    with ExitStack() as stack:
        stack.enter_context(limit.admit("org", "one"))
        with pytest.raises(TooManyRequests):
            stack.enter_context(limit.admit("org", "one"))
        for customer in ("two", "three", "four"):
            stack.enter_context(limit.admit("org", customer))
        with pytest.raises(TooManyRequests):
            stack.enter_context(limit.admit("org", "five"))
        for _ in range(4):
            stack.enter_context(limit.admit("org"))
