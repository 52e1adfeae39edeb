"""Names looked at before anybody has added them, against a real DNS server."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.config import SocketAddress
from dcvd.core.dns.facts import ChallengeAnswer, DnsCheckRequest, DnsFacts, DnsObservation
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.domain import DnsState
from dcvd.dns import DnsObserver
from dcvd.errors import InvalidInput, NotFound, Retryable, TooManyRequests
from dcvd.sandbox import Sandbox
from dcvd.services import diagnosis, organizations
from dcvd.services.context import Context
from dcvd.services.diagnosis import MAX_AT_ONCE, MAX_AT_ONCE_PER_ORGANIZATION, MAX_PER_MINUTE, Diagnoser, Preview
from dcvd.services.domains import additions, queries
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.jobs import queue
from dcvd.store import cloudflare_zones
from dcvd.store.organizations.organizations import Organization
from tests.services.views import all_jobs
from tests.waiting import until

NAME, TARGET = "app.customer.test", "edge.sandbox.test"


@pytest.fixture
def diagnoser(sandbox_context: Context) -> Diagnoser:
    return Diagnoser(sandbox_context, DnsObserver(sandbox_context.config))


def wish(name: str = NAME, *, wildcard: bool = False) -> DomainRequest:
    return DomainRequest(domain_name=name, wildcard=wildcard)


def codes(preview: Preview) -> list[str]:
    return [finding.code for finding in preview.findings]


async def test_a_name_without_its_record_is_told_what_to_type_and_nothing_is_stored(
    sandbox_context: Context, diagnoser: Diagnoser, org: str
) -> None:
    found = await diagnoser.preview(org, wish("App.Customer.test."))
    assert (found.name, found.holder, found.domain_id, found.state) == (NAME, "nobody", None, DnsState.FAILED)
    first = found.findings[0]
    assert first.code == "cname_missing"
    assert first.fix is not None
    assert (first.fix.type, first.fix.name, first.fix.value) == ("CNAME", NAME, TARGET)
    assert [(record.value, record.is_verified) for record in found.records] == [(TARGET, False)]
    assert found.summarize() == f"The domain's owner has to act: {first.message}"
    page = await queries.list_page(sandbox_context, org, DomainQuery(), cursor=None, limit=10)
    assert (page.items, await all_jobs(sandbox_context, org)) == ([], [])


async def test_a_right_record_is_told_to_be_right(diagnoser: Diagnoser, org: str, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns(NAME, "CNAME", [f"{TARGET}."])
    found = await diagnoser.preview(org, wish())
    assert found.state is DnsState.VERIFIED
    assert [finding.code for finding in found.findings if finding.severity == "error"] == []
    assert [record.is_verified for record in found.records] == [True]
    assert found.summarize().startswith(f"The record of {NAME} is right")


async def test_of_a_proxied_record_that_nobody_added_it_is_not_said_that_it_is_right_or_being_confirmed(
    sandbox_context: Context, org: str
) -> None:
    proxied = Seeing(exists=True, addresses=("104.16.1.1",), nameservers=("ada.ns.cloudflare.com",))
    found = await Diagnoser(sandbox_context, proxied).preview(org, wish())
    assert found.state is DnsState.UNVERIFIABLE
    (finding,) = [each for each in found.findings if each.code == "proxied_unverifiable"]
    for told in (found.summarize(), finding.message):
        assert "hid" in told
        assert "right" not in told
        assert "we are confirming" not in told


async def test_a_wildcard_needs_its_challenge_as_soon_as_it_is_known_where_to(
    sandbox_context: Context, org: str
) -> None:
    diagnoser = Diagnoser(
        sandbox_context, Seeing(exists=True, chain=(TARGET,), challenge=ChallengeAnswer(outcome="answered"))
    )
    unknown = await diagnoser.preview(org, wish(wildcard=True))
    assert [record.value for record in unknown.records] == [TARGET, None, TARGET]
    assert unknown.records[2].name == f"*.{NAME}"
    zone_id, suffix = sandbox_context.config.cloudflare.zone_id, "0123456789abcdef.dcv.cloudflare.com"
    await sandbox_context.database.write(
        lambda tx: cloudflare_zones.store_delegation_suffix(tx, zone_id, suffix, sandbox_context.now())
    )
    found = await diagnoser.preview(org, wish(wildcard=True))
    assert found.records[1].name == f"_acme-challenge.{NAME}"
    assert (found.records[1].value, found.records[1].is_verified) == (f"{NAME}.{suffix}", False)
    assert "wildcard_needs_delegation" in codes(found)
    right = Seeing(
        exists=True, chain=(TARGET,), challenge=ChallengeAnswer(outcome="answered", chain=(f"{NAME}.{suffix}",))
    )
    found = await Diagnoser(sandbox_context, right).preview(org, wish(wildcard=True))
    assert found.records[1].is_verified
    assert right.asked[0].with_challenge
    assert right.asked[0].is_thorough


async def test_a_target_that_is_chosen_only_when_the_domain_is_added_is_nobodys_to_type_before(
    sandbox_context: Context, diagnoser: Diagnoser, org: str, quick_sandbox: Sandbox
) -> None:
    config = sandbox_context.config
    template = "{token}.edge.sandbox.test"
    sandbox_context.live_config.value = replace(config, cloudflare=replace(config.cloudflare, cname_target=template))
    # A name that a former registration had is not the one that this would get.
    quick_sandbox.set_dns(NAME, "CNAME", ["former.edge.sandbox.test."])
    found = await diagnoser.preview(org, wish())
    assert (found.target, found.state) == (template, DnsState.FAILED)
    assert codes(found) == []
    assert found.records[0].value == template
    assert (
        found.summarize()
        == f"{NAME} can be added; create its record then, because its target is chosen when it is added."
    )
    quick_sandbox.delete_dns(NAME, "CNAME")
    quick_sandbox.set_dns(NAME, "MX", ["10 mx.customer.test."])
    (finding,) = (await diagnoser.preview(org, wish())).findings
    assert (finding.code, finding.fix) == ("conflicting_records", None)
    assert finding.message.endswith("name `app`, value the target that it is given when it is added.")


async def test_a_domain_of_ones_own_is_measured_by_its_own_target(
    sandbox_context: Context, diagnoser: Diagnoser, org: str, quick_sandbox: Sandbox
) -> None:
    domain = await additions.add(sandbox_context, org, NAME)
    config = sandbox_context.config
    sandbox_context.live_config.value = replace(
        config, cloudflare=replace(config.cloudflare, cname_target="new.sandbox.test")
    )
    quick_sandbox.set_dns(NAME, "CNAME", [f"{TARGET}."])
    found = await diagnoser.preview(org, wish())
    assert (found.holder, found.domain_id, found.target) == ("yours", domain.id, TARGET)
    assert found.state is DnsState.VERIFIED


async def test_a_name_of_anothers_is_previewed_as_if_nobody_had_it(
    sandbox_context: Context, diagnoser: Diagnoser, org: str
) -> None:
    rival = await organizations.create(sandbox_context, "Rival")
    before = await diagnoser.preview(org, wish())
    await additions.add(sandbox_context, rival.id, NAME)
    assert replace(await diagnoser.preview(org, wish()), checked_at=before.checked_at) == before
    assert (before.holder, before.domain_id) == ("nobody", None)


@pytest.mark.parametrize("name", ["a_b.customer.test", "", "co.uk", "192.0.2.1", TARGET, f"x.{TARGET}", "x" * 2000])
async def test_a_name_that_cannot_be_used_is_a_finding_and_nothing_is_asked(
    sandbox_context: Context, org: str, name: str
) -> None:
    found = await Diagnoser(sandbox_context, Blocked()).preview(org, wish(name))
    assert codes(found) == ["hostname_invalid"]
    assert found.state is None
    assert found.summarize()


async def test_a_name_too_long_for_a_challenge_is_a_finding(sandbox_context: Context, org: str) -> None:
    name = ".".join(["a" * 60] * 4)[:225] + ".customer.test"
    observer = Blocked()
    observer.open.set()
    found = await Diagnoser(sandbox_context, observer).preview(org, wish(name[-240:].lstrip("."), wildcard=True))
    assert codes(found)[0] == "hostname_too_long_to_delegate"


async def test_what_contradicts_itself_is_refused(diagnoser: Diagnoser, org: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await diagnoser.preview(org, DomainRequest(domain_name=NAME, validation="http", wildcard=True))
    assert refused.value.field == "validation"


async def test_resolvers_that_do_not_answer_are_the_operators_and_say_nothing_of_the_name(
    sandbox_context: Context, org: str
) -> None:
    config = sandbox_context.config
    nobody = DnsObserver(
        replace(config, dns=replace(config.dns, resolvers=(SocketAddress("127.0.0.1", 9),), timeout=300))
    )
    found = await Diagnoser(sandbox_context, nobody).preview(org, wish())
    assert (found.state, codes(found)) == (None, ["resolvers_failed"])
    assert found.summarize().startswith("The operator of this service has to act: No DNS resolver")


class Seeing:
    """Sees the facts that it was made with."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        self.asked: list[DnsCheckRequest] = []

    async def observe(self, question: DnsCheckRequest) -> DnsObservation:
        self.asked.append(question)
        facts = {"hostname": question.hostname, "target": question.target, "outcome": "answered", **self.facts}
        return DnsObservation(DnsFacts(**facts))


