"""`POST /api/deliveries/{id}/cancel`."""

from dcvd.api.app import Api
from dcvd.services.context import Context
from tests.api.webhooks.owed import added, domain, listed, tried
from tests.served_app.client import Client, problem


async def test_a_cancelled_delivery_is_shown_filtered_explained_and_counted(
    owner: Client, context: Context, app: Api
) -> None:
    webhook = await added(owner, events=["domain.added", "domain.removed"])
    await owner.delete(f"/api/domains/{await domain(owner)}")
    [poison] = await tried(context, webhook["id"], 400)
    answer = await owner.post(f"/api/deliveries/{poison.id}/cancel")
    assert answer.status == 200, answer.body
    shown = answer.json["delivery"]
    assert (shown["status"], shown["nextAttemptAt"], shown["attempts"]) == ("cancelled", None, 1)
    for path in (
        "/api/deliveries?",
        f"/api/deliveries?webhookId={webhook['id']}&",
        f"/api/webhooks/{webhook['id']}/deliveries?",
    ):
        assert await listed(owner, f"{path}status=cancelled") == [shown]
    assert await listed(owner, f"/api/deliveries?status=cancelled&domainId={shown['domainId']}") == [shown]
    [waiting] = await listed(owner, "/api/deliveries?status=pending")
    assert (waiting["event"], waiting["waitsForEarlier"]) == ("domain.removed", False)
    assert waiting["nextAttemptAt"] is not None
    explanation = (await owner.get(f"/api/deliveries/{poison.id}/explain")).json["explanation"]
    assert "It was cancelled" in explanation["sentence"]
    assert f"POST /api/deliveries/{poison.id}/retry sends it all the same." in explanation["fix"]
    problem(await owner.post(f"/api/deliveries/{poison.id}/cancel"), 409, "delivery_ended")
    registry = app.services.metrics.registry
    assert registry.get_sample_value("dcvd_deliveries_ended_total", {"state": "cancelled"}) == 1


async def test_a_cancelled_delivery_can_be_sent_after_all(owner: Client) -> None:
    await added(owner)
    await domain(owner)
    [shown] = await listed(owner)
    await owner.post(f"/api/deliveries/{shown['id']}/cancel")
    again = (await owner.post(f"/api/deliveries/{shown['id']}/retry")).json["delivery"]
    assert (again["status"], again["nextAttemptAt"]) == ("pending", "2027-01-15T08:00:00Z")


async def test_another_organization_s_delivery_is_not_there_to_be_cancelled(owner: Client, stranger: Client) -> None:
    await added(owner)
    await domain(owner)
    [shown] = await listed(owner)
    problem(await stranger.post(f"/api/deliveries/{shown['id']}/cancel"), 404, "not_found")
    assert await listed(owner) == [shown]
