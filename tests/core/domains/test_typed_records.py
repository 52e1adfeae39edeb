"""What somebody types at their provider: the name within the zone, and a type that the zone can hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.dns.facts import DnsFacts, ServerAnswer
from dcvd.core.dns.hostnames import find_typing_zone
from dcvd.core.dns.provider_table import PROVIDERS
from dcvd.core.dns.providers import find_provider
from dcvd.core.domains.domain import Domain, RequiredRecord, new_domain
from dcvd.core.domains.typed_records import (
    add_final_dot,
    find_place,
    find_zone,
    remember_zone,
    required_records_to_type,
)
from dcvd.core.sentences.rendering import render

TARGET = "edge.saas.net"


def domain(name: str, *nameservers: str, zone: str | None = None, wildcard: bool = False) -> Domain:
    added = new_domain(
        domain_id="dom_1", org_id="org_1", name=name, cname_target=TARGET, now=0, wildcard=wildcard,
        validation="delegated" if wildcard else "http",
    )  # fmt: skip
    provider = find_provider(nameservers)
    return replace(added, dns_zone=zone, dns_provider=None if provider is None else provider.name)


def routing(subject: Domain) -> RequiredRecord:
    return next(each for each in required_records_to_type(subject) if each.purpose == "routing")


@pytest.mark.parametrize(
    ("name", "zone", "place"),
    [
        ("app.customer.com", "customer.com", ("app.customer.com", "customer.com", "app")),
        ("_acme-challenge.a.b.customer.com", "b.customer.com",
         ("_acme-challenge.a.b.customer.com", "b.customer.com", "_acme-challenge.a")),
        ("customer.co.uk", "customer.co.uk", ("customer.co.uk", "customer.co.uk", "@")),
        ("foo.github.io", "github.io", ("foo.github.io", "github.io", "foo")),
        # A finding may give the name as it is typed in the zone.
        ("app", "customer.com", ("app.customer.com", "customer.com", "app")),
        ("@", "customer.com", ("customer.com", "customer.com", "@")),
        # The CAA record that forbids may stand above a delegated zone.
        ("customer.com", "dev.customer.com", ("customer.com", "customer.com", "@")),
    ],
)  # fmt: skip
def test_a_record_has_a_whole_name_a_zone_and_a_name_within_it(
    name: str, zone: str, place: tuple[str, str, str]
) -> None:
    found = find_place(name, zone)
    assert (found.fqdn, found.zone, found.host) == place


@pytest.mark.parametrize(
    ("name", "seen", "zone"),
    [
        ("app.customer.com", None, "customer.com"),
        ("app.customer.com", "customer.com", "customer.com"),
        ("a.dev.customer.com", "dev.customer.com", "dev.customer.com"),
        # It cannot hold its own CNAME: that belongs in the zone above.
        ("app.customer.com", "app.customer.com", "customer.com"),
        ("customer.co.uk", "customer.co.uk", "customer.co.uk"),
        ("foo.github.io", None, "github.io"),
        ("foo.github.io", "github.io", "github.io"),
        # Nobody registered it: the registry's zone is not one in which a customer types.
        ("app.customer.com", "com", "customer.com"),
        ("app.customer.co.uk", "co.uk", "customer.co.uk"),
        ("app.customer.com", "other.com", "customer.com"),
    ],
)
def test_records_are_typed_in_the_zone_that_was_seen_or_in_the_likely_one(
    name: str, seen: str | None, zone: str
) -> None:
    assert find_typing_zone(name, seen) == zone


LABELS = st.lists(st.from_regex(r"[a-z]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True), max_size=3)


@given(LABELS, LABELS)
def test_the_host_and_the_zone_always_make_the_whole_name(above: list[str], below: list[str]) -> None:
    zone = ".".join([*above, "customer.com"])
    name = ".".join([*below, zone])
    found = find_place(name, zone)
    assert found.fqdn == name
    assert name == (found.zone if found.host == "@" else f"{found.host}.{found.zone}")


def test_names_have_a_final_dot_and_texts_do_not() -> None:
    assert add_final_dot("CNAME", "edge.saas.net") == "edge.saas.net."
    assert add_final_dot("ALIAS", "edge.saas.net.") == "edge.saas.net."
    assert add_final_dot("TXT", "dcvd-verification=x") == "dcvd-verification=x"
    assert add_final_dot("CAA", '0 issue "pki.goog"') == '0 issue "pki.goog"'


@pytest.mark.parametrize(
    ("nameservers", "kind", "is_possible", "says"),
    [
        (
            ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com"),
            "CNAME",
            True,
            "Cloudflare takes a CNAME to edge.saas.net there",
        ),
        (("dns1.registrar-servers.com",), "ALIAS", True, "Use the type ALIAS of Namecheap"),
        (("ns1.name.com", "ns2.name.com"), "ANAME", True, "Use the type ANAME of Name.com"),
        (("pdns1.ultradns.net",), "APEXALIAS", True, "Use the type APEXALIAS of UltraDNS"),
        (("ns07.domaincontrol.com",), "ALIAS", False, "add www.customer.com here instead, and redirect customer.com"),
        (("ns1.nobody-knows.net",), "ALIAS", True, "ALIAS, ANAME or CNAME flattening to edge.saas.net"),
        ((), "ALIAS", True, "www.customer.com"),
    ],
)
def test_no_impossible_cname_is_asked_for_at_the_top_of_a_zone(
    nameservers: tuple[str, ...], kind: str, is_possible: bool, says: str
) -> None:
    record = routing(domain("customer.com", *nameservers))
    assert (record.type, record.is_possible, record.value) == (kind, is_possible, TARGET)
    assert record.note is not None
    assert says in render((record.note,))


def test_elsewhere_a_cname_is_asked_for_without_a_word_and_below_the_top_too() -> None:
    for subject in (
        domain("app.customer.com", "ns07.domaincontrol.com", zone="customer.com"),
        # The zone above holds the CNAME once the delegation is gone.
        domain("app.customer.com", "ns07.domaincontrol.com", zone="app.customer.com"),
    ):
        record = routing(subject)
        assert (record.type, record.is_possible, record.note) == ("CNAME", True, None)
    others = required_records_to_type(domain("customer.com", wildcard=True))[1:]
    assert [(each.type, each.note) for each in others] == [("CNAME", None)] * 2


def test_all_records_of_a_hostname_that_is_a_zone_of_its_own_are_typed_in_the_zone_above() -> None:
    subject = domain("app.customer.com", zone="app.customer.com", wildcard=True)
    places = [find_place(each.name, find_zone(subject)) for each in required_records_to_type(subject)]
    assert [(each.zone, each.host) for each in places] == [
        ("customer.com", "app"), ("customer.com", "_acme-challenge.app"), ("customer.com", "*.app"),
    ]  # fmt: skip


def test_a_name_below_a_private_suffix_is_not_the_top_of_a_zone() -> None:
    assert routing(domain("foo.github.io")).type == "CNAME"
    assert routing(domain("foo.github.io", zone="github.io")).note is None


def test_the_zone_and_who_runs_it_are_those_that_the_last_check_saw() -> None:
    def check(zone: str | None, *nameservers: str, chain: tuple[str, ...] = ()) -> DnsFacts:
        return DnsFacts(
            hostname=added.name, target=TARGET, outcome="answered", zone=zone, nameservers=nameservers, chain=chain
        )

    added = domain("app.eu.customer.com")
    assert find_zone(added) == "customer.com"
    seen = remember_zone(added, check("eu.customer.com", "ns07.domaincontrol.com"))
    assert (find_zone(seen), seen.dns_provider) == ("eu.customer.com", "GoDaddy")
    assert remember_zone(seen, check(None)) == seen
    assert remember_zone(seen, check("com", "a.gtld.net")) == seen
    # Where the record is right, a check stops looking above: it has not seen that the zone is gone.
    right = remember_zone(seen, check("customer.com", "ns07.domaincontrol.com", chain=(TARGET,)))
    assert right.dns_zone == "eu.customer.com"
    assert remember_zone(seen, check("customer.com", "ns1.other.net")).dns_zone == "customer.com"
    # Who runs the zone above was not seen.
    own = remember_zone(seen, check(added.name, "ns07.domaincontrol.com"))
    assert (find_zone(own), own.dns_provider) == ("customer.com", None)


def test_a_zone_at_cloudflare_under_names_of_its_own_is_known_by_its_addresses() -> None:
    facts = DnsFacts(
        hostname="customer.com", target=TARGET, outcome="answered", zone="customer.com",
        nameservers=("ns1.customer.com",),
        servers=(ServerAnswer(name="ns1.customer.com", address="173.245.58.1", outcome="answered"),),
    )  # fmt: skip
    seen = remember_zone(domain("customer.com"), facts)
    assert (seen.dns_provider, routing(seen).type) == ("Cloudflare", "CNAME")


def test_every_provider_has_one_place_for_records_and_a_secure_address() -> None:
    by_name = {provider.name: provider for _, provider in PROVIDERS}
    assert list(by_name.values()) == list(dict.fromkeys(provider for _, provider in PROVIDERS))
    for _, provider in PROVIDERS:
        assert provider.records_page, provider
        assert provider.url is None or provider.url.startswith("https://"), provider
        assert (provider.name_field is None) == (provider.value_field is None), provider
