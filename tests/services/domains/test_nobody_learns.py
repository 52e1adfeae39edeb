"""Until an organization has proved a claim, nothing that it sees tells whether another has the name."""

from typing import Any, Final

from msgspec.structs import replace

from dcvd.api.domains.view import domain_view
from dcvd.core.domains.claims import proof_text
from dcvd.core.domains.dns_facts import DnsFacts, DnsObservation
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.services.context import Context
from dcvd.services.domains import additions, details
from dcvd.services.lifecycle import checks, register_job
from tests.services.views import all_jobs

NAME: Final = "www.customer.test"


def _shown(detail: details.DomainDetail) -> dict[str, Any]:
    """What a tenant sees of a claim, but for what is its own alone."""
    view = {name: getattr(domain_view(detail), name) for name in domain_view(detail).__struct_fields__}
    own = {"id", "org_id", "ownership", "cname_target", "required_records", "registration", "updated_at"}
    return {name: value for name, value in view.items() if name not in own}


async def test_until_it_is_proved_a_claim_shows_the_same_whether_or_not_another_has_the_name(
    context: Context, org: str, rival_org: str
) -> None:
    free = "free.customer.test"
    rival = await additions.add(context, rival_org, NAME)
    unvalidated = CloudflareHostname(
        id="cf-1",
        hostname=NAME,
        status="pending",
        ssl_status="pending_validation",
        verification_errors=("custom hostname does not CNAME to this zone.",),
    )
    proof = DnsObservation(
        DnsFacts(hostname=NAME, target="x", outcome="answered", exists=True, proof_texts=(proof_text(rival.id),))
    )
    await checks.record(context, rival.id, [proof, unvalidated])
    shown = []
    for number, name in enumerate((NAME, free)):
        domain = await additions.add(context, org, name)
        seen = [_shown(await details.get(context, org, domain.id))]
        (job,) = [job for job in await all_jobs(context, org) if job.domain_id == domain.id]
        if number:
            await register_job.record_registered(context, job, replace(unvalidated, id="cf-2", hostname=name))
        else:
            await register_job.park(context, job)
        detail = await details.get(context, org, domain.id)
        assert detail.queue_position is None
        seen.append(_shown(detail))
        missing = DnsObservation(DnsFacts(hostname=name, target=domain.cname_target, outcome="answered"))
        await checks.record(context, domain.id, [missing])
        seen.append(_shown(await details.get(context, org, domain.id)))
        shown.append(str(seen).replace(name, "NAME"))
    assert shown[0] == shown[1]
