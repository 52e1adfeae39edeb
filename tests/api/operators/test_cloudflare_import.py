"""`POST …/cloudflare-import`: a line of JSON for each hostname, and one for the end."""

import asyncio
from typing import Any

import msgspec
import pytest

from dcvd.core.domains.observations import CloudflareHostname
from dcvd.errors import Permanent
from dcvd.services.context import Context
from dcvd.services.organizations import quotas
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Client
from tests.served_app.stand_ins import FakeZone

PATH = "/operator/organizations/Acme/cloudflare-import"


def hostname(name: str, **members: Any) -> CloudflareHostname:
    known = {"status": "active", "ssl_status": "active", "method": "http", "wildcard": False}
    return CloudflareHostname(**{"id": f"cf-{name}", "hostname": name, **known, **members})


def lines(raw: bytes) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in raw.splitlines()]


async def test_each_hostname_has_a_line_and_the_last_one_is_the_end(
    operator: Client, organization: Organization, saas_zone: FakeZone
) -> None:
    saas_zone.hostnames = [
        hostname("a.customer.com"),
        hostname("b.customer.com", has_own_certificate=True),
        hostname("c.customer.com", status="pending_deletion"),
        hostname("other.com"),
    ]
    answer = await operator.post(PATH, {"match": ["*.customer.com"]})
    first, second, third, progress, end = lines(answer.body)
    assert first["hostname"]["outcome"] == "adopted"
    assert (first["hostname"]["status"], first["hostname"]["readOnly"]) == ("active", None)
    assert second["hostname"]["readOnly"]["reason"] == "custom_certificate"
    assert "whose key nobody can read" in second["hostname"]["readOnly"]["message"]
    assert third["hostname"]["error"]["code"] == "hostname_being_deleted"
    assert progress == {"progress": {"page": 1, "pages": 1}}
    assert end["end"] == {
        "summary": {
            "adopted": 2, "wouldAdopt": 0, "exists": 0, "ofAnother": 0, "refused": 1, "readOnly": 1, "left": 1,
            "unreadable": 0,
        },
        "error": None,
    }  # fmt: skip


async def test_a_domain_says_in_the_api_that_it_is_only_read_and_what_its_removal_leaves(
    operator: Client, owner: Client, organization: Organization, saas_zone: FakeZone
) -> None:
    saas_zone.hostnames = [hostname("app.customer.com", has_own_csr=True)]
    await operator.post(PATH, {})
    (domain,) = (await owner.get("/api/domains")).json["domains"]
    assert domain["readOnly"]["reason"] == "custom_csr"
    removed = (await owner.call("DELETE", f"/api/domains/{domain['id']}")).json
    assert removed["hostnameLeft"] is True
    await operator.post(PATH, {"only": ["app.customer.com"]})
    (domain,) = (await owner.get("/api/domains")).json["domains"]
    removed = (await owner.call("DELETE", f"/api/domains/{domain['id']}?removeHostname=true")).json
    assert removed["hostnameLeft"] is False
    assert [job["kind"] for job in (await owner.get("/api/jobs")).json["jobs"]] == ["deregister"]


async def test_a_refusal_of_cloudflares_stands_in_the_end(
    operator: Client, organization: Organization, saas_zone: FakeZone
) -> None:
    saas_zone.raises = Permanent("Cloudflare answered GET with 403.", code="cloudflare_refused")
    answer = await operator.post(PATH, {})
    (end,) = lines(answer.body)
    assert end["end"]["error"] == {"code": "cloudflare_refused", "message": "Cloudflare answered GET with 403."}


async def test_while_a_page_is_waited_for_lines_say_that_the_import_goes_on(
    operator: Client, organization: Organization, saas_zone: FakeZone
) -> None:
    saas_zone.gate = asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, saas_zone.gate.set)
    answer = await operator.post(PATH, {})
    found = lines(answer.body)
    assert found[0] == {"progress": {"page": 0, "pages": None}}
    assert found[-1]["end"]["summary"]["adopted"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [({"target": "not a name"}, "target"), ({"only": "a"}, "only"), ({"match": [1]}, "match[0]"), ({"x": 1}, "x")],
)
async def test_what_is_wrong_with_a_request_is_named(
    operator: Client, organization: Organization, body: dict[str, Any], field: str
) -> None:
    answer = await operator.post(PATH, body)
    assert answer.status == 400
    assert field in str(answer.json)


async def test_a_name_is_compared_as_dns_does(
    operator: Client, organization: Organization, saas_zone: FakeZone
) -> None:
    answer = await operator.post(PATH, {"only": [" X.Customer.com. "], "dryRun": True})
    assert [line["hostname"]["outcome"] for line in lines(answer.body) if "hostname" in line] == ["would_adopt"]


async def test_quotas_hold(operator: Client, context: Context, organization: Organization, saas_zone: FakeZone) -> None:
    saas_zone.hostnames = [hostname("a.customer.com"), hostname("b.customer.com")]
    await quotas.set_quotas(context, organization.id, {"domains": 1})
    found = [line["hostname"] for line in lines((await operator.post(PATH, {})).body) if "hostname" in line]
    assert [each["error"] and each["error"]["code"] for each in found] == [None, "quota_reached"]
