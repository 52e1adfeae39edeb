"""Which events a subscription takes, for every list that a tenant may type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.events import EventType
from dcvd.core.webhooks.subscriptions import ALL_EVENTS, FAMILIES, TENANT_TYPES, is_subscribed, parse_subscription
from dcvd.errors import InvalidInput

ENTRIES = [ALL_EVENTS, *FAMILIES, *(each.value for each in TENANT_TYPES)]
WORDS = st.sampled_from(["domain", "dns", "job", "system", "domains", "do", "", "*", "future"])
names = st.one_of(st.sampled_from(ENTRIES), st.builds("{}.{}".format, WORDS, WORDS), WORDS, st.text(max_size=12))


def test_the_families_are_those_of_the_catalogue() -> None:
    assert FAMILIES == ("domain.*", "dns.*", "job.*", "delivery.*", "endpoint.*", "connection.*", "webhook.*")


@given(st.lists(st.sampled_from(ENTRIES), min_size=1, max_size=8), st.sampled_from(TENANT_TYPES))
def test_an_event_is_taken_if_one_entry_alone_takes_it(subscription: list[str], event_type: EventType) -> None:
    expected = any(
        entry in ("*", event_type.value) or (entry.endswith(".*") and event_type.value.startswith(entry[:-1]))
        for entry in subscription
    )
    assert is_subscribed(subscription, event_type) is expected
    assert any(is_subscribed([entry], event_type) for entry in subscription) is expected


@given(st.lists(names, max_size=6))
def test_what_is_accepted_stays_as_it_was_typed_and_everything_else_is_refused(typed: list[str]) -> None:
    unknown = [index for index, name in enumerate(typed) if name not in ENTRIES]
    if not typed or unknown:
        with pytest.raises(InvalidInput) as caught:
            parse_subscription(typed)
        assert "*" in str(caught.value)
        assert caught.value.code == ("unknown_event" if typed else "no_events")
        if unknown:
            assert f"events[{unknown[0]}]" in str(caught.value)
            assert all(family in str(caught.value) for family in FAMILIES)
    else:
        subscription = parse_subscription(typed)
        assert list(subscription) == sorted(set(typed), key=typed.index)
        assert parse_subscription(subscription) == subscription


def test_types_of_the_enumeration_are_kept_as_plain_text() -> None:
    assert [type(each) for each in parse_subscription([EventType.DOMAIN_ACTIVE, "*"])] == [str, str]


@pytest.mark.parametrize(
    ("subscription", "event_type", "expected"),
    [
        (["*"], "domain.of_a_later_version", True),
        (["*"], "future.event", True),
        (["domain.*"], "domain.of_a_later_version", True),
        (["domain.*"], "domains.event", False),
        (["domain.active"], "domain.active.more", False),
        ([], "domain.active", False),
    ],
)
def test_later_types_are_taken(subscription: list[str], event_type: str, expected: bool) -> None:
    assert is_subscribed(subscription, event_type) is expected


@pytest.mark.parametrize("entry", ["system.*", *(each for each in EventType if each not in TENANT_TYPES)])
def test_only_the_operator_subscribes_to_events_of_the_system(entry: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_subscription(["domain.*", entry])
    assert (caught.value.code, "system" in str(caught.value).partition(";")[2]) == ("unknown_event", False)
    assert parse_subscription(["domain.*", entry], for_operator=True) == ("domain.*", str(entry))
    assert is_subscribed([entry], "system.disk_low") is (entry in ("system.*", "system.disk_low"))
    assert is_subscribed(["*"], entry.replace("*", "disk_low"))
