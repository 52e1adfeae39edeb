"""Attempts as they are stored and read again."""

from dcvd.core.http.exchanges import FailureReason, Timings
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, FinishedAttempt
from dcvd.services.context import Context
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.store.organizations.organizations import Organization
from dcvd.store.webhooks import attempts
from tests.services.webhooks.attempts import due, happen, subscribed


async def test_what_an_attempt_lacks_is_read_as_absent_and_a_nought_as_nought(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id)
    for number in range(3):
        await happen(context, organization.id, domain=f"dom_{number}")
    owed = await due(context, endpoint)
    made = [
        Attempt(
            delivery_id=owed[0].id,
            number=1,
            started_at=5,
            timings=Timings(total_ms=0),
            outcome=AttemptOutcome.TIMEOUT,
            error="It was silent.",
        ),
        Attempt(
            delivery_id=owed[1].id,
            number=1,
            started_at=5,
            timings=Timings(dns_ms=0, connect_ms=0, tls_ms=0, first_byte_ms=0, total_ms=0),
            outcome=AttemptOutcome.DELIVERED,
            status_code=200,
        ),
        Attempt(
            delivery_id=owed[2].id,
            number=1,
            started_at=5,
            timings=Timings(dns_ms=1, connect_ms=2, tls_ms=3, first_byte_ms=4, total_ms=10),
            outcome=AttemptOutcome.PROTOCOL,
            reason=FailureReason.TOO_MUCH,
            status_code=500,
            error="It was too much.",
            response_headers={"server": "x"},
            response_body=b"\x00\xff",
            body_fault="it broke off",
            remote_ip="192.0.2.1",
        ),
    ]
    consequences = await record_attempts(
        context,
        [
            FinishedAttempt(due_delivery=one, org_id=endpoint.org_id, endpoint_id=endpoint.id, attempt=attempt)
            for one, attempt in zip(owed, made, strict=True)
        ],
    )
    stored = [
        recorded
        for one in owed
        for recorded in await context.database.read(
            lambda snapshot, one=one: attempts.list_latest_of_delivery(snapshot, one.id, 10)  # type: ignore[misc]
        )
    ]
    assert [recorded.attempt for recorded in stored] == made
    assert [recorded.consequence for recorded in stored] == consequences
