"""Reading messages without dnspython's objects: the same records, and the same refusals, as dnspython has."""

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import pytest
from dns.message import Message
from dns.rdatatype import RdataType
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dcvd.dns.messages.message import UNREADABLE_ERRORS, MessageRecord, read_message
from dcvd.dns.messages.names import encode_name, is_within
from tests.dns.scripted import answer, referral

NAME = dns.name.from_text("App.customer.test")
SOA = "customer.test 300 SOA Ns.customer.test. a.customer.test. 7 3600 600 86400 30"
QUERY = dns.message.make_query(NAME, "A", id=1)

MESSAGES = [
    message.to_wire(max_size=65535)
    for message in (
        answer(
            QUERY,
            "app.customer.test 50 CNAME Edge.saas.test.",
            "edge.saas.test 60 A 192.0.2.1",
            "edge.saas.test 70 AAAA 2001:db8::1",
            authority=[SOA, "saas.test 60 NS ns1.saas.test."],
        ),
        referral(QUERY, "customer.test", ["ns1.provider.test."], ["ns1.provider.test 9 A 192.0.2.5"]),
        answer(
            QUERY,
            'app.customer.test 60 TXT "a" "b"',
            'app.customer.test 60 CAA 0 issue "pki.goog"',
            "app.customer.test 60 MX 10 mail.customer.test.",
            "app.customer.test 60 SRV 1 2 3 mail.customer.test.",
            "customer.test 60 DS 1 8 2 " + "ab" * 32,
        ),
        answer(QUERY),
    )
]  # fmt: skip

Comparable = tuple[bytes, int, int, int, object]


def _ours(records: list[MessageRecord]) -> list[Comparable]:
    return [(each.owner, each.rdtype, each.rdclass, each.ttl, each.to_rdata()) for each in records]


def _theirs(message: Message, section: int) -> list[Comparable]:
    return [
        (encode_name(rrset.name).lower(), rrset.rdtype, rrset.rdclass, rrset.ttl, rrset[0])
        for rrset in message.sections[section]
    ]


def _compare(wire: bytes) -> None:
    """Hold our reading of a message to dnspython's."""
    try:
        theirs = dns.message.from_wire(wire, ignore_trailing=True, one_rr_per_rrset=True)
        expected = [_theirs(theirs, section) for section in (1, 2, 3)]
    except (*UNREADABLE_ERRORS,):
        with pytest.raises(UNREADABLE_ERRORS):
            read_message(wire)
        return
    ours = read_message(wire)
    additional = [record for record in ours.additional if record.rdtype != RdataType.OPT]
    assert (ours.flags, ours.rcode) == (theirs.flags, theirs.rcode())
    assert [_ours(list(ours.answer)), _ours(list(ours.authority)), _ours(additional)] == expected


@pytest.mark.parametrize("wire", MESSAGES)
def test_a_message_is_read_as_dnspython_reads_it(wire: bytes) -> None:
    _compare(wire)
    for at in range(12, len(wire)):
        _compare(wire[:at])


@given(
    st.sampled_from(MESSAGES),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    st.binary(max_size=20),
)
@example(MESSAGES[0], [(29, 0xC0), (30, 0x0C)], b"")
def test_a_message_that_somebody_changed_is_read_as_dnspython_reads_it(
    wire: bytes, changes: list[tuple[int, int]], tail: bytes
) -> None:
    changed = bytearray(wire)
    for at, value in changes:
        changed[at % len(changed)] = value
    assume(not changed[2] & 0x78)
    _compare(bytes(changed) + tail)


def test_what_answers_no_query_is_no_answer() -> None:
    message = answer(QUERY)
    message.flags |= dns.opcode.to_flags(dns.opcode.NOTIFY)
    with pytest.raises(UNREADABLE_ERRORS):
        read_message(message.to_wire())


def test_the_bits_that_edns_adds_to_the_code_count() -> None:
    message = answer(QUERY)
    message.use_edns(0)
    message.set_rcode(dns.rcode.BADVERS)
    assert read_message(message.to_wire()).rcode == dns.rcode.BADVERS


@pytest.mark.parametrize(
    ("name", "zone", "expected"),
    [
        ("a.customer.test", "customer.test", True),
        ("customer.test", "customer.test", True),
        ("acustomer.test", "customer.test", False),
        ("test", "customer.test", False),
        ("customer.test", ".", True),
        (r"a\008customer.test", "customer.test", False),
    ],
)
def test_a_zone_holds_what_ends_in_its_labels(name: str, zone: str, expected: bool) -> None:
    assert is_within(*(encode_name(dns.name.from_text(text)) for text in (name, zone))) is expected
