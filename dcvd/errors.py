"""The one error tree.

Every message says what happened, to what, and what to do about it. `code` is stable and machine-readable: it is the
`code` of an API problem, of a domain's error and of a job's last error.
"""


class DcvdError(Exception):
    """Root of everything that dcvd raises on purpose."""

    code = "internal_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class ConfigError(DcvdError):
    """The configuration cannot be used; `problems` holds one sentence for each fault."""

    code = "bad_configuration"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class InvalidInput(DcvdError):
    """A value that somebody gave us is wrong; `field` is its name as the caller wrote it."""

    code = "invalid_input"

    def __init__(self, field: str, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.field = field


class NotFound(DcvdError):
    """No such object, or it belongs to another organization (which must look the same)."""

    code = "not_found"


class Gone(DcvdError):
    """It was there, and its time is over."""

    code = "gone"


class Conflict(DcvdError):
    """The request contradicts what is stored; `existing_id` names the object in the way where its owner asks."""

    code = "conflict"

    def __init__(self, message: str, *, code: str | None = None, existing_id: str | None = None) -> None:
        super().__init__(message, code=code)
        self.existing_id = existing_id


class TooManyRequests(DcvdError):
    """The caller has as much under way as it may; `retry_after_s` is in seconds."""

    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Forbidden(DcvdError):
    """The caller is known but its role does not allow this."""

    code = "forbidden"


class Unauthenticated(DcvdError):
    """No valid bearer token: missing, malformed, unknown, revoked or expired."""

    code = "unauthenticated"


class StoreError(DcvdError):
    """The database could not do its work."""

    code = "store_failed"


class DiskFull(StoreError):
    """The disk is full: nothing of the unit was stored, and nothing of it was acknowledged."""

    code = "disk_full"


class DatabaseUnusable(StoreError):
    """The file is damaged, of a newer dcvd, another program's, or lost: no restart cures that, a person has to act."""

    code = "database_unusable"


class DatabaseLocked(StoreError):
    """Another process holds the database's lock file."""

    code = "database_locked"


class NotConfigured(DcvdError):
    """The operator has not set up what this needs; the message names the setting."""

    code = "not_set_up"


class RemoteError(DcvdError):
    """Somebody else's service failed us; the cause is chained."""

    code = "remote_failed"


class Retryable(RemoteError):
    """Worth another try: refused, timed out, 5xx, 429. `retry_after_s` is in seconds where the service named it."""

    code = "remote_unavailable"

    def __init__(self, message: str, *, code: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class Permanent(RemoteError):
    """The same request will fail again: a refusal. `http_status` and `remote_code` are the service's own."""

    code = "remote_refused"

    def __init__(
        self, message: str, *, code: str | None = None, http_status: int | None = None, remote_code: int | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.http_status = http_status
        self.remote_code = remote_code


class Unauthorized(RemoteError):
    """The service refuses our credentials: an operator has to act, a retry before that is useless."""

    code = "remote_unauthorized"
