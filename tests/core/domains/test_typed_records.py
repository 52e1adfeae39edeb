"""What somebody types at their provider: the name within the zone, and a type that the zone can hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.domains.dns_facts import DnsFacts
from dcvd.core.domains.dns_provider_table import PROVIDERS
from dcvd.core.domains.domain import Domain, RequiredRecord, new_domain
from dcvd.core.domains.typed_records import (
    add_final_dot,
    find_place,
    find_zone,
    remember_zone,
    required_records_to_type,
)

TARGET = "edge.saas.net"


def domain(name: str, *nameservers: str, zone: str | None = None, wildcard: bool = False) -> Domain:
    added = new_domain(
        domain_id="dom_1", org_id="org_1", name=name, cname_target=TARGET, now=0, wildcard=wildcard,
        validation="delegated" if wildcard else "http",
    )  # fmt: skip
    return replace(added, dns_zone=zone, nameservers=nameservers)


def routing(subject: Domain) -> RequiredRecord:
    return next(each for each in required_records_to_type(subject) if each.purpose == "routing")


@pytest.mark.parametrize(
    ("record_type", "name", "zone", "place"),
    [
        ("CNAME", "app.customer.com", "customer.com", ("app.customer.com", "customer.com", "app")),
        ("CNAME", "_acme-challenge.a.b.customer.com", "b.customer.com",
         ("_acme-challenge.a.b.customer.com", "b.customer.com", "_acme-challenge.a")),
        ("ALIAS", "customer.co.uk", "customer.co.uk", ("customer.co.uk", "customer.co.uk", "@")),
        # A finding may give the name as it is typed in the zone.
        ("CNAME", "app", "customer.com", ("app.customer.com", "customer.com", "app")),
        ("CNAME", "@", "customer.com", ("customer.com", "customer.com", "@")),
        # The CAA record that forbids may stand above a delegated zone.
        ("CAA", "customer.com", "app.customer.com", ("customer.com", "customer.com", "@")),
        # A hostname that is a zone of its own gets its CNAME in the zone above.
        ("CNAME", "app.customer.com", "app.customer.com", ("app.customer.com", "customer.com", "app")),
        ("TXT", "_dcvd.app.customer.com", "app.customer.com", ("_dcvd.app.customer.com", "app.customer.com", "_dcvd")),
    ],
)  # fmt: skip
def test_a_record_has_a_whole_name_a_zone_and_a_name_within_it(
    record_type: str, name: str, zone: str, place: tuple[str, str, str]
) -> None:
    found = find_place(record_type, name, zone)
    assert (found.fqdn, found.zone, found.host) == place


LABELS = st.lists(st.from_regex(r"[a-z]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True), max_size=3)


@given(LABELS, LABELS, st.sampled_from(["CNAME", "ALIAS", "TXT", "CAA"]))
def test_the_host_and_the_zone_always_make_the_whole_name(above: list[str], below: list[str], kind: str) -> None:
    zone = ".".join([*above, "customer.com"])
    name = ".".join([*below, zone])
    found = find_place(kind, name, zone)
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
    assert says in record.note


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


def test_the_zone_is_the_one_that_the_last_check_saw_and_the_likely_one_before() -> None:
    added = domain("app.eu.customer.com")
    assert find_zone(added) == "customer.com"
    facts = DnsFacts(hostname=added.name, target=TARGET, outcome="answered")
    seen = remember_zone(added, replace(facts, zone="eu.customer.com", nameservers=("ns1.customer.com",)))
    assert (find_zone(seen), seen.nameservers) == ("eu.customer.com", ("ns1.customer.com",))
    assert remember_zone(seen, facts) == seen
    # Of a name that nobody registered, the registry's zone is not one in which the customer types.
    assert find_zone(remember_zone(added, replace(facts, zone="com", nameservers=("a.gtld.net",)))) == "customer.com"


def test_no_zone_makes_a_domain_remember_more_name_servers_than_a_delegation_has() -> None:
    many = tuple(f"ns{number}.customer.com" for number in range(500))
    facts = DnsFacts(
        hostname="app.customer.com", target=TARGET, outcome="answered", zone="customer.com", nameservers=many
    )
    assert len(remember_zone(domain("app.customer.com"), facts).nameservers) <= 13


def test_every_provider_has_one_place_for_records_and_a_secure_address() -> None:
    by_name = {provider.name: provider for _, provider in PROVIDERS}
    assert list(by_name.values()) == list(dict.fromkeys(provider for _, provider in PROVIDERS))
    for _, provider in PROVIDERS:
        assert provider.records_page, provider
        assert provider.url is None or provider.url.startswith("https://"), provider
        assert (provider.name_field is None) == (provider.value_field is None), provider
