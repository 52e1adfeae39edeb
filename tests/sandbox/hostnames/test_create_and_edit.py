"""What a create and an edit accept, change and refuse."""

import msgspec
import pytest

from tests.sandbox.conftest import Caller

TXT = {"method": "txt", "type": "dv"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, (400, 1407)),
        ({"hostname": 7}, (400, 1407)),
        ({"hostname": ""}, (400, 1407)),
        ({"hostname": "192.0.2.1"}, (400, 1407)),
        ({"hostname": "2001:db8::1"}, (400, 1407)),
        ({"hostname": "under_score.customer.test"}, (400, 1407)),
        ({"hostname": "-a.customer.test"}, (400, 1407)),
        ({"hostname": "a..test"}, (400, 1407)),
        ({"hostname": f"{'a' * 64}.test"}, (400, 1407)),
        ({"hostname": ".".join(["abcdefgh"] * 29)}, (400, 1407)),
        ({"hostname": "*.customer.test"}, (400, 1448)),
        ({"hostname": "bücher.test"}, (400, 1408)),
        ({"hostname": "localhost"}, (400, 1410)),
        ({"hostname": "co.uk"}, (400, 1410)),
        ({"hostname": "shop.example.com"}, (400, 1411)),
        ({"hostname": "a.test", "ssl": "yes"}, (400, 1434)),
        ({"hostname": "a.test", "ssl": {"method": "txt"}}, (400, 1440)),
        ({"hostname": "a.test", "ssl": {"type": "dv"}}, (400, 1440)),
        ({"hostname": "a.test", "ssl": {"method": "cname", "type": "dv"}}, (400, 1432)),
        ({"hostname": "a.test", "ssl": {"method": "txt", "type": "ov"}}, (400, 1433)),
        ({"hostname": "a.test", "ssl": {**TXT, "certificate_authority": "digicert"}}, (400, 1434)),
        ({"hostname": "a.test", "ssl": {**TXT, "wildcard": "yes"}}, (400, 1434)),
        ({"hostname": "a.test", "ssl": {"method": "http", "type": "dv", "wildcard": True}}, (400, 1434)),
        ({"hostname": "a.test", "ssl": {**TXT, "bundle_method": "all"}}, (400, 1449)),
        ({"hostname": "a.test", "ssl": {**TXT, "settings": {"http2": True}}}, (400, 1422)),
        ({"hostname": "a.test", "ssl": {**TXT, "settings": {"tls_1_3": "yes"}}}, (400, 1424)),
        ({"hostname": "a.test", "ssl": {**TXT, "settings": {"min_tls_version": "0.9"}}}, (400, 1425)),
        ({"hostname": "a.test", "ssl": {**TXT, "settings": {"ciphers": "all"}}}, (400, 1442)),
        ({"hostname": "a.test", "ssl": {**TXT, "settings": {"ciphers": ["x"], "min_tls_version": "1.3"}}}, (400, 1443)),
        ({"hostname": "a.test", "ssl": {**TXT, "custom_certificate": "PEM"}}, (400, 1426)),
        ({"hostname": f"{'a' * 60}.customer.test", "ssl": TXT}, (400, 1469)),
        ({"hostname": "a.test", "custom_metadata": {"n": 1}}, (400, 1401)),
        ({"hostname": "a.test", "custom_origin_server": "192.0.2.1"}, (400, 1415)),
        ({"hostname": "a.test", "custom_origin_server": "*.b.test"}, (400, 1420)),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_body_that_cloudflare_refuses_is_refused_with_its_number(
    caller: Caller, body: object, error: tuple[int, int]
) -> None:
    assert (await caller.hostnames("POST", body=body)).error == error
    assert (await caller.hostnames()).result == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'"a"'])
async def test_a_body_that_is_no_json_object_is_refused_as_1400(caller: Caller, raw: bytes) -> None:
    headers = {"Authorization": "Bearer sandbox-token"}
    url = f"{caller.sandbox.api_url}{caller.zone}/custom_hostnames"
    assert (await caller.raw("POST", url, headers=headers, data=raw)).error == (400, 1400)


@pytest.mark.parametrize("hostname", ["a.test", "www.shop.example", "b.invalid", "app.localhost", "Shop.Customer.COM."])
async def test_reserved_names_and_any_case_are_accepted(caller: Caller, hostname: str) -> None:
    assert (await caller.create(hostname))["hostname"] == hostname.lower().removesuffix(".")


async def test_the_same_name_twice_is_a_duplicate_in_any_case(caller: Caller) -> None:
    await caller.create("shop.customer.test")
    again = await caller.hostnames("POST", body={"hostname": "SHOP.customer.test"})
    assert again.error == (409, 1406)
    assert len((await caller.hostnames()).result) == 1


