"""A hostname's way at the sandbox, seen through Cloudflare's API."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from dcvd.core.instants import DAY, from_rfc3339
from dcvd.sandbox import Sandbox, SandboxSettings
from tests.sandbox.conftest import Caller


def serials(record: dict[str, Any]) -> list[str]:
    return [certificate["serial_number"] for certificate in record["ssl"]["certificates"]]


async def test_a_new_hostname_is_initializing_without_tokens(caller: Caller) -> None:
    record = await caller.create("shop.customer.test")
    assert record["status"] == "pending"
    assert record["ssl"]["status"] == "initializing"
    assert "validation_records" not in record["ssl"]
    assert "certificates" not in record["ssl"]
    assert len(record["id"]) == len(record["ssl"]["id"]) == 36
    assert record["ownership_verification"] == {
        "type": "txt",
        "name": "_cf-custom-hostname.shop.customer.test",
        "value": record["ownership_verification_http"]["http_body"],
    }


async def test_tokens_appear_and_then_nothing_moves_while_the_cname_is_missing(caller: Caller) -> None:
    record = await caller.create("shop.customer.test")
    await caller.wait()
    pending = await caller.get(record)
    assert pending["ssl"]["status"] == "pending_validation"
    assert pending["ssl"]["validation_records"][0]["txt_name"] == "_acme-challenge.shop.customer.test"
    assert pending["ssl"]["dcv_delegation_records"][0]["cname"] == "_acme-challenge.shop.customer.test"
    assert pending["verification_errors"] == ["custom hostname does not CNAME to this zone."]
    await caller.wait("30d")
    assert await caller.get(record) == pending


async def test_a_right_cname_brings_it_through_every_stage_to_active(caller: Caller) -> None:
    record = await caller.create("shop.customer.test")
    await caller.wait()
    await caller.point("shop.customer.test", "EDGE.Sandbox.Test.")
    seen = []
    for _ in range(3):
        await caller.wait()
        now = await caller.get(record)
        seen.append((now["status"], now["ssl"]["status"], "certificates" in now["ssl"]))
    assert seen == [
        ("active", "pending_issuance", False),
        ("active", "pending_deployment", True),
        ("active", "active", True),
    ]


async def test_an_active_hostname_has_an_rsa_and_an_ecdsa_certificate_and_no_ownership_members(caller: Caller) -> None:
    record = await caller.active("shop.customer.test")
    assert not {"ownership_verification", "ownership_verification_http", "verification_errors"} & record.keys()
    assert "validation_records" not in record["ssl"]
    rsa, ecdsa = record["ssl"]["certificates"]
    assert (rsa["signature"], ecdsa["signature"]) == ("SHA256WithRSA", "ECDSAWithSHA256")
    assert rsa["issuer"] == ecdsa["issuer"] == "GoogleTrustServices"
    assert rsa["serial_number"] != ecdsa["serial_number"]
    assert len(rsa["fingerprint_sha256"]) == 64
    assert from_rfc3339(rsa["expires_on"]) - from_rfc3339(rsa["issued_on"]) == 90 * DAY - 1000


@pytest.mark.parametrize("values", [["edge.other.test."], ["edge.sandbox.test.example.com."]])
async def test_a_wrong_cname_moves_nothing(caller: Caller, values: list[str]) -> None:
    await caller.control("PUT", "/dns/shop.customer.test/CNAME", {"values": values})
    record = await caller.create("shop.customer.test")
    await caller.wait("1d")
    assert (await caller.get(record))["status"] == "pending"


async def test_an_address_record_alone_moves_nothing(caller: Caller) -> None:
    await caller.control("PUT", "/dns/shop.customer.test/A", {"values": ["127.0.0.1"]})
    record = await caller.create("shop.customer.test")
    await caller.wait("1d")
    assert (await caller.get(record))["ssl"]["status"] == "pending_validation"


async def test_a_right_cname_counts_beside_an_address_that_should_not_be_there(caller: Caller) -> None:
    await caller.control("PUT", "/dns/shop.customer.test/A", {"values": ["192.0.2.1"]})
    assert (await caller.active("shop.customer.test"))["ssl"]["status"] == "active"


async def test_a_chain_and_a_wildcard_reach_the_target_too(caller: Caller) -> None:
    await caller.point("*.customer.test", "hop.customer-infra.test.")
    await caller.point("hop.customer-infra.test")
    record = await caller.create("shop.customer.test")
    await caller.wait("4m")
    assert (await caller.get(record))["ssl"]["status"] == "active"


async def test_a_chain_mended_at_its_far_end_is_noticed(caller: Caller) -> None:
    await caller.point("shop.customer.test", "hop.customer.test.")
    record = await caller.create("shop.customer.test")
    await caller.wait("1d")
    assert (await caller.get(record))["status"] == "pending"
    await caller.point("hop.customer.test")
    await caller.wait("3m")
    assert (await caller.get(record))["ssl"]["status"] == "active"


async def test_a_cname_that_was_right_long_enough_counts_even_if_nobody_looked(caller: Caller) -> None:
    record = await caller.create("shop.customer.test")
    await caller.point("shop.customer.test")
    await caller.wait("4m")
    assert (await caller.control("DELETE", "/dns/shop.customer.test/CNAME")).status == 204
    after = await caller.get(record)
    assert (after["status"], after["ssl"]["status"]) == ("active", "active")


async def test_a_cname_removed_in_time_stops_the_way(caller: Caller) -> None:
    record = await caller.create("shop.customer.test")
    await caller.wait()
    await caller.point("shop.customer.test")
    await caller.wait("30s")
    await caller.control("DELETE", "/dns/shop.customer.test/CNAME")
    await caller.wait("1d")
    after = await caller.get(record)
    assert (after["status"], after["ssl"]["status"]) == ("pending", "pending_validation")


async def test_renewal_begins_thirty_days_before_the_end(caller: Caller) -> None:
    first = await caller.active("shop.customer.test")
    await caller.wait("59d")
    assert serials(await caller.get(first)) == serials(first)
    await caller.wait("1d")
    renewed = await caller.get(first)
    assert renewed["ssl"]["status"] == "active"
    assert not set(serials(renewed)) & set(serials(first))
    assert renewed["ssl"]["certificates"][0]["expires_on"] > first["ssl"]["certificates"][0]["expires_on"]


async def test_without_its_cname_an_active_hostname_stays_active_until_its_certificate_expires(caller: Caller) -> None:
    first = await caller.active("shop.customer.test")
    await caller.control("DELETE", "/dns/shop.customer.test/CNAME")
    await caller.wait("89d")
    stuck = await caller.get(first)
    assert (stuck["status"], stuck["ssl"]["status"]) == ("active", "active")
    assert serials(stuck) == serials(first)
    await caller.wait("1d")
    assert (await caller.get(first))["ssl"]["status"] == "expired"
    await caller.point("shop.customer.test")
    await caller.wait()
    healed = await caller.get(first)
    assert healed["ssl"]["status"] == "active"
    assert not set(serials(healed)) & set(serials(first))


async def test_a_wildcard_is_validated_by_both_txt_tokens_and_owned_by_its_cname(caller: Caller) -> None:
    record = await caller.create("customer.test", wildcard=True)
    await caller.point("customer.test")
    await caller.wait("1h")
    pending = await caller.get(record)
    assert (pending["status"], pending["ssl"]["status"]) == ("active", "pending_validation")
    tokens = [item["txt_value"] for item in pending["ssl"]["validation_records"]]
    assert len(set(tokens)) == 2
    await caller.control("PUT", "/dns/_acme-challenge.customer.test/TXT", {"values": tokens[:1]})
    await caller.wait("1h")
    assert (await caller.get(record))["ssl"]["status"] == "pending_validation"
    await caller.control("PUT", "/dns/_acme-challenge.customer.test/TXT", {"values": tokens})
    await caller.wait("3m")
    active = await caller.get(record)
    assert active["ssl"]["status"] == "active"
    assert active["ssl"]["hosts"] == ["customer.test", "*.customer.test"]


async def test_a_delegated_wildcard_owned_by_txt_needs_nothing_else_and_renews_itself(caller: Caller) -> None:
    record = await caller.create("customer.test", wildcard=True)
    await caller.wait()
    pending = await caller.get(record)
    delegation = pending["ssl"]["dcv_delegation_records"][0]
    await caller.point(delegation["cname"], delegation["cname_target"])
    ownership = pending["ownership_verification"]
    await caller.control("PUT", f"/dns/{ownership['name']}/TXT", {"values": [ownership["value"]]})
    await caller.wait("3m")
    active = await caller.get(record)
    assert (active["status"], active["ssl"]["status"]) == ("active", "active")
    await caller.wait("61d")
    assert not set(serials(await caller.get(record))) & set(serials(active))


async def test_a_wildcard_by_txt_asks_for_new_tokens_to_renew(caller: Caller) -> None:
    record = await caller.create("customer.test", wildcard=True)
    await caller.point("customer.test")
    await caller.wait()
    tokens = [item["txt_value"] for item in (await caller.get(record))["ssl"]["validation_records"]]
    await caller.control("PUT", "/dns/_acme-challenge.customer.test/TXT", {"values": tokens})
    await caller.wait("61d")
    renewing = await caller.get(record)
    assert renewing["ssl"]["status"] == "active"
    fresh = [item["txt_value"] for item in renewing["ssl"]["validation_records"]]
    assert not set(fresh) & set(tokens)
    await caller.control("PUT", "/dns/_acme-challenge.customer.test/TXT", {"values": fresh})
    await caller.wait("30s")
    assert serials(await caller.get(record)) == serials(renewing)
    await caller.wait("2m")
    renewed = await caller.get(record)
    assert "validation_records" not in renewed["ssl"]
    assert not set(serials(renewed)) & set(serials(renewing))


async def test_without_a_fallback_origin_no_hostname_becomes_active(caller: Caller) -> None:
    assert (await caller.hostnames("DELETE", "/fallback_origin")).result["status"] == "pending_deletion"
    assert (await caller.hostnames("GET", "/fallback_origin")).status == 404
    await caller.point("shop.customer.test")
    record = await caller.create("shop.customer.test")
    await caller.wait("1d")
    stuck = await caller.get(record)
    assert stuck["status"] == "pending"
    assert "fallback origin" in stuck["verification_errors"][0]
    put = await caller.hostnames("PUT", "/fallback_origin", {"origin": "origin.saas.test"})
    assert put.result["status"] == "initializing"
    assert (await caller.hostnames("GET", "/fallback_origin")).result["status"] == "pending_deployment"
    await caller.wait()
    assert (await caller.hostnames("GET", "/fallback_origin")).result["status"] == "active"
    assert (await caller.get(record))["status"] == "pending"
    await caller.wait()
    assert (await caller.get(record))["status"] == "active"


async def test_by_default_a_right_cname_is_active_within_two_seconds() -> None:
    async with (
        Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        caller = Caller(session, sandbox)
        sandbox.set_dns("shop.customer.test", "CNAME", ["edge.sandbox.test."])
        started = time.monotonic()
        record = await caller.create("shop.customer.test")
        statuses = []
        async with asyncio.timeout(60):
            while (record["status"], record["ssl"]["status"]) != ("active", "active"):
                if record["ssl"]["status"] not in statuses:
                    statuses.append(record["ssl"]["status"])
                await asyncio.sleep(0.02)
                record = await caller.get(record)
        assert statuses == ["initializing", "pending_validation", "pending_issuance", "pending_deployment"]
        assert time.monotonic() - started < 10
