"""Messages to one recipient each, until they are sent or given up."""

from collections.abc import Sequence
from typing import Final

from dcvd.core.alerts.messages import Channel, Message
from dcvd.core.alerts.sending import MessageState, SendConsequence
from dcvd.core.clock_discipline import ClockStep
from dcvd.store.engine import plan_shifts
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction

_MESSAGES: Final = StructTable("alert_messages", Message)


def insert_all(tx: Transaction, messages: Sequence[Message]) -> None:
    """Store new messages."""
    _MESSAGES.insert_all(tx, messages)
    tx.announce(Topic.ALERTS)


def get(snapshot: Snapshot, message_id: str) -> Message | None:
    """Get a message by its id."""
    return _MESSAGES.fetch_one(snapshot, "WHERE id = ?", (message_id,))


def list_due(snapshot: Snapshot, channel: Channel, now: int, limit: int) -> list[Message]:
    """List messages of a channel that are due, those that wait longest first."""
    return _MESSAGES.fetch_all(
        snapshot,
        "WHERE state = 'pending' AND channel = ? AND next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?",
        (channel, now, limit),
    )


def find_next_due_at(snapshot: Snapshot, channel: Channel) -> int | None:
    """Find when the next message of a channel is due."""
    due_at: int | None = snapshot.fetch_value(
        "SELECT next_attempt_at FROM alert_messages WHERE state = 'pending' AND channel = ?"
        " ORDER BY next_attempt_at LIMIT 1",
        (channel,),
    )
    return due_at


def list_sent_at(snapshot: Snapshot, channel: Channel, since_at: int, until_at: int, limit: int) -> list[int]:
    """List when the last messages of a channel were sent, after an instant and up to another one, newest first."""
    return snapshot.fetch_column(
        "SELECT sent_at FROM alert_messages WHERE sent_at IS NOT NULL AND channel = ? AND sent_at > ? AND sent_at <= ?"
        " ORDER BY sent_at DESC LIMIT ?",
        (channel, since_at, until_at, limit),
    )


def count_waiting(snapshot: Snapshot, recipient: str, limit: int) -> int:
    """Count the messages that wait for a recipient, but no further than `limit`."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM (SELECT 1 FROM alert_messages WHERE state = 'pending' AND recipient = ? LIMIT ?)",
        (recipient, limit),
    )


def count_confirmations_to(snapshot: Snapshot, recipient: str, since_at: int, until_at: int) -> int:
    """Count the questions to an address between two instants, from whichever organization."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM alert_messages WHERE purpose = 'confirmation' AND recipient = ? AND created_at > ?"
        " AND created_at <= ?",
        (recipient, since_at, until_at),
    )


def count_confirmations_of_org(snapshot: Snapshot, org_id: str, since_at: int, until_at: int) -> int:
    """Count the questions that an organization had sent between two instants."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM alert_messages WHERE purpose = 'confirmation' AND org_id = ? AND created_at > ?"
        " AND created_at <= ?",
        (org_id, since_at, until_at),
    )


def apply_consequence(
    tx: Transaction, message_id: str, consequence: SendConsequence, last_error: str | None, now: int
) -> None:
    """Store what an attempt has changed."""
    tx.execute(
        "UPDATE alert_messages SET state = ?, attempts = ?, faults = ?, next_attempt_at = ?, last_error = ?,"
        " sent_at = ?, updated_at = ? WHERE id = ? AND state = 'pending'",
        (
            consequence.state,
            consequence.attempts,
            consequence.faults,
            consequence.next_attempt_at,
            last_error,
            now if consequence.state is MessageState.SENT else None,
            now,
            message_id,
        ),
    )


def drop(tx: Transaction, message_id: str, reason: str, now: int) -> None:
    """Give up a message that nobody is to get any more."""
    tx.execute(
        "UPDATE alert_messages SET state = 'dead', next_attempt_at = NULL, last_error = ?, updated_at = ?"
        " WHERE id = ? AND state = 'pending'",
        (reason, now, message_id),
    )


def drop_of_contact(tx: Transaction, contact_id: str, reason: str, now: int) -> None:
    """Give up all messages that wait for a contact."""
    tx.execute(
        "UPDATE alert_messages SET state = 'dead', next_attempt_at = NULL, last_error = ?, updated_at = ?"
        " WHERE contact_id = ? AND state = 'pending'",
        (reason, now, contact_id),
    )


def end_faults(tx: Transaction, channel: Channel, now: int) -> None:
    """Make due the messages of a channel whose last attempt met a fault."""
    tx.execute(
        "UPDATE alert_messages SET next_attempt_at = ?1"
        " WHERE state = 'pending' AND channel = ?2 AND next_attempt_at > ?1 AND faults > 0",
        (now, channel),
    )
    tx.announce(Topic.ALERTS)


def reschedule_beyond(tx: Transaction, latest_at: int, now: int) -> int:
    """Make due now what is planned for later than `latest_at`; return how many there were."""
    return sum(
        tx.execute(
            "UPDATE alert_messages SET next_attempt_at = ?"
            " WHERE state = 'pending' AND channel = ? AND next_attempt_at > ?",
            (now, channel, latest_at),
        )
        for channel in Channel
    )


def shift_plans(tx: Transaction, step: ClockStep) -> int:
    """Shift the next attempts by a step of the clock; return how many."""
    count = sum(
        plan_shifts.shift_plans(
            tx, "alert_messages", "next_attempt_at", step, f"state = 'pending' AND channel = '{channel.value}'"
        )
        for channel in Channel
    )
    if count:
        tx.announce(Topic.ALERTS)
    return count


def delete_ended(tx: Transaction, state: MessageState, cutoff_at: int, limit: int) -> int:
    """Remove messages that ended in a state before an instant; return how many."""
    return tx.delete_some(
        "alert_messages", "id", "state <> 'pending' AND state = ? AND updated_at < ?", (state, cutoff_at, limit)
    )
