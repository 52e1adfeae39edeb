"""Findings about the next certificate, of a domain whose present one serves: they hurt only when that ends."""

from typing import Final

from msgspec.structs import replace

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.domains.domain import Domain, DomainStatus, Finding
from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.core.sentences.rendering import render
from dcvd.core.sentences.sentence import say

_OF_THE_NEXT_CERTIFICATE: Final = frozenset(
    {
        FindingCode.CAA_BLOCKS,
        FindingCode.CAA_UNANSWERED,
        FindingCode.CA_REFUSES_NAME,
        FindingCode.CHALLENGE_MISSING,
        FindingCode.CHALLENGE_PROXIED,
        FindingCode.CHALLENGE_TXT_CONFLICT,
        FindingCode.DELEGATION_MISSING,
        FindingCode.FAILED_AUTHORIZATIONS,
        FindingCode.HIGH_RISK_DOMAIN,
        FindingCode.HTTP_CHALLENGE_BLOCKED,
        FindingCode.MPIC_FAILED,
        FindingCode.NAME_UNRESOLVED,
        FindingCode.VALIDATION_UNANSWERED,
        FindingCode.WILDCARD_NEEDS_DELEGATION,
    }
)


def tell_when_it_hurts(domain: Domain, finding: Finding, now: int) -> Finding:
    """Return a finding as a warning with its day, where the domain works until then."""
    certificate = domain.certificate
    if (
        domain.status is not DomainStatus.ACTIVE
        or certificate is None
        or certificate.expires_at <= now
        or finding.severity != "error"
        or finding.code not in _OF_THE_NEXT_CERTIFICATE
    ):
        return finding
    until = to_rfc3339(certificate.expires_at - certificate.expires_at % SECOND)
    sentences = (
        say("works_until", hostname=domain.name, until=until),
        *finding.list_sentences(),
    )
    return replace(
        finding,
        severity="warning",
        message=render(sentences),
        sentences=sentences,
        hurts_at=certificate.expires_at,
    )
