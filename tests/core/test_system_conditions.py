"""What dcvd itself lacks: told once when it begins, once when it is over, and never for a value about its limit."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.clock_discipline import ClockReport
from dcvd.core.domains.saas_zone import UNKNOWN_ZONE, HostnameUsage, SaasZone, ZoneFault, ZoneFaultCode
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.core.system_conditions import SystemCondition, SystemLimits, SystemState, list_changes
from tests.core.builders import NOW

LIMITS = SystemLimits(quota_percent=90, backup_max_age_ms=2 * DAY, disk_floor_bytes=1000)
REFUSAL = ZoneFault(code=ZoneFaultCode.UNAUTHORIZED, message="10000: Authentication error", since=NOW)


def state(zone: SaasZone = UNKNOWN_ZONE, *, backup: int | None = None, free: int | None = None) -> SystemState:
    return SystemState(zone=zone, database_path="/var/lib/dcvd/dcvd.db", last_backup_at=backup, free_bytes=free)


class Told:
    """What the operator is told by one report after the other."""

    def __init__(self, limits: SystemLimits = LIMITS) -> None:
        self.limits = limits
        self.present: dict[SystemCondition, int] = {}
        self.now = NOW

    def report(self, found: SystemState) -> list[tuple[str, str]]:
        return [(each["event"], each["status"]) for each in self.report_whole(found)]

    def report_whole(self, found: SystemState) -> list[dict[str, Any]]:
        self.now += HOUR
        told = []
        for change in list_changes(found, self.limits, self.present, self.now):
            if change.status == "raised":
                self.present[change.condition] = self.now
            else:
                del self.present[change.condition]
            told.append({"event": change.draft.type.value, **change.draft.data})
        return told


def quota(used: int, allowed: int = 100) -> SystemState:
    return state(SaasZone(usage=HostnameUsage(used, allowed, 0)))


def test_what_is_not_known_is_not_told() -> None:
    assert Told().report(state()) == []


def test_a_backup_that_a_wrong_clock_put_into_the_future_is_late_until_another_is_made() -> None:
    told = Told()
    (raised,) = told.report_whole(state(backup=NOW + 400 * DAY))
    assert (raised["event"], raised["status"]) == ("system.backup_late", "raised")
    assert "by a clock that was wrong, and run dcvd backup" in raised["message"]
    assert told.report(state(backup=NOW + HOUR)) == [("system.backup_late", "recovered")]


def test_a_refused_token_is_told_once_and_its_end_only_when_cloudflare_took_it_again() -> None:
    told = Told()
    (raised,) = told.report_whole(state(SaasZone(faults=(REFUSAL,))))
    assert raised["status"] == "raised"
    assert "10000: Authentication error" in raised["message"]
    assert told.report(state(SaasZone(faults=(REFUSAL,)))) == []
    assert told.report(state(SaasZone())) == [], "after a restart nothing is known yet"
    (recovered,) = told.report_whole(state(SaasZone(is_access_confirmed=True)))
    assert (recovered["status"], recovered["since"]) == ("recovered", raised["since"])
    assert told.report(state(SaasZone(is_access_confirmed=True))) == []


def test_other_faults_of_the_zone_are_no_refusal() -> None:
    fault = ZoneFault(code=ZoneFaultCode.FALLBACK_ORIGIN, message="none", since=NOW)
    assert Told().report(state(SaasZone(faults=(fault,), is_access_confirmed=True))) == []


def test_a_quota_is_low_from_its_share_on_and_not_again_around_it() -> None:
    told = Told()
    assert told.report(quota(89)) == []
    assert told.report(quota(90)) == [("system.quota_low", "raised")]
    assert told.report(quota(89)) == []
    assert told.report(quota(90)) == []
    assert told.report(quota(87)) == [("system.quota_low", "recovered")]
    assert told.report(quota(89)) == []
    (raised,) = told.report_whole(quota(100))
    assert (raised["used"], raised["allowed"]) == (100, 100)


def test_a_disk_is_low_below_its_floor_and_well_only_with_a_tenth_more() -> None:
    told = Told()
    assert told.report(state(free=1000)) == []
    assert told.report(state(free=999)) == [("system.disk_low", "raised")]
    assert told.report(state(free=1099)) == []
    assert told.report(state(free=None)) == []
    assert told.report(state(free=1100)) == [("system.disk_low", "recovered")]
    assert told.report(state(free=1000)) == []


def test_a_backup_is_late_after_its_age_and_no_longer_after_the_next() -> None:
    told = Told()
    assert told.report(state(backup=None)) == [], "who never made one makes them otherwise"
    assert told.report(state(backup=told.now + HOUR - 2 * DAY)) == []
    (raised,) = told.report_whole(state(backup=told.now + HOUR - 2 * DAY - 1))
    assert (raised["event"], raised["max_age_seconds"]) == ("system.backup_late", 172_800)
    assert told.report(state(backup=told.now)) == [("system.backup_late", "recovered")]


def test_zero_asks_for_nothing_and_ends_what_was_told() -> None:
    bad = state(SaasZone(usage=HostnameUsage(100, 100, 0)), backup=0, free=0)
    told = Told()
    assert len(told.report(bad)) == 3
    told.limits = SystemLimits(quota_percent=0, backup_max_age_ms=0, disk_floor_bytes=0)
    assert [status for _, status in told.report(bad)] == ["recovered"] * 3
    assert Told(told.limits).report(bad) == []


states = st.builds(
    state,
    st.builds(
        SaasZone,
        faults=st.sampled_from([(), (REFUSAL,)]),
        usage=st.none() | st.builds(HostnameUsage, st.integers(0, 120), st.integers(1, 120)),
        is_access_confirmed=st.booleans(),
    ),
    backup=st.none() | st.integers(NOW - 4 * DAY, NOW),
    free=st.none() | st.integers(0, 3000),
)


@given(st.lists(states, max_size=20))
def test_each_condition_is_raised_and_over_in_turns_and_a_repeated_report_tells_nothing(
    found: list[SystemState],
) -> None:
    told = Told()
    last: dict[str, str] = {}
    for each in found:
        for event, status in told.report(each):
            assert status == ("raised" if last.get(event, "recovered") == "recovered" else "recovered")
            last[event] = status
        assert list_changes(each, told.limits, told.present, told.now) == []


def clock(ahead_ms: int = 0, unconfirmed_ms: int | None = None) -> SystemState:
    return replace(state(), clock=ClockReport(ahead_ms=ahead_ms, unconfirmed_ms=unconfirmed_ms))


def test_a_clock_is_wrong_beyond_a_minute_and_right_within() -> None:
    told = Told()
    assert told.report(clock(MINUTE)) == []
    (raised,) = told.report_whole(clock(-MINUTE - SECOND))
    assert (raised["event"], raised["status"]) == ("system.clock_wrong", "raised")
    assert (raised["ahead_seconds"], raised["is_confirmed"]) == (-61, True)
    assert "61 seconds behind the time" in raised["message"]
    assert told.report(clock(100 * DAY)) == []
    assert told.report(clock()) == [("system.clock_wrong", "recovered")]


def test_that_nothing_confirms_the_time_is_told_after_a_while() -> None:
    told = Told()
    assert told.report(clock(unconfirmed_ms=10 * MINUTE - 1)) == []
    (raised,) = told.report_whole(clock(unconfirmed_ms=10 * MINUTE))
    assert raised["is_confirmed"] is False
    assert "nothing is deleted" in raised["message"]
    assert told.report(clock(unconfirmed_ms=5)) == [], "after a restart nothing is known yet"
    assert told.report(clock()) == [("system.clock_wrong", "recovered")]
