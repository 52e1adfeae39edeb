"""A custom hostname as Cloudflare's API shows it."""

from dcvd.core.instants import to_rfc3339
from dcvd.sandbox.hostnames.certificates import Certificate
from dcvd.sandbox.hostnames.conditions import CHALLENGE, OWNERSHIP, delegation_target
from dcvd.sandbox.hostnames.model import (
    Hostname,
    SslOrder,
    challenge_tokens,
    shown_certificates,
    shown_ssl_status,
    shown_status,
)
from dcvd.sandbox.hostnames.statuses import HostnameStatus, SslStatus

_HELD = "The hostname is associated with a held zone. Please contact the owner of this domain to have the hold removed."
_ACTIVATED = frozenset({HostnameStatus.ACTIVE, HostnameStatus.ACTIVE_REDEPLOYING})
_TOKENS_SHOWN = frozenset({SslStatus.PENDING_VALIDATION, SslStatus.VALIDATION_TIMED_OUT})
_NO_CERTIFICATES = frozenset({SslStatus.DELETED, SslStatus.INACTIVE})


def hostname_view(record: Hostname, now: int, delegation_uuid: str) -> dict[str, object]:
    """`ssl` is null for a hostname without certificate; ownership members vanish once it is active."""
    status = shown_status(record)
    view: dict[str, object] = {"id": record.id, "hostname": record.hostname, "status": status.value}
    view["ssl"] = None if record.ssl is None else _ssl_view(record, record.ssl, now, delegation_uuid)
    errors = _verification_errors(record, status, now)
    if errors:
        view["verification_errors"] = errors
    if status not in _ACTIVATED:
        view["ownership_verification"] = {
            "type": "txt",
            "name": f"{OWNERSHIP}.{record.hostname}",
            "value": record.ownership_token,
        }
        view["ownership_verification_http"] = {
            "http_url": f"http://{record.hostname}/.well-known/cf-custom-hostname-challenge/{record.id}",
            "http_body": record.ownership_token,
        }
    if record.custom_metadata is not None:
        view["custom_metadata"] = record.custom_metadata
    if record.custom_origin_server is not None:
        view["custom_origin_server"] = record.custom_origin_server
    if record.custom_origin_sni is not None:
        view["custom_origin_sni"] = record.custom_origin_sni
    view["created_at"] = to_rfc3339(record.created_at)
    return view


def _ssl_view(record: Hostname, ssl: SslOrder, now: int, delegation_uuid: str) -> dict[str, object]:
    status = shown_ssl_status(record, now)
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
    if status in _TOKENS_SHOWN or ssl.renewal_open:
        view["validation_records"] = _validation_records(record.hostname, ssl)
        view["dcv_delegation_records"] = [
            {
                "cname": f"{CHALLENGE}.{record.hostname}",
                "cname_target": delegation_target(record.hostname, delegation_uuid),
            }
        ]
    said = record.forced.validation_errors
    if said is None and record.sight.refusal is not None and status is not SslStatus.ACTIVE:
        said = (record.sight.refusal,)
    if said:
        view["validation_errors"] = [{"message": message} for message in said]
    certificates = () if status in _NO_CERTIFICATES else shown_certificates(record)
    if certificates:
        view["hosts"] = [record.hostname, f"*.{record.hostname}"] if ssl.wildcard else [record.hostname]
        view["certificates"] = [_certificate_view(certificate) for certificate in certificates]
    return view


def _validation_records(hostname: str, ssl: SslOrder) -> list[dict[str, object]]:
    tokens = challenge_tokens(ssl)
    match ssl.method:
        case "txt":
            return [
                {"status": "pending", "txt_name": f"{CHALLENGE}.{hostname}", "txt_value": token} for token in tokens
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


def _verification_errors(record: Hostname, status: HostnameStatus, now: int) -> list[str]:
    if status is HostnameStatus.BLOCKED:
        return [_HELD]
    if status not in (HostnameStatus.PENDING, HostnameStatus.MOVED):
        return []
    if record.sight.fallback_from is None:
        return ["zone does not have a fallback origin set."]
    if record.sight.fallback_from > now:
        return ["fallback origin is in a status of `pending_deployment`."]
    if record.owned_since is None:
        return ["custom hostname does not CNAME to this zone."]
    return []


def _certificate_view(certificate: Certificate) -> dict[str, str]:
    return {
        "id": certificate.id,
        "issuer": certificate.issuer,
        "serial_number": certificate.serial_number,
        "signature": certificate.signature,
        "issued_on": to_rfc3339(certificate.issued_on),
        "expires_on": to_rfc3339(certificate.expires_on),
        "fingerprint_sha256": certificate.fingerprint_sha256,
    }
