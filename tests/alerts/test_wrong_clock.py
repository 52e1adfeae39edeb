"""A clock that nothing confirms ends no question, and one that was put back lengthens no limit."""

import pytest

from dcvd.core.alerts.contacts import MAX_CONFIRMATIONS_PER_ADDRESS
from dcvd.core.instants import DAY
from dcvd.errors import TooManyRequests
from dcvd.services.alerts import contacts
from dcvd.services.context import Context
from tests.alerts.place import configure, sending
from tests.manual_clock import ManualClock
from tests.messaging.mail_server import serving_mail
from tests.waiting import until


async def test_a_question_is_sent_however_late_it_is_by_a_time_that_nothing_confirms(
    context: Context, org: str, clock: ManualClock
) -> None:
    async with serving_mail() as server:
        configure(context, server)
        await contacts.add(context, org, address="person@example.com")
        clock.advance(100 * DAY)
        clock.is_confirmed = False

        async def is_sent() -> bool:
            return len(server.mails) == 1

        async with sending(context):
            await until(is_sent)


async def test_questions_by_a_clock_that_was_ahead_do_not_count_for_longer_than_a_day(
    context: Context, org: str, clock: ManualClock
) -> None:
    async with serving_mail() as server:
        configure(context, server)
        clock.advance(30 * DAY)
        contact = await contacts.add(context, org, address="person@example.com")
        for _ in range(MAX_CONFIRMATIONS_PER_ADDRESS - 1):
            await contacts.remove(context, org, contact.id)
            contact = await contacts.add(context, org, address="person@example.com")
        await contacts.remove(context, org, contact.id)
        with pytest.raises(TooManyRequests):
            await contacts.add(context, org, address="person@example.com")
        clock.advance(-30 * DAY)
        await contacts.add(context, org, address="person@example.com")
