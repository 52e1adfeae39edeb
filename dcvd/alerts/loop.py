"""The loop that tells people: it makes messages of what was gathered, and sends those that are due."""

import asyncio
import time
from contextlib import suppress
from typing import Final

import structlog

from dcvd.alerts.channel_state import ChannelState
from dcvd.config import Config
from dcvd.core.alerts.groups import Alert
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.alerts.messages import Channel, Content, Message, choose_by_turns
from dcvd.core.alerts.sending import SendOutcome, SendResult
from dcvd.core.alerts.targets import parse_targets
from dcvd.core.alerts.texts import disarm
from dcvd.core.domains.saas_zone import SaasZone, ZoneFaultCode
from dcvd.core.instants import to_seconds
from dcvd.errors import StoreError
from dcvd.kit.tasks import TaskPool
from dcvd.messaging import smtp
from dcvd.messaging.chat import ChatSender
from dcvd.metrics import Metrics
from dcvd.services.alerts import gathering, outbox, raising
from dcvd.services.context import Context
from dcvd.store.alerts import groups, messages
from dcvd.store.engine.transactions import Snapshot, Topic

log = structlog.get_logger(__name__)

_MAX_SLEEP_S: Final = 30.0
"""Seconds; a step of the system's clock can make something due without an announcement."""
_MIN_SLEEP_S: Final = 0.05
_FIRST_PAUSE_S: Final = 5.0
_COOL_DOWN_S: Final = 5.0
_COUNTS_S: Final = 3600.0


