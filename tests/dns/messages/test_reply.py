"""Reading messages: only what answers the question counts, whatever else a message holds."""

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from dns.message import Message
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from dcvd.dns.messages.message import UNREADABLE_ERRORS, read_message
from dcvd.dns.messages.query import DnsQuery
from dcvd.dns.messages.reply import MAX_RECORDS, DnsReply, parse_reply
from tests.dns.scripted import answer, referral

NAME = dns.name.from_text("app.customer.test")
SOA = "customer.test 300 SOA ns.customer.test. a.customer.test. 7 3600 600 86400 30"


def _query(rdtype: str = "A") -> Message:
    return dns.message.make_query(NAME, rdtype)


def _read(message: Message, rdtype: RdataType = RdataType.A, *, recurse: bool = False) -> DnsReply:
    return parse_reply(read_message(message.to_wire(max_size=65535)), NAME, rdtype, recurse=recurse)


def test_a_chain_in_the_answer_is_followed_to_the_records_of_the_type() -> None:
    message = answer(_query(), "app.customer.test 50 CNAME a.test.", "a.test 40 CNAME b.test.", "b.test 60 A 192.0.2.1")
    reply = _read(message)
    assert [alias.to_text() for alias in reply.aliases] == ["a.test.", "b.test."]
    assert [rdata.address for rdata in reply.rdatas] == ["192.0.2.1"]
    assert (reply.exists, reply.ttl) == (True, 40)


def test_a_cname_on_the_way_is_read_as_the_answer_about_the_cname_would_be() -> None:
    cnames = ["app.customer.test 50 CNAME a.test.", "app.customer.test 50 CNAME b.test."]
    for followed in ([], ['b.test 9 CAA 0 issue "pki.goog"']):
        passing = answer(_query("CAA"), *cnames, *followed, authority=[SOA])
        read = parse_reply(read_message(passing.to_wire()), NAME, RdataType.CAA, recurse=False, shows_cname=True)
        assert read.cname_reply == _read(answer(_query("CNAME"), *cnames), RdataType.CNAME)
        assert read.cname_reply.ttl == 50
    at_the_name = answer(_query("CAA"), 'app.customer.test 9 CAA 0 issue "pki.goog"')
    read = parse_reply(read_message(at_the_name.to_wire()), NAME, RdataType.CAA, recurse=False, shows_cname=True)
    assert read.cname_reply is None


def test_a_negative_answer_lives_as_long_as_its_soa_says() -> None:
    reply = _read(answer(_query(), authority=[SOA]))
    assert (reply.outcome, reply.exists, reply.ttl, reply.serial) == ("answered", True, 30, 7)
    assert reply.zone == dns.name.from_text("customer.test")


def test_a_negative_answer_without_an_soa_is_not_kept() -> None:
    assert _read(answer(_query())).ttl is None


@pytest.mark.parametrize("authoritative", [True, False])
def test_no_data_but_name_servers_is_a_referral_whatever_the_flags_say(authoritative: bool) -> None:
    message = referral(_query(), "customer.test", ["ns.customer.test."], ["ns.customer.test 60 A 192.0.2.53"])
    if authoritative:
        message.flags |= dns.flags.AA
    reply = _read(message)
    assert reply.outcome == "not_authoritative"
    assert reply.referral is not None
    assert reply.referral.glue == ((dns.name.from_text("ns.customer.test"), "192.0.2.53"),)


def test_data_from_a_server_without_authority_is_not_its_zones() -> None:
    message = answer(_query(), "app.customer.test 60 A 192.0.2.1")
    message.flags &= ~dns.flags.AA
    message.flags |= dns.flags.RA
    assert _read(message) == DnsReply(outcome="not_authoritative")


@pytest.mark.parametrize(
    ("rcode", "outcome"),
    [
        (dns.rcode.SERVFAIL, "servfail"),
        (dns.rcode.REFUSED, "refused"),
        (dns.rcode.NOTAUTH, "refused"),
        (dns.rcode.NOTIMP, "malformed"),
        (dns.rcode.YXDOMAIN, "malformed"),
    ],
)
def test_a_code_of_failure_is_no_answer(rcode: dns.rcode.Rcode, outcome: str) -> None:
    message = answer(_query(), "app.customer.test 60 A 192.0.2.1")
    message.set_rcode(rcode)
    assert _read(message) == DnsReply(outcome=outcome)  # type: ignore[arg-type]


def test_a_server_that_does_not_recurse_is_no_resolver() -> None:
    message = answer(_query(), "app.customer.test 60 A 192.0.2.1")
    message.flags &= ~dns.flags.AA
    assert _read(message, recurse=True).outcome == "refused"
    message.flags |= dns.flags.RA
    assert _read(message, recurse=True).outcome == "answered"


