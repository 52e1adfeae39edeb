"""A message is sent once, however slowly the list that it was in is read."""

import threading
from collections.abc import Callable
from typing import TypeVar

from dcvd.core.alerts.groups import Alert
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.alerts.messages import Message
from dcvd.core.alerts.sending import MessageState
from dcvd.core.secret import Secret
from dcvd.messaging.chat import ChatSender
from dcvd.services.alerts import raising
from dcvd.services.context import Context
from dcvd.store.engine.caller_database import CallerDatabase
from dcvd.store.engine.transactions import Snapshot
from tests.alerts.place import configure, sending
from tests.alerts.states import list_alerts
from tests.messaging.mail_server import MailServer
from tests.waiting import until

T = TypeVar("T")
_READS_OF_A_STEP = 4


class LateList(CallerDatabase):
    """Hands over the list that was read while the second message was under way only once that one has been sent.

    later_reads: how many reads came after that.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context.database, check=None, claimant=None)
        self._context = context
        self.is_second_begun = threading.Event()
        self.may_second_end = threading.Event()
        self.later_reads = -1

    async def read(self, query: Callable[[Snapshot], T], *, claimant: str | None = None) -> T:
        found = await super().read(query, claimant=claimant)
        is_list = isinstance(found, list) and any(isinstance(each, Message) for each in found)
        if self.later_reads >= 0:
            self.later_reads += 1
        elif is_list and self.is_second_begun.is_set():
            self.may_second_end.set()
            await until(self._are_both_sent)
            self.later_reads = 0
        return found

    async def _are_both_sent(self) -> bool:
        return [each.state for each in await list_alerts(self._context)] == [MessageState.SENT] * 2


async def test_what_ends_while_the_list_of_those_due_is_read_is_not_sent_again(context: Context) -> None:
    database = LateList(context)
    urls: list[str] = []

    def notify(url: str, title: str, text: str) -> bool:
        urls.append(url)
        if len(urls) == 2:
            database.is_second_begun.set()
            assert database.may_second_end.wait(30)
        return True

    late = Context(database, context.live_config, clock=context.clock)
    configure(late, MailServer(), mail={"host": ""}, targets=Secret("json://one.example\njson://two.example\n"))
    alert = Alert(kind=AlertKind.JOB_DEAD, cause="", name="x")
    await late.database.write(lambda tx: raising.raise_for_operator(late, tx, [alert]))
    async with sending(late, chat=ChatSender(notify)) as (loop, _):

        async def has_gone_on() -> bool:
            return database.later_reads >= _READS_OF_A_STEP and not loop.pool.running_count

        await until(has_gone_on)
    assert sorted(urls) == ["json://one.example", "json://two.example"]