async def test_a_hostname_without_ssl_has_none_and_can_be_given_it(caller: Caller) -> None:
    await caller.point("a.test")
    record = (await caller.hostnames("POST", body={"hostname": "a.test"})).result
    assert record["ssl"] is None
    await caller.wait()
    assert (await caller.get(record))["status"] == "active"
    await caller.hostnames("PATCH", f"/{record['id']}", {"ssl": TXT})
    await caller.wait("4m")
    assert (await caller.get(record))["ssl"]["status"] == "active"


async def test_a_long_name_is_accepted_with_branding(caller: Caller) -> None:
    assert (await caller.create(f"{'a' * 60}.customer.test", cloudflare_branding=True))["status"] == "pending"


async def test_what_was_ordered_is_what_is_shown(caller: Caller) -> None:
    ssl = {**TXT, "certificate_authority": "lets_encrypt", "settings": {"min_tls_version": "1.2"}}
    body = {
        "hostname": "a.test",
        "ssl": ssl,
        "custom_metadata": {"tenant": "7"},
        "custom_origin_server": "origin.saas.test",
        "custom_origin_sni": ":request_host_header:",
    }
    record = (await caller.hostnames("POST", body=body)).result
    assert record["ssl"]["certificate_authority"] == "lets_encrypt"
    assert record["ssl"]["settings"]["min_tls_version"] == "1.2"
    assert record["custom_metadata"] == {"tenant": "7"}
    assert record["custom_origin_server"] == "origin.saas.test"
    assert record["custom_origin_sni"] == ":request_host_header:"


async def test_above_the_quota_creates_go_on_with_a_warning_in_plain_text(caller: Caller) -> None:
    for number in range(100):
        await caller.hostnames("POST", body={"hostname": f"h{number}.customer.test"})
    answer = await caller.hostnames("POST", body={"hostname": "one-more.customer.test"})
    assert answer.status == 201
    assert [type(message) for message in answer.body["messages"]] == [str]
    quota = (await caller.hostnames("GET", "/quota")).result
    assert quota == {"allocated": 100, "used": 101, "exceeded": True, "hard_cap": 50_000}


async def test_an_edit_with_method_and_type_restarts_validation_with_fresh_tokens(caller: Caller) -> None:
    record = await caller.create("shop.customer.test")
    await caller.wait()
    before = await caller.get(record)
    answer = await caller.hostnames("PATCH", f"/{record['id']}", {"ssl": TXT})
    assert answer.status == 202
    assert answer.result["ssl"]["status"] == "initializing"
    await caller.wait()
    after = await caller.get(record)
    assert after["id"] == before["id"]
    assert after["ssl"]["id"] == before["ssl"]["id"]
    assert after["ssl"]["validation_records"] != before["ssl"]["validation_records"]


@pytest.mark.parametrize("status", ["moved", "deleted", "blocked"])
async def test_an_edit_brings_a_lost_hostname_back_to_pending_and_on_to_active(caller: Caller, status: str) -> None:
    record = await caller.active("shop.customer.test")
    await caller.control("PATCH", "/hostnames/shop.customer.test", {"status": status})
    await caller.wait("1d")
    assert (await caller.get(record))["status"] == status
    edited = await caller.hostnames("PATCH", f"/{record['id']}", {"ssl": TXT})
    assert edited.result["status"] == "pending"
    await caller.wait("4m")
    assert (await caller.get(record))["status"] == "active"


async def test_an_edit_of_an_active_hostname_keeps_it_serving_while_it_validates_again(caller: Caller) -> None:
    record = await caller.active("shop.customer.test")
    edited = (await caller.hostnames("PATCH", f"/{record['id']}", {"ssl": TXT})).result
    assert edited["status"] == "active"
    assert edited["ssl"]["certificates"] == record["ssl"]["certificates"]


async def test_an_edit_without_ssl_changes_its_members_and_restarts_nothing(caller: Caller) -> None:
    record = await caller.active("shop.customer.test")
    edited = await caller.hostnames("PATCH", f"/{record['id']}", {"custom_metadata": {"plan": "pro"}})
    assert edited.result == {**record, "custom_metadata": {"plan": "pro"}}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"ssl": {"method": "txt"}}, (400, 1440)),
        ({"ssl": {"settings": {"http2": "on"}}}, (400, 1440)),
        ({"ssl": {"method": "telepathy", "type": "dv"}}, (400, 1432)),
        ({"hostname": "other.customer.test"}, (409, 1439)),
    ],
)
async def test_an_edit_that_cloudflare_refuses_changes_nothing(
    caller: Caller, body: object, error: tuple[int, int]
) -> None:
    record = await caller.create("shop.customer.test")
    assert (await caller.hostnames("PATCH", f"/{record['id']}", body)).error == error
    assert await caller.get(record) == record


