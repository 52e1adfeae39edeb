"""Certificates ahead of the traffic, and targets with a token of each hostname's own."""

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


async def delegated(caller: Caller, hostname: str, **ssl: object) -> Any:
    """A hostname of method `txt` whose challenge is delegated as Cloudflare's answer says."""
    record = await caller.create(hostname, **ssl)
    await caller.wait()
    (delegation,) = (await caller.get(record))["ssl"]["dcv_delegation_records"]
    assert delegation["cname"] == f"_acme-challenge.{hostname}"
    await caller.point(delegation["cname"], delegation["cname_target"])
    return record


async def test_a_delegated_name_has_its_certificate_before_its_traffic_moves(caller: Caller) -> None:
    record = await delegated(caller, "shop.customer.test")
    await caller.wait("3m")
    ahead = await caller.get(record)
    assert (ahead["status"], ahead["ssl"]["status"]) == ("pending", "active")
    assert ahead["verification_errors"] == ["custom hostname does not CNAME to this zone."]
    await caller.point("shop.customer.test")
    await caller.wait()
    assert (await caller.get(record))["status"] == "active"


async def test_the_ownership_txt_activates_a_hostname_that_does_not_point_here_yet(caller: Caller) -> None:
    record = await delegated(caller, "shop.customer.test")
    ownership = record["ownership_verification"]
    await caller.control("PUT", f"/dns/{ownership['name']}/TXT", {"values": ["of somebody else"]})
    await caller.wait()
    assert (await caller.get(record))["status"] == "pending"
    await caller.control("PUT", f"/dns/{ownership['name']}/TXT", {"values": [ownership["value"]]})
    await caller.wait()
    assert (await caller.get(record))["status"] == "active"


async def test_the_delegation_of_another_hostname_proves_nothing(caller: Caller) -> None:
    record = await caller.create("shop.customer.test")
    uuid = (await caller.cloudflare("GET", f"{caller.zone}/dcv_delegation/uuid")).result["uuid"]
    await caller.point("_acme-challenge.shop.customer.test", f"other.customer.test.{uuid}.dcv.cloudflare.com.")
    await caller.wait("1d")
    assert (await caller.get(record))["ssl"]["status"] == "pending_validation"
    await caller.point("_acme-challenge.shop.customer.test", f"shop.customer.test.{uuid}.dcv.cloudflare.com.")
    await caller.wait("3m")
    assert (await caller.get(record))["ssl"]["status"] == "active"


async def test_a_hostname_of_the_method_http_is_not_proven_by_a_delegation(caller: Caller) -> None:
    record = await delegated(caller, "shop.customer.test", method="http")
    await caller.wait("1d")
    assert (await caller.get(record))["ssl"]["status"] == "pending_validation"


@pytest.mark.parametrize("target", ["k7q2.edge.sandbox.test.", "a.b.Edge.sandbox.test.", "edge.sandbox.test."])
async def test_a_name_at_the_target_or_below_it_is_this_zones(caller: Caller, target: str) -> None:
    await caller.point("shop.customer.test", target)
    record = await caller.create("shop.customer.test")
    await caller.wait("4m")
    active = await caller.get(record)
    assert (active["status"], active["ssl"]["status"]) == ("active", "active")


async def test_a_name_that_only_ends_like_the_target_is_somebody_elses(caller: Caller) -> None:
    await caller.point("shop.customer.test", "notedge.sandbox.test.")
    record = await caller.create("shop.customer.test")
    await caller.wait("1d")
    assert (await caller.get(record))["status"] == "pending"
