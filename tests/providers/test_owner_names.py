"""The walk up to a zone, and names in it."""

import pytest

from dcvd.core.records.zones import Zone
from dcvd.errors import Permanent
from dcvd.providers.owner_names import APEX, find_nearest_zone, locate_owner, zone_candidates

ZONE = Zone(id="1", name="customer.test")


def test_names_that_can_be_zones_go_from_the_name_up_to_the_registrable_one() -> None:
    assert zone_candidates("*.a._b.c.co.uk") == ["a._b.c.co.uk", "_b.c.co.uk", "c.co.uk"]
    assert zone_candidates("c.co.uk") == ["c.co.uk"]
    assert zone_candidates("co.uk") == ["co.uk"]
    assert zone_candidates(".".join(["x"] * 100) + ".customer.test")[0] == "x.x.x.x.x.x.x.customer.test"


@pytest.mark.parametrize(
    ("zones", "found"),
    [
        (["customer.test", "b.customer.test"], "b.customer.test"),
        (["customer.test"], "customer.test"),
        (["test", "x.customer.test"], None),
    ],
)
async def test_the_nearest_zone_is_found(zones: list[str], found: str | None) -> None:
    async def find(name: str) -> Zone | None:
        return Zone(id=name, name=name) if name in zones else None

    zone = await find_nearest_zone("a.b.customer.test", find)
    assert (None if zone is None else zone.name) == found


@pytest.mark.parametrize(
    ("name", "label"), [("customer.test", APEX), ("www.customer.test", "www"), ("a.b.customer.test", "a.b")]
)
def test_the_label_is_what_stands_before_the_zone(name: str, label: str) -> None:
    assert locate_owner(ZONE, name).label == label


@pytest.mark.parametrize("name", ["test", "xcustomer.test", "customer.test.evil", ""])
def test_a_name_outside_the_zone_has_none(name: str) -> None:
    with pytest.raises(Permanent) as refused:
        locate_owner(ZONE, name)
    assert refused.value.code == "zone_not_found"
