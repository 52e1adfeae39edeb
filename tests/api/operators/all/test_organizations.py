"""How the organizations stand."""

from dcvd.core.instants import to_rfc3339
from dcvd.errors import Permanent
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store.jobs import jobs
from dcvd.store.organizations.organizations import Organization
from tests.api.operators.all.lists import read
from tests.api.operators.test_organizations import path_of
from tests.api.webhooks.owed import URL, added, domain, given_up
from tests.served_app.client import Client
from tests.served_app.stand_ins import NOW


async def test_each_shows_what_it_has_what_does_not_work_and_when_it_did_something(
    operator: Client, owner: Client, organization: Organization, context: Context
) -> None:
    await operator.post("/operator/webhooks", {"url": URL, "events": ["*"]})
    await organizations.create(context, "idle")
    webhook, disabled = await added(owner), await added(owner, events=["job.dlq"])
    await owner.patch(f"/api/webhooks/{disabled['id']}", {"enabled": False})
    await domain(owner)
    await given_up(context, webhook["id"])
    (job,) = (await owner.get("/api/jobs")).json["jobs"]
    stored = await context.database.read(lambda snapshot: jobs.get(snapshot, job["id"]))
    assert stored is not None
    await queue.fail(context, stored, Permanent("Refused.", code="refused"))
    busy, idle = await read(operator, "/organizations")
    figures = {
        "domains": 1,
        "readyDomains": 0,
        "errorDomains": 0,
        "failingWebhooks": 0,
        "disabledWebhooks": 1,
        "deadDeliveries": 1,
        "deadJobs": 1,
        "lastEventAt": to_rfc3339(NOW),
        "lastRequestAt": to_rfc3339(NOW),
    }
    assert {name: busy[name] for name in figures} == figures
    assert (busy["name"], busy["status"]) == (organization.name, "active")
    assert (idle["name"], idle["lastEventAt"], idle["lastRequestAt"], idle["domains"]) == ("idle", None, None, 0)
    shown = (await operator.get(path_of(organization))).json["organization"]
    assert {name: shown[name] for name in busy} == busy


async def test_they_come_by_name_and_in_pages(operator: Client, context: Context) -> None:
    for name in ("c", "a", "b"):
        await organizations.create(context, name)
    first = (await operator.get("/operator/all/organizations?limit=2")).json
    rest = (await operator.get(f"/operator/all/organizations?limit=2&cursor={first['nextCursor']}")).json
    assert [each["name"] for each in (*first["organizations"], *rest["organizations"])] == ["a", "b", "c"]
    assert rest["nextCursor"] is None
