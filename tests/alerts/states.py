"""What became of the alerts of a test, as far as it has to wait for them."""

from collections.abc import Callable

from dcvd.core.alerts.messages import Message
from dcvd.core.alerts.sending import MessageState
from dcvd.services.context import Context
from tests.alerts.place import list_messages
from tests.messaging.mail_server import MailServer
from tests.waiting import until


async def list_alerts(context: Context) -> list[Message]:
    return [each for each in await list_messages(context) if each.purpose == "alert"]


async def until_all_ended(context: Context, count: int = 1) -> list[Message]:
    """Wait until there were so many alerts, and none waits any more."""

    async def ended() -> bool:
        alerts = await list_alerts(context)
        return len(alerts) >= count and all(each.state is not MessageState.PENDING for each in alerts)

    await until(ended)
    return await list_alerts(context)


async def until_refused(context: Context, attempts: int) -> Message:
    """Wait for so many attempts that count."""

    async def tried() -> bool:
        alerts = await list_alerts(context)
        return bool(alerts) and alerts[0].attempts == attempts

    await until(tried)
    return (await list_alerts(context))[0]


async def is_failing(context: Context) -> bool:
    alerts = await list_alerts(context)
    return any(each.faults > 0 for each in alerts)


async def is_true(condition: Callable[[], bool]) -> bool:
    return condition()


async def count_is(server: MailServer, count: int) -> bool:
    return len(server.mails) == count
