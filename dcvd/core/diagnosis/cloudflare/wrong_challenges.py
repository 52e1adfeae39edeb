"""Findings from what the CA found at `_acme-challenge`: nothing, or another text than its own."""

import re
from typing import Final

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.domains.domain import CHALLENGE_LABEL, Domain, Finding, Record

_WRONG_TEXT: Final = re.compile(r"incorrect txt record|txt record.{0,300}does not match", re.IGNORECASE | re.DOTALL)
_NO_TEXT: Final = re.compile(
    r"no txt records? found|txt records? (was |were )?not found|unable to find.{0,20}txt", re.IGNORECASE
)


def find_wrong_challenge(domain: Domain, text: str) -> Finding | None:
    """Find that a text speaks of a TXT record that is missing or another; None where it does not."""
    if _WRONG_TEXT.search(text):
        return _wrong_text_finding(domain, text)
    return missing_challenge_finding(domain, text) if _NO_TEXT.search(text) else None


def missing_challenge_finding(domain: Domain, text: str) -> Finding:
    """Return the finding that the CA found no record at `_acme-challenge`."""
    label = f"{CHALLENGE_LABEL}.{domain.name}"
    record = _delegation(domain)
    if record is not None:
        message = (
            f"The certificate authority finds nothing at {label}. Create the CNAME there that leads to {record.value}."
        )
        return new_finding(FindingCode.CHALLENGE_MISSING, "error", "customer", message, [text], fix=record)
    return _passing_finding(domain, f"The certificate authority found nothing at {label}", text)


def _wrong_text_finding(domain: Domain, text: str) -> Finding:
    label = f"{CHALLENGE_LABEL}.{domain.name}"
    record = _delegation(domain)
    if record is not None:
        message = (
            f"The certificate authority finds a TXT record at {label} that is not its own. Delete it, and create the "
            f"CNAME there that leads to {record.value}."
        )
        return new_finding(FindingCode.CHALLENGE_TXT_CONFLICT, "error", "customer", message, [text], fix=record)
    return _passing_finding(domain, f"The certificate authority found an older text at {label} than its own", text)


def _delegation(domain: Domain) -> Record | None:
    """Return the CNAME that is missing at `_acme-challenge`; None where none is needed, or it is there."""
    if domain.validation != "delegated" or domain.challenge_target is None or domain.challenge_verified:
        return None
    return Record("CNAME", f"{CHALLENGE_LABEL}.{domain.name}", domain.challenge_target)


def _passing_finding(domain: Domain, what: str, text: str) -> Finding:
    if domain.validation == "delegated":
        where = (
            "Our own check finds the record there"
            if domain.challenge_verified
            else "Cloudflare has yet to say what belongs there"
        )
        message = f"{what}. {where}; it is tried again."
        return new_finding(FindingCode.CHALLENGE_MISSING, "warning", "nobody", message, [text])
    message = (
        f"{what}, although {domain.name} is validated by the CNAME that carries its traffic. If that stays, the "
        "operator of this service has to look at the method of validation at Cloudflare."
    )
    return new_finding(FindingCode.CHALLENGE_MISSING, "warning", "operator", message, [text])
