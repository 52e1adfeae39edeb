"""Convert Cloudflare's refusals into errors of the error tree.

Source: "Custom hostname status codes" of Cloudflare for SaaS; codes that it does not list are classified by their
HTTP status. A 429's body is not documented, so only its status and headers count.
"""

import re
from collections.abc import Mapping
from typing import Final

from dcvd.core.domains.domain import DomainErrorCode
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.domains.saas_zone import ZoneFaultCode
from dcvd.core.http.exchanges import is_temporary
from dcvd.core.jobs import Outage
from dcvd.custom_hostnames.wire import CloudflareEnvelope, CloudflareErrorInfo, read_hostname
from dcvd.errors import DcvdError, Permanent, Retryable, Unauthorized

UNAVAILABLE: Final = "cloudflare_unavailable"
RATE_LIMITED: Final = "cloudflare_rate_limited"
UNEXPECTED: Final = "cloudflare_unexpected"
PLAN_LACKS: Final = DomainErrorCode.PLAN_LACKS
_UNAUTHORIZED: Final = ZoneFaultCode.UNAUTHORIZED
OUTAGES: Final = (
    Outage(UNAVAILABLE, ends_when_cloudflare_answers=True),
    Outage(RATE_LIMITED, ends_when_cloudflare_answers=True),
    Outage(_UNAUTHORIZED),
    Outage(ZoneFaultCode.ZONE_NOT_FOUND),
    Outage(ZoneFaultCode.NOT_ENABLED),
    Outage(DomainErrorCode.QUOTA_EXCEEDED),
)
"""The failures that say nothing about what was asked for."""
DUPLICATE_CODE: Final = 1406
NOT_FOUND_CODE: Final = 1436
_CREDENTIAL_CODES: Final = frozenset({*range(1000, 1006), 1403, 6003, 6111, 9103, 9106, 9109, 10000, 10001})
_HEADER_CODES: Final = frozenset({6003, 6111})
"""The answers, with 400, to a token that is cut off or another sort of key: its header is malformed."""
_NOT_ALLOCATED_CODE: Final = 1404
_QUOTA_CODE: Final = 1405
_NO_ROUTE_CODES: Final = frozenset({1001, 1402, 7000, 7003})
"""The answers for a zone that does not exist, or has no such id."""
_PLAN_CODES: Final = frozenset({1413, 1414, 1459})
_PLAN_PATTERN: Final = re.compile(
    r"only available (on|to|for|with) (an? )?(enterprise|business|pro|paid)|not available (on|for|with) (your|this|the)"
    r"[a-z ]* plan|upgrade your plan|not entitled",
    re.IGNORECASE,
)
_ERROR_CODES: Final[Mapping[int | None, str]] = {
    None: "cloudflare_refused",
    DUPLICATE_CODE: DomainErrorCode.HOSTNAME_TAKEN,
    NOT_FOUND_CODE: "hostname_not_found",
    **dict.fromkeys((1407, 1408, 1409, 1410, 1411, 1469), DomainErrorCode.HOSTNAME_INVALID),
}
_QUOTA_RETRY_AFTER_S: Final = 900.0
_FOLLOW_UP: Final = "It is tried again."


def build_error(
    method: str, path: str, status: int, envelope: CloudflareEnvelope | None, retry_after_s: float | None
) -> DcvdError:
    """Build the error to raise for a failed call."""
    first_error = envelope.errors[0] if envelope and envelope.errors else CloudflareErrorInfo(None, "no explanation")
    summary = f"Cloudflare answered {method} {path} with {status}"
    detail = (
        f"{summary}, code {first_error.code}: {first_error.message}" if first_error.code is not None else f"{summary}."
    )
    if status == 429:
        return Retryable(f"{summary}: too many requests.", code=RATE_LIMITED, retry_after_s=retry_after_s)
    if envelope is None:
        detail = f"{summary}, and not with the JSON of its API."
    if is_temporary(status) or envelope is None:
        return Retryable(detail, code=UNAVAILABLE, retry_after_s=retry_after_s, follow_up=_FOLLOW_UP)
    if status in (400, 404) and first_error.code in _NO_ROUTE_CODES:
        return Retryable(
            f"{detail} The operator of this service has to check the zone_id.",
            code=ZoneFaultCode.ZONE_NOT_FOUND,
            retry_after_s=_QUOTA_RETRY_AFTER_S,
            follow_up=_FOLLOW_UP,
        )
    if first_error.code == _NOT_ALLOCATED_CODE:
        message = f"{detail} Enable Cloudflare for SaaS for the zone."
        return Retryable(message, code=ZoneFaultCode.NOT_ENABLED, retry_after_s=_QUOTA_RETRY_AFTER_S)
    if first_error.code == _QUOTA_CODE:
        message = f"{detail} Raise the quota of custom hostnames at Cloudflare, or remove some."
        return Retryable(message, code=DomainErrorCode.QUOTA_EXCEEDED, retry_after_s=_QUOTA_RETRY_AFTER_S)
    is_refused = status in (401, 403)
    if first_error.code in _HEADER_CODES or (
        is_refused and (first_error.code in _CREDENTIAL_CODES or first_error.code is None or status == 401)
    ):
        return Unauthorized(
            f"{detail} The operator of this service has to check its API token, which needs the permission "
            "SSL and Certificates Write on the zone.",
            code=_UNAUTHORIZED,
            follow_up=_FOLLOW_UP,
        )
    if first_error.code in _PLAN_CODES or _PLAN_PATTERN.search(first_error.message):
        return Permanent(detail, code=PLAN_LACKS, http_status=status, remote_code=first_error.code)
    code = _ERROR_CODES.get(first_error.code, f"cloudflare_{first_error.code}")
    return Permanent(detail, code=code, http_status=status, remote_code=first_error.code)


def classify_error(error: DcvdError) -> str:
    """Classify a failed call by its outcome, for metrics; one that was not answered at all is none of them."""
    if error.code == RATE_LIMITED:
        return "rate_limited"
    if error.code == UNAVAILABLE:
        return "failed"
    if isinstance(error, Unauthorized):
        return "unauthorized"
    is_not_found = isinstance(error, Permanent) and error.remote_code == NOT_FOUND_CODE
    return "not_found" if is_not_found else "refused"


def is_duplicate(error: Permanent) -> bool:
    """Whether a create was refused because the zone has the hostname already (409, code 1406)."""
    return error.remote_code == DUPLICATE_CODE


def require_hostname(
    envelope: CloudflareEnvelope, method: str, *, name: str | None = None, cf_id: str | None = None
) -> CloudflareHostname:
    """Return the hostname if the answer is about the one requested; otherwise a wrong domain would be updated.

    Raises Retryable.
    """
    cloudflare_hostname = read_hostname(envelope.result)
    if cloudflare_hostname is None:
        raise Retryable(
            f"Cloudflare's answer to {method} holds no custom hostname.", code=UNAVAILABLE, follow_up=_FOLLOW_UP
        )
    if name not in (None, cloudflare_hostname.hostname) or cf_id not in (None, cloudflare_hostname.id):
        answered = f"{cloudflare_hostname.hostname} ({cloudflare_hostname.id})"
        message = f"Cloudflare answered about {answered} when it was asked about {name or cf_id}."
        raise Retryable(message, code=UNEXPECTED)
    return cloudflare_hostname
