"""The status of a domain as it follows from Cloudflare's statuses, and the error that explains it.

The messages promise only what `lifecycle.remedies` does.
"""

from typing import Final, assert_never

from msgspec.structs import replace

from dcvd.core.custom_hostnames.read_only import ReadOnlyReason, describe_reason
from dcvd.core.custom_hostnames.statuses import DELETED_HOSTNAME_STATUS, CertificateClass, HostnameClass
from dcvd.core.diagnosis.cloudflare.findings import describe_timeout
from dcvd.core.domains.claims import is_held
from dcvd.core.domains.domain import WAITING_STATUSES, DnsState, Domain, DomainError, DomainErrorCode, DomainStatus
from dcvd.core.instants import to_rfc3339
from dcvd.core.lifecycle.doubt import is_in_doubt

_VALIDATED_CLASSES: Final = frozenset(
    {CertificateClass.AWAITING_ISSUE, CertificateClass.AWAITING_DEPLOYMENT, CertificateClass.SERVING}
)
StatusAndError = tuple[DomainStatus, DomainError | None]


def waits_for_validation(domain: Domain) -> bool:
    """Whether Cloudflare still has to find the record, which it may check again only hours from now.

    Once it has found it, a new validation would only discard the certificate that is being issued.
    """
    if domain.cf_id is None or domain.status is DomainStatus.ACTIVE:
        return False
    match domain.hostname_class:
        case HostnameClass.WAITING | HostnameClass.MOVED:
            return domain.dns_state is not DnsState.FAILED or is_validation_pending(domain)
        case HostnameClass.SERVING:
            return is_validation_pending(domain)
        case (
            HostnameClass.BLOCKED
            | HostnameClass.DELETED
            | HostnameClass.BEING_DELETED
            | HostnameClass.NEUTRAL
            | HostnameClass.UNKNOWN
        ):
            return False
        case _:
            assert_never(domain.hostname_class)


def is_validation_pending(domain: Domain) -> bool:
    """Whether the CA still has to validate the domain."""
    certificate_class = domain.certificate_class
    return certificate_class is CertificateClass.AWAITING_VALIDATION or certificate_class.has_timed_out


def choose_waiting_status(domain: Domain, previous: DomainStatus) -> DomainStatus:
    """Choose `issuing` once the routing record was seen or is proven; two failed checks in a row take that back.

    A CA proves the record by an HTTP validation, for which it followed it. A validation by `_acme-challenge` proves
    nothing: its certificate may be issued, and even deployed, long before the traffic moves. Nor does an uploaded
    certificate, nor does anything prove a claim that is contested, but its own proof.
    """
    if not domain.may_serve:
        return DomainStatus.PENDING_CNAME
    is_seen = domain.dns_state is DnsState.VERIFIED
    is_uploaded = domain.read_only in (ReadOnlyReason.CUSTOM_CERTIFICATE, ReadOnlyReason.CUSTOM_CSR)
    is_proven_by_ca = not is_uploaded and domain.validation == "http" and domain.certificate_class in _VALIDATED_CLASSES
    is_validated = domain.hostname_class is HostnameClass.SERVING
    if is_seen or is_proven_by_ca or is_validated:
        return DomainStatus.ISSUING
    if previous is DomainStatus.ISSUING and is_in_doubt(domain.dns_failures):
        return DomainStatus.ISSUING
    return DomainStatus.PENDING_CNAME


def decide_status(
    before: Domain, after: Domain, now: int, *, is_listed: bool, is_time_confirmed: bool = True
) -> StatusAndError:
    """Decide the status after Cloudflare's answer, which `after` holds already except for the status.

    is_listed: whether the answer lists the certificate that we know. By a time that is not confirmed none has expired.
    """
    status, error = _decide_status(before, after, now, is_listed=is_listed)
    if error is not None and error.code == DomainErrorCode.CERTIFICATE_EXPIRED and not is_time_confirmed:
        return before.status, before.error
    return status, error


def _decide_status(before: Domain, after: Domain, now: int, *, is_listed: bool) -> StatusAndError:
    detail = _quote_errors(after.cf_errors)
    match after.hostname_class:
        case HostnameClass.UNKNOWN | HostnameClass.NEUTRAL:
            return before.status, before.error
        case HostnameClass.BLOCKED:
            text = f"Cloudflare blocks {after.name}. If its zone is on hold, its owner must release the hold."
            return DomainStatus.ERROR, DomainError(DomainErrorCode.BLOCKED, text + detail)
        case HostnameClass.MOVED:
            text = f"Cloudflare gave {after.name} up while it did not point to us. The right CNAME brings it back."
            return DomainStatus.ERROR, DomainError(DomainErrorCode.MOVED, text + detail)
        case HostnameClass.DELETED | HostnameClass.BEING_DELETED:
            text = f"Cloudflare deleted {after.name}. {_describe_return(after)}"
            return DomainStatus.ERROR, DomainError(DomainErrorCode.DELETED, text + detail)
        case HostnameClass.WAITING:
            if before.status is DomainStatus.ACTIVE and is_in_doubt(after.pending_reports):
                return before.status, None
            if after.certificate_class.has_timed_out:
                return DomainStatus.ERROR, _timeout_error(after)
            return choose_waiting_status(after, before.status), None
        case HostnameClass.SERVING:
            return _decide_serving_status(before, after, now, is_listed=is_listed)
        case _:
            assert_never(after.hostname_class)


