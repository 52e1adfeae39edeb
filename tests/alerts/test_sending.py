"""Messages are durable: each is sent until it is taken or given up, and a fault of the way uses up nothing."""

from dcvd.core.alerts.contacts import ContactStatus
from dcvd.core.alerts.sending import MessageState
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.members import MemberStatus
from dcvd.core.tokens.token import Role
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services import clock_skew
from dcvd.services.alerts import contacts, gathering
from dcvd.services.context import Context
from dcvd.services.members import changes, invitations
from dcvd.services.tokens.usage import TokenUsage
from tests.alerts.place import add_active, broken, configure, list_messages, record, sending
from tests.alerts.states import count_is, list_alerts, until_all_ended, until_refused
from tests.manual_clock import ManualClock
from tests.messaging.mail_server import MailServer, serving_mail
from tests.waiting import until


async def test_greylisting_delays_a_mail_and_loses_none(context: Context, org: str, clock: ManualClock) -> None:
    async with serving_mail() as server:
        configure(context, server)
        await add_active(context, org)
        server.on_recipient = lambda _: "450 4.2.0 greylisted" if len(server.asked_recipients) < 3 else "250 OK"
        await record(context, org, broken("a.example"))
        async with sending(context):
            first = await until_refused(context, 1)
            assert (first.state, first.last_error) == (MessageState.PENDING, "450 4.2.0 greylisted")
            assert first.next_attempt_at == clock.now() + MINUTE
            clock.advance(MINUTE)
            context.live_config.value = context.config
            await until_refused(context, 2)
            clock.advance(5 * MINUTE)
            context.live_config.value = context.config
            (sent,) = await until_all_ended(context)
    assert (sent.state, sent.attempts, len(server.mails)) == (MessageState.SENT, 3, 1)


async def test_a_mail_that_is_refused_to_the_end_of_its_schedule_is_a_dead_letter(context: Context, org: str) -> None:
    async with serving_mail() as server:
        configure(context, server, mail={"retry_schedule": (0, 0, 0)})
        contact = await add_active(context, org)
        server.on_data = lambda _: "554 5.7.1 spam"
        await record(context, org, broken("a.example"))
        async with sending(context):
            (dead,) = await until_all_ended(context)
    assert (dead.state, dead.attempts, dead.last_error) == (MessageState.DEAD, 3, "554 5.7.1 spam")
    seen = await contacts.get(context, org, contact.id)
    assert (seen.status, seen.last_error) == (ContactStatus.ACTIVE, "554 5.7.1 spam")


async def test_an_address_that_is_refused_three_times_in_a_row_is_written_to_no_more(
    context: Context, org: str, clock: ManualClock
) -> None:
    async with serving_mail() as server:
        configure(context, server, per_hour=100)
        gone = await add_active(context, org, "gone@example.com")
        await add_active(context, org, "here@example.com")
        server.on_recipient = lambda address: "550 5.1.1 no such user" if address.startswith("gone") else "250 OK"
        async with sending(context):
            for number in range(5):
                await record(context, org, broken(f"app{number}.example"))
                await until_all_ended(context, 2 * min(number + 1, 3) + max(number - 2, 0))
                clock.advance(MINUTE)
    assert server.asked_recipients.count("gone@example.com") == 3
    assert server.recipients == ["here@example.com"] * 5
    seen = await contacts.get(context, org, gone.id)
    assert (seen.status, seen.last_error) == (ContactStatus.BOUNCING, "550 5.1.1 no such user")


async def test_one_mail_that_is_taken_makes_up_for_bounces(context: Context, org: str, clock: ManualClock) -> None:
    async with serving_mail() as server:
        configure(context, server, per_hour=100)
        contact = await add_active(context, org)
        answers = ["550 5.1.1 no", "550 5.1.1 no", "250 OK", "550 5.1.1 no", "550 5.1.1 no"]
        server.on_recipient = lambda _: answers[len(server.asked_recipients) - 1]
        async with sending(context):
            for number in range(5):
                await record(context, org, broken(f"app{number}.example"))
                await until_all_ended(context, number + 1)
                clock.advance(MINUTE)
    assert (await contacts.get(context, org, contact.id)).status is ContactStatus.ACTIVE


