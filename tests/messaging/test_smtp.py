"""Mails are handed to a real mail server, and what it says is judged as whose fault it is."""

import socket
from pathlib import Path

import pytest

from dcvd.core.alerts.mail import Mail
from dcvd.core.alerts.sending import SendOutcome, SendResult
from dcvd.core.secret import Secret
from dcvd.messaging.smtp import send_mail
from dcvd.sandbox.edge.authority import EdgeAuthority
from tests.authority import Authority, serve_with
from tests.messaging.mail_server import MailServer, answering, serving_mail

MAIL = Mail(
    id="msg_1",
    recipient="person@example.com",
    subject="Something → happened",
    text="Grüße.\n.a line that begins with a dot\n",
    created_at=1_800_000_000_000,
    unsubscribe_url=Secret("https://dcv.example/alerts/unsubscribe?token=abc"),
)


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with serving_mail() as server:
        result = await send_mail(server.build_config(), MAIL)
    assert result == SendResult(SendOutcome.SENT)
    message = server.read()
    assert server.read_text() == MAIL.text
    assert server.recipients == ["person@example.com"]
    assert dict(message.items()) == {
        "From": "dcvd <alerts@saas.example>",
        "To": "person@example.com",
        "Subject": "Something → happened",
        "Date": "Fri, 15 Jan 2027 08:00:00 +0000",
        "Message-ID": "<msg_1@saas.example>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Unsubscribe": "<https://dcv.example/alerts/unsubscribe?token=abc>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
        "MIME-Version": "1.0",
    }


async def test_a_mail_that_is_sent_twice_has_the_same_bytes() -> None:
    async with serving_mail() as server:
        await send_mail(server.build_config(), MAIL)
        await send_mail(server.build_config(), MAIL)
    assert server.mails[0] == server.mails[1]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("450 4.2.0 greylisted, try again later", SendOutcome.DEFERRED),
        ("452 4.2.2 mailbox full", SendOutcome.DEFERRED),
        ("550 5.1.1 no such user", SendOutcome.UNKNOWN_RECIPIENT),
        ("552 5.2.2 over quota", SendOutcome.UNKNOWN_RECIPIENT),
        ("550 no such user here", SendOutcome.UNKNOWN_RECIPIENT),
        ("550 5.7.1 relaying denied", SendOutcome.REFUSED),
        ("550 5.4.5 daily sending quota exceeded", SendOutcome.REFUSED),
        ("421 4.3.2 shutting down", SendOutcome.FAULT),
    ],
)
async def test_a_refused_recipient_is_told_from_a_refusal_of_ours(answer: str, outcome: SendOutcome) -> None:
    async with serving_mail() as server:
        server.on_recipient = lambda _: answer
        result = await send_mail(server.build_config(), MAIL)
    assert (result.outcome, result.detail) == (outcome, answer)
    assert server.mails == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("451 4.7.1 come back in five minutes", SendOutcome.DEFERRED),
        ("452 4.3.1 disk full", SendOutcome.DEFERRED),
        ("554 5.7.1 looks like spam", SendOutcome.REFUSED),
        ("550 5.1.1 no such user after all", SendOutcome.REFUSED),
    ],
)
async def test_a_refused_content_is_never_held_against_the_recipient(answer: str, outcome: SendOutcome) -> None:
    async with serving_mail() as server:
        server.on_data = lambda _: answer
        assert (await send_mail(server.build_config(), MAIL)).outcome is outcome


@pytest.mark.parametrize("answer", ["550 5.7.1 sender not allowed", "451 4.4.5 quota of this hour is used up"])
async def test_a_refused_sender_is_a_fault_that_every_mail_would_meet(answer: str) -> None:
    async with serving_mail() as server:
        server.on_sender = lambda _: answer
        assert await send_mail(server.build_config(), MAIL) == SendResult(SendOutcome.FAULT, answer, is_general=True)


