"""Mails as they go to a mail server: plain text, in which nothing that strangers wrote can become a header."""

import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from msgspec import Struct

from dcvd.core.instants import SECOND
from dcvd.core.members import normalize_address
from dcvd.core.secret import Secret
from dcvd.core.text import make_printable, shorten
from dcvd.errors import InvalidInput

_MAILBOX: Final = re.compile(r"(?:(?P<name>[^<>\"\\@]{1,100}?)\s*<(?P<named>[^<>\s]+)>|(?P<bare>[^<>\s]+))")
_MAX_SUBJECT_CHARACTERS: Final = 150


class Mailbox(Struct, frozen=True):
    """An e-mail address, with a name for people, which may be empty."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.address.rpartition("@")[2]


class Mail(Struct, frozen=True, kw_only=True):
    """A mail to one recipient.

    id: names the mail in its Message-ID, so that a mail that is sent twice is known to be the same. created_at:
    milliseconds. unsubscribe_url: where one click, or one POST, ends such mails to the recipient; None for mails that
    nobody subscribed to.
    """

    id: str
    recipient: str
    subject: str
    text: str
    created_at: int
    unsubscribe_url: Secret | None = None


def parse_mailbox(text: str) -> Mailbox:
    """Parse `person@example.com` or `Name <person@example.com>`. Raises ValueError."""
    match = _MAILBOX.fullmatch(text.strip())
    if match is None or not text.isprintable():
        raise ValueError("no mailbox")
    try:
        address = normalize_address(match["named"] or match["bare"])
    except InvalidInput as error:
        raise ValueError(error.message) from error
    return Mailbox((match["name"] or "").strip(), address)


def build_message(mail: Mail, sender: Mailbox) -> EmailMessage:
    """Build the message; for the same mail it is always the same.

    It is marked as written by a program (RFC 3834), so that nobody's holiday notice answers it, and can be unsubscribed
    from with one click (RFC 8058).
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = _to_header_address(sender)
    message["To"] = _to_header_address(Mailbox("", mail.recipient))
    message["Subject"] = shorten(make_printable(mail.subject), _MAX_SUBJECT_CHARACTERS)
    message["Date"] = datetime.fromtimestamp(mail.created_at // SECOND, UTC)
    message["Message-ID"] = f"<{mail.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if mail.unsubscribe_url is not None:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url.reveal()}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text, cte="quoted-printable")
    return message


def _to_header_address(mailbox: Mailbox) -> Address:
    """Return an address for a header, also one such as `a..b@example.com`, which is not quite right and does exist."""
    local, _, domain = mailbox.address.rpartition("@")
    return Address(mailbox.name, local, domain)
