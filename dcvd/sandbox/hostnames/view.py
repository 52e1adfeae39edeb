"""Show a custom hostname as Cloudflare's API does."""

from typing import Final

from msgspec.structs import asdict

from dcvd.core.domains.domain import CHALLENGE_LABEL, OWNERSHIP_LABEL
from dcvd.core.instants import to_rfc3339
from dcvd.sandbox.hostnames.bodies import ExtraMembers
from dcvd.sandbox.hostnames.certificates import IssuedCertificate, issue_pair
from dcvd.sandbox.hostnames.conditions import delegation_target
from dcvd.sandbox.hostnames.model import (
    CustomHostname,
    SslOrder,
    compute_challenge_tokens,
    visible_certificates,
    visible_ssl_status,
    visible_status,
)
from dcvd.sandbox.hostnames.statuses import HostnameStatus, SslStatus

_UPLOAD_DAYS: Final = 365
_HELD_MESSAGE = (
    "The hostname is associated with a held zone. Please contact the owner of this domain to have the hold removed."
)
_ACTIVATED_STATUSES = frozenset({HostnameStatus.ACTIVE, HostnameStatus.ACTIVE_REDEPLOYING})
_STATUSES_WITH_TOKENS = frozenset({SslStatus.PENDING_VALIDATION, SslStatus.VALIDATION_TIMED_OUT})
_STATUSES_WITHOUT_CERTIFICATES = frozenset({SslStatus.DELETED, SslStatus.INACTIVE})


def hostname_view(record: CustomHostname, now: int, delegation_uuid: str) -> dict[str, object]:
    """Show a hostname: `ssl` is null if it has no order, and an active one has no ownership members."""
    status = visible_status(record)
    view: dict[str, object] = {"id": record.id, "hostname": record.hostname, "status": status.value}
    view["ssl"] = None if record.ssl is None else _ssl_view(record, record.ssl, now, delegation_uuid)
    errors = _verification_errors(record, status, now)
    if errors:
        view["verification_errors"] = errors
    if status not in _ACTIVATED_STATUSES:
        view["ownership_verification"] = {
            "type": "txt",
            "name": f"{OWNERSHIP_LABEL}.{record.hostname}",
            "value": record.ownership_token,
        }
        view["ownership_verification_http"] = {
            "http_url": f"http://{record.hostname}/.well-known/cf-custom-hostname-challenge/{record.id}",
            "http_body": record.ownership_token,
        }
    extras = {member: getattr(record, member) for member in ExtraMembers.__struct_fields__}
    view |= {member: value for member, value in extras.items() if value is not None}
    view["created_at"] = to_rfc3339(record.created_at)
    return view


def _ssl_view(record: CustomHostname, ssl: SslOrder, now: int, delegation_uuid: str) -> dict[str, object]:
    status = visible_ssl_status(record, now)
    assert status is not None
    view: dict[str, object] = {
        "id": ssl.id,
        "type": "dv",
        "method": ssl.method,
        "status": status.value,
        "wildcard": ssl.wildcard,
        "bundle_method": ssl.bundle_method,
        "certificate_authority": ssl.authority,
        "settings": ssl.settings,
    }
    if status in _STATUSES_WITH_TOKENS or ssl.is_renewal_open:
        view["validation_records"] = _validation_records(record.hostname, ssl)
        view["dcv_delegation_records"] = [
            {
                "cname": f"{CHALLENGE_LABEL}.{record.hostname}",
                "cname_target": delegation_target(record.hostname, delegation_uuid),
            }
        ]
    errors = record.forced_state.validation_errors
    if errors is None and record.conditions.authority_refusal is not None and status is not SslStatus.ACTIVE:
        errors = (record.conditions.authority_refusal,)
    if errors:
        view["validation_errors"] = [{"message": message} for message in errors]
    if ssl.custom_certificate is not None:
        view |= _upload_view(record.hostname, ssl)
    certificates = () if status in _STATUSES_WITHOUT_CERTIFICATES else visible_certificates(record)
    if certificates:
        view["hosts"] = [record.hostname, f"*.{record.hostname}"] if ssl.wildcard else [record.hostname]
        view["certificates"] = [_certificate_view(certificate) for certificate in certificates]
    return view


def _upload_view(hostname: str, ssl: SslOrder) -> dict[str, object]:
    """Show an uploaded certificate: its key, which nobody gets back, is left out."""
    (described, _) = issue_pair(ssl.id, 0, ssl.stage_entered_at, ssl.authority, _UPLOAD_DAYS)
    view: dict[str, object] = {
        "hosts": [hostname],
        "issuer": "SomebodyElse",
        "serial_number": described.serial_number,
        "signature": described.signature,
        "uploaded_on": to_rfc3339(ssl.stage_entered_at),
        "expires_on": to_rfc3339(described.expires_on),
        "custom_certificate": ssl.custom_certificate,
    }
    return view if ssl.custom_csr_id is None else view | {"custom_csr_id": ssl.custom_csr_id}


def _validation_records(hostname: str, ssl: SslOrder) -> list[dict[str, object]]:
    tokens = compute_challenge_tokens(ssl)
    match ssl.method:
        case "txt":
            return [
                {"status": "pending", "txt_name": f"{CHALLENGE_LABEL}.{hostname}", "txt_value": token}
                for token in tokens
            ]
        case "http":
            return [
                {
                    "status": "pending",
                    "http_url": f"http://{hostname}/.well-known/acme-challenge/{token}",
                    "http_body": f"{token}.{ssl.id}",
                }
                for token in tokens
            ]
        case "email":
            return [{"status": "pending", "emails": [f"{box}@{hostname}" for box in ("admin", "hostmaster")]}]


def _verification_errors(record: CustomHostname, status: HostnameStatus, now: int) -> list[str]:
    if status is HostnameStatus.BLOCKED:
        return [_HELD_MESSAGE]
    if status not in (HostnameStatus.PENDING, HostnameStatus.MOVED):
        return []
    if record.conditions.fallback_active_at is None:
        return ["zone does not have a fallback origin set."]
    if record.conditions.fallback_active_at > now:
        return ["fallback origin is in a status of `pending_deployment`."]
    if record.owned_at is None:
        return ["custom hostname does not CNAME to this zone."]
    return []


def _certificate_view(certificate: IssuedCertificate) -> dict[str, str]:
    return asdict(certificate) | {
        "issued_on": to_rfc3339(certificate.issued_on),
        "expires_on": to_rfc3339(certificate.expires_on),
    }
