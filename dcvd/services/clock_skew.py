"""Repair plans that a wrong clock made: one that ran ahead and was put back must not put work off for years."""

import structlog

from dcvd.core.http.retry_after import MAX_RETRY_AFTER_MS
from dcvd.core.ids import IdPrefix, earliest_id
from dcvd.core.instants import HOUR
from dcvd.core.jobs import MAX_DELAY_MS
from dcvd.core.lifecycle.schedule import MAX_FIXED_INTERVAL_MS
from dcvd.core.retry_delays import MAX_JITTER
from dcvd.core.sessions import choose_operator_lifetime
from dcvd.services.context import Context
from dcvd.store import domains, sessions, zones
from dcvd.store.alerts import groups as alert_groups
from dcvd.store.alerts import messages as alert_messages
from dcvd.store.engine.transactions import Transaction
from dcvd.store.jobs import due_times
from dcvd.store.webhooks import deliveries, endpoints

log = structlog.get_logger(__name__)


async def repair_clock_skew(context: Context) -> None:
    """Make due now whatever is planned for later than any rule would have planned it."""
    config = context.config
    now = context.now()
    longest_check_ms = _add_margin(
        max(config.sync.active_interval, config.sync.pending_interval, MAX_FIXED_INTERVAL_MS)
    )
    longest_gathering_ms = config.alerts.gather + 2 * HOUR
    longest_message_ms = _add_margin(max(config.mail.retry_schedule))
    longest_delay_ms = max(*config.webhooks.retry_schedule, MAX_RETRY_AFTER_MS)

    def choose_latest_delivery_at(own_delay_ms: int) -> int:
        return now + _add_margin(max(own_delay_ms, longest_delay_ms))

    def unit(tx: Transaction) -> dict[str, int]:
        return {
            "domains": domains.reschedule_beyond(tx, now + longest_check_ms, now),
            "sessions": sessions.shorten_beyond(
                tx,
                earliest_id(IdPrefix.SESSION, now + HOUR),
                now + config.web.session_lifetime,
                now + choose_operator_lifetime(config.web.session_lifetime),
                now,
            ),
            "zones": zones.reschedule_beyond(tx, now + longest_check_ms, now),
            "deliveries": deliveries.reschedule_beyond(tx, choose_latest_delivery_at, now),
            "pauses": endpoints.end_pauses(tx, choose_latest_delivery_at(0), now),
            "alerts": alert_groups.reschedule_beyond(tx, now + longest_gathering_ms, now),
            "messages": alert_messages.reschedule_beyond(tx, now + longest_message_ms, now),
            "jobs": due_times.reschedule_beyond(tx, now + MAX_DELAY_MS + HOUR, now),
        }

    repaired = await context.database.write(unit)
    if any(repaired.values()):
        log.warning("plans.repaired", why="the clock was ahead when they were made", **repaired)


def _add_margin(longest_ms: int) -> int:
    return int(longest_ms * (1 + MAX_JITTER)) + HOUR
