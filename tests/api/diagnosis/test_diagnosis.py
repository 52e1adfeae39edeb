"""`/api/domains/{id}/diagnosis` and `/api/diagnose`."""

import asyncio

import msgspec
import pytest

from dcvd.api.app import Api
from dcvd.cli.operations.diagnosis_view import DiagnosisOutput
from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.instants import HOUR
from dcvd.errors import Retryable, Unauthorized
from dcvd.services import diagnosis
from dcvd.services.context import Context
from dcvd.services.domains import queries
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.on_demand_checks import OnDemandChecks
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import FakeLooker, FakeObserver
from tests.typed import required, typed
from tests.waiting import until

NAME, TARGET = "app.customer.com", "edge.example.net"


async def added(client: Client) -> str:
    found: str = (await client.post("/api/domains", {"domainName": NAME})).json["domain"]["id"]
    return found


async def seen_missing(context: Context, domain_id: str) -> None:
    facts = DnsFacts(hostname=NAME, target=TARGET, outcome="answered")
    await checks.record(context, domain_id, [DnsObservation(facts)])


async def test_one_call_says_what_is_wrong_who_has_to_act_and_what_to_type(
    owner: Client, member: Client, context: Context
) -> None:
    domain_id = await added(owner)
    await seen_missing(context, domain_id)
    answer = await member.get(f"/api/domains/{domain_id}/diagnosis")
    assert answer.status == 200
    found = answer.json["diagnosis"]
    [finding] = found.pop("findings")
    assert finding["code"] == "cname_missing"
    assert (finding["severity"], finding["actor"]) == ("error", "customer")
    assert finding["fix"] == typed("CNAME", "app", "customer.com", TARGET)
    assert finding["nextCheckAt"] == found["nextCheckAt"]
    assert found == {
        "domainId": domain_id,
        "domainName": NAME,
        "status": "pending_cname",
        "ready": False,
        "dnsStatus": "failed",
        "error": None,
        "requiredRecords": [required("app", "customer.com", TARGET)],
        "dnsProvider": None,
        "checkedAt": "2027-01-15T08:00:00Z",
        "nextCheckAt": found["nextCheckAt"],
        "summary": f"The domain's owner has to act: {finding['message']}",
    }  # fmt: skip


async def test_a_domain_that_was_never_looked_at_says_so(owner: Client) -> None:
    found = (await owner.get(f"/api/domains/{await added(owner)}/diagnosis?refresh=false")).json["diagnosis"]
    assert (found["checkedAt"], found["findings"]) == (None, [])
    assert "not checked yet" in found["summary"]


async def test_with_refresh_it_is_looked_at_thoroughly_first(owner: Client, looker: FakeLooker) -> None:
    domain_id = await added(owner)
    answer = await owner.get(f"/api/domains/{domain_id}/diagnosis?refresh=true")
    assert answer.status == 200
    assert (looker.looked, looker.thorough) == ([domain_id], [True])
    assert (answer.json["diagnosis"]["status"], answer.json["diagnosis"]["ready"]) == ("active", True)
    assert "nothing to do" in answer.json["diagnosis"]["summary"]
    entries = (await owner.get(f"/api/domains/{domain_id}/timeline")).json["timeline"]
    assert "diagnosis" in [entry["what"] for entry in entries]


async def test_a_head_looks_at_nothing_anew(owner: Client, looker: FakeLooker) -> None:
    """Programs that check links send it, and it must change nothing."""
    assert (await owner.call("HEAD", f"/api/domains/{await added(owner)}/diagnosis?refresh=true")).status == 200
    assert looker.looked == []


@pytest.mark.parametrize("failure", [Retryable("It is away."), Unauthorized("It refuses.")])
async def test_a_refresh_while_cloudflare_fails_is_202_with_what_is_stored(
    owner: Client, looker: FakeLooker, failure: Exception
) -> None:
    domain_id = await added(owner)
    looker.raises = failure
    answer = await owner.get(f"/api/domains/{domain_id}/diagnosis?refresh=true")
    assert answer.status == 202
    assert answer.json["diagnosis"]["status"] == "pending_cname"


async def test_a_refresh_that_takes_too_long_is_202_and_the_domain_is_due(
    app: Api, owner: Client, looker: FakeLooker, context: Context, organization: Organization, clock: ManualClock
) -> None:
    app.services.checks = OnDemandChecks(context, looker, timeout_s=0.05)
    domain_id = await added(owner)
    await checks.postpone(context, await queries.get(context, organization.id, domain_id), clock.now() + HOUR)
    looker.hangs = True
    answer = await owner.get(f"/api/domains/{domain_id}/diagnosis?refresh=true")
    assert answer.status == 202
    assert answer.json["diagnosis"]["nextCheckAt"] == "2027-01-15T08:00:00Z"
    assert looker.cancelled


