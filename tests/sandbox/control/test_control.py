"""The control API: what it does, and how it refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dcvd.core.instants import DAY, from_rfc3339, to_rfc3339
from tests.sandbox.conftest import Caller


async def now(caller: Caller) -> int:
    return from_rfc3339((await caller.control("GET", "/state")).body["now"])


def expiries(record: dict[str, Any]) -> set[str]:
    return {certificate["expires_on"] for certificate in record["ssl"]["certificates"]}


async def test_the_clock_starts_at_the_real_time_and_goes_forward(caller: Caller) -> None:
    start = await now(caller)
    assert abs(start - datetime.now(UTC).timestamp() * 1000) < 5000
    answer = await caller.control("POST", "/clock", {"advance": "2d"})
    assert 2 * DAY <= from_rfc3339(answer.body["now"]) - start < 2 * DAY + 5000


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/clock", {"advance": "-1d"}, "advance"),
        ("/clock", {"advance": "soon"}, "advance"),
        ("/clock", {"advance": "99999d"}, "advance"),
        ("/clock", {"advance": 5}, "advance"),
        ("/clock", {}, "advance"),
        ("/clock", {"advance": "1d", "back": True}, "back"),
        ("/faults", {}, "kind"),
        ("/faults", {"kind": "explode"}, "kind"),
        ("/faults", {"kind": "servfail"}, "kind"),
        ("/faults", {"kind": "lost_answer", "target": "dns"}, "kind"),
        ("/faults", {"kind": "status", "status": 200}, "status"),
        ("/faults", {"kind": "refuse", "status": 500}, "status"),
        ("/faults", {"kind": "refuse", "times": 0}, "times"),
        ("/faults", {"kind": "refuse", "method": "BREW"}, "method"),
        ("/faults", {"kind": "refuse", "path": "zones"}, "path"),
        ("/faults", {"kind": "status", "headers": {"a b": "c"}}, "headers"),
        ("/faults", {"kind": "status", "headers": {"a": "b\r\nc: d"}}, "headers"),
        ("/faults", {"kind": "refuse", "name": "a.test"}, "name"),
        ("/faults", {"kind": "refuse", "type": "CAA"}, "type"),
        ("/faults", {"kind": "refuse", "target": "dns", "path": "/"}, "path"),
        ("/faults", {"kind": "refuse", "target": "dns", "type": "AXFR"}, "type"),
        ("/faults", {"kind": "refuse", "target": "dns", "delay": "1s"}, "delay"),
        ("/faults", {"kind": "slow", "target": "dns"}, "delay"),
        ("/faults", {"kind": "slow", "target": "dns", "delay": "soon"}, "delay"),
        ("/faults", {"kind": "slow", "target": "dns", "delay": "2m"}, "delay"),
        ("/faults", {"kind": "refuse", "whim": 1}, "whim"),
    ],
    ids=str,
)
async def test_a_bad_body_is_a_400_that_names_the_field(caller: Caller, path: str, body: object, field: str) -> None:
    before = (await caller.control("GET", "/state")).body["faults"]
    answer = await caller.control("POST", path, body)
    assert answer.status == 400
    assert field in answer.body["error"]
    assert (await caller.control("GET", "/state")).body["faults"] == before


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("POST", "/faults", {"kind": "nope"}, "kind is 'nope'; it has to be one of: "),
        ("POST", "/faults", {}, "kind is missing; it has to be one of: "),
        ("POST", "/faults", {"kind": "status", "target": "x"}, "target is 'x'; it has to be one of: api, dns."),
        (
            "POST",
            "/faults",
            {"kind": "lost_answer", "target": "dns"},
            "kind is 'lost_answer'; for target dns it has to be one of: servfail, timeout, refuse, bogus, ",
        ),
        (
            "POST",
            "/faults",
            {"kind": "servfail"},
            "kind is 'servfail'; for target api it has to be one of: status, timeout, refuse, lost_answer.",
        ),
        (
            "POST",
            "/faults",
            {"kind": "refuse", "method": "BREW"},
            "method is 'BREW'; it has to be one of: GET, POST, PUT, PATCH, DELETE.",
        ),
        ("PATCH", "/hostnames/a.test", {"status": "happy"}, "status is 'happy'; it has to be one of: active, pending,"),
        ("PATCH", "/hostnames/a.test", {"sslStatus": 5}, "sslStatus is 5; it has to be one of: initializing, "),
        ("PUT", "/dns/a.test/AXFR", {"values": ["x"]}, "type is 'AXFR'; it has to be one of: A, AAAA, "),
    ],
    ids=str,
)
async def test_a_value_outside_of_a_closed_set_is_told_the_choices(
    caller: Caller, method: str, path: str, body: object, sentence: str
) -> None:
    answer = await caller.control(method, path, body)
    assert answer.status == 400
    assert answer.body["error"].startswith(sentence)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/dns/a.test/A", {"values": ["x y"]}),
        ("PUT", "/dns/a.test/MX", {"values": ["mail.test."]}),
        ("PUT", "/dns/a..test/A", {"values": ["127.0.0.1"]}),
        ("POST", "/clock", {"advance": "soon"}),
        ("POST", "/clock", {"advance": "99999d"}),
    ],
    ids=str,
)
async def test_a_refusal_ends_in_one_full_stop(caller: Caller, method: str, path: str, body: object) -> None:
    error = (await caller.control(method, path, body)).body["error"]
    assert error.endswith(".")
    assert not error.endswith("..")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/dns/a.test/A", {"values": ["127.0.0.300"]}, "values[0]"),
        ("/dns/a.test/A", {"values": []}, "values"),
        ("/dns/a.test/A", {"values": "127.0.0.1"}, "values"),
        ("/dns/a.test/A", {"values": [1]}, "values"),
        ("/dns/a.test/A", {}, "values"),
        ("/dns/a.test/A", {"values": ["127.0.0.1"], "ttl": -1}, "ttl"),
        ("/dns/a.test/A", {"values": ["127.0.0.1"], "ttl": 2**40}, "ttl"),
        ("/dns/a.test/A", {"values": ["127.0.0.1"], "tll": 5}, "tll"),
        ("/dns/a.test/CNAME", {"values": ["a.test.", "b.test."]}, "CNAME"),
        ("/dns/a.test/MX", {"values": ["mail.test."]}, "values[0]"),
        ("/dns/a.test/AXFR", {"values": ["x"]}, "type"),
        ("/dns/a.test/OPT", {"values": ["x"]}, "type"),
        ("/dns/a..test/A", {"values": ["127.0.0.1"]}, "name"),
        (f"/dns/{'a' * 64}.test/A", {"values": ["127.0.0.1"]}, "name"),
        ("/dns/b%C3%BCcher.test/A", {"values": ["127.0.0.1"]}, "name"),
    ],
    ids=str,
)
async def test_records_that_are_none_are_refused(caller: Caller, path: str, body: object, field: str) -> None:
    before = (await caller.control("GET", "/state")).body["dns"]
    answer = await caller.control("PUT", path, body)
    assert answer.status == 400
    assert field in answer.body["error"]
    assert (await caller.control("GET", "/state")).body["dns"] == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/dns/a.test/A", None),
        ("PATCH", "/hostnames/a.test", {"status": "moved"}),
        ("POST", "/hostnames/a.test/renew", {}),
        ("DELETE", "/faults/fault-9", None),
        ("GET", "/nonsense", None),
    ],
)
async def test_what_is_not_there_is_a_404_with_a_sentence(caller: Caller, method: str, path: str, body: object) -> None:
    answer = await caller.control(method, path, body)
    assert answer.status == 404
    assert answer.body["error"]


async def test_a_wrong_method_is_a_405_that_names_the_right_ones(caller: Caller) -> None:
    answer = await caller.control("GET", "/clock")
    assert answer.status == 405
    assert "POST" in answer.body["error"]


async def test_a_forced_state_stays_whatever_dns_and_time_do_until_it_is_released(caller: Caller) -> None:
    record = await caller.active("shop.customer.test")
    path = "/hostnames/Shop.Customer.Test"
    answer = await caller.control(
        "PATCH", path, {"status": "moved", "sslStatus": "validation_timed_out", "validationErrors": ["SERVFAIL"]}
    )
    assert answer.status == 200
    assert answer.body["hostname"]["status"] == "moved"
    await caller.wait("100d")
    forced = await caller.get(record)
    assert (forced["status"], forced["ssl"]["status"]) == ("moved", "validation_timed_out")
    assert forced["ssl"]["validation_errors"] == [{"message": "SERVFAIL"}]
    await caller.control("PATCH", path, {"sslStatus": None})
    half = await caller.get(record)
    assert (half["status"], half["ssl"]["status"]) == ("moved", "active")
    await caller.control("PATCH", path, {"status": None, "validationErrors": None})
    free = await caller.get(record)
    assert (free["status"], "validation_errors" in free["ssl"]) == ("active", False)


@pytest.mark.parametrize(
    "body",
    [{"status": "happy"}, {"sslStatus": "happy"}, {"expiresOn": "tomorrow"}, {"validationErrors": "x"}, {"x": 1}],
)
async def test_a_state_that_cloudflare_does_not_know_cannot_be_forced(caller: Caller, body: dict[str, object]) -> None:
    record = await caller.create("shop.customer.test")
    answer = await caller.control("PATCH", "/hostnames/shop.customer.test", body)
    assert answer.status == 400
    assert next(iter(body)) in answer.body["error"]
    assert await caller.get(record) == record


async def test_a_forced_expiry_holds_back_the_renewal_and_ends_in_expired(caller: Caller) -> None:
    record = await caller.active("shop.customer.test")
    soon = to_rfc3339((await now(caller) + 5 * DAY) // 1000 * 1000)
    await caller.control("PATCH", "/hostnames/shop.customer.test", {"expiresOn": soon})
    await caller.wait("4d")
    forced = await caller.get(record)
    assert expiries(forced) == {soon}
    assert forced["ssl"]["status"] == "active"
    lived = [certificate["serial_number"] for certificate in record["ssl"]["certificates"]]
    assert [certificate["serial_number"] for certificate in forced["ssl"]["certificates"]] == lived
    for certificate in forced["ssl"]["certificates"]:
        span = from_rfc3339(certificate["expires_on"]) - from_rfc3339(certificate["issued_on"])
        assert timedelta(milliseconds=span) > timedelta(days=89)
    await caller.wait("2d")
    assert (await caller.get(record))["ssl"]["status"] == "expired"
    await caller.control("PATCH", "/hostnames/shop.customer.test", {"expiresOn": None})
    assert expiries(await caller.get(record)) == expiries(record)


async def test_no_automatic_renewal_replaces_a_forced_expiry(caller: Caller) -> None:
    record = await caller.active("shop.customer.test")
    await caller.control("PATCH", "/hostnames/shop.customer.test", {"expiresOn": "2040-01-01T00:00:00Z"})
    await caller.wait("80d")
    forced = await caller.get(record)
    assert expiries(forced) == {"2040-01-01T00:00:00Z"}
    lived = [certificate["serial_number"] for certificate in record["ssl"]["certificates"]]
    assert [certificate["serial_number"] for certificate in forced["ssl"]["certificates"]] == lived
    await caller.control("PATCH", "/hostnames/shop.customer.test", {"expiresOn": None})
    await caller.wait()
    renewed = await caller.get(record)
    assert expiries(renewed).isdisjoint(expiries(record))
    assert all(certificate["issued_on"] > record["created_at"] for certificate in renewed["ssl"]["certificates"])


async def test_forcing_active_gives_a_certificate_where_there_was_none(caller: Caller) -> None:
    await caller.create("shop.customer.test")
    body = {"status": "active", "sslStatus": "active", "expiresOn": "2030-01-01T00:00:00Z"}
    answer = await caller.control("PATCH", "/hostnames/shop.customer.test", body)
    forced = answer.body["hostname"]
    assert (forced["status"], forced["ssl"]["status"]) == ("active", "active")
    assert expiries(forced) == {"2030-01-01T00:00:00Z"}
    assert forced["forced"] == {
        "status": "active",
        "sslStatus": "active",
        "expiresOn": "2030-01-01T00:00:00Z",
        "validationErrors": None,
        "sticky": False,
    }


async def test_a_renewal_passes_through_deployment_with_both_pairs_listed(caller: Caller) -> None:
    record = await caller.active("shop.customer.test")
    await caller.control("PATCH", "/hostnames/shop.customer.test", {"expiresOn": "2030-01-01T00:00:00Z"})
    answer = await caller.control("POST", "/hostnames/shop.customer.test/renew", {"days": 2000})
    renewing = answer.body["hostname"]
    assert renewing["ssl"]["status"] == "pending_deployment"
    assert len(renewing["ssl"]["certificates"]) == 4
    await caller.wait()
    renewed = await caller.get(record)
    assert renewed["ssl"]["status"] == "active"
    assert len(renewed["ssl"]["certificates"]) == 2
    for old, new in zip(record["ssl"]["certificates"], renewed["ssl"]["certificates"], strict=True):
        assert old["signature"] == new["signature"]
        assert old["serial_number"] != new["serial_number"]
        assert new["expires_on"] > "2031"


async def test_a_renewal_needs_a_certificate_and_a_sensible_number_of_days(caller: Caller) -> None:
    await caller.create("shop.customer.test")
    path = "/hostnames/shop.customer.test/renew"
    assert (await caller.control("POST", path, {"days": 90})).status == 409
    for days in (0, -1, 1.5, "90"):
        assert (await caller.control("POST", path, {"days": days})).status == 400
    await caller.hostnames("POST", body={"hostname": "bare.test"})
    assert (await caller.control("PATCH", "/hostnames/bare.test", {"sslStatus": "active"})).status == 409


async def test_the_state_shows_everything_and_counts_calls_by_template(caller: Caller) -> None:
    record = await caller.active("shop.customer.test")
    await caller.get(record)
    await caller.control("POST", "/faults", {"kind": "timeout", "method": "put"})
    await caller.control("POST", "/faults", {"kind": "refuse", "target": "dns", "name": "a.test", "times": 3})
    await caller.control("POST", "/faults", {"kind": "slow", "target": "dns", "type": "caa", "delay": "1500ms"})
    state = (await caller.control("GET", "/state")).body
    assert [hostname["hostname"] for hostname in state["hostnames"]] == ["shop.customer.test"]
    assert {"name": "shop.customer.test", "type": "CNAME", "values": ["edge.sandbox.test."], "ttl": 60} in state["dns"]
    assert state["requests"] == {
        "GET /zones/{zone_id}/custom_hostnames/{custom_hostname_id}": 2,
        "POST /zones/{zone_id}/custom_hostnames": 1,
    }
    assert state["faults"] == [
        {"id": "fault-1", "target": "api", "kind": "timeout", "method": "PUT", "path": None, "times": None},
        {"id": "fault-2", "target": "dns", "kind": "refuse", "name": "a.test", "times": 3},
        {
            "id": "fault-3",
            "target": "dns",
            "kind": "slow",
            "name": None,
            "type": "CAA",
            "delay": "1500ms",
            "times": None,
        },
    ]
    assert caller.sandbox.settings.token not in str(state)


async def test_a_forced_state_ends_with_the_next_edit_at_cloudflare_unless_it_is_sticky(caller: Caller) -> None:
    record = await caller.create("shop.customer.test")
    edit = {"ssl": {"method": "txt", "type": "dv"}}
    seen = []
    for body in ({"status": "blocked"}, {"status": "blocked", "sticky": True}, {"status": None}):
        await caller.control("PATCH", "/hostnames/shop.customer.test", body)
        seen.append((await caller.hostnames("PATCH", f"/{record['id']}", edit)).result["status"])
    assert seen == ["pending", "blocked", "pending"]


async def test_a_hostname_deleted_at_cloudflare_is_not_found_and_can_be_created_again(caller: Caller) -> None:
    record = await caller.create("shop.customer.test")
    assert (await caller.control("DELETE", "/hostnames/Shop.customer.test")).status == 204
    assert (await caller.hostnames("GET", f"/{record['id']}")).error == (404, 1436)
    assert (await caller.control("DELETE", "/hostnames/shop.customer.test")).status == 404
    assert (await caller.create("shop.customer.test"))["id"] != record["id"]
