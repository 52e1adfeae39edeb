"""Turn AWS's refusals into errors of ours.

Sources: Route 53 API reference, "Common Errors" and those of each action; STS API reference, likewise.
"""

import re
from typing import Final

from msgspec import Struct

from dcvd.core.http.exchanges import is_temporary
from dcvd.core.text import make_printable, shorten
from dcvd.errors import Permanent, RecordConflict, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import FetchResponse
from dcvd.providers.route53.xml import BadXml, Element, parse_xml

UNAUTHORIZED: Final = "provider_unauthorized"
PERMISSION_MISSING: Final = "permission_missing"
ACCESS_DENIED_ERRORS: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

_EXPIRED_KEY_ERRORS: Final = frozenset({"ExpiredToken", "ExpiredTokenException"})
_KEY_ERRORS: Final = frozenset({
    "AuthFailure", "IncompleteSignature", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired",
    "SignatureDoesNotMatch", "UnrecognizedClientException",
})  # fmt: skip
_THROTTLING_ERRORS: Final = frozenset(
    {"RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)
_BUSY_ERRORS: Final = frozenset({"PriorRequestNotComplete"})
_CONFLICT_MESSAGE: Final = re.compile(
    r"already exists|was not found|do not match the current values|other RRSets exist|conflicts with", re.IGNORECASE
)
"""Matches the message of InvalidChangeBatch if the zone changed since it was read; any other message means that the
record itself is not allowed."""
_CLOCK_MESSAGE: Final = re.compile(r"Signature (expired|not yet current)", re.IGNORECASE)
_MAX_MESSAGE_LENGTH: Final = 300
_RETRY_AFTER_S: Final = 2.0
"""Seconds to wait, because AWS hardly ever names a time."""


class AwsFault(Struct, frozen=True, kw_only=True):
    """A refusal by AWS: its code, and its message in printable form."""

    status: int
    code: str
    message: str


class KeysExpired(Unauthorized):
    """Temporary keys have expired, and new ones would be accepted."""

    code = UNAUTHORIZED


def read_fault(answer: FetchResponse) -> AwsFault:
    """Read the refusal in an unsuccessful answer; its code is empty if the answer holds none."""
    try:
        root = parse_xml(answer.body)
    except BadXml:
        return AwsFault(status=answer.status, code="", message="")
    if root.tag == "InvalidChangeBatch":
        # Only this refusal has its own form, which lists every fault.
        messages = [message.text for message in root.find_all("Messages", "Message")]
        return AwsFault(status=answer.status, code=root.tag, message=format_message(" ".join(messages)))
    error = root.find("Error") or root.find("Errors", "Error") or Element("")
    return AwsFault(
        status=answer.status,
        code=format_message(error.find_text("Code")),
        message=format_message(error.find_text("Message")),
    )


def to_error(action: str, fault: AwsFault) -> RemoteError:
    """Return the error for a refusal; `action` is AWS's name of the call, such as `route53:GetChange`."""
    code, quote = fault.code, f" AWS says: {fault.message}" if fault.message else ""
    if code in _EXPIRED_KEY_ERRORS:
        return KeysExpired(f"AWS refuses {action}: the session has ended.")
    if code == "RequestExpired" or (code in _KEY_ERRORS and _CLOCK_MESSAGE.search(fault.message)):
        return Retryable(
            f"AWS refuses {action}: the clock of the machine of dcvd is wrong ({code}); its operator has to set it.",
            code="clock_wrong",
        )
    if code in _KEY_ERRORS:
        # The message is left out: for a wrong signature AWS quotes the request, including the session token.
        return Unauthorized(f"AWS refuses the credentials for {action} ({code}).", code=UNAUTHORIZED)
    if code in ACCESS_DENIED_ERRORS:
        return Permanent(
            f"AWS does not allow {action}: add it to the policy of the role or user that dcvd connects with.{quote}",
            code=PERMISSION_MISSING,
            http_status=fault.status,
        )
    if code in _THROTTLING_ERRORS or fault.status == 429:
        return Retryable(
            f"AWS limits the rate of {action}, for all programs of the account together.{quote}",
            code="provider_throttled",
            retry_after_s=_RETRY_AFTER_S,
        )
    if code in _BUSY_ERRORS:
        return Retryable(
            f"Route 53 is still at work on an earlier change of the zone.{quote}",
            code="provider_busy",
            retry_after_s=_RETRY_AFTER_S,
        )
    if code == "InvalidChangeBatch" and _CONFLICT_MESSAGE.search(fault.message):
        return RecordConflict(f"The zone is not as it was read; nothing was changed.{quote}")
    if code == "InvalidChangeBatch":
        return Permanent(
            f"Route 53 does not take the record; nothing was changed.{quote}",
            code="record_refused",
            http_status=fault.status,
        )
    if code == "NoSuchHostedZone":
        return Permanent("The hosted zone is gone from Route 53.", code="zone_not_found", http_status=fault.status)
    if is_temporary(fault.status):
        return Retryable(f"AWS failed at {action} with status {fault.status}.{quote}", code="provider_unavailable")
    suffix = f" ({code})" if code else ""
    return Permanent(
        f"AWS refuses {action} with status {fault.status}{suffix}.{quote}",
        code="provider_refused",
        http_status=fault.status,
    )


def format_message(text: str) -> str:
    """Return foreign text in a form that fits a sentence: printable, on one line, at most 300 characters."""
    return shorten(make_printable(text), _MAX_MESSAGE_LENGTH)
