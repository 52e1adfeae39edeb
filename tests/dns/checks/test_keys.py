"""A DS record leads to a key, or to none; what cannot be read says neither."""

import dns.dnssec
import dns.name
import dns.rdata
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from dcvd.dns.checks.keys import has_matching_key
from dcvd.dns.messages.message import Rdata
from dcvd.dns.messages.reply import DnsReply

ZONE = dns.name.from_text("customer.test")


def key() -> Rdata:
    return dns.dnssec.make_dnskey(generate_private_key(SECP256R1()).public_key(), "ECDSAP256SHA256", flags=257)


@pytest.fixture(scope="module")
def keys() -> tuple[Rdata, Rdata]:
    return key(), key()


def test_one_key_to_which_one_record_leads_is_enough(keys: tuple[Rdata, Rdata]) -> None:
    records = [dns.dnssec.make_ds(ZONE, each, "SHA256") for each in keys]
    for at_zone in (keys, keys[:1], keys[1:]):
        assert has_matching_key(ZONE, records, DnsReply(outcome="answered", rdatas=at_zone)) is True
    assert has_matching_key(ZONE, records[:1], DnsReply(outcome="answered", rdatas=keys[1:])) is False
    assert has_matching_key(ZONE, records, DnsReply(outcome="answered")) is False


def test_records_that_validators_pass_by_say_nothing(keys: tuple[Rdata, Rdata]) -> None:
    record = dns.dnssec.make_ds(ZONE, keys[0], "SHA256")
    for ignored in (f"1 12 3 {'00' * 32}", f"1 13 9 {'00' * 32}"):
        unknown = dns.rdata.from_text("IN", "DS", ignored)
        assert has_matching_key(ZONE, [unknown], DnsReply(outcome="answered", rdatas=keys)) is None
        assert has_matching_key(ZONE, [unknown, record], DnsReply(outcome="answered", rdatas=keys)) is True


def test_what_was_not_answered_or_cannot_be_read_says_nothing(keys: tuple[Rdata, Rdata]) -> None:
    record = dns.dnssec.make_ds(ZONE, keys[0], "SHA256")
    assert has_matching_key(ZONE, [record], DnsReply(outcome="timeout")) is None
    unknown = dns.rdata.from_text("IN", "DS", f"{record.key_tag} 13 250 {record.digest.hex()}")
    assert has_matching_key(ZONE, [unknown], DnsReply(outcome="answered", rdatas=keys[:1])) is None