async def test_a_wrong_password_is_a_fault_and_is_never_told() -> None:
    async with serving_mail(password="right-word") as server:
        wrong = server.build_config(user="dcvd", password=Secret("wrong-word"))
        right = server.build_config(user="dcvd", password=Secret("right-word"))
        refused = await send_mail(wrong, MAIL)
        assert (refused.outcome, refused.is_general) == (SendOutcome.FAULT, True)
        assert refused.detail.startswith("535 ")
        assert "wrong-word" not in refused.detail
        assert (await send_mail(right, MAIL)).outcome is SendOutcome.SENT


@pytest.mark.parametrize(("tls", "is_implicit"), [("starttls", False), ("implicit", True)])
async def test_tls_needs_a_certificate_for_the_servers_name(tls: str, is_implicit: bool, tmp_path: Path) -> None:
    authority, ca_file = EdgeAuthority(), tmp_path / "ca.pem"
    ca_file.write_bytes(authority.build_root())
    right, other = (authority.issue(name, tmp_path / "server.pem") for name in ("localhost", "mail.other.example"))
    for certificate, outcome in ((right, SendOutcome.SENT), (other, SendOutcome.FAULT)):
        async with serving_mail(tls=certificate, is_implicit=is_implicit) as server:
            config = server.build_config(tls=tls, ca_file=ca_file)
            assert (await send_mail(config, MAIL)).outcome is outcome
            strange = server.build_config(tls=tls)
            result = await send_mail(strange, MAIL)
            assert (result.outcome, result.is_general) == (SendOutcome.FAULT, True)
            assert "certificate verify failed" in result.detail.lower()


async def test_an_intermediate_authority_in_the_file_ends_a_chain_as_for_webhooks(tmp_path: Path) -> None:
    intermediate = Authority("Issuing CA", Authority("Root"))
    ca_file = intermediate.write(tmp_path / "ca.pem")
    async with serving_mail(tls=serve_with(intermediate.issue(), tmp_path / "server.pem")) as server:
        assert (await send_mail(server.build_config(tls="starttls", ca_file=ca_file), MAIL)).outcome is SendOutcome.SENT


async def test_starttls_is_never_left_out_because_the_server_does_not_offer_it() -> None:
    async with serving_mail() as server:
        result = await send_mail(server.build_config(tls="starttls"), MAIL)
    assert (result.outcome, result.is_general, server.mails) == (SendOutcome.FAULT, True, [])


async def test_a_ca_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    async with serving_mail() as server:
        result = await send_mail(server.build_config(tls="starttls", ca_file=tmp_path / "none.pem"), MAIL)
    assert result.outcome is SendOutcome.FAULT
    assert "mail.ca_file" in result.detail


async def test_a_server_that_is_not_there_is_a_fault() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        config = MailServer().build_config(host="127.0.0.1", port=unused.getsockname()[1])
        result = await send_mail(config, MAIL)
    assert (result.outcome, result.is_general) == (SendOutcome.FAULT, True)


async def test_a_silent_server_is_given_up_in_time() -> None:
    async with answering(None) as port:
        result = await send_mail(MailServer().build_config(port=port, timeout=50), MAIL)
    assert result == SendResult(
        SendOutcome.FAULT, f"localhost:{port} was silent for too long (while connecting).", is_general=True
    )


@pytest.mark.parametrize("greeting", [b"", b"554 no service here\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_what_is_no_mail_server_is_a_fault(greeting: bytes) -> None:
    async with answering(greeting) as port:
        result = await send_mail(MailServer().build_config(port=port), MAIL)
    assert (result.outcome, result.is_general) == (SendOutcome.FAULT, True)


async def test_a_server_that_leaves_in_the_middle_of_one_mail_is_no_reason_to_hold_back_the_others() -> None:
    async with serving_mail() as server:
        server.on_data = lambda _: server.DISCONNECT
        result = await send_mail(server.build_config(timeout=500), MAIL)
    assert (result.outcome, result.is_general) == (SendOutcome.FAULT, False)
