"""Values that are remembered as far as they have room together."""

from dcvd.kit.limits.sized_entries import SizedEntries


def test_the_oldest_give_way_and_what_is_too_large_is_not_held() -> None:
    entries = SizedEntries[str, str](6, len)
    entries.set("a", "xx")
    entries.set("b", "xx")
    entries.set("c", "xx")
    entries.set("a", "yyy")
    assert [entries.get(key) for key in "abc"] == ["yyy", None, "xx"]
    entries.set("a", "z" * 7)
    assert entries.get("a") is None
    entries.discard("c")
    entries.set("d", "x" * 6)
    assert len(entries) == 1
    entries.clear()
    assert (len(entries), entries.get("d")) == (0, None)
    entries.set("e", "x" * 6)
    assert entries.get("e") is not None