async def test_no_more_mails_an_hour_are_sent_than_configured(context: Context, org: str, clock: ManualClock) -> None:
    async with serving_mail() as server:
        configure(context, server, mails_per_hour=3, operator_mail=tuple(f"op{n}@example.net" for n in range(5)))
        await record(context, org, broken("a.example"))
        async with sending(context):
            await until(lambda: _has_waiting(context, 2))
            assert len(server.mails) == 3
            clock.advance(HOUR)
            context.live_config.value = context.config
            await until_all_ended(context, 5)
    assert len(server.mails) == 5


async def _has_waiting(context: Context, count: int) -> bool:
    states = [each.state for each in await list_alerts(context)]
    return len(states) == 5 and states.count(MessageState.PENDING) == count


async def test_a_contact_who_is_removed_or_unsubscribed_meanwhile_gets_nothing(context: Context, org: str) -> None:
    async with serving_mail() as server:
        configure(context, server)
        contact = await add_active(context, org)
        await record(context, org, broken("a.example"))
        await gathering.tell_due(context)
        await contacts.remove(context, org, contact.id)
        async with sending(context):
            (dead,) = await until_all_ended(context)
    assert (dead.last_error, server.mails) == ("the contact was removed", [])


async def test_a_member_is_asked_when_they_accept_and_told_nothing_while_suspended(
    context: Context, org: str, clock: ManualClock
) -> None:
    async with serving_mail() as server:
        configure(context, server, per_hour=100)
        invited = await invitations.invite(context, org, address="anna@example.com", role=Role.MEMBER)
        member = await invitations.accept(context, invited.invite.reveal())
        async with sending(context):
            await until(lambda: count_is(server, 1))
        assert server.read()["Subject"] == "[Acme] Do you want to be told when something goes wrong?"
        page = await contacts.list_page(context, org, cursor=None, limit=10)
        (contact,) = page.items
        assert (contact.address, contact.member_id, contact.status) == ("anna@example.com", member.id, "unconfirmed")
        await context.database.write(
            lambda tx: tx.execute("UPDATE alert_contacts SET status = 'active' WHERE id = ?", (contact.id,))
        )
        await changes.change(context, org, member.id, status=MemberStatus.SUSPENDED)
        await record(context, org, broken("a.example"))
        assert await list_alerts(context) == []
        await changes.remove(context, org, member.id)
        assert (await contacts.list_page(context, org, cursor=None, limit=10)).items == []


async def test_what_a_clock_that_ran_ahead_has_planned_is_made_due(
    context: Context, org: str, clock: ManualClock
) -> None:
    configure(context, MailServer())
    await add_active(context, org)
    clock.advance(3000 * DAY)
    await record(context, org, broken("a.example"))
    await gathering.tell_due(context)
    await record(context, org, broken("b.example"))
    clock.advance(-3000 * DAY)
    await clock_skew.repair_clock_skew(context)
    await gathering.tell_due(context)
    alerts = await list_alerts(context)
    assert len(alerts) == 2
    assert all(each.next_attempt_at == clock.now() for each in alerts)


async def test_messages_that_ended_go_when_they_are_past_retention(
    context: Context, org: str, clock: ManualClock
) -> None:
    async with serving_mail() as server:
        configure(context, server)
        await add_active(context, org)
        await record(context, org, broken("a.example"))
        async with sending(context):
            await until_all_ended(context)
    janitor = Janitor(context, TokenUsage(), Metrics())
    clock.advance(29 * DAY)
    await janitor.run_once()
    assert [each.state for each in await list_messages(context)] == [MessageState.DEAD, MessageState.SENT]
    clock.advance(DAY + 1)
    await janitor.run_once()
    assert [each.state for each in await list_messages(context)] == [MessageState.DEAD]
    clock.advance(60 * DAY)
    await janitor.run_once()
    assert await list_messages(context) == []


async def test_a_question_whose_link_has_expired_is_not_sent(context: Context, org: str, clock: ManualClock) -> None:
    async with serving_mail() as server:
        configure(context, server)
        await contacts.add(context, org, address="person@example.com")
        clock.advance(3 * DAY)

        async def is_dropped() -> bool:
            (message,) = await list_messages(context)
            return message.last_error == "its link has expired"

        async with sending(context):
            await until(is_dropped)
    assert server.mails == []
