"""Every kind of answer held to Cloudflare's own OpenAPI schema, where that file is at hand."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openapi_core import OpenAPI
from openapi_core.testing.requests import MockRequest
from openapi_core.testing.responses import MockResponse
from openapi_core.validation.response.exceptions import InvalidData

from dcvd.sandbox.hostnames.statuses import HostnameStatus, SslStatus
from tests.sandbox.conftest import Answer, Caller
from tests.sandbox.customers.tenant import customer

_BESIDE_THE_REPOSITORY = Path(__file__).parents[3] / "shared" / "cloudflare-openapi.json"
_SCHEMA = Path(os.environ.get("DCVD_CLOUDFLARE_SCHEMA") or _BESIDE_THE_REPOSITORY)

pytestmark = pytest.mark.skipif(
    not _SCHEMA.is_file(), reason=f"Cloudflare's schema is not at {_SCHEMA} (set DCVD_CLOUDFLARE_SCHEMA)"
)

TXT = {"method": "txt", "type": "dv"}
SERVER = "https://api.cloudflare.com"


@pytest.fixture(scope="module")
def schema() -> OpenAPI:
    return OpenAPI.from_dict(msgspec.json.decode(_SCHEMA.read_bytes()))


class Checked:
    """Calls the sandbox and holds both directions to the schema."""

    def __init__(self, caller: Caller, schema: OpenAPI) -> None:
        self.caller = caller
        self.token = caller.sandbox.settings.token
        self._schema = schema

    async def call(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, str] = {}, refused: bool = False
    ) -> Answer:
        """With `refused` the request is one that Cloudflare's schema may well forbid, so only the answer is held."""
        tail = "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""
        data = None if body is None else msgspec.json.encode(body)
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self.caller.raw(method, self.caller.sandbox.api_url + path + tail, headers=headers, data=data)
        assert (answer.status >= 400) is refused, answer.raw
        request = MockRequest(
            SERVER,
            method.lower(),
            f"/client/v4{path}",
            args=dict(query),
            headers=headers,
            data=data,
            content_type="application/json",
        )
        if not refused:
            self._schema.validate_request(request)
        response = MockResponse(answer.raw, status_code=answer.status, content_type="application/json")
        self._schema.validate_response(request, response)
        return answer

    async def hostnames(self, method: str, rest: str = "", body: object = None, **more: Any) -> Answer:
        return await self.call(method, f"{self.caller.zone}/custom_hostnames{rest}", body, **more)


@pytest.fixture
def checked(caller: Caller, schema: OpenAPI) -> Checked:
    return Checked(caller, schema)


def test_the_check_can_fail(schema: OpenAPI) -> None:
    request = MockRequest(SERVER, "get", "/client/v4/user/tokens/verify", headers={"Authorization": "Bearer x"})
    wrong = b'{"success":true,"errors":[],"messages":[],"result":{"id":"x","status":"happy"}}'
    with pytest.raises(InvalidData):
        schema.validate_response(request, MockResponse(wrong, content_type="application/json"))


@pytest.mark.parametrize("method", ["txt", "http", "email"])
async def test_every_stage_of_a_life_fits(checked: Checked, method: str) -> None:
    caller = checked.caller
    body = {"hostname": "shop.customer.test", "ssl": {"method": method, "type": "dv"}, "custom_metadata": {"a": "b"}}
    record = (await checked.hostnames("POST", body=body)).result
    path = f"/{record['id']}"
    stages = [record["ssl"]["status"]]
    await caller.wait()
    await caller.point("shop.customer.test")
    for _ in range(4):
        stages.append((await checked.hostnames("GET", path)).result["ssl"]["status"])
        await checked.hostnames("GET")
        await caller.wait()
    assert stages == ["initializing", "pending_validation", "pending_issuance", "pending_deployment", "active"]
    await caller.control("POST", "/hostnames/shop.customer.test/renew", {"days": 30})
    await checked.hostnames("GET", path)
    await checked.hostnames("PATCH", path, {"ssl": {"method": method, "type": "dv"}})
    await checked.hostnames("PATCH", path, {"custom_origin_server": "origin.saas.test"})
    await checked.hostnames("DELETE", path)


async def test_every_status_that_can_be_forced_fits(checked: Checked) -> None:
    caller = checked.caller
    record = await caller.create("shop.customer.test")
    forced = [{"status": status} for status in HostnameStatus] + [{"sslStatus": status} for status in SslStatus]
    for body in [
        *forced,
        {"validationErrors": ["caa_error: shop.customer.test"]},
        {"expiresOn": "2027-01-01T00:00:00Z"},
    ]:
        assert (await caller.control("PATCH", "/hostnames/shop.customer.test", body)).status == 200
        await checked.hostnames("GET", f"/{record['id']}")


async def test_wildcards_and_hostnames_without_ssl_fit(checked: Checked) -> None:
    await checked.hostnames("POST", body={"hostname": "bare.test"})
    wildcard = {**TXT, "wildcard": True, "certificate_authority": "", "settings": {"min_tls_version": "1.2"}}
    record = (await checked.hostnames("POST", body={"hostname": "customer.test", "ssl": wildcard})).result
    await checked.caller.wait()
    await checked.hostnames("GET", f"/{record['id']}")
    for query in (
        {"per_page": "5", "page": "2"},
        {"hostname.exact": "bare.test"},
        {"hostname_status": "pending", "ssl_status": "initializing"},
        {"order": "ssl_status", "direction": "desc"},
        {"id": record["id"]},
        {"wildcard": "true", "certificate_authority": "google"},
    ):
        await checked.hostnames("GET", query=query)


