"""What a tenant changes counts from the very next attempt, also for what was read ahead."""

import pytest

from dcvd.core.webhooks.signing import dcvaas_signature
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints, secret_rotation
from dcvd.services.webhooks.endpoints import EndpointChange
from tests.delivery.conftest import configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Gate, Received, Receiver, in_turn, ok, saying
from tests.delivery.views import delivered


@pytest.fixture
def narrow(context: Context) -> None:
    """One attempt at once to an endpoint, so that much is read ahead and waits."""
    configure(context, endpoint_concurrency=1)


@pytest.mark.usefixtures("narrow", "pool")
async def test_no_attempt_begins_at_the_old_address_once_the_new_one_is_acknowledged(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    gate = Gate()
    receiver.answers["/hooks"] = gate
    await happen(context, org, 30)
    await gate.reached.wait()
    await endpoints.change(context, org, endpoint, EndpointChange(url=f"{receiver.base}/new"))
    assert receiver.by_path == {"/hooks": 1}
    gate.opened.set()
    await delivered(context, 30)
    assert receiver.by_path == {"/hooks": 1, "/new": 29}


@pytest.mark.usefixtures("narrow", "pool")
async def test_no_attempt_begins_without_the_new_secret_once_a_rotation_is_acknowledged(
    context: Context, org: str, receiver: Receiver
) -> None:
    endpoint, old = await subscribe(context, org, receiver.url)
    gate = Gate()
    receiver.answer = in_turn(gate, ok)
    await happen(context, org, 30)
    await gate.reached.wait()
    rotated = await secret_rotation.rotate(context, org, endpoint)
    gate.opened.set()
    await delivered(context, 30)
    first, *rest = receiver.received
    assert first.headers["X-DCVaaS-Signature"] == dcvaas_signature(old, first.body)
    assert "X-DCVaaS-Signature-Previous" not in first.headers
    for request in rest:
        assert request.headers["X-DCVaaS-Signature"] == dcvaas_signature(rotated.secret, request.body)
        assert request.headers["X-DCVaaS-Signature-Previous"] == dcvaas_signature(old, request.body)


@pytest.mark.usefixtures("pool")
async def test_changes_in_the_midst_of_a_flood_lose_and_repeat_nothing_and_each_counts_at_once(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    last: list[Received] = []
    for number in range(8):
        # As many for each address: on a fast disk the first would get them all.
        await happen(context, org, 50)
        await receiver.gets(20, f"/{number - 1}" if number else "/hooks")
        await endpoints.change(context, org, endpoint, EndpointChange(url=f"{receiver.base}/{number}"))
        # What had begun may still arrive at the old address, but no more than what can be under way.
        last.append(receiver.received[-1])
    await delivered(context, 400)
    for number in range(7):
        position = receiver.received.index(last[number])
        late = [request for request in receiver.received[position + 1 :] if request.path == last[number].path]
        assert len(late) <= 8
    ids = [request.headers["webhook-id"] for request in receiver.received]
    assert len(ids) == len(set(ids)) == 400


@pytest.mark.usefixtures("pool")
async def test_a_retry_goes_to_the_new_address(context: Context, org: str, endpoint: str, receiver: Receiver) -> None:
    configure(context, retry_schedule=(0, 0, 0))
    gate = Gate(saying(500))
    receiver.answers["/hooks"] = gate
    await happen(context, org)
    await gate.reached.wait()
    await endpoints.change(context, org, endpoint, EndpointChange(url=f"{receiver.base}/new"))
    gate.opened.set()
    await delivered(context, 1)
    assert receiver.by_path == {"/hooks": 1, "/new": 1}
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1


@pytest.mark.usefixtures("pool")
async def test_a_removed_endpoint_gets_nothing_more_and_its_last_answer_harms_nobody(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    gate = Gate(saying(503))
    receiver.answers["/hooks"] = gate
    other, _ = await subscribe(context, org, f"{receiver.base}/other")
    await happen(context, org, 20)
    await receiver.holds(8)
    await endpoints.remove(context, org, endpoint)
    gate.opened.set()
    await happen(context, org, 5)
    await delivered(context, 25, other)
    assert receiver.by_path == {"/hooks": 8, "/other": 25}


@pytest.mark.usefixtures("pool")
async def test_an_endpoint_that_was_removed_with_a_long_history_gets_nothing_while_it_goes(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    configure(context, endpoint_concurrency=1)
    gate = Gate()
    receiver.answer = gate
    await happen(context, org, 1500)
    await gate.reached.wait()
    await endpoints.remove(context, org, endpoint)
    gate.opened.set()
    other, _ = await subscribe(context, org, f"{receiver.base}/other")
    await happen(context, org)
    await delivered(context, 1, other)
    assert receiver.by_path == {"/hooks": 1, "/other": 1}
