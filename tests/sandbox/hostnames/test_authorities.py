"""CAs that refuse."""

from typing import Any

import pytest

from tests.sandbox.conftest import Caller

REFUSAL = {"refuses": "CAA records block issuance of this certificate."}


async def stuck(caller: Caller, hostname: str) -> Any:
    """A hostname that would be active by now, were it not for its CA."""
    await caller.point(hostname)
    record = await caller.create(hostname)
    await caller.wait("1d")
    return await caller.get(record)


async def test_a_ca_that_refuses_leaves_the_order_waiting_and_says_why(caller: Caller) -> None:
    answer = await caller.control("PUT", "/authorities/google", REFUSAL)
    assert answer.body == {"authority": "google", "hostname": None, **REFUSAL}
    record = await stuck(caller, "shop.customer.test")
    assert (record["status"], record["ssl"]["status"]) == ("active", "pending_validation")
    assert record["ssl"]["validation_errors"] == [{"message": REFUSAL["refuses"]}]
    assert (await caller.control("GET", "/state")).body["refusals"] == [answer.body]
    assert (await caller.control("DELETE", "/authorities/google")).status == 204
    await caller.wait("3m")
    issued = await caller.get(record)
    assert issued["ssl"]["status"] == "active"
    assert "validation_errors" not in issued["ssl"]


async def test_another_ca_issues_at_once(caller: Caller) -> None:
    await caller.control("PUT", "/authorities/google", REFUSAL)
    record = await stuck(caller, "shop.customer.test")
    ssl = {"method": "txt", "type": "dv", "certificate_authority": "lets_encrypt"}
    edited = (await caller.hostnames("PATCH", f"/{record['id']}", {"ssl": ssl})).result
    assert "validation_errors" not in edited["ssl"]
    await caller.wait("4m")
    issued = await caller.get(record)
    assert issued["ssl"]["status"] == "active"
    assert {certificate["issuer"] for certificate in issued["ssl"]["certificates"]} == {"LetsEncrypt"}


async def test_a_refusal_of_one_hostname_concerns_no_other(caller: Caller) -> None:
    await caller.control("PUT", "/authorities/google", {**REFUSAL, "hostname": "Shop.customer.test"})
    assert (await stuck(caller, "shop.customer.test"))["ssl"]["status"] == "pending_validation"
    assert (await stuck(caller, "other.customer.test"))["ssl"]["status"] == "active"


async def test_what_serves_goes_on_serving_and_is_not_renewed(caller: Caller) -> None:
    first = await caller.active("shop.customer.test")
    await caller.control("PUT", "/authorities/google", REFUSAL)
    await caller.wait("70d")
    later = await caller.get(first)
    assert later["ssl"]["certificates"] == first["ssl"]["certificates"]
    assert later["ssl"]["status"] == "active"


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "/authorities/acme", REFUSAL, "authority"),
        ("PUT", "/authorities/google", {}, "refuses"),
        ("PUT", "/authorities/google", {"refuses": ""}, "refuses"),
        ("PUT", "/authorities/google", {**REFUSAL, "until": "noon"}, "until"),
        ("DELETE", "/authorities/acme", None, "authority"),
    ],
)
async def test_a_bad_refusal_is_a_400_that_names_the_field(
    caller: Caller, method: str, path: str, body: object, field: str
) -> None:
    answer = await caller.control(method, path, body)
    assert answer.status == 400
    assert field in answer.body["error"]
    assert (await caller.control("GET", "/state")).body["refusals"] == []