async def test_refreshes_beyond_what_one_may_have_under_way_are_202_without_a_look(
    owner: Client, looker: FakeLooker
) -> None:
    domain_id = await added(owner)
    looker.hangs = True
    path = f"/api/domains/{domain_id}/diagnosis?refresh=true"
    going = [asyncio.create_task(owner.get(path)) for _ in range(diagnosis.MAX_AT_ONCE_PER_ORGANIZATION)]

    async def all_look() -> bool:
        return len(looker.looked) == diagnosis.MAX_AT_ONCE_PER_ORGANIZATION

    await until(all_look)
    assert (await owner.get(path)).status == 202
    assert len(looker.looked) == diagnosis.MAX_AT_ONCE_PER_ORGANIZATION
    for task in going:
        task.cancel()
    await asyncio.wait(going)


@pytest.mark.parametrize("tail", ["", "?refresh=true"])
async def test_another_organizations_looks_as_if_it_did_not_exist(
    owner: Client, stranger: Client, looker: FakeLooker, tail: str
) -> None:
    domain_id = await added(owner)
    problem(await stranger.get(f"/api/domains/{domain_id}/diagnosis{tail}"), 404, "not_found")
    assert looker.looked == []


@pytest.mark.parametrize("value", ["yes", "1", "", "TRUE", "null"])
async def test_a_refresh_that_is_neither_true_nor_false_is_400(owner: Client, value: str) -> None:
    path = f"/api/domains/{await added(owner)}/diagnosis?refresh={value}"
    problem(await owner.get(path), 400, "invalid_input", field="refresh")


async def test_a_name_is_diagnosed_before_it_is_added(owner: Client, observer: FakeObserver) -> None:
    answer = await owner.post("/api/diagnose", {"domainName": "App.Customer.com"})
    assert answer.status == 200
    found = answer.json["diagnosis"]
    [finding] = found.pop("findings")
    assert (finding["code"], finding["nextCheckAt"]) == ("cname_missing", "2027-01-15T08:01:00Z")
    assert found == {
        "domainName": NAME,
        "registered": "nobody",
        "domainId": None,
        "cnameTarget": TARGET,
        "dnsStatus": "failed",
        "requiredRecords": [required("app", "customer.com", TARGET)],
        "dnsProvider": None,
        "checkedAt": "2027-01-15T08:00:00Z",
        "summary": f"The domain's owner has to act: {finding['message']}",
    }  # fmt: skip
    [question] = observer.asked
    assert (question.hostname, question.is_thorough, question.with_challenge) == (NAME, True, False)
    assert (await owner.get("/api/domains")).json["domains"] == []


async def test_a_diagnosis_is_in_the_language_that_the_client_likes_best(
    owner: Client, operator: Client, context: Context
) -> None:
    german = {"Accept-Language": "fr, de-AT;q=0.9, en;q=0.1"}
    domain_id = await added(owner)
    await seen_missing(context, domain_id)
    for headers, language, says in (
        (german, "de", "Legen Sie diesen Eintrag an: Typ CNAME"),
        ({}, "en", "Create this record: type CNAME"),
    ):
        own = await owner.get(f"/api/domains/{domain_id}/diagnosis", headers=headers)
        other = await owner.post("/api/diagnose", {"domainName": "new.customer.com"}, headers=headers)
        for answer in (own, other):
            assert (answer.headers["content-language"], answer.headers["vary"]) == (language, "Accept-Language")
            found = answer.json["diagnosis"]
            assert says in found["summary"]
            assert says in found["findings"][0]["message"]
    found = (await operator.get(f"/operator/domains/{NAME}/diagnosis", headers=german)).json["diagnosis"]
    assert found["summary"].endswith("es ist nichts zu tun.")


async def test_a_finding_has_the_parameters_of_its_message(owner: Client, context: Context) -> None:
    domain_id = await added(owner)
    await seen_missing(context, domain_id)
    for path, member in ((f"/api/domains/{domain_id}/diagnosis", "diagnosis"), (f"/api/domains/{domain_id}", "domain")):
        [finding] = (await owner.get(path)).json[member]["findings"]
        assert finding["params"] == {
            "hostname": NAME,
            "record": {"type": "CNAME", "host": "app", "value": TARGET},
        }


async def test_a_wildcard_is_diagnosed_with_its_challenge(owner: Client, observer: FakeObserver) -> None:
    found = (await owner.post("/api/diagnose", {"domainName": NAME, "wildcard": True})).json["diagnosis"]
    assert [record["purpose"] for record in found["requiredRecords"]] == ["routing", "validation", "wildcard"]
    assert observer.asked[0].with_challenge
    refused = await owner.post("/api/diagnose", {"domainName": NAME, "wildcard": True, "validation": "http"})
    problem(refused, 400, "invalid_input", field="validation")


