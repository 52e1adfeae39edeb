"""What happens is gathered without growing, and told no more often than allowed."""

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.alerts.groups import (
    MAX_NAMES,
    Alert,
    AlertGroup,
    TellingSchedule,
    add_to_group,
    clean_alert,
    find_permitted_at,
    note_telling,
    plan_telling,
)
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.alerts.texts import compose_alert, describe_kind, disarm
from dcvd.core.instants import HOUR


def alert(name: str, kind: AlertKind = AlertKind.DOMAIN_BROKEN, detail: str = "") -> Alert:
    return Alert(kind=kind, cause="moved", name=name, detail=detail)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=200))
def test_a_group_lists_the_first_names_and_counts_the_others(numbers: list[int]) -> None:
    group: AlertGroup | None = None
    for number in numbers:
        group = add_to_group(group, "org_1", alert(f"n{number}"), number)
    assert group is not None
    distinct = list(dict.fromkeys(f"n{number}" for number in numbers))
    assert list(group.names) == distinct[:MAX_NAMES]
    assert len(group.names) <= group.count <= len(numbers)
    if len(distinct) <= MAX_NAMES:
        assert group.count == len(distinct)


@given(st.lists(st.integers(0, 3 * HOUR), max_size=60), st.integers(1, 5))
def test_no_hour_has_more_tellings_than_allowed(steps: list[int], per_hour: int) -> None:
    schedule, now, told = TellingSchedule(org_id="org_1"), 0, list[int]()
    for step in steps:
        now += step
        schedule = plan_telling(schedule, now, 0)
        now = max(now, find_permitted_at(schedule, now, per_hour))
        told.append(now)
        schedule = note_telling(schedule, now)
        assert len(schedule.told_at) <= per_hour
    for instant in told:
        assert sum(instant - HOUR < other <= instant for other in told) <= per_hour


def test_the_first_thing_that_happens_decides_when_it_is_told() -> None:
    schedule = plan_telling(TellingSchedule(org_id="org_1"), 1000, 500)
    assert schedule.due_at == 1500
    assert plan_telling(schedule, 1400, 500) == schedule


@given(st.text(max_size=500), st.text(max_size=500), st.text(max_size=200), st.sampled_from(AlertKind))
def test_no_name_breaks_a_line_or_a_text(name: str, detail: str, audience: str, kind: AlertKind) -> None:
    groups = [add_to_group(None, "", clean_alert(alert(f"x{name}", kind, detail)), 0)]
    content = compose_alert(groups, audience)
    assert content.subject.isprintable()
    assert all(line.isprintable() for line in content.text.split("\n"))
    assert len(content.text.split("\n")) <= 10
    assert describe_kind(kind).advice in content.text


@given(st.text())
def test_nothing_in_a_chat_calls_people_or_hides_a_link(text: str) -> None:
    assert not set(disarm(text)) & set("<>@`*[]")


def test_every_kind_has_its_words_for_one_and_for_many() -> None:
    for kind in AlertKind:
        one = add_to_group(None, "", alert("a.example", kind), 0)
        many = add_to_group(one, "", alert("b.example", kind), 0)
        assert "a.example" in compose_alert([one], "Acme").subject
        assert "2" in compose_alert([many], "Acme").subject
