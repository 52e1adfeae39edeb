"""What arrives at a receiver: whom it reaches, with which bytes and headers."""

import hashlib
import hmac
import json

import pytest
from standardwebhooks import Webhook

from dcvd.core.webhooks.signing import to_standard_secret
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.endpoints import EndpointChange
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Gate, Receiver, in_turn, ok
from tests.delivery.views import attempted, delivered, secret_of, states
from tests.manual_clock import RealClock


@pytest.mark.usefixtures("pool")
async def test_an_event_arrives_with_both_signatures_right(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    context.clock = RealClock()
    await additions.add(context, org, "app.customer.test")
    await attempted(context, 1)
    ((_, headers, body, _),) = receiver.received
    secret = await secret_of(context, endpoint)
    expected = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-DCVaaS-Signature"] == expected
    assert headers["X-DCVaaS-Event"] == "domain.added"
    verified = Webhook(to_standard_secret(secret).reveal()).verify(body, dict(headers))
    assert verified == json.loads(body)
    assert headers["webhook-id"] == json.loads(body)["id"]
    assert headers["Content-Type"] == "application/json"
    assert "X-DCVaaS-Signature-Previous" not in headers
    assert await states(context) == [("delivered", 1)]


@pytest.mark.usefixtures("pool")
async def test_an_endpoint_gets_the_events_that_it_asked_for_alone(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    domain = await additions.add(context, org, "app.customer.test")
    await removals.remove(context, org, domain.id)
    await attempted(context, 1)
    assert [json.loads(request.body)["event"] for request in receiver.received] == ["domain.added"]
    assert len(await states(context)) == 1


@pytest.mark.usefixtures("pool", "endpoint")
async def test_another_organization_is_told_nothing(
    context: Context, org: str, rival_org: str, receiver: Receiver
) -> None:
    await subscribe(context, rival_org, f"{receiver.base}/rival")
    await happen(context, org)
    await delivered(context, 1)
    assert receiver.by_path == {"/hooks": 1}


@pytest.mark.usefixtures("pool")
async def test_static_headers_go_with_every_delivery(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    await endpoints.change(
        context, org, endpoint, EndpointChange(headers={"Authorization": "Bearer xyz", "X-Team": "a b"})
    )
    await happen(context, org)
    await delivered(context, 1)
    headers = receiver.received[0].headers
    assert (headers["Authorization"], headers["X-Team"]) == ("Bearer xyz", "a b")


async def test_the_pool_is_bounded_and_everything_arrives(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    configure(context, concurrency=4)
    gate = Gate()
    # An endpoint that is known to answer soon may have every slot.
    receiver.answer = in_turn(ok, gate)
    await happen(context, org, 30)
    async with at_work(context):
        await receiver.holds(4)
        gate.opened.set()
        await delivered(context, 30)
    assert receiver.most_open == 4
    assert await states(context) == [("delivered", 1)] * 30


@pytest.mark.usefixtures("pool")
async def test_no_more_than_eight_are_under_way_to_one_endpoint_and_what_waits_burns_no_attempt(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    gate = Gate()
    receiver.answer = gate
    await happen(context, org, 30)
    await receiver.holds(8)
    other, _ = await subscribe(context, org, f"{receiver.base}/other")
    receiver.answers["/other"] = ok
    await happen(context, org)
    await delivered(context, 1, other)
    assert receiver.by_path["/hooks"] == 8
    gate.opened.set()
    await delivered(context, 32)
    assert receiver.most_open <= 9
    assert await states(context) == [("delivered", 1)] * 32
