"""Findings from the texts of `ssl.validation_errors`, which are mostly the CA's answers to Cloudflare."""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from dcvd.core.diagnosis.caa import CAA_IDENTIFIERS
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.domains.domain import Domain, Finding, FindingActor, Record, Severity
from dcvd.core.domains.hostnames import registrable_domain

_MAX_TEXT_CHARS: Final = 1000


class _ErrorMeaning(Struct, frozen=True):
    """The meaning of texts that match `pattern`; `message` has the placeholders `name`, `zone` and `ca`."""

    code: FindingCode
    pattern: str
    severity: Severity
    actor: FindingActor
    message: str


_MEANINGS: Final = (
    _ErrorMeaning(
        FindingCode.DNSSEC_BOGUS,
        r"bogus|dnssec",
        "error",
        "customer",
        "The certificate authority finds DNSSEC of {name} broken. Fix the signatures of {zone}, or remove its DS "
        "record.",
    ),
    _ErrorMeaning(
        FindingCode.CAA_UNANSWERED,
        # Texts about a failed CAA query also name CAA, so this has to come before CAA_BLOCKS.
        r"servfail|multi\w*.perspective|allow caa quer|caa.{0,80}time[d ]*out",
        "error",
        "customer",
        "The certificate authority gets no answer from the DNS servers of {zone}, which have to answer for {name} to "
        "CAA queries too, from everywhere. Contact your DNS provider.",
    ),
    _ErrorMeaning(
        FindingCode.CAA_BLOCKS,
        r"\bcaa(_error)?\b",
        "error",
        "customer",
        'No certificate for {name}: a CAA record forbids our CA; add `0 issue "{ca}"` at {zone}.',
    ),
    _ErrorMeaning(
        FindingCode.CA_RATE_LIMITED,
        r"rate.?limit|too many (certificates|requests)",
        "warning",
        "nobody",
        "The certificate authority has issued too many certificates for {zone} lately, so {name} waits. It is tried "
        "again; nothing to do.",
    ),
    _ErrorMeaning(
        FindingCode.TOKEN_EXPIRED,
        r"(token|challenge|authoriz|order)\w*.{0,40}expired|expired.{0,20}(token|challenge)",
        "warning",
        "nobody",
        "The proof for the certificate of {name} came too late and its token expired. It is started again with "
        "a new one.",
    ),
    _ErrorMeaning(
        FindingCode.HIGH_RISK_DOMAIN,
        r"\brisk|safe.?browsing|phish|malware|will not issue for this",
        "error",
        "operator",
        "The certificate authority holds {name} for a risk and does not issue for it. The operator has to ask "
        "Cloudflare's support to review it, or take another CA.",
    ),
    _ErrorMeaning(
        FindingCode.HTTP_CHALLENGE_BLOCKED,
        r"well-known|\bhttp\w*.{0,60}(challenge|token|redirect|status|response|\b[345]\d\d\b)"
        r"|(challenge|token).{0,60}\bhttp\b|blocked validation",
        "error",
        "customer",
        "The certificate authority does not get its token from http://{name}/.well-known/. Let nothing redirect, "
        "challenge or block that path: firewall and page rules of the zone {zone} most of all.",
    ),
)
"""The patterns are tried in this order, and the first match counts."""


def certificate_findings(domain: Domain) -> Iterator[Finding]:
    """Yield a finding for each text whose meaning is known."""
    for text in domain.cf_ssl_errors:
        # The hostname itself may contain any of the words.
        searched = re.sub(re.escape(domain.name), "", text[:_MAX_TEXT_CHARS], flags=re.IGNORECASE)
        flags = re.IGNORECASE | re.DOTALL
        meaning = next((each for each in _MEANINGS if re.search(each.pattern, searched, flags)), None)
        if meaning is not None:
            zone = registrable_domain(domain.name)
            ca = CAA_IDENTIFIERS.get(domain.certificate_authority or "", CAA_IDENTIFIERS["google"])
            message = meaning.message.format(name=domain.name, zone=zone, ca=ca)
            fix = Record("CAA", zone, f'0 issue "{ca}"') if meaning.code is FindingCode.CAA_BLOCKS else None
            yield new_finding(meaning.code, meaning.severity, meaning.actor, message, [text], fix=fix)
