"""The sections of the configuration about alerts: the mail server, and who is told how often."""

from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import msgspec

from dcvd.config import values
from dcvd.config.key_annotations import ConfigKey, ConfigSecret
from dcvd.config.validators import duration, integer, list_of, one_of
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.alerts.mail import Mailbox
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND, Milliseconds
from dcvd.core.secret import Secret

MailTls = Literal["starttls", "implicit", "none"]

_TELLINGS: Final = integer(at_least=1, at_most=1000)
_MAILS: Final = integer(at_least=1, at_most=100_000)


class MailConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The mail server by which alerts go out; without a `host` there are no mails.

    `retry_schedule[n]` is the delay before attempt n + 1 of a mail that was refused.
    """

    host: Annotated[str, ConfigKey(validate=values.optional_mail_host, reload=True)] = ""
    port: Annotated[int, ConfigKey(validate=values.port, reload=True)] = 587
    tls: Annotated[MailTls, ConfigKey(validate=one_of(*get_args(MailTls)), reload=True)] = "starttls"
    user: Annotated[str, ConfigKey(validate=values.mail_user, reload=True)] = ""
    password_file: Annotated[str, ConfigKey(validate=values.secret_file, reload=True)] = ""
    password: Annotated[
        Secret | None, ConfigSecret(validate=values.secret_line, file_key="password_file", reload=True)
    ] = None
    from_address: Annotated[Mailbox | None, ConfigKey(validate=values.optional_mailbox, reload=True)] = None
    ca_file: Annotated[Path | None, ConfigKey(validate=values.optional_path, reload=True)] = None
    timeout: Annotated[Milliseconds, ConfigKey(validate=duration(at_least_ms=1, at_most_ms=HOUR), reload=True)] = (
        30 * SECOND
    )
    concurrency: Annotated[int, ConfigKey(validate=integer(at_least=1, at_most=100))] = 4
    retry_schedule: Annotated[
        tuple[Milliseconds, ...],
        ConfigKey(validate=list_of(duration(at_most_ms=365 * DAY), at_least=1, at_most=30), reload=True),
    ] = (0, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, 24 * HOUR)


class AlertsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told what beside the webhooks, and how often.

    `targets` is the content of the file: addresses of chat and paging services, one a line, for the operator alone.
    Of the two URLs for heartbeats one at most is set.
    """

    operator_mail: Annotated[
        tuple[str, ...], ConfigKey(validate=list_of(values.mail_address, at_most=20), reload=True)
    ] = ()
    targets_file: Annotated[str, ConfigKey(validate=values.secret_file, reload=True)] = ""
    targets: Annotated[
        Secret | None, ConfigSecret(validate=values.secret_text, file_key="targets_file", reload=True)
    ] = None
    operator_kinds: Annotated[tuple[str, ...], ConfigKey(validate=list_of(one_of(*AlertKind)), reload=True)] = tuple(
        kind.value for kind in AlertKind
    )
    gather: Annotated[Milliseconds, ConfigKey(validate=duration(at_most_ms=DAY), reload=True)] = 5 * MINUTE
    per_hour: Annotated[int, ConfigKey(validate=_TELLINGS, reload=True)] = 6
    mails_per_hour: Annotated[int, ConfigKey(validate=_MAILS, reload=True)] = 600
    heartbeat_url: Annotated[Secret | None, ConfigKey(validate=values.optional_heartbeat_url, reload=True)] = None
    heartbeat_url_file: Annotated[str, ConfigKey(validate=values.secret_file, reload=True)] = ""
    heartbeat_url_of_file: Annotated[
        Secret | None, ConfigSecret(validate=values.heartbeat_url, file_key="heartbeat_url_file", reload=True)
    ] = None
    heartbeat_interval: Annotated[
        Milliseconds, ConfigKey(validate=duration(at_least_ms=1, at_most_ms=DAY), reload=True)
    ] = MINUTE

    @property
    def heartbeat(self) -> Secret | None:
        """The URL that is called as long as all is well; None for none."""
        return self.heartbeat_url or self.heartbeat_url_of_file
