"""A fault of a channel, of the database or of Cloudflare loses no alert, and holds up nothing else."""

import asyncio
import socket

import pytest
from prometheus_client import generate_latest

from dcvd.core.alerts.groups import Alert
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.alerts.messages import Channel
from dcvd.core.alerts.sending import MessageState
from dcvd.core.domains.saas_zone import SaasZone, ZoneFault, ZoneFaultCode
from dcvd.core.events import EventDraft, EventType
from dcvd.core.instants import HOUR, MINUTE
from dcvd.core.secret import Secret
from dcvd.messaging.chat import ChatSender
from dcvd.services.alerts import gathering, raising
from dcvd.services.context import Context
from dcvd.store import events as stored_events
from tests.alerts.place import add_active, broken, configure, failing, record, sending
from tests.alerts.states import count_is, is_failing, is_true, list_alerts, until_all_ended
from tests.manual_clock import ManualClock
from tests.messaging.mail_server import MailServer, answering, serving_mail
from tests.unreliable_database import Fate, UnreliableDatabase, strike
from tests.waiting import until


async def test_a_server_that_is_not_there_uses_up_no_attempt_and_is_told(
    context: Context, org: str, clock: ManualClock
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        configure(context, MailServer(), mail={"host": "127.0.0.1", "port": port})
        await add_active(context, org)
        await record(context, org, broken("a.example"))
        async with sending(context) as (loop, metrics):
            await until(lambda: is_failing(context))
            assert loop.is_failing(Channel.MAIL)
            assert b'dcvd_alert_attempts_total{channel="mail",outcome="fault"}' in generate_latest(metrics.registry)
            (waiting,) = await list_alerts(context)
            assert (waiting.state, waiting.attempts) == (MessageState.PENDING, 0)
            async with serving_mail() as server:
                configure(context, server)
                clock.advance(HOUR)
                context.live_config.value = context.config
                (sent,) = await until_all_ended(context)
                assert (sent.state, sent.attempts) == (MessageState.SENT, 1)
                await until(lambda: is_true(lambda: not loop.is_failing(Channel.MAIL)))


async def test_a_silent_server_holds_up_nothing_else(context: Context, org: str) -> None:
    stall = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stall.wait()
        writer.close()

    listener = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        configure(context, MailServer(), mail={"host": "127.0.0.1", "port": port, "timeout": 60_000})
        await add_active(context, org)
        async with sending(context) as (loop, _):
            await record(context, org, broken("a.example"))
            await until(lambda: is_true(lambda: loop.pool.running_count == 1))
            async with asyncio.timeout(5):
                await record(context, org, failing())
    finally:
        stall.set()
        listener.close()


@pytest.mark.parametrize("fate", Fate)
async def test_a_result_that_cannot_be_stored_sends_the_same_mail_again(
    context: Context, database: UnreliableDatabase, org: str, fate: Fate
) -> None:
    async with serving_mail() as server:
        configure(context, server)
        await add_active(context, org)
        await record(context, org, broken("a.example"))
        has_struck = strike(database, "record_result.<locals>.unit", 1, fate)
        async with sending(context):
            await until_all_ended(context)
            await until(lambda: is_true(has_struck))
    assert len(server.mails) == (2 if fate is Fate.LOST else 1)
    assert len(set(server.mails)) == 1, "the same Message-ID, and every other byte"


async def test_what_was_cut_off_is_due_at_the_next_start(context: Context, org: str) -> None:
    async with serving_mail() as server:
        configure(context, server)
        await add_active(context, org)
        await record(context, org, broken("a.example"))
        await gathering.tell_due(context)
        begun, over = asyncio.Event(), asyncio.Event()

        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            begun.set()
            await over.wait()
            writer.close()

        listener = await asyncio.start_server(hang, "127.0.0.1", 0)
        configure(context, server, mail={"host": "127.0.0.1", "port": listener.sockets[0].getsockname()[1]})
        async with sending(context), asyncio.timeout(30):
            await begun.wait()
        over.set()
        listener.close()
        (cut_off,) = await list_alerts(context)
        assert (cut_off.state, cut_off.attempts, cut_off.faults) == (MessageState.PENDING, 0, 0)
        configure(context, server)
        async with sending(context):
            (sent,) = await until_all_ended(context)
    assert (sent.state, len(server.mails)) == (MessageState.SENT, 1)


async def test_the_operator_is_told_of_a_fault_at_cloudflare_once_as_long_as_it_lasts(
    context: Context, clock: ManualClock
) -> None:
    token, quota, plan = (
        ZoneFault(code=code, message=f"Found: {code}.", since=clock.now())
        for code in (ZoneFaultCode.UNAUTHORIZED, ZoneFaultCode.QUOTA_EXCEEDED, ZoneFaultCode.NOT_ENABLED)
    )
    async with serving_mail() as server:
        configure(context, server, operator_mail=("ops@example.net",), per_hour=100)
        async with sending(context):
            for number, faults in enumerate([(token,), (token, quota), (plan,), (token,)], 1):
                context.saas_zone.value = SaasZone(faults=faults)
                await until(lambda number=number: count_is(server, number))  # type: ignore[misc]
                clock.advance(MINUTE)
    assert [server.read(number)["Subject"] for number in range(4)] == [
        "[dcvd] Cloudflare: cloudflare_unauthorized",
        "[dcvd] Cloudflare: quota_exceeded",
        "[dcvd] Cloudflare: saas_not_enabled",
        "[dcvd] Cloudflare: cloudflare_unauthorized",
    ]
    assert "What was found: Found: cloudflare_unauthorized." in server.read_text(0)


async def test_once_a_fault_is_over_everything_that_waited_for_it_is_sent_at_once(context: Context, org: str) -> None:
    async with serving_mail() as server:
        configure(context, server, per_hour=100)
        await add_active(context, org)
        server.on_sender = lambda _: "451 4.4.5 quota of this hour is used up"
        async with sending(context):
            await record(context, org, broken("first.example"))
            await until(lambda: is_failing(context))
            server.on_sender = lambda _: "250 OK"
            await record(context, org, broken("second.example"))
            alerts = await until_all_ended(context, 2)
    assert [each.state for each in alerts] == [MessageState.SENT] * 2
    assert "second.example" in server.read_text(0), "the first one waited, and the clock stands still"


async def test_a_fault_of_the_mail_server_holds_up_no_chat(context: Context) -> None:
    texts: list[tuple[str, str]] = []

    def notify(url: str, title: str, text: str) -> bool:
        texts.append((url, title))
        return True

    async with answering(b"554 no service\r\n") as port:
        server = MailServer()
        server.port = port
        configure(
            context,
            server,
            operator_mail=("ops@example.net",),
            targets=Secret("json://one.example\njson://two.example\n"),
        )
        await context.database.write(
            lambda tx: raising.raise_for_operator(
                context, tx, [Alert(kind=AlertKind.JOB_DEAD, cause="", name="<!channel> @all")]
            )
        )
        async with sending(context, chat=ChatSender(notify)):

            async def are_told() -> bool:
                return len(texts) == 2

            await until(are_told)
            await until(lambda: is_failing(context))
    assert sorted(url for url, _ in texts) == ["json://one.example", "json://two.example"]
    assert {title for _, title in texts} == {"(dcvd) Work was given up: ‹!channel› ＠all"}
    stored = await context.database.maintain(lambda connection: "\n".join(connection.iterdump()))
    assert "one.example" not in stored, "an address of a chat service is a secret"


async def test_a_target_that_was_taken_out_of_the_file_gets_nothing_any_more(context: Context) -> None:
    configure(context, MailServer(), mail={"host": ""}, targets=Secret("json://old.example"))
    alert = Alert(kind=AlertKind.JOB_DEAD, cause="", name="x")
    await context.database.write(lambda tx: raising.raise_for_operator(context, tx, [alert]))
    await gathering.tell_due(context)
    configure(context, MailServer(), mail={"host": ""}, targets=Secret("json://new.example"))
    async with sending(context, chat=ChatSender(lambda *_: True)):
        (dead,) = await until_all_ended(context)
    assert dead.last_error == "the target was taken out of alerts.targets_file"


async def test_an_event_that_cannot_be_read_as_an_alert_is_recorded_all_the_same(context: Context, org: str) -> None:
    configure(context, MailServer())
    await add_active(context, org)
    await record(context, org, EventDraft(EventType.DOMAIN_ERROR, {"no": "names"}))
    events = await context.database.read(lambda snapshot: stored_events.list_of_org(snapshot, org, after=0, limit=10))
    assert [event.type for event in events] == [EventType.DOMAIN_ERROR]
