"""The jobs and the connections of all organizations."""

from dcvd.core.connections.connection import Connection, ConnectionFault, ConnectionMethod, Provider
from dcvd.core.connections.credentials import ApiToken
from dcvd.core.ids import IdPrefix
from dcvd.core.secret import Secret
from dcvd.errors import Permanent
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Transaction
from dcvd.store.jobs import jobs
from dcvd.store.organizations.organizations import Organization
from tests.api.operators.all.lists import read, read_by_pages
from tests.api.webhooks.owed import domain
from tests.served_app.client import Client
from tests.services.views import all_jobs


async def test_jobs_are_listed_together_by_status_kind_and_organization(
    operator: Client, owner: Client, stranger: Client, organization: Organization, context: Context
) -> None:
    await domain(owner)
    await domain(stranger, "app.stranger.com")
    listed = await read(operator, "/jobs")
    assert {(each["kind"], each["organization"]["name"]) for each in listed} == {
        ("register", organization.name),
        ("register", "others"),
    }
    assert await read_by_pages(operator, "/jobs") == [[each["id"]] for each in listed]
    mine = next(each for each in listed if each["organization"]["id"] == organization.id)
    job = await context.database.read(lambda snapshot: jobs.get(snapshot, mine["id"]))
    assert job is not None
    await queue.fail(context, job, Permanent("Cloudflare refuses.", code="refused"))
    for query, count in (
        ("?status=dead", 1),
        ("?status=dead&organization=others", 0),
        ("?status=pending", 1),
        ("?kind=register", 2),
        ("?kind=replay", 0),
        ("?kind=register&status=dead", 1),
        ("?organization=others", 1),
        ("?status=dead&kind=register&code=refused", 1),
        ("?code=other", 0),
    ):
        assert len(await read(operator, f"/jobs{query}")) == count, query
    shown = (await operator.get(f"/operator/all/jobs/{mine['id']}")).json["job"]
    assert shown.pop("organization") == {"id": organization.id, "name": organization.name}
    assert shown == (await owner.get(f"/api/jobs/{mine['id']}")).json["job"]
    assert shown["lastError"]["code"] == "refused"
    retried = await operator.post(f"/operator/organizations/{shown['orgId']}/api/jobs/{mine['id']}/retry")
    assert retried.json["job"]["status"] == "pending"


async def test_dead_jobs_are_told_by_their_cause_and_requeued_by_it(
    operator: Client, owner: Client, organization: Organization, context: Context
) -> None:
    for name in ("a", "b"):
        await domain(owner, f"{name}.customer.com")
    for job in await all_jobs(context, organization.id):
        await queue.fail(context, job, Permanent("Cloudflare refuses.", code="refused"))
    answer = await operator.get("/operator/all/jobs/causes")
    (cause,) = answer.json["causes"]
    assert (cause["kind"], cause["code"], cause["count"]) == ("register", "refused", 2)
    assert cause["latest"]["organization"]["name"] == organization.name
    assert cause["latest"]["lastError"]["message"] == "Cloudflare refuses."
    answer = await operator.post("/operator/all/jobs/requeue", {"kind": "register", "code": "refused"})
    assert (answer.status, answer.json) == (200, {"requeued": 2})
    assert (await operator.get("/operator/all/jobs/causes")).json["causes"] == []
    entries = (await operator.get("/operator/all/audit?action=job.retried")).json["audit"]
    assert {entry["objectId"] for entry in entries} == {job.id for job in await all_jobs(context, organization.id)}


async def test_connections_are_listed_together_by_status_provider_and_organization(
    operator: Client, organization: Organization, context: Context
) -> None:
    other = await organizations.create(context, "others")

    def connection(org_id: str, provider: Provider) -> Connection:
        return Connection(
            id=context.new_id(IdPrefix.CONNECTION),
            org_id=org_id,
            provider=provider,
            method=ConnectionMethod.API_TOKEN,
            account=None,
            created_at=context.now(),
            updated_at=context.now(),
        )

    good, refused = connection(organization.id, Provider.CLOUDFLARE), connection(other.id, Provider.OTHER)

    def unit(tx: Transaction) -> None:
        for each in (good, refused):
            connections.insert(tx, context.vault, each, ApiToken(token=Secret("of-no-use")))
        fault = ConnectionFault(code="refused", message="It is refused.", at=context.now())
        assert connections.require_reauth(tx, refused.id, refused.version, fault)

    await context.database.write(unit)
    listed = await read(operator, "/connections")
    assert {each["id"]: each["organization"]["name"] for each in listed} == {
        good.id: organization.name,
        refused.id: "others",
    }
    assert await read_by_pages(operator, "/connections") == [[each["id"]] for each in listed]
    for query, expected in (
        ("?status=reauth_required", [refused.id]),
        ("?status=active", [good.id]),
        ("?provider=other", [refused.id]),
        ("?status=reauth_required&provider=cloudflare", []),
        ("?organization=others&status=active", []),
        (f"?organization={organization.id}", [good.id]),
    ):
        assert [each["id"] for each in await read(operator, f"/connections{query}")] == expected, query
    shown = (await operator.get(f"/operator/all/connections/{refused.id}")).json["connection"]
    assert (shown["organization"]["name"], shown["domains"], shown["lastError"]["code"]) == ("others", 0, "refused")
