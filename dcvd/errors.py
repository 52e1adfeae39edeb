"""The error tree: every error that dcvd raises on purpose.

Every message says what happened, to what, and what to do about it. `code` is stable and machine-readable: it is the
`code` of an API problem, of a domain's error and of a job's last error.
"""

from typing import Protocol


class Wording(Protocol):
    """What an error says, before it is put into the words of a language."""

    @property
    def english(self) -> str:
        """The words for whoever reads no pages: the API, the commands, the log."""


class DcvdError(Exception):
    """The root of all errors that dcvd raises on purpose.

    `wording`: what pages put into their own language; None where the message is somebody else's, or no page shows it.
    """

    code = "internal_error"

    def __init__(self, message: str | Wording, *, code: str | None = None) -> None:
        self.wording = None if isinstance(message, str) else message
        self.message = message if isinstance(message, str) else message.english
        super().__init__(self.message)
        if code is not None:
            self.code = code

    @property
    def said(self) -> str | Wording:
        """What it says, for another error that says the same."""
        return self.wording or self.message


class ConfigError(DcvdError):
    """The configuration cannot be used; `problems` holds one sentence for each fault in it."""

    code = "bad_configuration"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class InvalidInput(DcvdError):
    """A value that somebody gave us is wrong; `field` is its name as the caller wrote it."""

    code = "invalid_input"

    def __init__(self, field: str, message: str | Wording, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.field = field


class NotFound(DcvdError):
    """The object does not exist, or it belongs to another organization; callers cannot tell which."""

    code = "not_found"


class Gone(DcvdError):
    """The object existed once and is gone for good, such as events that retention has deleted."""

    code = "gone"


class Conflict(DcvdError):
    """The request contradicts what is stored.

    `existing_id` is the id of the object in the way, given only to the organization that owns it.
    """

    code = "conflict"

    def __init__(self, message: str | Wording, *, code: str | None = None, existing_id: str | None = None) -> None:
        super().__init__(message, code=code)
        self.existing_id = existing_id


class PreconditionFailed(DcvdError):
    """The object is not in the state that the caller has seen (`If-Match`); nothing was changed."""

    code = "precondition_failed"


class TooManyRequests(DcvdError):
    """The caller has reached a limit and may try again after `retry_after_s` seconds."""

    code = "too_many_requests"

    def __init__(self, message: str | Wording, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Forbidden(DcvdError):
    """The caller is known, but their role does not allow this."""

    code = "forbidden"


class QuotaReached(DcvdError):
    """The organization has as many of something as it may have; the message names the quota."""

    code = "quota_reached"


class Unauthenticated(DcvdError):
    """The bearer token is missing, malformed, unknown, revoked or expired."""

    code = "unauthenticated"


class StoreError(DcvdError):
    """The database could not do its work."""

    code = "store_failed"


class DiskFull(StoreError):
    """The disk is full; nothing of the unit of work was stored."""

    code = "disk_full"


class OutcomeUnknown(StoreError):
    """Nobody can tell whether the change was stored; after a crash of the machine it may or may not be there."""

    code = "outcome_unknown"


class DatabaseUnusable(StoreError):
    """The database file is damaged, lost, of a newer dcvd or of another program; a person has to act."""

    code = "database_unusable"


class DatabaseLocked(StoreError):
    """Another process holds the database's lock file."""

    code = "database_locked"


class NotConfigured(DcvdError):
    """The operator has not configured what the request needs; the message names the setting."""

    code = "not_set_up"


class RemoteError(DcvdError):
    """A service of somebody else's failed; the cause is chained.

    `follow_up`: a sentence on what is done about it by itself, which ends the message. Whoever asked for themselves, so
    that nothing follows, gets `fact`, which is the message without it.
    """

    code = "remote_failed"

    def __init__(self, message: str | Wording, *, code: str | None = None, follow_up: str = "") -> None:
        fact = message if isinstance(message, str) else message.english
        super().__init__(f"{fact} {follow_up}" if follow_up else message, code=code)
        self.fact = fact


class Retryable(RemoteError):
    """The request may succeed later: connection refused, timeout, 5xx, 429.

    `retry_after_s` is the wait in seconds that the service asked for, where it did.
    """

    code = "remote_unavailable"

    def __init__(
        self,
        message: str | Wording,
        *,
        code: str | None = None,
        retry_after_s: float | None = None,
        follow_up: str = "",
    ) -> None:
        super().__init__(message, code=code, follow_up=follow_up)
        self.retry_after_s = retry_after_s


class OwnLimitReached(Retryable):
    """Our own machine has no descriptor, port or memory left: nobody else is to blame, and nothing was asked."""

    code = "own_limit"


class RestartNeeded(OwnLimitReached):
    """dcvd's files are no longer those of which it was started, and it needs one that it has not loaded yet."""

    code = "restart_needed"


class RecordConflict(Retryable):
    """Somebody changed a DNS record between our look at it and our change; the next try sees what they made of it."""

    code = "record_conflict"


class Permanent(RemoteError):
    """The service refuses the request and would refuse it again; `http_status` and `remote_code` are its own."""

    code = "remote_refused"

    def __init__(
        self,
        message: str | Wording,
        *,
        code: str | None = None,
        http_status: int | None = None,
        remote_code: int | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.http_status = http_status
        self.remote_code = remote_code


class Unauthorized(RemoteError):
    """The service refuses our credentials; a retry is useless until an operator has replaced them."""

    code = "remote_unauthorized"
