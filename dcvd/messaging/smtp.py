"""Hands mails to the operator's mail server. Never raises for what the server does: the result says it."""

import asyncio
import ssl
from typing import Final, assert_never

import aiosmtplib
from aiosmtplib.errors import SMTPException, SMTPResponseException, SMTPTimeoutError

from dcvd.config import MailConfig
from dcvd.core.alerts.mail import Mail, Mailbox, build_message
from dcvd.core.alerts.sending import SendOutcome, SendResult, SmtpStage, describe, judge_reply
from dcvd.core.instants import to_seconds
from dcvd.kit.tls.trust import VERIFY_FLAGS

_FAREWELL_S: Final = 2.0
"""Seconds that a server gets to answer QUIT: the mail is accepted by then."""
_SENT: Final = SendResult(SendOutcome.SENT)


class _Conversation:
    """One conversation with the server: how far it has come tells whose fault a refusal is."""

    def __init__(self, config: MailConfig, sender: Mailbox, tls_context: ssl.SSLContext | None) -> None:
        self._sender = sender
        self.stage = SmtpStage.CONNECT
        self._client = aiosmtplib.SMTP(
            hostname=config.host,
            port=config.port,
            username=config.user or None,
            password=None if config.password is None else config.password.reveal(),
            # The library's own choice would look the machine's name up in DNS.
            local_hostname=sender.domain,
            timeout=to_seconds(config.timeout),
            use_tls=config.tls == "implicit",
            start_tls=config.tls == "starttls",
            tls_context=tls_context,
        )

    async def send(self, mail: Mail) -> None:
        """Hand over one mail. Raises SMTPException, OSError."""
        await self._client.connect()
        self.stage = SmtpStage.SENDER
        await self._client.mail(self._sender.address)
        self.stage = SmtpStage.RECIPIENT
        await self._client.rcpt(mail.recipient)
        self.stage = SmtpStage.DATA
        await self._client.data(build_message(mail, self._sender).as_bytes())

    async def end(self) -> None:
        """Say goodbye where somebody listens, and close the connection in any case."""
        try:
            if self._client.is_connected:
                async with asyncio.timeout(_FAREWELL_S):
                    await self._client.quit()
        except (SMTPException, OSError, TimeoutError):
            pass  # The mail was handed over, or refused, before.
        finally:
            self._client.close()


async def send_mail(config: MailConfig, mail: Mail) -> SendResult:
    """Hand a mail to the server within the configured time; the configuration names a server and a sender."""
    assert config.from_address is not None, "a server without a sender is refused with the configuration"
    try:
        # It reads the system's authorities, which takes some 20 ms.
        tls_context = await asyncio.to_thread(_build_tls_context, config)
    except OSError as error:
        return _build_fault(f"mail.ca_file cannot be used: {error}", is_general=True)
    conversation = _Conversation(config, config.from_address, tls_context)
    try:
        async with asyncio.timeout(to_seconds(config.timeout)):
            await conversation.send(mail)
    except SMTPResponseException as error:
        return judge_reply(conversation.stage, error.code, error.message)
    except (TimeoutError, SMTPTimeoutError):
        text = f"{config.host}:{config.port} was silent for too long ({_name_stage(conversation.stage)})."
        return _build_fault(text, is_general=conversation.stage is SmtpStage.CONNECT)
    except (SMTPException, OSError) as error:
        text = f"{config.host}:{config.port}: {error} ({_name_stage(conversation.stage)})."
        return _build_fault(text, is_general=conversation.stage is SmtpStage.CONNECT)
    except ValueError as error:
        # The library cannot write such a mail: no later attempt will be better, so this one counts.
        return SendResult(SendOutcome.REFUSED, describe(f"The mail cannot be written: {error}."))
    else:
        return _SENT
    finally:
        await conversation.end()


def _build_fault(text: str, *, is_general: bool) -> SendResult:
    return SendResult(SendOutcome.FAULT, describe(text), is_general=is_general)


def _build_tls_context(config: MailConfig) -> ssl.SSLContext | None:
    if config.tls == "none":
        return None
    context = ssl.create_default_context(cafile=None if config.ca_file is None else str(config.ca_file))
    context.verify_flags = VERIFY_FLAGS
    return context


def _name_stage(stage: SmtpStage) -> str:
    match stage:
        case SmtpStage.CONNECT:
            return "while connecting"
        case SmtpStage.SENDER:
            return "when the sender was named"
        case SmtpStage.RECIPIENT:
            return "when the recipient was named"
        case SmtpStage.DATA:
            return "when the mail was handed over"
        case _:
            assert_never(stage)
