"""Findings from what the CA found at `_acme-challenge`: nothing, or another text than its own."""

import re
from typing import Final

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.domains.domain import CHALLENGE_LABEL, Domain, Finding, Record
from dcvd.core.sentences.sentence import Sentence, say

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
        message = say("challenge_missing", name=label, target=record.value)
        return new_finding(FindingCode.CHALLENGE_MISSING, "error", "customer", message, [text], fix=record)
    return _passing_finding(domain, say("challenge_was_missing", name=label), text)


def _wrong_text_finding(domain: Domain, text: str) -> Finding:
    label = f"{CHALLENGE_LABEL}.{domain.name}"
    record = _delegation(domain)
    if record is not None:
        message = say("challenge_wrong_text", name=label, target=record.value)
        return new_finding(FindingCode.CHALLENGE_TXT_CONFLICT, "error", "customer", message, [text], fix=record)
    return _passing_finding(domain, say("challenge_was_older", name=label), text)


def _delegation(domain: Domain) -> Record | None:
    """Return the CNAME that is missing at `_acme-challenge`; None where none is needed, or it is there."""
    if domain.validation != "delegated" or domain.challenge_target is None or domain.challenge_verified:
        return None
    return Record("CNAME", f"{CHALLENGE_LABEL}.{domain.name}", domain.challenge_target)


def _passing_finding(domain: Domain, what: Sentence, text: str) -> Finding:
    if domain.validation == "delegated":
        message = say("challenge_is_there" if domain.challenge_verified else "challenge_unknown_yet", what=what)
        return new_finding(FindingCode.CHALLENGE_MISSING, "warning", "nobody", message, [text])
    message = say("challenge_odd", what=what, hostname=domain.name)
    return new_finding(FindingCode.CHALLENGE_MISSING, "warning", "operator", message, [text])
