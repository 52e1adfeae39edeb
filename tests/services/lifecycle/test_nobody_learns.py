"""Until an organization has proved a claim, nothing that it sees tells whether another has the name."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from dcvd.api.diagnosis.view import diagnosis_answer, preview_answer
from dcvd.api.domains.bulk_view import added_line
from dcvd.api.domains.view import domain_view
from dcvd.config import Config, Live
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.domain import Domain, ValidationMethod
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.errors import NotFound, RemoteError
from dcvd.kit.clock import SystemClock
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.services import audit, diagnosis, timeline
from dcvd.services.context import Context
from dcvd.services.diagnosis import Diagnoser
from dcvd.services.domains import additions, details, moves, removals
from dcvd.services.domains.bulk import BulkRequest
from dcvd.services.domains.bulk_additions import BulkAdditions, validate_line
from dcvd.services.domains.shared_additions import SharedAdditions
from dcvd.services.lifecycle.queue_positions import QueuePositions
from dcvd.services.links import creation
from dcvd.services.tokens.authentication import KeptCallers, act_as
from dcvd.store.audit import AuditFilters
from dcvd.sync.checker import DomainChecker
from tests.conftest import VAULT
from tests.faults import fault, heal
from tests.jobs.ward import Ward
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs, bodies

FREE: Final = "free.customer.test"
CLAIMED: Final = "some.customer.test"
PROVED: Final = "held.customer.test"
NAMES: Final = (FREE, CLAIMED, PROVED)


def hide_own(shown: object, name: str, target: str) -> dict[str, Any]:
    """What is shown of a name, but for the name itself, ids and what else each claim has of its own."""
    label = name.partition(".")[0]
    text = msgspec.json.encode(shown).decode().replace(name, "NAME").replace(target, "TARGET")
    text = text.replace(f'"{label}"', '"LABEL"').replace(f'.{label}"', '.LABEL"').replace(f"{label}`", "LABEL`")
    own = r'"(?:sequence|position)":\d+|\b(?:dom|evt|job|tl|conn)_\w+|dcvd-verification=\w+'
    hidden = msgspec.json.decode(re.sub(own, lambda found: '"own":0' if found[0][0] == '"' else "OWN", text))
    assert isinstance(hidden, dict)
    return hidden


class Watcher:
    """An organization that adds names to learn what others have, and all that it sees of them."""

    def __init__(self, ward: Ward, observer: DnsObserver) -> None:
        self.ward = ward
        self.observer = observer
        self.checker = DomainChecker(ward.context, ward.cloudflare, observer, Metrics())

    async def see(self, domain: Domain) -> dict[str, Any]:
        """All that tells something of a claim, without what is its own alone."""
        context, org = self.ward.context, self.ward.org
        jobs = [job for job in await all_jobs(context, org) if job.domain_id == domain.id]
        entries = await timeline.list_page(context, org, domain.id, newest_first=False, cursor=None, limit=99)
        audited = await audit.list_page(context, org, AuditFilters(object_id=domain.id), cursor=None, limit=99)
        seen = {
            "jobs": [(job.kind, job.state, job.attempts, job.last_error_code, job.last_error) for job in jobs],
            "timeline": [(each.kind, each.occurred_at, each.stored_entry) for each in entries.items],
            "events": [body for body in await bodies(context, org) if body["data"].get("domain_id") == domain.id],
            "audit": [(each.action, each.actor, each.occurred_at, each.before, each.after) for each in audited.items],
        }
        with suppress(NotFound):
            seen["domain"] = domain_view(await details.get(context, org, domain.id))
            seen["diagnosis"] = diagnosis_answer(await diagnosis.diagnose_stored(context, org, domain.id), "en")
        return hide_own(seen, domain.name, domain.cname_target)

    async def check(self, domains: Sequence[Domain], later_ms: int) -> None:
        self.ward.clock.advance(later_ms)
        self.ward.sandbox.world.clock.advance(later_ms)
        for domain in domains:
            with suppress(RemoteError):
                await self.checker.check(await self.ward.domain(domain.id), is_thorough=True)


@pytest.fixture(params=["edge.sandbox.test", "{token}.edge.sandbox.test"])
async def watcher(
    request: pytest.FixtureRequest, context: Context, live_config: Live[Config], cloudflare: CloudflareClient,
    quick_sandbox: Sandbox, org: str, rival_org: str,
) -> Watcher:  # fmt: skip
    """It finds one name that nobody has, one that another claims, and one that another has proved."""
    clock = ManualClock(SystemClock().now())
    config = live_config.value
    live_config.value = replace(
        config,
        cloudflare=replace(config.cloudflare, cname_target=request.param),
        domains=replace(config.domains, dormant_after=8 * HOUR),
    )
    here = Context(context.database, live_config, vault=VAULT, clock=clock, random_fraction=lambda: 0.0)
    mine, theirs = [Ward(here, cloudflare, quick_sandbox, clock, each) for each in (org, rival_org)]
    for name in NAMES:
        quick_sandbox.set_dns(f"_dcvd.{name}", "TXT", ['"of-somebody"'])
    await theirs.registered(CLAIMED)
    await theirs.registered(PROVED)
    await moves.move(here, rival_org, PROVED)
    return Watcher(mine, DnsObserver(config))


@pytest.mark.parametrize("is_dry", [False, True])
@pytest.mark.sampled(2)
async def test_the_lines_of_a_bulk_call_are_answered_the_same(watcher: Watcher, is_dry: bool) -> None:
    context, org = watcher.ward.context, watcher.ward.org
    call = BulkAdditions(context, BulkRequest(org_id=org, actor="operator", dry_run=is_dry))
    lines = [validate_line(context, 1, DomainRequest(domain_name=name)) for name in NAMES]
    answers = [
        hide_own(added_line(result), name, "none" if result.domain is None else result.domain.cname_target)
        for name, line in zip(NAMES, lines, strict=True)
        async for results in call.add_lines([line])
        for result in results
    ]
    assert answers == [answers[0]] * len(NAMES)
    assert answers[0]["outcome"] == ("would_create" if is_dry else "created")


@pytest.mark.sampled(2)
async def test_whoever_adds_a_name_by_a_link_is_answered_the_same(watcher: Watcher) -> None:
    context, org = watcher.ward.context, watcher.ward.org
    answers = []
    for name in NAMES:
        link = await creation.create(context, org, domain_id=None, lifetime_ms=DAY)
        customer = act_as(context, await KeptCallers(context).authenticate(link.token.reveal()))
        added = await details.add(
            customer,
            QueuePositions(context),
            SharedAdditions(),
            org,
            DomainRequest(domain_name=name),
            actor=customer.caller.actor,
        )
        preview = await Diagnoser(context, watcher.observer).preview(
            org, DomainRequest(domain_name=name), caller=customer.caller
        )
        answers.append(
            hide_own(
                {"domain": domain_view(added), "preview": preview_answer(preview, "en")},
                name,
                added.domain.cname_target,
            )
        )
    assert answers == [answers[0]] * len(NAMES)


@pytest.mark.parametrize("validation", ["http", "delegated"])
@pytest.mark.sampled(4)
async def test_it_sees_the_same_whether_nobody_or_another_has_the_name(
    watcher: Watcher, validation: ValidationMethod
) -> None:
    ward = watcher.ward
    domains = [await additions.add(ward.context, ward.org, name, validation=validation) for name in NAMES]

    async def compare() -> None:
        await ward.work()
        free, claimed, proved = [await watcher.see(domain) for domain in domains]
        assert claimed == free
        assert proved == free

    free, claimed, proved = [await watcher.see(domain) for domain in domains]
    assert claimed == free
    assert proved == free
    await compare()
    for later_ms in (5_000, 10 * MINUTE, 2 * HOUR):
        await watcher.check(domains, later_ms)
        await compare()
    await fault(ward.sandbox, kind="status", status=503)
    await watcher.check(domains, MINUTE)
    await compare()
    await heal(ward.sandbox)
    for name in NAMES:
        ward.sandbox.set_dns(name, "CNAME", ["elsewhere.test."])
    await watcher.check(domains, MINUTE)
    await compare()
    for later_ms in (6 * HOUR, 6 * HOUR, DAY):
        await watcher.check(domains, later_ms)
        await compare()
    assert (await ward.domain(domains[0].id)).dormant_since is not None
    for is_registered in (False, True):
        ward.clock.advance(1)
        for domain in domains:
            await removals.remove(ward.context, ward.org, domain.id)
        await compare()
        if not is_registered:
            ward.clock.advance(1)
            domains = [await additions.add(ward.context, ward.org, name, validation=validation) for name in NAMES]
            await fault(ward.sandbox, kind="status", status=503)
            await compare()
            await heal(ward.sandbox)
            await compare()