def test_records_of_other_names_and_classes_do_not_count() -> None:
    message = answer(_query(), "www.customer.test 60 A 192.0.2.1", "app.customer.test.evil.test 60 A 192.0.2.2")
    chaos = dns.message.from_text(
        f"id {message.id}\nopcode QUERY\nrcode NOERROR\nflags QR AA\n;QUESTION\napp.customer.test. IN A\n"
        ";ANSWER\napp.customer.test. 60 CH A ns.chaos. 1\n"
    )
    assert _read(message).rdatas == ()
    assert _read(chaos).rdatas == ()


def test_an_soa_of_a_zone_that_does_not_hold_the_name_does_not_count() -> None:
    reply = _read(answer(_query(), authority=["evil.test 60 SOA ns. a. 1 2 3 4 5"]))
    assert (reply.zone, reply.serial, reply.ttl) == (None, None, None)


def test_a_loop_in_an_answer_ends() -> None:
    message = answer(_query(), "app.customer.test 60 CNAME a.test.", "a.test 60 CNAME app.customer.test.")
    assert len(_read(message).aliases) == 1


def test_of_several_cnames_all_targets_are_told_and_the_last_is_followed() -> None:
    query = _query("CNAME")
    message = answer(query)
    message.answer = [
        dns.rrset.from_text(NAME, ttl, "IN", "CNAME", target)
        for ttl, target in ((60, "b.test."), (50, "a.test."), (70, "c.test."))
    ]
    reply = _read(message, RdataType.CNAME)
    assert [target.to_text().lower() for target in reply.cname_targets] == ["a.test.", "b.test.", "c.test."]
    assert ([rdata.target.to_text() for rdata in reply.rdatas], reply.ttl) == (["c.test."], 50)


def test_a_name_is_found_however_its_letters_are_written() -> None:
    message = answer(_query(), "APP.customer.TEST 50 CNAME A.test.", "a.TEST 40 A 192.0.2.1", "A.TEST 60 A 192.0.2.1")
    assert [rdata.address for rdata in _read(message).rdatas] == ["192.0.2.1"]


def test_of_many_records_a_few_are_kept() -> None:
    message = answer(_query(), *(f"app.customer.test 60 A 192.0.2.{number}" for number in range(200)))
    assert len(_read(message).rdatas) == MAX_RECORDS


@given(st.binary(max_size=300), st.integers(0, 300), st.sampled_from([RdataType.A, RdataType.CNAME, RdataType.SOA]))
def test_no_bytes_break_the_reading(noise: bytes, at: int, rdtype: RdataType) -> None:
    message = answer(_query(), "app.customer.test 50 CNAME a.test.", "a.test 60 A 192.0.2.1", authority=[SOA])
    wire = message.to_wire()
    wire = wire[: min(at, len(wire))] + noise
    try:
        reply = parse_reply(read_message(wire), NAME, rdtype, recurse=False)
    except UNREADABLE_ERRORS:
        return
    assert len(reply.rdatas) <= MAX_RECORDS


@given(st.binary(max_size=100))
def test_no_bytes_but_an_answers_are_taken_for_one(noise: bytes) -> None:
    question = DnsQuery(NAME, RdataType.CNAME, recurse=True)
    wire = question.to_wire()
    accepts = question.build_answer_test(wire)
    assert not accepts(noise) or noise[:2] == wire[:2]
    assert not accepts(wire)
    assert accepts(answer(dns.message.from_wire(wire)).to_wire())


def test_every_question_has_an_id_of_its_own() -> None:
    question = DnsQuery(NAME, RdataType.CNAME, recurse=True)
    assert len({question.to_wire()[:2] for _ in range(100)}) > 50


@pytest.mark.parametrize("edns", [True, False])
@pytest.mark.parametrize("recurse", [True, False])
@pytest.mark.parametrize("checking_disabled", [True, False])
def test_a_query_is_what_dnspython_would_send(edns: bool, recurse: bool, checking_disabled: bool) -> None:
    name = dns.name.from_text("_acme-challenge.App.customer.test")
    for rdtype in (RdataType.A, RdataType.CAA, RdataType.DNSKEY):
        wire = DnsQuery(name, rdtype, recurse=recurse, checking_disabled=checking_disabled).to_wire(edns=edns)
        flags = (dns.flags.RD if recurse else 0) | (dns.flags.CD if checking_disabled else 0)
        options: dict[str, int | bool] = {"use_edns": 0, "payload": 1232} if edns else {"use_edns": False}
        made = dns.message.make_query(name, rdtype, id=int.from_bytes(wire[:2]), flags=flags, **options)  # type: ignore[arg-type]
        assert wire == made.to_wire()
