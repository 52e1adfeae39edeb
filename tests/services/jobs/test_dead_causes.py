"""Dead jobs are counted by their causes."""

from msgspec.structs import replace

from dcvd.core.jobs import NO_PAYLOAD
from dcvd.core.tokens.reach import DomainReach
from dcvd.errors import Permanent
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import dead_causes, queue
from dcvd.services.jobs.dead_causes import DeadCause
from dcvd.services.lifecycle.remedy_jobs import REVALIDATE
from dcvd.store.engine.transactions import Topic, Transaction
from dcvd.store.jobs import jobs
from dcvd.store.organizations.organizations import Organization


async def bury(context: Context, org_id: str, name: str, code: str, message: str) -> None:
    def unit(tx: Transaction) -> None:
        job = queue.enqueue(context, tx, REVALIDATE, NO_PAYLOAD, org_id=org_id, domain_name=name)
        queue.record_failure(context, tx, job, Permanent(message, code=code))

    await context.database.write(unit)


async def test_the_most_frequent_cause_comes_first(context: Context, organization: Organization) -> None:
    for number, code in enumerate(["refused", "taken", "refused"]):
        await bury(context, organization.id, f"shop{number}.customer.com", code, f"It is {code}.")
    other = await organizations.create(context, "others")
    await bury(context, other.id, "shop.customer.com", "taken", "It is taken.")
    found = await dead_causes.list_causes(context, organization.id)
    assert found.is_complete
    assert found.causes == [
        DeadCause(code="refused", message="It is refused.", count=2),
        DeadCause(code="taken", message="It is taken.", count=1),
    ]


async def test_no_more_are_counted_than_examined(context: Context, organization: Organization) -> None:
    for number in range(3):
        await bury(context, organization.id, f"shop{number}.customer.com", "refused", "It is refused.")
    found = await dead_causes.list_causes(context, organization.id, max_examined=2)
    assert ([cause.count for cause in found.causes], found.is_complete) == ([2], False)


async def test_those_of_other_domains_are_not_counted_for_whoever_is_limited(
    context: Context, organization: Organization
) -> None:
    await bury(context, organization.id, "a.inside.customer.com", "refused", "It is refused.")
    await bury(context, organization.id, "a.outside.customer.com", "taken", "It is taken.")
    limited = context.for_caller(
        replace(context.caller, domains=DomainReach(parents=frozenset({"inside.customer.com"})))
    )
    assert [cause.code for cause in (await dead_causes.list_causes(limited, organization.id)).causes] == ["refused"]


async def test_jobs_that_end_with_their_domain_are_announced_to_open_lists(
    context: Context, organization: Organization
) -> None:
    changed: list[str] = []
    context.database.subscribe(Topic.JOB_LISTS, changed.append)

    def enqueue(tx: Transaction) -> None:
        queue.enqueue(context, tx, REVALIDATE, NO_PAYLOAD, org_id=organization.id, domain_id="dom_1", domain_name="a.b")

    await context.database.write(enqueue)
    changed.clear()
    assert await context.database.write(lambda tx: jobs.end_with_domains(tx, ["dom_1"], 1)) == 1
    assert changed == [organization.id]
