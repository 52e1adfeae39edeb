"""What contacts need, and how many questions may be asked."""

from typing import Final

from dcvd.config import Config
from dcvd.core.alerts.contacts import (
    CONFIRMATION_WINDOW_MS,
    MAX_CONFIRMATIONS_PER_ADDRESS,
    MAX_CONFIRMATIONS_PER_ORGANIZATION,
    RETRY_CONFIRMATION_S,
    Contact,
)
from dcvd.core.alerts.messages import Channel, Message, Purpose
from dcvd.core.alerts.texts import compose_confirmation
from dcvd.core.ids import IdPrefix
from dcvd.core.sentences.wording import word
from dcvd.errors import Conflict, DcvdError, NotConfigured, NotFound, TooManyRequests
from dcvd.services.context import Context
from dcvd.store.alerts import contacts, messages, refused_questions
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations

OPERATOR_AUDIENCE: Final = ""
"""Stands for the operator where else the id of an organization stands."""


def can_have_contacts(config: Config) -> bool:
    """Whether mails can be sent that hold links."""
    return bool(config.mail.host and config.server.public_url)


def require_mail(context: Context) -> None:
    """Raise NotConfigured where no mails to contacts can be sent."""
    if not can_have_contacts(context.config):
        missing = "mail.host" if not context.config.mail.host else "server.public_url"
        raise NotConfigured(
            f"Alerts by mail need a mail server and links: the operator of dcvd has not set {missing}.",
            code="mail_not_set_up",
        )


def get_owned(snapshot: Snapshot, org_id: str, contact_id: str) -> Contact:
    """Get an organization's contact. Raises NotFound, also for another organization's."""
    contact = contacts.get(snapshot, contact_id)
    if contact is None or contact.org_id != org_id:
        raise NotFound(word("contact_unknown", contact=contact_id))
    return contact


def find_refusal(context: Context, snapshot: Snapshot, org_id: str, address: str) -> DcvdError | None:
    """Return the error where an address wants no questions, or it or an organization has had enough for now.

    An address belongs to somebody who has asked for nothing yet, whoever names it.
    """
    if refused_questions.has(snapshot, address):
        message = word("questions_refused", address=address)
        return Conflict(message, code="questions_refused")
    now = context.now()
    since_at = now - CONFIRMATION_WINDOW_MS
    if messages.count_confirmations_to(snapshot, address, since_at, now) >= MAX_CONFIRMATIONS_PER_ADDRESS:
        message = word("address_asked_enough", address=address, most=MAX_CONFIRMATIONS_PER_ADDRESS)
        return TooManyRequests(message, retry_after_s=RETRY_CONFIRMATION_S)
    if messages.count_confirmations_of_org(snapshot, org_id, since_at, now) >= MAX_CONFIRMATIONS_PER_ORGANIZATION:
        message = word("addresses_asked_enough", most=MAX_CONFIRMATIONS_PER_ORGANIZATION)
        return TooManyRequests(message, retry_after_s=RETRY_CONFIRMATION_S)
    return None


def ask(context: Context, tx: Transaction, contact: Contact) -> None:
    """Have a contact asked whether they want the alerts; an earlier question that was not sent yet is not sent."""
    now, organization = context.now(), organizations.find(tx, contact.org_id)
    assert organization is not None, "a contact ends with its organization"
    messages.drop_of_contact(tx, contact.id, "another question was asked", now)
    content = compose_confirmation(organization.name)
    message = Message(
        id=context.new_id(IdPrefix.MESSAGE),
        org_id=contact.org_id,
        contact_id=contact.id,
        channel=Channel.MAIL,
        purpose=Purpose.CONFIRMATION,
        recipient=contact.address,
        subject=content.subject,
        text=content.text,
        next_attempt_at=now,
        created_at=now,
        updated_at=now,
    )
    messages.insert_all(tx, [message])