class AlertLoop:
    """Sends until it is cancelled; then its owner drains `pool`. What is cut off is due again at the next start.

    first_pause_s: the pause after a fault of a channel. cool_down_s: after one of the database.
    """

    def __init__(
        self,
        context: Context,
        metrics: Metrics,
        *,
        chat: ChatSender | None = None,
        first_pause_s: float = _FIRST_PAUSE_S,
        cool_down_s: float = _COOL_DOWN_S,
    ) -> None:
        self._context = context
        self._metrics = metrics
        self._chat = ChatSender() if chat is None else chat
        self._cool_down_s = cool_down_s
        self.pool = TaskPool(2 * context.config.mail.concurrency, "alerts")
        self._channels = {channel: ChannelState(channel, metrics, first_pause_s=first_pause_s) for channel in Channel}
        self._in_flight: dict[Channel, set[str]] = {channel: set() for channel in Channel}
        self._sent_counts: dict[str, int] = {}
        self._counts_end_s = 0.0
        self._wake = context.database.listen(Topic.ALERTS)
        self._told_faults: frozenset[ZoneFaultCode] = frozenset()
        context.saas_zone.derive(self._on_zone)
        context.live_config.derive(self._on_config)

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            self._wake.clear()
            try:
                sleep_s = await self._step()
            except StoreError as error:
                log.warning("alerts.not_read", error=error.message)
                sleep_s = self._cool_down_s
            except Exception:
                # Nobody is to be without a daemon because nobody can be told of something.
                log.exception("alerts.step_broke", retry_in_s=self._cool_down_s)
                sleep_s = self._cool_down_s
            with suppress(TimeoutError):
                async with asyncio.timeout(max(sleep_s, _MIN_SLEEP_S)):
                    await self._wake.wait()

    def is_failing(self, channel: Channel) -> bool:
        """Whether the server of a channel failed at the last attempt; none is asked for that."""
        return self._channels[channel].is_failing

    async def _step(self) -> float:
        """Do what is due, and return for how many seconds nothing else is."""
        await self._tell_of_zone()
        config = self._context.config
        if not self._is_set_up(config, Channel.MAIL) and not self._is_set_up(config, Channel.CHAT):
            return _MAX_SLEEP_S
        await gathering.tell_due(self._context)
        waits = [await self._send_due(channel) for channel in Channel if self._is_set_up(config, channel)]
        next_gathered_at = await self._context.database.read(groups.find_next_due_at)
        if next_gathered_at is not None:
            waits.append(to_seconds(next_gathered_at - self._context.now()))
        return min(*waits, _MAX_SLEEP_S)

    async def _send_due(self, channel: Channel) -> float:
        """Start sending the next messages of a channel; return for how many seconds it has nothing to do."""
        state, in_flight, now = self._channels[channel], self._in_flight[channel], self._context.now()
        if state.wait_s > 0:
            return state.wait_s
        # After a fault one message alone finds out whether it is over.
        room = (1 if state.is_failing else self._context.config.mail.concurrency) - len(in_flight)
        if room <= 0:
            return _MAX_SLEEP_S
        # Those in flight when the list is read are in it, and may have ended by the time it is here.
        busy = frozenset(in_flight)
        due = [each for each in await outbox.list_due(self._context, channel) if each.id not in busy]
        if due and channel is Channel.MAIL:
            allowance = await outbox.read_allowance(self._context)
            room = min(room, allowance.count - len(in_flight))
            if room <= 0:
                return to_seconds(allowance.grows_at - now) if allowance.grows_at is not None else _MAX_SLEEP_S
        self._forget_counts()
        for message in choose_by_turns(due, self._sent_counts, room):
            in_flight.add(message.id)
            task = self.pool.start(f"alerts.{message.id}", self._send(message))
            task.add_done_callback(lambda _, message=message: self._on_end(message))  # type: ignore[misc]
        if due:
            return _MAX_SLEEP_S  # The end of any of them wakes the loop.

        def find_next(snapshot: Snapshot) -> int | None:
            return messages.find_next_due_at(snapshot, channel)

        next_at = await self._context.database.read(find_next)
        return _MAX_SLEEP_S if next_at is None or in_flight else to_seconds(next_at - now)

    async def _send(self, message: Message) -> None:
        try:
            result = await self._attempt(message)
            if result is None:
                return
            has_recovered = self._channels[message.channel].note(result)
            consequence = await outbox.record_result(self._context, message, result)
            if has_recovered:
                await outbox.end_faults(self._context, message.channel)
        except StoreError as error:
            # Nothing is stored, so it is still due; a mail that was sent is sent once more, with the same Message-ID.
            log.warning("alerts.not_recorded", message_id=message.id, error=error.message)
            await asyncio.sleep(self._cool_down_s)
            return
        except Exception:
            log.exception("alerts.send_broke", message_id=message.id, retry_in_s=self._cool_down_s)
            await asyncio.sleep(self._cool_down_s)
            return
        if result.outcome is not SendOutcome.SENT:
            log.warning(
                "alerts.not_sent",
                message_id=message.id,
                channel=message.channel,
                outcome=result.outcome,
                state=consequence.state,
                error=result.detail,
            )

    async def _attempt(self, message: Message) -> SendResult | None:
        """Send a message, and return what became of it; None where nobody is to get it any more."""
        match message.channel:
            case Channel.MAIL:
                mail = await outbox.prepare_mail(self._context, message)
                return None if mail is None else await smtp.send_mail(self._context.config.mail, mail)
            case Channel.CHAT:
                targets = parse_targets(self._context.config.alerts.targets)
                target = next((each for each in targets if each.fingerprint == message.recipient), None)
                if target is None:
                    await outbox.drop(self._context, message, "the target was taken out of alerts.targets_file")
                    return None
                content = Content(disarm(message.subject), disarm(message.text))
                return await self._chat.send(target, content, to_seconds(self._context.config.mail.timeout))

    def _forget_counts(self) -> None:
        """Begin anew each hour to count what was sent for whom."""
        if time.monotonic() >= self._counts_end_s:
            self._counts_end_s = time.monotonic() + _COUNTS_S
            self._sent_counts.clear()

    def _on_end(self, message: Message) -> None:
        self._in_flight[message.channel].discard(message.id)
        self._wake.set()

    async def _tell_of_zone(self) -> None:
        """Tell the operator of each fault of the zone once, as long as it lasts."""
        faults = {fault.code: fault for fault in self._context.saas_zone.value.faults}
        new = [faults[code] for code in faults.keys() - self._told_faults]
        if not raising.is_operator_told(self._context):
            self._told_faults = frozenset()
            return
        if new:
            alerts = [
                Alert(kind=AlertKind.CLOUDFLARE_FAULT, cause=fault.code, name=fault.code, detail=fault.message)
                for fault in new
            ]
            await self._context.database.write(lambda tx: raising.raise_for_operator(self._context, tx, alerts))
        self._told_faults = frozenset(faults)

    def _on_zone(self, zone: SaasZone) -> None:
        if {fault.code for fault in zone.faults} != self._told_faults:
            self._wake.set()

    def _on_config(self, _: Config) -> None:
        for state in self._channels.values():
            state.forget_faults()
        self._sent_counts.clear()
        self._wake.set()

    def _is_set_up(self, config: Config, channel: Channel) -> bool:
        match channel:
            case Channel.MAIL:
                return bool(config.mail.host)
            case Channel.CHAT:
                return bool(config.alerts.targets)
