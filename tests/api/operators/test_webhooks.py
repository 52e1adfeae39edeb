"""Webhooks of an organization as operators see them, and free what is stuck."""

from dcvd.api.app import Api
from dcvd.store.organizations.organizations import Organization
from tests.api.client import Client, problem
from tests.api.operators.test_organizations import path_of
from tests.api.webhooks.owed import added, domain


async def test_operators_see_what_waits_for_what_and_free_it(
    operator: Client, owner: Client, stranger: Client, organization: Organization, app: Api
) -> None:
    webhook = await added(owner, events=["domain.added", "domain.removed"])
    await owner.delete(f"/api/domains/{await domain(owner)}")
    path = path_of(organization, "/deliveries")
    shown = (await operator.get(f"{path}?status=pending")).json["deliveries"]
    assert shown == (await owner.get("/api/deliveries")).json["deliveries"]
    first, later = sorted(shown, key=lambda each: each["sequence"])
    assert later["waitsFor"]["deliveryId"] == first["id"]
    problem(await operator.post(f"{path}/{later['id']}/retry"), 409, "waits_for_earlier")
    cancelled = await operator.post(f"{path}/{first['id']}/cancel")
    assert (cancelled.status, cancelled.json["delivery"]["status"]) == (200, "cancelled")
    problem(await operator.post(f"{path}/{first['id']}/cancel"), 409, "delivery_ended")
    counted = app.services.metrics.registry.get_sample_value("dcvd_deliveries_ended_total", {"state": "cancelled"})
    assert counted == 1
    assert (await operator.post(f"{path}/{first['id']}/retry")).json["delivery"]["status"] == "pending"
    await added(stranger)
    await domain(stranger, "app.stranger.com")
    (other,) = (await stranger.get("/api/deliveries")).json["deliveries"]
    for action in ("retry", "cancel"):
        problem(await operator.post(f"{path}/{other['id']}/{action}"), 404, "not_found")
    (entry,) = (await owner.get("/api/audit?action=delivery.cancelled")).json["audit"]
    assert entry["actor"].startswith("operator")
    assert [each["id"] for each in (await operator.get(path_of(organization, "/webhooks"))).json["webhooks"]] == [
        webhook["id"]
    ]


async def test_operators_change_the_ordering_of_an_endpoint_and_nothing_else(
    operator: Client, owner: Client, stranger: Client, organization: Organization
) -> None:
    webhook = await added(owner)
    path = path_of(organization, "/webhooks")
    changed = await operator.patch(f"{path}/{webhook['id']}", {"ordering": "none"})
    assert changed.json["webhook"]["ordering"] == "none"
    assert (await owner.get(f"/api/webhooks/{webhook['id']}")).json["webhook"]["ordering"] == "none"
    problem(await operator.patch(f"{path}/{webhook['id']}", {"url": "https://x/"}), 400, "unknown_field", field="url")
    other = await added(stranger)
    problem(await operator.patch(f"{path}/{other['id']}", {"ordering": "none"}), 404, "not_found")
