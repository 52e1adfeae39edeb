"""The DNS data by itself: wildcards, chains, empty names, and what a change touches."""

import dns.name
import dns.rcode
from dns.name import Name
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from dcvd.sandbox.nameserver.records import parse_name, parse_records
from dcvd.sandbox.nameserver.zone import Resolution, ZoneData


def zone(*records: tuple[str, RdataType, str]) -> ZoneData:
    made = ZoneData()
    for name, rdtype, value in records:
        made.put(parse_name(name), parse_records(rdtype, [value], 60))
    return made


def ask(made: ZoneData, name: str, rdtype: RdataType = RdataType.A) -> Resolution:
    return made.resolve(parse_name(name), rdtype)


def test_a_wildcard_covers_every_depth_but_no_existing_name() -> None:
    made = zone(("*.c.test", RdataType.A, "192.0.2.1"), ("a.b.c.test", RdataType.A, "192.0.2.2"))
    assert ask(made, "x.c.test").answer[0].name == dns.name.from_text("x.c.test")
    assert ask(made, "y.x.c.test").answer
    assert ask(made, "a.b.c.test").answer[0][0].to_text() == "192.0.2.2"
    below_an_existing_name = ask(made, "x.b.c.test")
    assert (below_an_existing_name.rcode, below_an_existing_name.answer) == (dns.rcode.NXDOMAIN, ())


def test_a_name_above_others_exists_without_data() -> None:
    made = zone(("a.b.c.test", RdataType.A, "192.0.2.2"))
    assert ask(made, "c.test").rcode == dns.rcode.NOERROR
    assert ask(made, "d.test").rcode == dns.rcode.NXDOMAIN
    made.drop(parse_name("a.b.c.test"), RdataType.A)
    assert ask(made, "c.test").rcode == dns.rcode.NXDOMAIN


def test_a_cname_wins_over_types_that_are_not_there_and_yields_to_those_that_are() -> None:
    made = zone(
        ("a.test", RdataType.CNAME, "b.test."),
        ("a.test", RdataType.TXT, "here"),
        ("b.test", RdataType.A, "192.0.2.1"),
        ("b.test", RdataType.TXT, "there"),
    )
    assert [rrset.rdtype for rrset in ask(made, "a.test").answer] == [RdataType.CNAME, RdataType.A]
    assert ask(made, "a.test", RdataType.TXT).texts == {"here"}
    assert [rrset.rdtype for rrset in ask(made, "a.test", RdataType.CNAME).answer] == [RdataType.CNAME]


def test_a_loop_ends_where_it_closes() -> None:
    made = zone(("a.test", RdataType.CNAME, "b.test."), ("b.test", RdataType.CNAME, "a.test."))
    assert [link.to_text() for link in ask(made, "a.test").chain] == ["b.test.", "a.test."]


def test_a_chain_that_ends_nowhere_is_nxdomain_with_its_links() -> None:
    made = zone(("a.test", RdataType.CNAME, "gone.test."))
    answer = ask(made, "a.test")
    assert answer.rcode == dns.rcode.NXDOMAIN
    assert answer.final_name == dns.name.from_text("gone.test")


names = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=4).map(
    lambda labels: dns.name.from_text(".".join([*labels, "test"]))
)
changes = st.lists(st.tuples(names, st.one_of(st.none(), names)), max_size=12)


@given(changes, names, names, st.one_of(st.none(), names))
def test_a_change_that_touches_nothing_consulted_changes_no_answer(
    history: list[tuple[Name, Name | None]], asked: Name, changed: Name, target: Name | None
) -> None:
    made = ZoneData()
    for name, value in history:
        apply(made, name, value)
    before = made.resolve(asked, RdataType.A)
    touched = apply(made, changed, target)
    after = made.resolve(asked, RdataType.A)
    if (before.rcode, before.answer) != (after.rcode, after.answer):
        assert touched & before.consulted_names


@given(changes)
def test_putting_and_dropping_leaves_nothing_behind(history: list[tuple[Name, Name | None]]) -> None:
    made = ZoneData()
    for name, value in history:
        apply(made, name, value)
    for name, rdataset in list(made.records()):
        assert made.drop(name, rdataset.rdtype)
    for name, _ in history:
        assert made.resolve(name, RdataType.A).rcode == dns.rcode.NXDOMAIN


def apply(made: ZoneData, name: Name, target: Name | None) -> frozenset[Name]:
    if target is None:
        return made.drop(name, RdataType.CNAME) or frozenset()
    return made.put(name, parse_records(RdataType.CNAME, [target.to_text()], 60))
