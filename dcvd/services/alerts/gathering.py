"""Tell audiences what was gathered for them: one message to each recipient."""

from msgspec.structs import replace

from dcvd.core.alerts.contacts import Contact
from dcvd.core.alerts.groups import (
    MAX_UNREAD,
    AlertGroup,
    find_permitted_at,
    note_telling,
)
from dcvd.core.alerts.messages import Channel, Content, Message, Purpose
from dcvd.core.alerts.targets import parse_targets
from dcvd.core.alerts.texts import compose_alert
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import MINUTE
from dcvd.services.alerts.rules import OPERATOR_AUDIENCE
from dcvd.services.context import Context
from dcvd.store.alerts import contacts, groups, messages
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations

_AUDIENCES_PER_STEP = 50
_WAIT_MS = 5 * MINUTE
"""How long what was gathered waits once more, where every recipient has enough messages that were not sent yet."""
_OPERATOR_NAME = "dcvd"


async def tell_due(context: Context) -> None:
    """Make the messages of some of the audiences that are due. Each is due later, or not at all, afterwards."""
    due = await context.database.read(lambda snapshot: groups.list_due(snapshot, context.now(), _AUDIENCES_PER_STEP))
    for org_id in due:
        await context.database.write(lambda tx, org_id=org_id: _tell(context, tx, org_id))  # type: ignore[misc]


def _tell(context: Context, tx: Transaction, org_id: str) -> None:
    now, schedule = context.now(), groups.get_schedule(tx, org_id)
    if schedule.due_at is None or schedule.due_at > now:
        return
    permitted_at = find_permitted_at(schedule, now, context.config.alerts.per_hour)
    if permitted_at > now:
        groups.put_schedule(tx, replace(schedule, due_at=permitted_at))
        return
    gathered = groups.list_of_audience(tx, org_id)
    is_operator = org_id == OPERATOR_AUDIENCE
    new = _for_operator(context, tx, gathered) if is_operator else _for_contacts(context, tx, org_id, gathered)
    if new is None:
        groups.put_schedule(tx, replace(schedule, due_at=now + _WAIT_MS))
        return
    messages.insert_all(tx, new)
    groups.delete_of_audience(tx, org_id)
    groups.put_schedule(tx, note_telling(schedule, now) if new else replace(schedule, due_at=None))


def _for_contacts(context: Context, tx: Transaction, org_id: str, gathered: list[AlertGroup]) -> list[Message] | None:
    """Build the messages to contacts, each with what they want; None where all have enough that waits."""
    organization = organizations.find(tx, org_id)
    name = "" if organization is None else organization.name
    wanted: list[tuple[Contact, list[AlertGroup]]] = []
    for contact in contacts.list_active(tx, org_id):
        theirs = [group for group in gathered if contact.wants(group.kind)]
        if theirs:
            wanted.append((contact, theirs))
    reachable = [(contact, theirs) for contact, theirs in wanted if not _is_full(tx, contact.address)]
    if wanted and not reachable:
        return None
    return [
        _build(context, Channel.MAIL, contact.address, compose_alert(theirs, name), org_id=org_id, contact=contact)
        for contact, theirs in reachable
    ]


def _for_operator(context: Context, tx: Transaction, gathered: list[AlertGroup]) -> list[Message] | None:
    """Build the messages to the operator, by mail and chat; None where all have enough that waits."""
    config = context.config
    targets = parse_targets(config.alerts.targets)
    recipients = [(Channel.MAIL, address) for address in config.alerts.operator_mail if config.mail.host]
    recipients += [(Channel.CHAT, target.fingerprint) for target in targets]
    reachable = [each for each in recipients if not _is_full(tx, each[1])]
    if recipients and not reachable:
        return None
    if not gathered:
        return []
    content = compose_alert(gathered, _OPERATOR_NAME)
    return [_build(context, channel, recipient, content) for channel, recipient in reachable]


def _is_full(snapshot: Snapshot, recipient: str) -> bool:
    return messages.count_waiting(snapshot, recipient, MAX_UNREAD) >= MAX_UNREAD


def _build(
    context: Context,
    channel: Channel,
    recipient: str,
    content: Content,
    *,
    org_id: str | None = None,
    contact: Contact | None = None,
) -> Message:
    now = context.now()
    return Message(
        id=context.new_id(IdPrefix.MESSAGE),
        org_id=org_id,
        contact_id=None if contact is None else contact.id,
        channel=channel,
        purpose=Purpose.ALERT,
        recipient=recipient,
        subject=content.subject,
        text=content.text,
        next_attempt_at=now,
        created_at=now,
        updated_at=now,
    )