async def test_uploaded_certificates_and_all_settings_fit(checked: Checked) -> None:
    settings = {
        "http2": "off",
        "tls_1_3": "on",
        "early_hints": "on",
        "min_tls_version": "1.2",
        "ciphers": ["AES128-SHA"],
    }
    members = {"custom_origin_server": "origin.saas.test", "custom_origin_sni": "sni.saas.test"}
    for name, upload in (
        ("key.test", {"custom_certificate": "PEM", "custom_key": "KEY"}),
        ("csr.test", {"custom_certificate": "PEM", "custom_csr_id": "7b163417-1d2b-4c84-a38a-2fb7a0cd7752"}),
    ):
        body = {"hostname": name, "ssl": {**TXT, **upload, "settings": settings, "bundle_method": "force"}, **members}
        record = (await checked.hostnames("POST", body=body)).result
        assert record["ssl"]["status"] == "active"
        assert "KEY" not in str(record)
        await checked.hostnames("PATCH", f"/{record['id']}", {"ssl": {**TXT, "settings": settings}, **members})


async def test_the_calls_around_fit(checked: Checked) -> None:
    await checked.call("GET", "/user/tokens/verify")
    await checked.call("GET", f"{checked.caller.zone}/dcv_delegation/uuid")
    await checked.hostnames("GET", "/quota")
    await checked.hostnames("GET", "/fallback_origin")
    await checked.hostnames("PUT", "/fallback_origin", {"origin": "origin.saas.test"})
    await checked.hostnames("DELETE", "/fallback_origin")
    await checked.hostnames("GET", "/fallback_origin", refused=True)


async def test_refusals_fit(checked: Checked) -> None:
    caller = checked.caller
    record = await caller.create("shop.customer.test")
    await checked.hostnames("POST", body={"hostname": "shop.customer.test"}, refused=True)
    await checked.hostnames("POST", body={"hostname": "_"}, refused=True)
    await checked.hostnames("POST", body={"hostname": "a.test", "ssl": {"method": "txt"}}, refused=True)
    await checked.hostnames("GET", "/3537a672-e4d8-4d89-aab9-26cb622918a1", refused=True)
    await checked.hostnames("GET", query={"per_page": "51"}, refused=True)
    await checked.hostnames("GET", query={"id": record["id"], "ssl": "1"}, refused=True)
    await checked.hostnames("PATCH", f"/{record['id']}", {"hostname": "b.test"}, refused=True)
    await checked.call("GET", "/zones/nonsense/custom_hostnames", refused=True)
    await checked.call("GET", f"/zones/{'0' * 32}/custom_hostnames", refused=True)
    await caller.control("POST", "/faults", {"kind": "status", "status": 429})
    await checked.hostnames("GET", refused=True)


async def test_zones_and_their_records_fit(checked: Checked) -> None:
    caller = checked.caller
    await caller.control("POST", "/zones", {"name": "shop.test", "status": "pending"})
    checked.token = (await customer(caller)).token
    zone = (await checked.call("GET", "/zones", query={"name": "customer.test", "status": "active"})).result[0]
    await checked.call("GET", f"/zones/{zone['id']}")
    records = f"/zones/{zone['id']}/dns_records"
    for body in (
        {"type": "A", "content": "192.0.2.1", "ttl": 60, "tags": ["a:b"]},
        {"type": "AAAA", "content": "2001:db8::1"},
        {"type": "MX", "content": "mx.test", "priority": 1},
        {"type": "NS", "name": "ns", "content": "ns.other.test"},
        {"type": "PTR", "content": "a.test"},
        {"type": "TXT", "content": '"a"'},
        {"type": "CAA", "data": {"flags": 0, "tag": "issue", "value": "pki.goog"}},
        {"type": "SRV", "data": {"priority": 1, "weight": 2, "port": 3, "target": "sip.test"}},
    ):
        await checked.call("POST", records, {"name": "x.customer.test", **body})
    cname = {"type": "CNAME", "name": "app.customer.test", "content": "edge.sandbox.test", "ttl": 1}
    record = (await checked.call("POST", records, {**cname, "proxied": False, "comment": "ours"})).result
    one = f"{records}/{record['id']}"
    await checked.call("GET", one)
    await checked.call("PATCH", one, {"proxied": True})
    await checked.call("PUT", one, {**cname, "content": "other.test"})
    for query in (
        {"name.exact": "app.customer.test", "per_page": "1", "page": "1"},
        {"type": "A", "content.contains": "192", "match": "any", "order": "ttl", "direction": "desc"},
    ):
        assert (await checked.call("GET", records, query=query)).result
    for content in ("other.test", "third.test"):
        await checked.call("POST", records, {**cname, "content": content}, refused=True)
    await checked.call("POST", records, {**cname, "name": "b", "ttl": 2}, refused=True)
    await checked.call("GET", f"{records}/{'0' * 32}", refused=True)
    await checked.call("GET", f"/zones/{'0' * 32}", refused=True)
    await checked.call("GET", "/zones", query={"per_page": "1"}, refused=True)
    await checked.call("DELETE", one)
