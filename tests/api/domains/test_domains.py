"""`/api/domains`."""

import asyncio

import pytest

from dcvd.api.app import Api
from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.observations import RegistrationRefusal
from dcvd.core.instants import MINUTE
from dcvd.errors import Permanent, Retryable, Unauthorized
from dcvd.http.limits.admission_limits import MAX_SYNCS_PER_MINUTE, MAX_SYNCS_PER_ORGANIZATION
from dcvd.services.context import Context
from dcvd.services.domains import queries, removals
from dcvd.services.lifecycle import checks, on_demand_checks
from dcvd.services.lifecycle.on_demand_checks import OnDemandChecks
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import FakeLooker
from tests.typed import left, required, typed
from tests.waiting import until

NAME = "app.customer.com"


async def added(client: Client, name: str = NAME) -> str:
    answer = await client.post("/api/domains", {"domainName": name})
    assert answer.status == 201, answer.body
    found: str = answer.json["domain"]["id"]
    return found


async def test_a_domain_is_added_and_says_which_record_to_create(owner: Client, organization: Organization) -> None:
    answer = await owner.post("/api/domains", {"domainName": "App.Customer.COM."})
    assert answer.status == 201
    domain = answer.json["domain"]
    assert answer.headers["Location"] == f"/api/domains/{domain['id']}"
    assert domain.pop("id").startswith("dom_")
    assert domain.pop("ownership")["record"]["name"] == f"_dcvd.{NAME}"
    assert domain == {
        "orgId": organization.id,
        "domainName": NAME,
        "status": "pending_cname",
        "ready": False,
        "readySince": None,
        "error": None,
        "requiredRecords": [required("app", "customer.com", "edge.example.net")],
        "dnsProvider": None,
        "cnameTarget": "edge.example.net",
        "dormantSince": None,
        "validation": "http",
        "wildcard": False,
        "connectionId": None,
        "externalId": None,
        "labels": {},
        "registration": {"status": "queued", "position": 1, "expectedAt": "2027-01-15T08:00:00Z"},
        "cfStatus": None,
        "cfSslStatus": None,
        "errors": [],
        "certificate": None,
        "readOnly": None,
        "nextCertificate": None,
        "expiresAt": None,
        "dnsStatus": "unknown",
        "findings": [],
        "dnsCheckedAt": None,
        "cfCheckedAt": None,
        "nextSyncAt": "2027-01-15T08:00:00Z",
        "createdAt": "2027-01-15T08:00:00Z",
        "updatedAt": "2027-01-15T08:00:00Z",
    }


async def test_what_was_answered_can_be_read_back(owner: Client) -> None:
    answer = await owner.post("/api/domains", {"domainName": NAME})
    assert (await owner.get(answer.headers["Location"])).json == answer.json
    assert (await owner.get("/api/domains")).json == {"domains": [answer.json["domain"]], "nextCursor": None}


async def test_a_unicode_name_is_kept_as_a_labels(owner: Client) -> None:
    answer = await owner.post("/api/domains", {"domainName": "bücher.kunde.de"})
    assert answer.json["domain"]["domainName"] == "xn--bcher-kva.kunde.de"


@pytest.mark.parametrize(
    "name",
    ["", " ", "localhost", "192.0.2.1", "[2001:db8::1]", "a_b.customer.com", "*.customer.com", "co.uk", "app.test",
     "https://me@app.customer.com/", "a..customer.com", f"{'a' * 64}.customer.com", ".".join(["abc"] * 70) + ".com",
     "a\u0000b.customer.com", "app.customer.com\n.evil.com", "\u202eapp.customer.com", "x" * 3000],
)  # fmt: skip
async def test_a_bad_name_is_refused_with_a_sentence_and_adds_nothing(owner: Client, name: str) -> None:
    problem(await owner.post("/api/domains", {"domainName": name}), 400, "hostname_invalid", field="domainName")
    assert (await owner.get("/api/domains")).json["domains"] == []
    assert (await owner.get("/api/jobs")).json["jobs"] == []


async def test_of_a_pasted_address_the_hostname_is_added(owner: Client) -> None:
    answer = await owner.post("/api/domains", {"domainName": " https://App.Customer.com/login?x=1 "})
    assert (answer.status, answer.json["domain"]["domainName"]) == (201, "app.customer.com")


async def test_a_domain_that_one_has_already_is_409_and_named(owner: Client) -> None:
    existing = await added(owner)
    found = problem(await owner.post("/api/domains", {"domainName": NAME.upper()}), 409, "domain_exists")
    assert found["existingId"] == existing