async def test_a_delete_answers_the_bare_id_and_takes_effect_at_once(caller: Caller) -> None:
    record = await caller.active("shop.customer.test")
    answer = await caller.hostnames("DELETE", f"/{record['id']}")
    assert (answer.status, answer.body) == (200, {"id": record["id"]})
    for method in ("GET", "PATCH", "DELETE"):
        body: object = {} if method == "PATCH" else None
        assert (await caller.hostnames(method, f"/{record['id']}", body)).error == (404, 1436)
    assert (await caller.hostnames()).result == []
    again = await caller.create("shop.customer.test")
    assert again["id"] != record["id"]


async def test_an_id_that_is_no_uuid_is_refused_as_1435(caller: Caller) -> None:
    assert (await caller.hostnames("GET", "/0123456789abcdef0123456789abcdef")).error == (400, 1435)


async def test_nothing_that_is_sent_makes_a_500(caller: Caller) -> None:
    """Every member replaced by every kind of JSON value."""
    values: list[object] = [None, True, 0, -1.5, "", "x", [], ["x"], {}, {"x": 1}]
    whole = {
        "hostname": "a.test",
        "ssl": {**TXT, "wildcard": False, "bundle_method": "force", "certificate_authority": "google", "settings": {}},
        "custom_metadata": {},
        "custom_origin_server": "o.test",
        "custom_origin_sni": "o.test",
    }
    settings = ("http2", "tls_1_3", "min_tls_version", "early_hints", "ciphers")
    bodies: list[object] = [*values]
    for value in values:
        bodies += [{**whole, member: value} for member in whole]
        bodies += [{**whole, "ssl": {**TXT, member: value}} for member in ("settings", "wildcard", "custom_key")]
        bodies += [{**whole, "ssl": {**TXT, "settings": {member: value}}} for member in settings]
    for body in bodies:
        answer = await caller.hostnames("POST", body=body)
        assert answer.status in (201, 400, 409), (msgspec.json.encode(body), answer.raw)


async def test_an_edit_sets_what_it_leaves_out_of_ssl_to_its_default_and_leaves_the_rest(caller: Caller) -> None:
    settings = {"min_tls_version": "1.2", "ciphers": ["AES128-SHA"]}
    ssl = {**TXT, "wildcard": True, "bundle_method": "force", "certificate_authority": "ssl_com", "settings": settings}
    members = {"custom_metadata": {"a": "b"}, "custom_origin_server": "origin.saas.test"}
    record = (await caller.hostnames("POST", body={"hostname": "a.test", "ssl": ssl, **members})).result
    assert {**record["ssl"]["settings"], **settings} == record["ssl"]["settings"]
    edited = (await caller.hostnames("PATCH", f"/{record['id']}", {"ssl": TXT})).result
    found = {name: edited["ssl"][name] for name in ("wildcard", "bundle_method", "certificate_authority")}
    assert found == {"wildcard": False, "bundle_method": "ubiquitous", "certificate_authority": "google"}
    assert edited["ssl"]["settings"] == {"http2": "on", "min_tls_version": "1.0", "tls_1_3": "on"}
    assert {name: edited[name] for name in members} == members


async def test_an_uploaded_certificate_serves_at_once_until_an_edit_orders_another(caller: Caller) -> None:
    upload = {**TXT, "custom_certificate": "PEM", "custom_key": "KEY"}
    record = (await caller.hostnames("POST", body={"hostname": "a.test", "ssl": upload})).result
    assert (record["ssl"]["status"], record["ssl"]["custom_certificate"]) == ("active", "PEM")
    assert {"expires_on", "uploaded_on", "issuer"} <= record["ssl"].keys()
    kept = (await caller.hostnames("PATCH", f"/{record['id']}", {"ssl": upload})).result
    assert kept["ssl"]["status"] == "active"
    edited = (await caller.hostnames("PATCH", f"/{record['id']}", {"ssl": TXT})).result
    assert (edited["ssl"]["status"], "custom_certificate" in edited["ssl"]) == ("initializing", False)


@pytest.mark.parametrize(
    "upload", [{"custom_key": "KEY"}, {"custom_certificate": 1, "custom_key": "KEY"}, {"custom_csr_id": "x"},
               {"custom_cert_bundle": [{}]}],
)  # fmt: skip
async def test_half_an_upload_is_refused(caller: Caller, upload: dict[str, object]) -> None:
    body = {"hostname": "a.test", "ssl": {**TXT, **upload}}
    assert (await caller.hostnames("POST", body=body)).error == (400, 1426)
