"""A real mail server (aiosmtpd) on loopback, which answers as a test tells it."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from dcvd.config import MailConfig
from dcvd.core.alerts.mail import Mailbox

SENDER = Mailbox("dcvd", "alerts@saas.example")


class MailServer:
    """Accepts all mails until a test says otherwise.

    on_recipient, on_data, on_sender: the answer, which accepts where it begins with 2. password: whom to let in.
    """

    DISCONNECT = "disconnect"
    """An answer to the data of a mail: the connection ends instead."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []
        self.on_sender: Callable[[str], str] = lambda _: "250 OK"
        self.on_recipient: Callable[[str], str] = lambda _: "250 OK"
        self.on_data: Callable[[str], str] = lambda _: "250 OK"
        self.password: str | None = None
        self.connections = 0
        self.asked_recipients: list[str] = []
        self.port = 0

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.mails]

    def read(self, number: int = -1) -> Message:
        """One of the mails, parsed."""
        return message_from_bytes(self.mails[number][1], policy=default)

    def read_text(self, number: int = -1) -> str:
        """Its text."""
        return str(self.read(number).get_content()).replace("\r\n", "\n")  # type: ignore[attr-defined]  # of EmailMessage

    def build_config(self, **values: Any) -> MailConfig:
        """The section of the configuration by which this server is used."""
        return MailConfig(
            **{"host": "localhost", "port": self.port, "tls": "none", "from_address": SENDER, "timeout": 5000, **values}
        )

    async def handle_EHLO(  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.on_sender(address)
        if answer.startswith("2"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked_recipients.append(address)
        answer = self.on_recipient(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        (recipient,) = envelope.rcpt_tos
        answer = self.on_data(recipient)
        if answer == self.DISCONNECT:
            assert server.transport is not None
            server.transport.close()
        if answer.startswith("2"):
            assert isinstance(envelope.content, bytes)
            self.mails.append((recipient, envelope.content))
        return answer

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and data.password.decode() == self.password
        return AuthResult(success=is_right, handled=False)


@asynccontextmanager
async def serving_mail(
    server: MailServer | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    is_implicit: bool = False,
    password: str | None = None,
    port: int = 0,
) -> AsyncIterator[MailServer]:
    """Serve mails until the block ends. tls: the server's certificate, offered by STARTTLS, or used from the start."""
    mail_server = server or MailServer()
    mail_server.password = password

    sessions: list[SMTP] = []

    def build() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # It warns of passwords without TLS, which are meant here.
            session = SMTP(
                mail_server,
                hostname="mail.test",
                tls_context=None if is_implicit else tls,
                auth_required=password is not None,
                auth_require_tls=False,
                authenticator=mail_server.authenticate,
                loop=asyncio.get_running_loop(),
            )
        sessions.append(session)
        return session

    listener = await asyncio.get_running_loop().create_server(
        build, "localhost", port, ssl=tls if is_implicit else None
    )
    mail_server.port = listener.sockets[0].getsockname()[1]
    try:
        yield mail_server
    finally:
        listener.close()
        await _settle()
        for session in sessions:
            if isinstance(session.transport, asyncio.WriteTransport):
                session.transport.abort()


@asynccontextmanager
async def answering(reply: bytes | None) -> AsyncIterator[int]:
    """Serve connections with one line, or with silence; yields the port."""
    over = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if reply is not None:
            writer.write(reply)
        else:
            await over.wait()
        writer.close()

    listener = await asyncio.start_server(answer, "localhost", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        over.set()
        listener.close()
        await _settle()
        for writer in writers:
            writer.transport.abort()


async def _settle() -> None:
    """Let connections that were just accepted get as far as to have a transport, which can be ended."""
    for _ in range(5):
        await asyncio.sleep(0)
