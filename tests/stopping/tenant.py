"""A tenant who has domains, records in their zone and a webhook, and what they may ask for."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace

from dcvd.core.connections.connection import Connection
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.bulk import DomainReference, RemoveLine
from dcvd.core.domains.domain import Domain
from dcvd.core.events import EventType
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.errors import DcvdError
from dcvd.services.connections.removal import disconnect
from dcvd.services.domains import additions, removals
from dcvd.services.domains.bulk import BulkRequest
from dcvd.services.domains.bulk_additions import AddLineResult, BulkAdditions, validate_line
from dcvd.services.domains.bulk_removals import BulkRemovals, RemoveLineResult
from dcvd.services.records import plans, write_dns_job
from dcvd.services.webhooks import endpoints, replay_job
from dcvd.services.webhooks.endpoints import EndpointChange, HeldDeliveries
from tests.connections.conftest import connect
from tests.performing import attempt
from tests.services.views import all_jobs
from tests.services.webhooks.attempts import deliver_all, happen
from tests.stopping.life import Life
from tests.stopping.zone import SteppedZone

NAMES: Final = ("app0.customer.test", "app1.customer.test")
MANY: Final = tuple(f"n{number}.other.test" for number in range(30))
"""More than one step of a bulk call."""
DEFINITIONS: Final = (
    write_dns_job.DEFINITION,
    replace(replay_job.DEFINITION, perform=partial(replay_job.perform, batch_size=2)),
)
KINDS: Final = tuple(definition.kind.name for definition in DEFINITIONS)
_ACTOR: Final = "token:token_x"
_CALL: Final = "k1"


class Tenant:
    """Two domains with an address each, of which one was replaced by the record of dcvd; a webhook with a history."""

    def __init__(self, domains: Sequence[Domain], connections: Sequence[Connection], endpoint: Endpoint) -> None:
        self.domains = domains
        self.connections = connections
        self.endpoint = endpoint

    @classmethod
    async def settle(cls, life: Life, zone: SteppedZone) -> "Tenant":
        """Have all of it as an earlier time left it."""
        context, org_id = life.context, life.org_id
        connections = [await connect(context, org_id, zone.provider.grant()) for _ in NAMES]
        domains = [await additions.add(context, org_id, name) for name in NAMES]
        endpoint, _ = await endpoints.create(
            context, org_id, url="http://192.0.9.1:1/", events=[EventType.DOMAIN_ACTIVE]
        )
        tenant = cls(domains, connections, endpoint)
        for number, name in enumerate(NAMES):
            zone.put_address(name, f"192.0.2.{number}")
        await tenant.ask(life, "replace", 0)
        (job,) = [job for job in await all_jobs(context, org_id) if job.kind in KINDS]
        await attempt(context, life.access, job)
        for domain in ("dom_a", "dom_b", "dom_a", "dom_b", "dom_a"):
            await happen(context, org_id, domain=domain)
        await deliver_all(context, endpoint)
        for domain in ("dom_b", "dom_a", "dom_a"):
            await happen(context, org_id, domain=domain)
        return tenant

    async def try_to(self, life: Life, what: str, which: int) -> None:
        """Ask for something; an answer that is an error is an answer."""
        try:
            await self.ask(life, what, which)
        except DcvdError:
            return

    async def ask(self, life: Life, what: str, which: int) -> None:
        """Ask for something, about one of the two domains where it is about one."""
        context, org_id = life.context, life.org_id
        domain, connection, endpoint_id = self.domains[which], self.connections[which], self.endpoint.id
        match what:
            case "replace":
                plan = await plans.plan_write(
                    context, life.access, org_id, domain.id, connection_id=connection.id, replace=True
                )
                await plans.enqueue_write(context, org_id, domain.id, plan, replace=True, actor=_ACTOR)
            case "undo":
                plan = await plans.plan_undo(context, life.access, org_id, domain.id)
                await plans.enqueue_undo(context, org_id, domain.id, plan, actor=_ACTOR)
            case "remove" | "remove records":
                with_records = what == "remove records"
                await removals.remove(context, org_id, domain.id, remove_records=with_records, actor=_ACTOR)
            case "disconnect":
                await disconnect(context, life.access, org_id, connection.id, actor=_ACTOR)
            case "remove many":
                await self.remove_many(life)
            case "add many":
                await add_many(life)
            case "delete the webhook":
                await endpoints.remove(context, org_id, endpoint_id, batch_size=2)
            case "drop what is held":
                await endpoints.change(context, org_id, endpoint_id, EndpointChange(enabled=False))
                change = EndpointChange(enabled=True, replay=HeldDeliveries.NONE)
                await endpoints.change(context, org_id, endpoint_id, change, batch_size=2)
            case _:
                await replay_job.request_replay(context, org_id, endpoint_id, status=ReplayStatus.ALL)

    async def remove_many(self, life: Life) -> list[RemoveLineResult]:
        """Remove both domains with their records by one call, and again what an earlier call with its key has left."""
        call = BulkRequest(org_id=life.org_id, actor=_ACTOR, idempotency_key=_CALL, remove_records=True)
        lines = [
            RemoveLine(number=number, fingerprint=domain.id, name=None, content=DomainReference(id=domain.id))
            for number, domain in enumerate(self.domains, 1)
        ]
        return [each async for results in BulkRemovals(life.context, call).remove_lines(lines) for each in results]


async def add_many(life: Life) -> list[AddLineResult]:
    """Add many domains by one call, and again what an earlier call with its key has left."""
    call = BulkRequest(org_id=life.org_id, actor=_ACTOR, idempotency_key=f"{_CALL}-add")
    lines = [
        validate_line(life.context, number, DomainRequest(domain_name=name)) for number, name in enumerate(MANY, 1)
    ]
    return [each async for results in BulkAdditions(life.context, call).add_lines(lines) for each in results]