@pytest.mark.parametrize(
    "name", ["", "a_b.customer.com", "*.customer.com", "co.uk", "app.test", TARGET, "\x1b[31m.com"]
)
async def test_a_name_that_cannot_be_used_is_a_finding(owner: Client, observer: FakeObserver, name: str) -> None:
    answer = await owner.post("/api/diagnose", {"domainName": name})
    assert answer.status == 200
    found = answer.json["diagnosis"]
    assert [finding["code"] for finding in found["findings"]] == ["hostname_invalid"]
    assert (found["dnsStatus"], found["requiredRecords"], observer.asked) == (None, [], [])
    german = await owner.post("/api/diagnose", {"domainName": name}, headers={"Accept-Language": "de"})
    assert german.json["diagnosis"]["findings"][0]["message"] != found["findings"][0]["message"]


async def test_who_has_the_name_already_is_told_only_where_it_is_oneself(owner: Client, stranger: Client) -> None:
    domain_id = await added(owner)
    mine = (await owner.post("/api/diagnose", {"domainName": NAME})).json["diagnosis"]
    assert (mine["registered"], mine["domainId"]) == ("yours", domain_id)
    theirs = (await stranger.post("/api/diagnose", {"domainName": NAME})).json["diagnosis"]
    assert (theirs["registered"], theirs["domainId"]) == ("nobody", None)
    nobodys = (await stranger.post("/api/diagnose", {"domainName": f"x.{NAME}"})).json["diagnosis"]
    assert [finding["code"] for finding in theirs["findings"]] == [finding["code"] for finding in nobodys["findings"]]


async def test_one_too_many_under_way_is_429_and_says_when_to_come_again(owner: Client, observer: FakeObserver) -> None:
    observer.gate.clear()
    body = {"domainName": NAME}
    going = [
        asyncio.create_task(owner.post("/api/diagnose", body)) for _ in range(diagnosis.MAX_AT_ONCE_PER_ORGANIZATION)
    ]

    async def all_ask() -> bool:
        return len(observer.asked) == diagnosis.MAX_AT_ONCE_PER_ORGANIZATION

    await until(all_ask)
    answer = await owner.post("/api/diagnose", body)
    problem(answer, 429, "too_many_requests")
    assert answer.headers["Retry-After"] == "5"
    observer.gate.set()
    assert [(await task).status for task in going] == [200] * diagnosis.MAX_AT_ONCE_PER_ORGANIZATION


async def test_an_operator_diagnoses_any_domain_by_its_name(
    owner: Client, operator: Client, anybody: Client, looker: FakeLooker
) -> None:
    domain_id = await added(owner)
    answer = await operator.get(f"/operator/domains/{NAME}/diagnosis")
    assert answer.status == 200
    assert looker.thorough == [True]
    # What the command line reads is what is answered here.
    found = msgspec.json.decode(msgspec.json.encode(answer.json["diagnosis"]), type=DiagnosisOutput)
    assert (found.domain_id, found.target, found.is_healthy) == (domain_id, TARGET, True)
    entries = (await owner.get(f"/api/domains/{domain_id}/timeline")).json["timeline"]
    assert ("request", "operator") in [(entry["kind"], entry["actor"]) for entry in entries]
    problem(await operator.get("/operator/domains/other.customer.com/diagnosis"), 404, "not_found")
    problem(await anybody.get(f"/operator/domains/{NAME}/diagnosis"), 404, "route_not_found")


async def test_a_name_is_explained_by_the_facts_that_were_found(owner: Client, observer: FakeObserver) -> None:
    observer.sees = {
        "exists": True, "zone": "customer.com", "nameservers": ("ns07.domaincontrol.com",),
        "chain": ("old.example.net",),
    }  # fmt: skip
    answer = await owner.post("/api/diagnose?explain=true", {"domainName": NAME})
    assert observer.asked[0].is_explained
    explained = answer.json["explanation"]
    assert explained["queries"] == []
    assert explained["facts"]["answered"] is True
    assert explained["facts"]["chain"] == ["old.example.net"]
    found = answer.json["diagnosis"]
    assert found["dnsProvider"]["name"] == "GoDaddy"
    assert (found["dnsProvider"]["nameField"], found["dnsProvider"]["valueField"]) == ("Name", "Value")
    assert "explanation" not in (await owner.post("/api/diagnose", {"domainName": NAME})).json
    assert "explanation" not in (await owner.post("/api/diagnose?explain=true", {"domainName": "co.uk"})).json
    problem(await owner.post("/api/diagnose?explain=1", {"domainName": NAME}), 400, "invalid_input", field="explain")
