"""What an earlier version left waiting for nothing is due after the next start."""

import pytest

from dcvd.core.events import EventType
from dcvd.services.context import Context
from dcvd.services.webhooks.delivery_order import repair_delivery_order
from dcvd.store.organizations.organizations import Organization
from tests.services.webhooks.attempts import deliver_all, happen, owed, subscribed

_DOMAINS = ("dom_a", "dom_b", "dom_c", None)


@pytest.mark.parametrize("batch_size", [1, 2, 100])
async def test_the_first_of_each_endpoint_and_domain_is_due_again_and_the_rest_stays_as_it_was(
    context: Context, organization: Organization, batch_size: int
) -> None:
    endpoints = [await subscribed(context, organization.id) for _ in range(3)]
    for domain in _DOMAINS * 3:
        await happen(context, organization.id, EventType.DOMAIN_ACTIVE, domain=domain)
    whole = [[one.next_attempt_at for one in await owed(context, endpoint)] for endpoint in endpoints]
    stuck = ("UPDATE deliveries SET next_attempt_at = NULL WHERE endpoint_id = ? AND domain_id = ?",)
    for endpoint, domain in ((endpoints[0], "dom_a"), (endpoints[0], "dom_c"), (endpoints[2], "dom_b")):
        await context.database.write(lambda tx, key=(endpoint.id, domain): tx.execute(*stuck, key))  # type: ignore[misc]
    assert [[one.next_attempt_at for one in await owed(context, endpoint)] for endpoint in endpoints] != whole
    await repair_delivery_order(context, batch_size=batch_size)
    assert [[one.next_attempt_at for one in await owed(context, endpoint)] for endpoint in endpoints] == whole
    for endpoint in endpoints:
        assert len(await deliver_all(context, endpoint)) == 12
    await repair_delivery_order(context)
