"""The messages that wait: which are due, what each looks like when it is sent, and what became of it."""

from typing import Final

import structlog
from msgspec import Struct

from dcvd.core.alerts.contacts import (
    CONFIRMATION_LIFETIME_MS,
    MAX_BOUNCES,
    Contact,
    ContactStatus,
    LinkAction,
    derive_link_token,
    hash_link_token,
    mint_link_key,
)
from dcvd.core.alerts.mail import Mail
from dcvd.core.alerts.messages import Channel, Message, Purpose
from dcvd.core.alerts.sending import SendConsequence, SendOutcome, SendResult, decide_after_attempt
from dcvd.core.alerts.texts import add_footer
from dcvd.core.instants import HOUR
from dcvd.core.secret import Secret
from dcvd.kit.vault.sealing import VaultError
from dcvd.services.alerts import refused_questions
from dcvd.services.context import Context
from dcvd.store.alerts import contacts, messages
from dcvd.store.alerts import refused_questions as stored_refusals
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations
from dcvd.store.vault.sealed_columns import CONTACT_KEYS

log = structlog.get_logger(__name__)

LOOKAHEAD: Final = 200
"""Messages that are due of which the next ones are chosen, so that organizations take turns."""


async def list_due(context: Context, channel: Channel) -> list[Message]:
    """List messages of a channel that are due."""
    now = context.now()
    return await context.database.read(lambda snapshot: messages.list_due(snapshot, channel, now, LOOKAHEAD))


class Allowance(Struct, frozen=True):
    """How many mails may be sent now, and when there may be more; None where nothing was sent of late."""

    count: int
    grows_at: int | None


async def read_allowance(context: Context) -> Allowance:
    """Read how many mails the limit of an hour leaves."""
    now, limit = context.now(), context.config.alerts.mails_per_hour
    sent_at = await context.database.read(
        lambda snapshot: messages.list_sent_at(snapshot, Channel.MAIL, now - HOUR, now, limit)
    )
    return Allowance(limit - len(sent_at), sent_at[-1] + HOUR if sent_at else None)


async def end_faults(context: Context, channel: Channel) -> None:
    """Make due what waits because of faults of a channel, as they are over."""
    await context.database.write(lambda tx: messages.end_faults(tx, channel, context.now()))


async def drop(context: Context, message: Message, reason: str) -> None:
    """Give up a message that nobody is to get any more."""
    await context.database.write(lambda tx: messages.drop(tx, message.id, reason, context.now()))


async def prepare_mail(context: Context, message: Message) -> Mail | None:
    """Return a mail as it is sent now, with its links; None where nobody is to get it any more, which is stored."""
    if message.contact_id is None:
        return _build_mail(message, message.text, None)

    def unit(tx: Transaction) -> Mail | None:
        contact = contacts.get(tx, message.contact_id or "")
        reason = _find_objection(context, tx, message, contact)
        if contact is None or reason is not None:
            messages.drop(tx, message.id, reason or "", context.now())
            return None
        key = _open_key(context, tx, contact)
        unsubscribe = _build_url(context, LinkAction.UNSUBSCRIBE, _derive_unsubscribe(key, contact))
        if message.purpose is Purpose.ALERT:
            return _build_mail(message, add_footer(message.text, _name(tx, contact), unsubscribe.reveal()), unsubscribe)
        token = derive_link_token(key, LinkAction.CONFIRM, message.id)
        expires_at = message.created_at + CONFIRMATION_LIFETIME_MS
        contacts.set_confirmation(tx, contact.id, hash_link_token(token.reveal()), expires_at)
        link = _build_url(context, LinkAction.CONFIRM, token)
        refusal = _build_url(context, "refuse", refused_questions.mint_token(context, message.recipient))
        text = message.text.replace("{link}", link.reveal()).replace("{refusal}", refusal.reveal())
        return _build_mail(message, text, None)

    return await context.database.write(unit)


async def record_result(context: Context, message: Message, result: SendResult) -> SendConsequence:
    """Store what became of an attempt, and what it says of the contact's address."""

    def unit(tx: Transaction) -> SendConsequence:
        now = context.now()
        consequence = decide_after_attempt(
            result,
            attempts=message.attempts,
            faults=message.faults,
            retry_schedule=context.config.mail.retry_schedule,
            now=now,
            random_fraction=context.random_fraction(),
        )
        messages.apply_consequence(tx, message.id, consequence, result.detail or None, now)
        contact = None if message.contact_id is None else contacts.get(tx, message.contact_id)
        if contact is not None and result.outcome is not SendOutcome.FAULT:
            _judge_address(tx, contact, result, now)
        return consequence

    return await context.database.write(unit)


def _judge_address(tx: Transaction, contact: Contact, result: SendResult, now: int) -> None:
    is_unknown = result.outcome is SendOutcome.UNKNOWN_RECIPIENT
    bounces = contact.bounces + 1 if is_unknown else 0 if result.outcome is SendOutcome.SENT else contact.bounces
    contacts.note_delivery(tx, contact.id, bounces, result.detail or None)
    if bounces >= MAX_BOUNCES and contact.status is ContactStatus.ACTIVE:
        contacts.set_status(tx, contact.id, ContactStatus.BOUNCING, now)
        messages.drop_of_contact(tx, contact.id, "the address does not exist any more", now)
        log.warning("contact.bouncing", org_id=contact.org_id, contact_id=contact.id, said=result.detail)


def _find_objection(context: Context, snapshot: Snapshot, message: Message, contact: Contact | None) -> str | None:
    if contact is None:
        return "the contact was removed"
    if message.purpose is Purpose.ALERT:
        return None if contact.status is ContactStatus.ACTIVE else f"the contact is {contact.status.value}"
    if stored_refusals.has(snapshot, message.recipient):
        return "whoever has the address wants no questions"
    now = context.confirmed_now()
    is_late = now is not None and now >= message.created_at + CONFIRMATION_LIFETIME_MS
    return "its link has expired" if is_late else None


def _open_key(context: Context, tx: Transaction, contact: Contact) -> Secret:
    """Open the key of a contact's links, which is made with the first mail."""
    vault, row, field = context.vault, contact.id, CONTACT_KEYS.field
    sealed = contacts.get_sealed_key(tx, contact.id)
    if sealed is not None:
        try:
            return vault.open(sealed, org=contact.org_id, row=row, field=field)
        except VaultError as error:
            # Links in earlier mails end, which is better than no mails at all.
            log.error("contact.key_lost", contact_id=contact.id, code=error.code, error=error.message)  # noqa: TRY400
    key = mint_link_key(context.random_bytes)
    unsubscribe_hash = hash_link_token(_derive_unsubscribe(key, contact).reveal())
    contacts.set_key(tx, contact.id, vault.seal(key, org=contact.org_id, row=row, field=field), unsubscribe_hash)
    return key


def _derive_unsubscribe(key: Secret, contact: Contact) -> Secret:
    return derive_link_token(key, LinkAction.UNSUBSCRIBE, contact.id)


def _build_url(context: Context, action: str, token: Secret) -> Secret:
    return Secret(f"{context.config.server.public_url}/alerts/{action}?token={token.reveal()}")


def _name(snapshot: Snapshot, contact: Contact) -> str:
    organization = organizations.find(snapshot, contact.org_id)
    return "" if organization is None else organization.name


def _build_mail(message: Message, text: str, unsubscribe_url: Secret | None) -> Mail:
    return Mail(
        id=message.id,
        recipient=message.recipient,
        subject=message.subject,
        text=text,
        created_at=message.created_at,
        unsubscribe_url=unsubscribe_url,
    )