class Blocked:
    """Answers only once it may."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked = 0

    async def observe(self, question: DnsCheckRequest) -> DnsObservation:
        self.asked += 1
        await self.open.wait()
        return DnsObservation(DnsFacts(hostname=question.hostname, target=question.target, outcome="answered"))


@pytest.fixture
def blocked() -> Blocked:
    return Blocked()


async def test_an_organization_has_so_many_under_way_at_once_and_others_still_have_room(
    context: Context, organization: Organization, rival: Organization, blocked: Blocked
) -> None:
    diagnoser = Diagnoser(context, blocked)
    async with asyncio.TaskGroup() as group:
        going = [
            group.create_task(diagnoser.preview(organization.id, wish(f"a{number}.customer.test")))
            for number in range(MAX_AT_ONCE_PER_ORGANIZATION)
        ]
        await until(lambda: _is(blocked.asked == MAX_AT_ONCE_PER_ORGANIZATION))
        with pytest.raises(TooManyRequests):
            await diagnoser.preview(organization.id, wish())
        theirs = group.create_task(diagnoser.preview(rival.id, wish()))
        await until(lambda: _is(blocked.asked == MAX_AT_ONCE_PER_ORGANIZATION + 1))
        blocked.open.set()
    assert {task.result().state for task in (*going, theirs)} == {DnsState.FAILED}
    assert (await diagnoser.preview(organization.id, wish())).state is DnsState.FAILED


async def test_an_organization_has_so_many_a_minute_and_others_are_not_held_up(
    context: Context, organization: Organization, rival: Organization
) -> None:
    now = 0.0
    diagnoser = Diagnoser(context, Seeing(), monotonic=lambda: now)
    for _ in range(MAX_PER_MINUTE):
        now += 0.5
        await diagnoser.preview(organization.id, wish())
    with pytest.raises(TooManyRequests) as refused:
        await diagnoser.preview(organization.id, wish())
    assert refused.value.retry_after_s == 30.5
    assert (await diagnoser.preview(rival.id, wish())).state is DnsState.FAILED
    now += 30.5
    assert (await diagnoser.preview(organization.id, wish())).state is DnsState.FAILED


async def test_all_together_have_so_many_under_way_at_once_and_one_that_is_given_up_leaves_its_room(
    context: Context, blocked: Blocked
) -> None:
    diagnoser = Diagnoser(context, blocked)
    tasks = [
        asyncio.create_task(
            diagnoser.preview(f"org_{number // MAX_AT_ONCE_PER_ORGANIZATION}", wish(f"a{number}.customer.test"))
        )
        for number in range(MAX_AT_ONCE)
    ]
    await until(lambda: _is(blocked.asked == MAX_AT_ONCE))
    with pytest.raises(Retryable):
        await diagnoser.preview("org_late", wish())
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    blocked.open.set()
    assert (await diagnoser.preview("org_late", wish())).state is DnsState.FAILED
    await asyncio.wait(tasks)


async def _is(value: bool) -> bool:
    return value


async def test_a_domains_diagnosis_says_why_its_registration_waits(
    context: Context, organization: Organization, rival: Organization
) -> None:
    domain = await additions.add(context, organization.id, NAME)
    (job,) = await all_jobs(context, organization.id)
    await queue.fail(context, job, Retryable("All are used.", code="quota_exceeded"))
    found = await diagnosis.diagnose_stored(context, organization.id, domain.id)
    assert [finding.code for finding in found.findings] == ["quota_exceeded"]
    assert found.summarize().startswith("The operator of this service has to act")
    with pytest.raises(NotFound):
        await diagnosis.diagnose_stored(context, rival.id, domain.id)


async def test_an_explained_preview_tells_who_was_asked_what_and_what_came(
    diagnoser: Diagnoser, org: str, quick_sandbox: Sandbox
) -> None:
    quick_sandbox.set_dns(NAME, "CNAME", ["old.sandbox.test."])
    found = await diagnoser.preview(org, wish(), is_explained=True)
    assert found.observation is not None
    assert found.observation.facts.chain == ("old.sandbox.test",)
    told = [(query.server, query.name, query.type, query.answer) for query in found.observation.queries]
    assert (str(quick_sandbox.dns_address), NAME, "CNAME", "CNAME old.sandbox.test") in told
    assert (await diagnoser.preview(org, wish())).observation is None
    assert (await diagnoser.preview(org, wish("co.uk"), is_explained=True)).observation is None
