"""An endpoint's health over any sequence of attempts, held to a bookkeeping of its own."""

from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dcvd.core.http.exchanges import POSSIBLY_OUR_FAULT, FailureReason
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth, HealthChange, HealthState, apply_attempt
from tests.core.builders import NOW
from tests.core.webhooks.attempts import answered, unanswered
from tests.examples import examples

WAITS = st.sampled_from([0, 1, 200, SECOND, MINUTE, 2 * MINUTE, HOUR, DAY, 3 * DAY, 6 * DAY])
DELAYS = st.sampled_from([0, 100, 5 * SECOND, 10 * MINUTE, DAY])
BUSY = st.sampled_from([429, 502, 503, 504])
FAILURES = st.sampled_from([302, 400, 404, 500])


class Endpoint(RuleBasedStateMachine):
    """Attempts are sent, and end in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.health = EndpointHealth()
        self.under_way: list[int] = []
        self.failed_at: list[int] = []
        self.told: list[HealthChange] = []
        self.gone = False

    @initialize(times=st.integers(0, 9), over=WAITS)
    def begin_with_a_streak(self, times: int, over: int) -> None:
        for _ in range(times):
            self.under_way.append(self.now)
            self.fail(0, 500, HOUR)
            self.now += over // 8

    @rule(count=st.integers(1, 8))
    def send(self, count: int) -> None:
        self.under_way += [self.now] * count

    @rule(wait=WAITS)
    def wait(self, wait: int) -> None:
        self.now += wait

    @rule()
    def wait_out_the_pause(self) -> None:
        self.now = max(self.now, self.health.paused_until or 0)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 99), delay=DELAYS)
    def succeed(self, which: int, delay: int) -> None:
        was = self.health
        change = self._end(answered(200, started_at=self._taken(which)), delay)
        if was.is_enabled:
            assert self.health == EndpointHealth()
            assert change is (HealthChange.RECOVERED if was.state is HealthState.FAILING else None)
            self.failed_at, self.told = [], []

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 99), status=FAILURES, delay=DELAYS)
    def fail(self, which: int, status: int, delay: int) -> None:
        was = self.health
        self._blamed(answered(status, started_at=self._taken(which)), delay)
        if self.health.is_enabled:
            assert self.health.paused_until == was.paused_until

    @precondition(lambda self: self.under_way)
    @rule(
        which=st.integers(0, 99), status=BUSY, retry_after=st.none() | st.sampled_from([0, SECOND, HOUR]), delay=DELAYS
    )
    def be_busy(self, which: int, status: int, retry_after: int | None, delay: int) -> None:
        was = self.health
        started = self._taken(which)
        self._blamed(answered(status, started_at=started, retry_after_ms=retry_after), delay)
        if not self.health.is_enabled:
            return
        until = self.health.paused_until
        assert until is not None
        same_burst = was.paused_until is not None and started < was.paused_until
        assert self.health.pauses == was.pauses + (0 if same_burst else 1)
        asked = retry_after or 0
        earlier = (was.paused_until or 0) if same_burst else 0
        assert max(self.now + asked, earlier) <= until <= max(self.now + max(delay, asked), earlier)
        if retry_after is not None:
            assert until >= self.now + retry_after

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 99), reason=st.none() | st.sampled_from(sorted(POSSIBLY_OUR_FAULT)), delay=DELAYS)
    def fail_by_dcvds_own_fault(self, which: int, reason: FailureReason | None, delay: int) -> None:
        was = self.health
        outcome = AttemptOutcome.INTERNAL if reason is None else AttemptOutcome.CONNECT
        assert self._end(unanswered(outcome, reason, started_at=self._taken(which)), delay) is None
        assert self.health == was

    @precondition(lambda self: self.under_way and len(self.told) > 0)
    @rule(which=st.integers(0, 99))
    def be_gone(self, which: int) -> None:
        was = self.health
        change = self._end(answered(410, started_at=self._taken(which)), HOUR)
        if was.is_enabled:
            assert change is HealthChange.DISABLED
            assert self.health.reason is DisabledReason.GONE
            self.gone = True

    @invariant()
    def a_verdict_rests_on_count_and_time(self) -> None:
        lasted = self.failed_at[-1] - self.failed_at[0] if self.failed_at else 0
        exhausted = len(self.failed_at) >= 10 and lasted >= 5 * DAY
        failing = len(self.failed_at) >= 5 and lasted >= 5 * MINUTE
        assert (self.health.state is HealthState.DISABLED) == (exhausted or self.gone)
        if self.health.is_enabled:
            assert (self.health.state is HealthState.FAILING) == failing
            assert self.health.failures == len(self.failed_at)
            assert self.health.failing_since == (self.failed_at[0] if self.failed_at else None)
        assert self.told.count(HealthChange.FAILING) <= 1

    def _taken(self, which: int) -> int:
        return self.under_way.pop(which % len(self.under_way))

    def _blamed(self, attempt: Attempt, delay: int) -> None:
        was = self.health
        change = self._end(attempt, delay)
        if not was.is_enabled:
            return
        self.failed_at.append(self.now)
        if change is not None:
            self.told.append(change)
        assert (change is HealthChange.DISABLED) == (not self.health.is_enabled)
        assert self.health.last_error == attempt.error

    def _end(self, attempt: Attempt, delay: int) -> HealthChange | None:
        was = self.health
        self.health, change = apply_attempt(was, attempt, delay, self.now)
        if not was.is_enabled:
            assert self.health == was
            assert change is None
        return change


TestAnyEndpoint = Endpoint.TestCase
TestAnyEndpoint.settings = examples(0.7, stateful_step_count=30, suppress_health_check=[HealthCheck.filter_too_much])
