"""Which family of a host's addresses goes first."""

from ipaddress import ip_address

from dcvd.kit.egress.failed_families import FailedFamilies
from dcvd.kit.egress.request import Origin

_HOST = Origin("hooks.example", 443, tls=True, owner="org_a")
_V6, _OTHER_V6, _V4, _OTHER_V4 = map(ip_address, ("2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"))
_ADDRESSES = [_V6, _V4, _OTHER_V6, _OTHER_V4]


async def test_a_family_that_failed_goes_last_and_all_else_keeps_its_order() -> None:
    families = FailedFamilies()
    assert families.sort(_HOST, _ADDRESSES) == _ADDRESSES
    families.note(_HOST, 6)
    assert families.sort(_HOST, _ADDRESSES) == [_V4, _OTHER_V4, _V6, _OTHER_V6]
    families.note(_HOST, 4)
    assert families.sort(_HOST, _ADDRESSES) == _ADDRESSES


async def test_it_is_a_matter_of_the_host_and_its_port_whoever_asks() -> None:
    families = FailedFamilies()
    families.note(_HOST, 6)
    assert families.sort(Origin("hooks.example", 443, tls=True, owner="org_b"), _ADDRESSES)[0] == _V4
    for host, port in (("other.example", 443), ("hooks.example", 8443)):
        assert families.sort(Origin(host, port, tls=True, owner="org_a"), _ADDRESSES) == _ADDRESSES


async def test_it_is_forgotten_after_a_while() -> None:
    families = FailedFamilies(lifetime_s=0)
    families.note(_HOST, 6)
    assert families.sort(_HOST, _ADDRESSES) == _ADDRESSES