async def test_a_domain_that_another_organization_has_is_added_as_if_nobody_had_it(
    owner: Client, stranger: Client
) -> None:
    existing = await added(owner)
    answer = await stranger.post("/api/domains", {"domainName": NAME})
    nobodys = await stranger.post("/api/domains", {"domainName": f"x{NAME}"})
    assert (answer.status, nobodys.status) == (201, 201)
    assert existing.encode() not in answer.body
    theirs, alone = answer.json["domain"], nobodys.json["domain"]
    own = {"id", "domainName", "requiredRecords", "ownership", "registration"}
    assert {name: theirs[name] for name in theirs.keys() - own} == {name: alone[name] for name in alone.keys() - own}
    assert (theirs["registration"]["status"], theirs["registration"]["position"]) == ("queued", 2)


async def test_a_domain_shows_the_record_that_proves_it_as_long_as_it_lives(owner: Client, stranger: Client) -> None:
    domain_id, theirs = await added(owner), await added(stranger)
    ownership = (await owner.get(f"/api/domains/{domain_id}")).json["domain"]["ownership"]
    assert (ownership["proof"], ownership["provedAt"]) == (None, None)
    assert (ownership["record"]["type"], ownership["record"]["name"]) == ("TXT", f"_dcvd.{NAME}")
    assert ownership["record"]["value"].startswith("dcvd-verification=")
    assert (await owner.get(f"/api/domains/{domain_id}")).json["domain"]["ownership"] == ownership
    other = (await stranger.get(f"/api/domains/{theirs}")).json["domain"]["ownership"]
    assert other["record"]["value"] != ownership["record"]["value"]


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("DELETE", ""), ("POST", "/sync")])
async def test_another_organizations_domain_looks_as_if_it_did_not_exist(
    owner: Client, stranger: Client, looker: FakeLooker, method: str, tail: str
) -> None:
    existing = await added(owner)
    theirs = problem(await stranger.call(method, f"/api/domains/{existing}{tail}"), 404, "not_found")
    missing = problem(await stranger.call(method, f"/api/domains/dom_missing{tail}"), 404, "not_found")
    assert theirs["detail"].replace(existing, "dom_missing") == missing["detail"]
    assert (await owner.get(f"/api/domains/{existing}")).status == 200
    assert (await stranger.get("/api/domains")).json["domains"] == []
    assert looker.looked == []


async def test_a_removed_domain_is_gone_at_once_and_its_removal_at_cloudflare_is_a_job(owner: Client) -> None:
    existing = await added(owner)
    answer = await owner.delete(f"/api/domains/{existing}")
    assert answer.status == 200
    assert answer.json["domain"]["id"] == existing
    assert answer.json["recordsToRemove"] == [left("app", "customer.com", "edge.example.net")]
    problem(await owner.get(f"/api/domains/{existing}"), 404, "not_found")
    problem(await owner.delete(f"/api/domains/{existing}"), 404, "not_found")
    assert (await owner.get("/api/jobs?status=pending")).json["jobs"][0]["kind"] == "deregister"
    assert await added(owner) != existing


async def test_a_sync_answers_with_what_was_just_seen(owner: Client, looker: FakeLooker, clock: ManualClock) -> None:
    existing = await added(owner)
    clock.advance(MINUTE)
    answer = await owner.post(f"/api/domains/{existing}/sync")
    assert answer.status == 200
    assert looker.looked == [existing]
    domain = answer.json["domain"]
    assert domain["status"] == "active"
    assert domain["ready"] is True
    assert domain["requiredRecords"][0]["verified"] is True
    assert (domain["cfStatus"], domain["cfSslStatus"], domain["errors"]) == (
        "active", "active", ["a note of Cloudflare's"],
    )  # fmt: skip
    assert domain["certificate"] == {
        "serial": "0a",
        "issuer": "GoogleTrustServices",
        "issuedAt": "2027-01-15T08:00:00Z",
        "expiresAt": "2027-04-15T08:00:00Z",
    }
    assert domain["expiresAt"] == "2027-04-15T08:00:00Z"
    assert domain["dnsStatus"] == "verified"
    assert domain["dnsCheckedAt"] == domain["cfCheckedAt"] == domain["updatedAt"] == "2027-01-15T08:01:00Z"
    assert (await owner.get(f"/api/domains/{existing}")).json == answer.json


