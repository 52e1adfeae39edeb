"""Whether what is written into a zone would be seen in DNS."""

import pytest

from dcvd.core.records.zone_use import (
    HostAddresses,
    PublicZone,
    find_unused_zone_obstacle,
    is_served_at,
    is_served_by_name,
)
from dcvd.core.records.zones import Zone

HOSTNAME = "app.customer.test"
CLOUDFLARE = ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com")
GODADDY = ("ns01.domaincontrol.com", "ns02.domaincontrol.com")


def zone(name: str = "customer.test", nameservers: tuple[str, ...] = CLOUDFLARE, **members: object) -> Zone:
    return Zone(id="z", name=name, nameservers=nameservers, **members)  # type: ignore[arg-type]  # a zone's own


def public(
    name: str | None = "customer.test", nameservers: tuple[str, ...] = GODADDY, *, is_answered: bool = True
) -> PublicZone:
    return PublicZone(name=name, nameservers=nameservers, is_answered=is_answered)


def refusal(held: Zone, seen: PublicZone) -> str | None:
    """The message of the obstacle, with what the names of the servers say."""
    obstacle = find_unused_zone_obstacle(HOSTNAME, held, seen, is_served=is_served_by_name(held, seen))
    if obstacle is None:
        return None
    assert obstacle.code == "zone_not_in_use"
    assert obstacle.message.endswith(". Nothing is written there.")
    return obstacle.message


@pytest.mark.parametrize(
    ("held", "seen"),
    [
        (zone(), public(nameservers=CLOUDFLARE)),
        (zone(), public(nameservers=(*GODADDY, CLOUDFLARE[1]))),
        (zone(), public(nameservers=())),
        (zone(nameservers=()), public()),
        (zone(nameservers=(), provider="GoDaddy"), public()),
        (zone(nameservers=(), provider="GoDaddy"), public(nameservers=("ns1.customer.test",))),
        (zone(is_active=False), public(nameservers=CLOUDFLARE)),
        (zone(HOSTNAME), public(HOSTNAME, CLOUDFLARE)),
        (zone(HOSTNAME), public(nameservers=CLOUDFLARE, is_answered=False)),
    ],
    ids=[
        "the servers are the same",
        "the delegation is being changed",
        "nobody says the public servers",
        "the provider says no servers",
        "the provider says no servers, and runs those of the delegation",
        "the provider says no servers, and nobody knows whose those of the delegation are",
        "the provider has not seen the delegation yet",
        "a part that is delegated",
        "nobody answers, and a part may be delegated",
    ],
)
def test_a_zone_that_resolvers_are_led_to_or_may_be_is_written_to(held: Zone, seen: PublicZone) -> None:
    assert refusal(held, seen) is None


@pytest.mark.parametrize(
    ("held", "seen", "words"),
    [
        (zone(), public(), ("ada.ns.cloudflare.com", "ns01.domaincontrol.com and ns02.domaincontrol.com", "GoDaddy")),
        (zone(), public(is_answered=False), ("ns01.domaincontrol.com",)),
        (zone(is_active=False), public(nameservers=()), ("customer.test", "but to other name servers")),
        (zone(is_active=False, nameservers=()), public(), ("ns01.domaincontrol.com",)),
        (zone(nameservers=(), provider="Amazon Route 53"), public(), ("ns01.domaincontrol.com", "GoDaddy")),
        (zone(HOSTNAME), public(), (HOSTNAME, "is in the zone customer.test", "ns01.domaincontrol.com")),
        (zone(), public(HOSTNAME, CLOUDFLARE), ("is in the zone app.customer.test", "Cloudflare")),
        (zone(setup="partial"), public(nameservers=CLOUDFLARE), ("partial (CNAME) setup",)),
        (zone(setup="secondary"), public(nameservers=CLOUDFLARE), ("secondary", "primary server")),
        (zone(), public(None, ()), ("not registered", "delegate it to ada.ns.cloudflare.com and bob")),
        (zone(nameservers=()), public(None, ()), ("not registered",)),
    ],
    ids=[
        "others run it",
        "others should, and are silent",
        "pending, and nobody says who runs it",
        "pending, and others run it",
        "the provider says no servers, and another provider runs it",
        "a forgotten zone further down",
        "a zone above one that is delegated",
        "a partial setup",
        "a secondary zone",
        "no delegation",
        "no delegation, and no servers are known",
    ],
)
def test_a_zone_that_nobody_asks_is_refused_with_the_servers_that_count(
    held: Zone, seen: PublicZone, words: tuple[str, ...]
) -> None:
    message = refusal(held, seen)
    assert message is not None
    assert not [word for word in words if word not in message], message


def test_servers_with_other_names_are_the_same_where_they_share_an_address() -> None:
    assert served_at(zone(), {"192.0.2.1", "192.0.2.2"}, {"192.0.2.2"}) is True
    assert served_at(zone(), {"192.0.2.1"}, {"192.0.2.3"}) is False
    assert served_at(zone(), set(), set()) is False


def test_a_host_that_nobody_answers_for_decides_nothing_where_the_names_do_not() -> None:
    vanity = public(nameservers=("ns1.customer.test", "ns2.customer.test"))
    known = {"192.0.2.1"}
    assert served_at(zone(), known, {"192.0.2.3"}, vanity, silent=("ns2.customer.test",)) is None
    assert served_at(zone(), known, known, vanity, silent=("ns2.customer.test",)) is True
    assert served_at(zone(), known, {"192.0.2.3"}, public(), silent=(GODADDY[1],)) is False


def served_at(
    held: Zone,
    zone_addresses: set[str],
    public_addresses: set[str],
    seen: PublicZone | None = None,
    *,
    silent: tuple[str, ...] = (),
) -> bool | None:
    return is_served_at(
        held,
        seen or public(),
        HostAddresses(found=frozenset(zone_addresses)),
        HostAddresses(found=frozenset(public_addresses), unanswered=silent),
    )


def test_a_customers_own_names_for_cloudflares_servers_count_where_cloudflare_says_that_it_serves_the_zone() -> None:
    custom = {"162.159.7.1", "2400:cb00:2049:1::a29f:701"}
    assert served_at(zone(), {"173.245.58.1"}, custom)
    assert not served_at(zone(is_active=False), {"173.245.58.1"}, custom)
    assert not served_at(zone(), {"173.245.58.1"}, {*custom, "192.0.2.1"})
    assert not served_at(zone(nameservers=GODADDY), {"97.74.100.1"}, custom)