def _decide_serving_status(before: Domain, after: Domain, now: int, *, is_listed: bool) -> StatusAndError:
    """Decide the status of a hostname that is active at Cloudflare, by its certificate.

    While a renewal is in flight, ssl.status leaves `active` although the old certificate still serves. So the expiry of
    the certificate that we know decides, not ssl.status. That holds for an active domain. Any other may have lost its
    old certificate, so Cloudflare has to list (`is_listed`) the one that we know.
    """
    certificate = after.certificate
    is_valid = certificate is not None and certificate.expires_at > now
    # An active domain whose expiry Cloudflare never gave goes on serving until something says otherwise.
    has_unknown_expiry = certificate is None and before.status is DomainStatus.ACTIVE
    serves = has_unknown_expiry or (is_valid and (is_listed or before.status is DomainStatus.ACTIVE))
    match after.certificate_class:
        case CertificateClass.SERVING:
            if certificate is None or is_valid:
                return DomainStatus.ACTIVE, None
            return DomainStatus.ERROR, _expiry_error(after, now)
        case CertificateClass.GONE:
            message = (
                f"The certificate of {after.name} is {after.cf_ssl_status} at Cloudflare: nothing serves https until "
                "another is issued."
            )
            return DomainStatus.ERROR, DomainError(DomainErrorCode.CERTIFICATE_GONE, message)
        case CertificateClass.UNKNOWN | CertificateClass.NEUTRAL:
            if certificate is not None and not is_valid:
                return DomainStatus.ERROR, _expiry_error(after, now)
            if serves:
                return DomainStatus.ACTIVE, None
            return (DomainStatus.ISSUING, None) if before.status in WAITING_STATUSES else (before.status, before.error)
        case CertificateClass.EXPIRED:
            return (
                (DomainStatus.ACTIVE, None) if is_valid and serves else (DomainStatus.ERROR, _expiry_error(after, now))
            )
        case CertificateClass.TIMED_OUT_BEFORE_ISSUE | CertificateClass.TIMED_OUT | CertificateClass.DELETION_TIMED_OUT:
            return (DomainStatus.ACTIVE, None) if serves else (DomainStatus.ERROR, _timeout_error(after))
        case (
            CertificateClass.NOT_ORDERED
            | CertificateClass.INITIALIZING
            | CertificateClass.AWAITING_VALIDATION
            | CertificateClass.AWAITING_ISSUE
            | CertificateClass.AWAITING_DEPLOYMENT
        ):
            if certificate is not None and not is_valid:
                return DomainStatus.ERROR, _expiry_error(after, now)
            return (DomainStatus.ACTIVE if serves else DomainStatus.ISSUING), None
        case _:
            assert_never(after.certificate_class)


def hostname_gone_error(domain: Domain) -> DomainError:
    """Return the error of a domain whose hostname no longer exists at Cloudflare."""
    return DomainError(
        DomainErrorCode.DELETED,
        f"Cloudflare no longer has {domain.name}: it was deleted there. {_describe_return(domain)}",
    )


def _describe_return(domain: Domain) -> str:
    """Say what becomes of a domain whose hostname was deleted."""
    if domain.read_only is None:
        return "It is registered again by itself."
    why = describe_reason(domain.read_only)
    return f"It was only read here, because {why}: remove the domain, and add it again."


def forget_held(domain: Domain) -> Domain:
    """Return the domain without the error that another holds the name, but with the one that stood behind that."""
    if not is_held(domain):
        return domain
    if domain.cf_id is None and domain.cf_status == DELETED_HOSTNAME_STATUS:
        return replace(domain, status=DomainStatus.ERROR, error=hostname_gone_error(domain))
    return replace(domain, status=DomainStatus.PENDING_CNAME, error=None)


def _timeout_error(domain: Domain) -> DomainError:
    detail = _quote_errors(domain.cf_ssl_errors or domain.cf_errors)
    message = f"{describe_timeout(domain)} It is started again once DNS is right.{detail}"
    return DomainError(domain.cf_ssl_status or "", message)


def _quote_errors(errors: tuple[str, ...]) -> str:
    return f" Cloudflare says: {'; '.join(errors)}" if errors else ""


def _expiry_error(domain: Domain, now: int) -> DomainError:
    expires_at = domain.expires_at
    when = f" on {to_rfc3339(expires_at)}" if expires_at is not None and expires_at <= now else ""
    message = f"The certificate of {domain.name} expired{when} and none replaced it."
    return DomainError(DomainErrorCode.CERTIFICATE_EXPIRED, message)