async def test_a_sync_that_takes_too_long_answers_202_with_what_is_stored_and_makes_the_domain_due(
    app: Api, owner: Client, looker: FakeLooker, clock: ManualClock, context: Context
) -> None:
    assert on_demand_checks.TIMEOUT_S == 5.0
    app.services.checks = OnDemandChecks(context, looker, timeout_s=0.05)
    existing = await added(owner)
    await checks.postpone(context, await queries.get(context, (await owned(owner)), existing), clock.now() + MINUTE)
    looker.hangs = True
    answer = await owner.post(f"/api/domains/{existing}/sync")
    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/domains/{existing}"
    assert answer.json["domain"]["status"] == "pending_cname"
    assert answer.json["domain"]["nextSyncAt"] == "2027-01-15T08:00:00Z"
    assert looker.cancelled


async def owned(client: Client) -> str:
    org_id: str = (await client.get("/api/domains")).json["domains"][0]["orgId"]
    return org_id


@pytest.mark.parametrize("failure", [Retryable, Permanent, Unauthorized])
async def test_a_sync_while_cloudflare_fails_answers_202_with_what_is_stored_and_keeps_the_plan(
    owner: Client, looker: FakeLooker, failure: type[Retryable | Permanent | Unauthorized]
) -> None:
    existing = await added(owner)
    before = (await owner.get(f"/api/domains/{existing}")).json
    looker.raises = failure("Cloudflare does not answer.")
    answer = await owner.post(f"/api/domains/{existing}/sync")
    assert answer.status == 202
    assert answer.json == before


async def test_syncs_beyond_what_one_may_have_a_minute_are_202_without_a_look_and_others_are_not_held_up(
    owner: Client, stranger: Client, looker: FakeLooker
) -> None:
    existing, theirs = await added(owner), await added(stranger, "app.rival.com")
    for _ in range(MAX_SYNCS_PER_MINUTE):
        assert (await owner.post(f"/api/domains/{existing}/sync")).status == 200
    before = (await owner.get(f"/api/domains/{existing}")).json
    answer = await owner.post(f"/api/domains/{existing}/sync")
    assert (answer.status, answer.json) == (202, before)
    assert len(looker.looked) == MAX_SYNCS_PER_MINUTE
    assert (await stranger.post(f"/api/domains/{theirs}/sync")).status == 200


async def test_syncs_beyond_what_one_may_have_under_way_are_202_without_a_look(
    owner: Client, looker: FakeLooker
) -> None:
    existing = await added(owner)
    looker.hangs = True
    path = f"/api/domains/{existing}/sync"
    going = [asyncio.create_task(owner.post(path)) for _ in range(MAX_SYNCS_PER_ORGANIZATION)]

    async def all_look() -> bool:
        return len(looker.looked) == MAX_SYNCS_PER_ORGANIZATION

    await until(all_look)
    assert (await owner.post(path)).status == 202
    assert len(looker.looked) == MAX_SYNCS_PER_ORGANIZATION
    for task in going:
        task.cancel()
    await asyncio.wait(going)


async def test_a_domain_that_is_removed_while_it_is_looked_at_is_404(
    owner: Client, looker: FakeLooker, context: Context
) -> None:
    existing = await added(owner)
    looker.removed = True
    await removals.remove(context, await owned(owner), existing)
    problem(await owner.post(f"/api/domains/{existing}/sync"), 404, "not_found")


async def test_findings_and_errors_say_what_to_do(owner: Client, context: Context) -> None:
    existing = await added(owner)
    facts = DnsFacts(
        hostname=NAME, target="edge.example.net", outcome="answered", exists=True, chain=("elsewhere.example.org",)
    )
    await checks.record(
        context, existing, [DnsObservation(facts), RegistrationRefusal("cloudflare_1499", "It is taken.")]
    )
    domain = (await owner.get(f"/api/domains/{existing}")).json["domain"]
    assert domain["status"] == "error"
    assert domain["error"] == {"code": "cloudflare_1499", "message": "It is taken."}
    assert domain["dnsStatus"] == "failed"
    refused, finding = domain["findings"]
    assert (refused["code"], refused["actor"], refused["evidence"]) == (
        "registration_refused",
        "operator",
        ["It is taken."],
    )
    assert finding["fix"] == typed("CNAME", "app", "customer.com", "edge.example.net")
    assert finding["nextCheckAt"] == domain["nextSyncAt"]
    assert finding["severity"] == "error"
    assert finding["actor"] == "customer"
    assert finding["code"]
    assert finding["message"]
    assert isinstance(finding["evidence"], list)


