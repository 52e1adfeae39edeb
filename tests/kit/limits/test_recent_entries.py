"""Values by key, of which only so many are remembered."""

from hypothesis import given
from hypothesis import strategies as st

from dcvd.kit.limits.recent_entries import RecentEntries


@given(max_keys=st.integers(1, 5), uses=st.lists(st.tuples(st.integers(0, 9), st.booleans())))
def test_the_keys_that_were_set_or_used_last_are_remembered_and_no_others(
    max_keys: int, uses: list[tuple[int, bool]]
) -> None:
    entries = RecentEntries[int, int](max_keys)
    recent: list[int] = []
    for key, is_set in uses:
        if is_set:
            entries[key] = key
        else:
            assert entries.use(key, lambda key=key: key) == key  # type: ignore[misc]
        recent = [*(other for other in recent if other != key), key][-max_keys:]
        assert list(entries) == recent


@given(max_keys=st.none() | st.integers(3, 5), uses=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3))))
def test_idle_values_are_forgotten_before_others_and_busy_ones_only_for_want_of_room(
    max_keys: int | None, uses: list[tuple[int, int]]
) -> None:
    """A value is the instant until which it is busy; each use passes some time and makes its key busy for 5."""
    now = 0

    class Value:
        def __init__(self) -> None:
            self.busy_until = 0

    entries = RecentEntries[int, Value](max_keys, lambda value: value.busy_until <= now)
    busy_until: dict[int, int] = {}
    for key, pause in uses:
        now += pause
        is_new = key not in entries
        entries.use(key, Value).busy_until = busy_until[key] = now + 5
        busy_keys = {other for other, until in busy_until.items() if until > now}
        if max_keys is None:
            assert busy_keys <= set(entries)
        else:
            assert len(entries) <= max_keys
        if is_new:
            assert set(entries) <= busy_keys


def test_looking_at_a_value_does_not_make_its_key_recent() -> None:
    entries = RecentEntries[str, int](2)
    entries["a"] = 1
    entries["b"] = 2
    assert entries.get("a") == 1
    entries["c"] = 3
    assert "a" not in entries
    assert (entries.pop("b"), len(entries)) == (2, 1)
