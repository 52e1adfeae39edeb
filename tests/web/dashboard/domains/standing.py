"""Domains that work, and such that did."""

from dcvd.core.dns.facts import DnsFacts, DnsObservation, ServerAnswer
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.lifecycle import checks
from dcvd.store import domains
from tests.served_app.stand_ins import bring_to_active

ELSEWHERE = "shops.example"


async def add(context: Context, org_id: str, name: str, **options: object) -> str:
    """A new domain; its id."""
    return (await additions.add(context, org_id, name, **options)).id  # type: ignore[arg-type]


async def add_working(context: Context, org_id: str, name: str) -> str:
    domain = await additions.add(context, org_id, name)
    await bring_to_active(context, domain)
    return domain.id


async def add_broken(context: Context, org_id: str, name: str) -> str:
    domain_id = await add_working(context, org_id, name)
    await lead_elsewhere(context, domain_id)
    return domain_id


async def lead_elsewhere(context: Context, domain_id: str) -> None:
    """Two checks that saw the CNAME lead to somebody else."""
    domain = await context.database.read(lambda snapshot: domains.get(snapshot, domain_id))
    assert domain is not None
    facts = DnsFacts(
        hostname=domain.name,
        target=domain.cname_target,
        outcome="answered",
        exists=True,
        chain=(ELSEWHERE,),
        servers=(
            ServerAnswer(name="ns1.example", address="192.0.2.1", outcome="answered", exists=True, cname=ELSEWHERE),
        ),
    )
    for _ in range(2):
        await checks.record(context, domain_id, [DnsObservation(facts)])
