"""Mails hold what they are given, and nothing that strangers wrote becomes a header."""

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.alerts.mail import Mail, Mailbox, build_message, parse_mailbox
from dcvd.core.members import normalize_address

SENDER = Mailbox("dcvd", "alerts@example.net")
HOSTILE = st.text(max_size=300) | st.sampled_from(
    ["x\r\nBcc: victim@example.com", "x\nBcc: victim@example.com\n\nbody", "\u2028Bcc: v@example.com", "=?utf-8?q?a?="]
)


@pytest.mark.parametrize(
    "address", ["a..b@x.example", ".a@x.example", "!#$%&'*+/=?^_`{|}~-@x.example", f"{'x' * 64}@y.z"]
)
def test_every_address_that_a_contact_may_have_can_be_written_to(address: str) -> None:
    mail = Mail(id="msg_1", recipient=normalize_address(address), subject="s", text="t", created_at=0)
    parsed = message_from_bytes(build_message(mail, SENDER).as_bytes(), policy=default)
    assert str(parsed["To"]) == address


@given(HOSTILE, HOSTILE)
def test_no_text_adds_a_header_or_a_recipient(subject: str, text: str) -> None:
    subject, text = (each.encode(errors="replace").decode() for each in (subject, text))
    mail = Mail(id="msg_1", recipient="a@example.com", subject=subject, text=text, created_at=0)
    raw = build_message(mail, SENDER).as_bytes()
    parsed = message_from_bytes(raw, policy=default)
    assert set(parsed.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    assert (parsed["To"], parsed["From"]) == ("a@example.com", "dcvd <alerts@example.net>")
    assert len(str(parsed["Subject"])) <= 150
    assert max(map(len, raw.split(b"\r\n"))) <= 998, "RFC 5322, section 2.1.1"


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("Alerts@Example.net", Mailbox("", "alerts@example.net")),
        ("dcvd <alerts@example.net>", Mailbox("dcvd", "alerts@example.net")),
        ("Größe & Co. <alerts@example.net>", Mailbox("Größe & Co.", "alerts@example.net")),
    ],
)
def test_a_mailbox_is_an_address_with_or_without_a_name(text: str, mailbox: Mailbox) -> None:
    assert parse_mailbox(text) == mailbox


@pytest.mark.parametrize(
    "text",
    ["", "alerts", "a@b", "<>", "a <b@example.net> c", "a\nb <b@example.net>", '"a" <b@example.net>', "a,b@x.y"],
)
def test_what_is_no_mailbox_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_mailbox(text)
