"""`dcvd mail`: tries the mail server of the configuration, without the daemon."""

import asyncio
import os
import time
from pathlib import Path

import click

from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.prose import print_prose
from dcvd.config import load
from dcvd.core.alerts.mail import Mail
from dcvd.core.alerts.sending import SendOutcome
from dcvd.core.alerts.texts import compose_test
from dcvd.core.ids import IdPrefix, new_id
from dcvd.core.members import normalize_address
from dcvd.errors import DcvdError, InvalidInput, NotConfigured
from dcvd.messaging.smtp import send_mail


@click.group("mail")
def mail() -> None:
    """Try whether mails can be sent."""


@mail.command("test", epilog=format_examples("dcvd mail test person@example.com"))
@click.argument("address")
@json_option
@config_option
def send_test(address: str, as_json: bool, config: Path) -> None:
    """Hand a mail to ADDRESS over to the mail server of the configuration, and say what the server said."""
    try:
        recipient = normalize_address(address)
    except InvalidInput as error:
        raise click.BadParameter(error.message) from error
    settings = load(config, os.environ, need_cloudflare=False).config.mail
    if not settings.host:
        raise NotConfigured("There is no mail server: set mail.host in the configuration.", code="mail_not_set_up")
    now, content = time.time_ns() // 1_000_000, compose_test()
    test = Mail(
        id=new_id(IdPrefix.MESSAGE, now, os.urandom),
        recipient=recipient,
        subject=content.subject,
        text=content.text,
        created_at=now,
    )
    result = asyncio.run(send_mail(settings, test))
    if result.outcome is not SendOutcome.SENT:
        raise DcvdError(f"{settings.host} did not take the mail: {result.detail}", code="mail_not_sent")
    if as_json:
        print_json({"sent": {"to": recipient, "server": settings.host}})
    else:
        print_prose(f"{settings.host} took the mail to {recipient}.")
