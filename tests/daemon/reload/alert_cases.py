"""Alerts: the mail server, and what the operator is told."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from dcvd.core.alerts.messages import Message
from dcvd.core.alerts.sending import MessageState
from dcvd.sandbox.edge.authority import EdgeAuthority
from tests.alerts.place import broken, failing, list_messages, record
from tests.daemon.reload.cases import case
from tests.daemon.reload.place import Place
from tests.messaging.mail_server import MailServer, answering, serving_mail
from tests.waiting import until


async def use(place: Place, server: MailServer, **changes: str) -> None:
    """Have the operator told by a mail server; what earlier cases left is forgotten."""

    # Without a mail server nothing is sent any more.
    place.reload_all({})
    for table in ("alert_messages", "alert_groups", "alert_schedules"):
        # No statement of dcvd's, so none whose plan counts.
        await place.context.database.maintain(
            lambda connection, table=table: connection.execute(f"DELETE FROM {table}").fetchall()  # type: ignore[misc]
        )
    change(place, server, **changes)


def build_keys(server: MailServer) -> dict[str, str]:
    return {
        "mail.host": '"localhost"',
        "mail.port": str(server.port),
        "mail.tls": '"none"',
        "mail.from_address": '"dcvd <first@example.net>"',
        "alerts.operator_mail": '["ops@example.net"]',
        "alerts.gather": '"0s"',
        "alerts.per_hour": "1000",
    }


def change(place: Place, server: MailServer, **changes: str) -> None:
    place.reload_all({**build_keys(server), **{name.replace("__", "."): value for name, value in changes.items()}})


async def tell(place: Place) -> None:
    """Have something happen."""
    await record(place.context, await place.new_organization(), broken("a.example"))


async def until_arrived(server: MailServer, count: int) -> None:
    async def arrived() -> bool:
        return len(server.mails) == count

    await until(arrived)


async def until_last(place: Place, condition: Callable[[Message], bool]) -> None:
    """Wait until the last message is so."""

    async def is_so() -> bool:
        messages = await list_messages(place.context)
        return bool(messages) and condition(messages[-1])

    await until(is_so)


async def check_cured(place: Place, server: MailServer, before: dict[str, str], after: dict[str, str]) -> None:
    """With the keys before, the server is refused or refuses; with those after, it takes the mail."""
    await use(place, server, **before)
    await tell(place)
    await until_last(place, lambda message: message.faults > 0)
    change(place, server, **after)
    await tell(place)
    await until_last(place, lambda message: message.state is MessageState.SENT)


@case("mail.host")
async def _(place: Place) -> None:
    async with serving_mail() as server:
        await check_cured(place, server, {"mail__host": '"127.0.0.77"'}, {})


@case("mail.port")
async def _(place: Place) -> None:
    async with serving_mail() as first, serving_mail() as second:
        await use(place, first)
        await tell(place)
        await until_arrived(first, 1)
        change(place, second)
        await tell(place)
        await until_arrived(second, 1)


@case("mail.tls")
async def _(place: Place) -> None:
    async with serving_mail() as server:
        await check_cured(place, server, {"mail__tls": '"starttls"'}, {})


@case("mail.user")
async def _(place: Place) -> None:
    async with serving_mail(password="secret-one") as server:
        password = {"mail__password_file": '"one"'}
        await check_cured(place, server, password, {**password, "mail__user": '"dcvd"'})


@case("mail.password_file")
async def _(place: Place) -> None:
    async with serving_mail(password="secret-two") as server:
        user = {"mail__user": '"dcvd"'}
        await check_cured(
            place, server, {**user, "mail__password_file": '"one"'}, {**user, "mail__password_file": '"two"'}
        )


@case("mail.from_address")
async def _(place: Place) -> None:
    async with serving_mail() as server:
        await use(place, server)
        await tell(place)
        await until_arrived(server, 1)
        change(place, server, mail__from_address='"second@example.net"')
        await tell(place)
        await until_arrived(server, 2)
    assert [server.read(number)["From"] for number in range(2)] == ["dcvd <first@example.net>", "second@example.net"]


@case("mail.ca_file")
async def _(place: Place) -> None:
    authority = EdgeAuthority()
    (place.directory / "mail-ca.pem").write_bytes(authority.build_root())
    certificate = authority.issue("localhost", Path(place.directory / "mail.pem"))
    tls = {"mail__tls": '"starttls"'}
    async with serving_mail(tls=certificate) as server:
        await check_cured(place, server, tls, {**tls, "mail__ca_file": '"mail-ca.pem"'})


@case("mail.timeout")
async def _(place: Place) -> None:
    async with answering(None) as port:
        server = MailServer()
        server.port = port
        await use(place, server, mail__timeout='"20ms"')
        await tell(place)
        await until_last(place, lambda message: message.faults > 0)
        assert "silent" in ((await list_messages(place.context))[-1].last_error or "")
        change(place, server, mail__timeout='"30s"')
        await tell(place)
        await until_last(place, lambda message: message.faults == 0)


@case("mail.retry_schedule")
async def _(place: Place) -> None:
    async with serving_mail() as server:
        server.on_data = lambda _: "451 not now"
        await use(place, server)
        await tell(place)
        await until_last(place, lambda message: message.attempts == 1)
        assert (await list_messages(place.context))[-1].state is MessageState.PENDING
        change(place, server, mail__retry_schedule='["0s"]')
        await tell(place)
        await until_last(place, lambda message: message.state is MessageState.DEAD)


@case("alerts.operator_mail")
async def _(place: Place) -> None:
    async with serving_mail() as server:
        await use(place, server)
        await tell(place)
        await until_arrived(server, 1)
        change(place, server, alerts__operator_mail='["other@example.net"]')
        await tell(place)
        await until_arrived(server, 2)
    assert server.recipients == ["ops@example.net", "other@example.net"]


@case("alerts.targets_file")
async def _(place: Place) -> None:
    arrived = asyncio.Event()

    async def take(_: web.Request) -> web.Response:
        arrived.set()
        return web.Response()

    place.receiver.answers["/hooks/chat"] = take
    (place.directory / "targets").touch(0o600)
    (place.directory / "targets").write_text(f"{place.receiver.url.replace('http://', 'json://')}/chat\n")
    async with serving_mail() as server:
        await use(place, server)
        await tell(place)
        await until_arrived(server, 1)
        assert not arrived.is_set()
        change(place, server, alerts__targets_file='"targets"')
        await tell(place)
        async with asyncio.timeout(30):
            await arrived.wait()


@case("alerts.operator_kinds")
async def _(place: Place) -> None:
    async with serving_mail() as server:
        await use(place, server, alerts__operator_kinds='["endpoint_failing"]')
        org_id = await place.new_organization()
        await record(place.context, org_id, broken("a.example"), failing())
        await until_arrived(server, 1)
        change(place, server, alerts__operator_kinds='["domain_broken"]')
        await record(place.context, org_id, broken("a.example"), failing())
        await until_arrived(server, 2)
    subjects = [str(server.read(number)["Subject"]) for number in range(2)]
    assert ["webhook" in subject for subject in subjects] == [True, False]


@case("alerts.gather")
async def _(place: Place) -> None:
    async with serving_mail() as server:
        await use(place, server)
        await tell(place)
        await until_arrived(server, 1)
        change(place, server, alerts__gather='"1h"')
        await tell(place)
    due_at = await place.context.database.read(
        lambda snapshot: snapshot.fetch_value("SELECT due_at FROM alert_schedules WHERE org_id = ''")
    )
    assert due_at is not None
    assert due_at > place.context.now() + 3_000_000


@case("alerts.per_hour")
async def _(place: Place) -> None:
    async with serving_mail() as server:
        await use(place, server)
        for number in range(1, 3):
            await tell(place)
            await until_arrived(server, number)
        change(place, server, alerts__per_hour="2")
        await tell(place)

        async def is_held_back() -> bool:
            due_at = await place.context.database.read(
                lambda snapshot: snapshot.fetch_value("SELECT due_at FROM alert_schedules WHERE org_id = ''")
            )
            return due_at is not None and due_at > place.context.now() + 3_000_000

        await until(is_held_back)
    assert len(server.mails) == 2


@case("alerts.mails_per_hour")
async def _(place: Place) -> None:
    async with serving_mail() as server:
        await use(place, server, alerts__mails_per_hour="1")
        await tell(place)
        await until_last(place, lambda message: message.state is MessageState.SENT)
        await tell(place)
        await until_last(place, lambda message: message.state is MessageState.PENDING)
        assert len(server.mails) == 1
        change(place, server, alerts__mails_per_hour="100")
        await until_arrived(server, 2)


@case("alerts.heartbeat_url")
async def _(place: Place) -> None:
    place.reload_all({"alerts.heartbeat_url": f'"{place.receiver.base}/first"', "alerts.heartbeat_interval": '"10ms"'})
    await place.receiver.gets(2, "/first")
    place.reload_all({"alerts.heartbeat_url": f'"{place.receiver.base}/second"'})
    await place.receiver.gets(1, "/second")


@case("alerts.heartbeat_url_file")
async def _(place: Place) -> None:
    for name in ("ping-one", "ping-two"):
        (place.directory / name).touch(0o600)
        (place.directory / name).write_text(f"{place.receiver.base}/{name}")
        place.reload(alerts__heartbeat_url_file=f'"{name}"')
        await place.receiver.gets(1, f"/{name}")


@case("alerts.heartbeat_interval")
async def _(place: Place) -> None:
    url = f'"{place.receiver.base}/often"'
    place.reload_all({"alerts.heartbeat_url": url, "alerts.heartbeat_interval": '"1d"'})
    await place.receiver.gets(1, "/often")
    place.reload_all({"alerts.heartbeat_url": url, "alerts.heartbeat_interval": '"10ms"'})
    await place.receiver.gets(4, "/often")