async def test_the_list_is_filtered_by_status(owner: Client, looker: FakeLooker) -> None:
    waiting, active = await added(owner, "one.customer.com"), await added(owner, "two.customer.com")
    await owner.post(f"/api/domains/{active}/sync")

    async def ids(query: str) -> list[str]:
        return [domain["id"] for domain in (await owner.get(f"/api/domains?{query}")).json["domains"]]

    assert await ids("status=active") == [active]
    assert await ids("status=pending_cname") == [waiting]
    assert await ids("status=error") == []
    assert await ids("status=active&search=one") == []


async def test_the_list_is_searched_by_a_part_of_the_name(owner: Client) -> None:
    for name in ("shop.acme.com", "www.acme.com", "shop.other.com"):
        await added(owner, name)

    async def names(search: str) -> list[str]:
        return [domain["domainName"] for domain in (await owner.get(f"/api/domains?search={search}")).json["domains"]]

    assert await names("shop") == ["shop.acme.com", "shop.other.com"]
    assert await names("ACME") == ["shop.acme.com", "www.acme.com"]
    assert await names("null") == []
    assert await names("cme") == ["shop.acme.com", "www.acme.com"]
    assert await names("p.o") == ["shop.other.com"]
    assert await names("https%3A//SHOP.acme.com%3A8443/cart%3Fid%3D1") == ["shop.acme.com"]
    assert await names("%5Bnone") == []
    assert await names("%25") == []
    assert await names("%00%ff%ed%a0%80") == []
    assert len(await names("")) == 3


async def test_pages_go_through_the_whole_list_once(owner: Client, clock: ManualClock) -> None:
    wanted: list[str] = []
    for number in range(7):
        clock.advance(1)
        wanted.append(await added(owner, f"app{number}.customer.com"))
    for query in ("", "search=app&"):
        seen: list[str] = []
        cursor, following = "", None
        for expected in (3, 3, 1):
            page = (await owner.get(f"/api/domains?{query}limit=3{cursor}")).json
            assert len(page["domains"]) == expected
            seen += [domain["id"] for domain in page["domains"]]
            following = page["nextCursor"]
            cursor = f"&cursor={following}"
        assert following is None
        assert seen == (wanted if query else wanted[::-1])


@pytest.mark.parametrize("path", ["/api/domains", "/api/tokens", "/api/webhooks", "/api/jobs"])
@pytest.mark.parametrize(
    "limit", ["0", "-1", "251", "1.5", "1e2", "", "+5", "%205", "null", "5,6", "0x10", "%D9%A5", "9" * 5000, "%00"]
)
@pytest.mark.sampled(5)
async def test_a_bad_limit_is_400_naming_it(owner: Client, path: str, limit: str) -> None:
    problem(await owner.get(f"{path}?limit={limit}"), 400, "invalid_input", field="limit")


@pytest.mark.parametrize("limit", ["1", "250", "0050"])
async def test_a_limit_within_the_bounds_is_taken(owner: Client, limit: str) -> None:
    assert (await owner.get(f"/api/domains?limit={limit}")).status == 200


@pytest.mark.parametrize(
    "path", ["/api/domains", "/api/domains?search=a&", "/api/tokens", "/api/webhooks", "/api/jobs"]
)
@pytest.mark.parametrize("cursor", ["a", "_w", "abcde"])
async def test_a_cursor_that_is_not_ours_is_400_naming_it(owner: Client, path: str, cursor: str) -> None:
    separator = "" if path.endswith("&") else "?"
    problem(await owner.get(f"{path}{separator}cursor={cursor}"), 400, "invalid_input", field="cursor")


@pytest.mark.parametrize(
    ("query", "field", "choices"),
    [
        ("/api/domains?status=ACTIVE", "status", "pending_cname, issuing, active, error"),
        ("/api/domains?status=null", "status", "pending_cname, issuing, active, error"),
        ("/api/domains?status=", "status", "pending_cname, issuing, active, error"),
        ("/api/domains?status=active%00", "status", "pending_cname, issuing, active, error"),
        ("/api/jobs?status=running", "status", "pending, done, dead"),
    ],
)
async def test_a_filter_outside_its_set_is_400_with_the_set(
    owner: Client, query: str, field: str, choices: str
) -> None:
    found = problem(await owner.get(query), 400, "invalid_input", field=field)
    assert found["detail"].endswith(f"which is none of: {choices}.")
