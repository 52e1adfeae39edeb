"""Findings from the texts of `ssl.validation_errors`, which are mostly the CA's answers to Cloudflare.

Sources: Cloudflare's "Troubleshooting Domain Control Validation", and the errors of boulder, which is Let's Encrypt's
CA. tests/field holds the texts with their sources.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.custom_hostnames.certificate_authorities import CAA_IDENTIFIERS, default_authorities, is_international
from dcvd.core.diagnosis.cloudflare.failed_lookups import failed_lookup_finding
from dcvd.core.diagnosis.cloudflare.lookup_failures import find_lookup_failure
from dcvd.core.diagnosis.cloudflare.wrong_challenges import find_wrong_challenge
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding, shorten_evidence
from dcvd.core.dns.hostnames import is_within, registrable_domain
from dcvd.core.domains.domain import Domain, Finding, FindingActor, Record, Severity
from dcvd.core.sentences.rendering import list_placeholders, render
from dcvd.core.sentences.sentence import say
from dcvd.core.text import make_printable

_MAX_TEXT_CHARS: Final = 1000
_FLAGS: Final = re.IGNORECASE | re.DOTALL


class _ErrorMeaning(Struct, frozen=True):
    """The meaning of texts that match `pattern`; `sentence` is its id in the catalogue."""

    code: FindingCode
    pattern: str
    severity: Severity
    actor: FindingActor
    sentence: str


_MEANINGS: Final = (
    _ErrorMeaning(
        FindingCode.CA_FAULT,
        r"validation rpc|problem is unavailable|sct embedding",
        "warning",
        "nobody",
        "ca_fault",
    ),
    _ErrorMeaning(
        FindingCode.HTTP_CHALLENGE_BLOCKED,
        r"well-known|invalid response from|\bfetching\b|http (challenge|response)|challenge.{0,60}\bhttp\b"
        r"|\bhttp\b.{0,40}redirect|blocked validation|firewall problem|connection (refused|reset)"
        r"|error getting validation data|redirect (loop|target)|too many redirects|key authorization",
        "error",
        "customer",
        "http_challenge_blocked",
    ),
    _ErrorMeaning(
        FindingCode.DNSSEC_BOGUS,
        r"bogus|dnssec",
        "error",
        "customer",
        "ca_dnssec_bogus",
    ),
    _ErrorMeaning(
        FindingCode.CAA_UNANSWERED,
        r"multi\w*.perspective.{0,40}\bcaa\b|allow caa quer|looking up caa\b|\bcaa\b.{0,80}(servfail|time[d ]*out)",
        "error",
        "customer",
        "ca_caa_unanswered",
    ),
    _ErrorMeaning(
        FindingCode.CAA_BLOCKS,
        r"\bcaa_error\b|\bcaa records? (block|forbid|do(es)? not include)|blocked by a caa\b|prevents issuance",
        "error",
        "customer",
        "ca_caa_blocks",
    ),
    _ErrorMeaning(
        FindingCode.MPIC_FAILED,
        r"multi\w*.perspective|multiple geographic|\bmpic\b",
        "error",
        "customer",
        "mpic_failed",
    ),
    _ErrorMeaning(
        FindingCode.VALIDATION_UNANSWERED,
        r"servfail|dns problem|performing a dns lookup",
        "error",
        "customer",
        "validation_unanswered",
    ),
    _ErrorMeaning(
        FindingCode.FAILED_AUTHORIZATIONS,
        r"too many failed",
        "warning",
        "nobody",
        "failed_authorizations",
    ),
    _ErrorMeaning(
        FindingCode.FAILED_AUTHORIZATIONS,
        r"temporarily prevented from requesting",
        "error",
        "operator",
        "authorizations_suspended",
    ),
    _ErrorMeaning(
        FindingCode.CA_RATE_LIMITED,
        r"rate.?limit|too many (certificates|requests|new orders|currently pending)",
        "warning",
        "nobody",
        "ca_rate_limited",
    ),
    _ErrorMeaning(
        FindingCode.TOKEN_EXPIRED,
        r"(token|challenge|authoriz|order)\w*.{0,40}expired|expired.{0,20}(token|challenge|authorization)"
        r"|domain validation failed",
        "warning",
        "nobody",
        "token_expired",
    ),
    _ErrorMeaning(
        FindingCode.HOSTNAME_TOO_LONG,
        r"common name.{0,20}too long|over 64 characters",
        "error",
        "operator",
        "ca_name_too_long",
    ),
    _ErrorMeaning(
        FindingCode.HOSTNAME_INVALID,
        r"valid public suffix|needs at least one dot|contains an invalid character|not a valid (domain|hostname)",
        "error",
        "customer",
        "ca_name_invalid",
    ),
    _ErrorMeaning(
        FindingCode.CA_REFUSES_NAME,
        r"punycode|more than 10 labels|reserved format|too many subdomain labels",
        "error",
        "operator",
        "ca_refuses_name",
    ),
    _ErrorMeaning(
        FindingCode.HIGH_RISK_DOMAIN,
        r"\brisk|safe.?browsing|phish|malware|will not issue for this|forbidden by policy|policy forbids",
        "error",
        "operator",
        "ca_risk",
    ),
    _ErrorMeaning(
        FindingCode.CA_FAULT,
        r"internal (server )?error|error finalizing order\W*$",
        "warning",
        "nobody",
        "ca_fault",
    ),
)
"""The patterns are tried in this order, and the first match counts."""
_POLICY_OF_TARGET: Final = _ErrorMeaning(
    FindingCode.CAA_BLOCKS,
    "",
    "error",
    "operator",
    "ca_caa_blocks_at_target",
)
_NAME_REFUSED: Final = next(each for each in _MEANINGS if each.code is FindingCode.CA_REFUSES_NAME)
_REFUSED: Final = re.compile("will not issue for this", re.IGNORECASE)
_FROM_AFAR: Final = re.compile(r"secondary validation", re.IGNORECASE)
_SEEN_FROM_SOME_PLACES: Final = frozenset(
    {
        FindingCode.CAA_UNANSWERED,
        FindingCode.CHALLENGE_MISSING,
        FindingCode.HTTP_CHALLENGE_BLOCKED,
        FindingCode.NAME_UNRESOLVED,
        FindingCode.VALIDATION_UNANSWERED,
    }
)
_QUOTED: Final = re.compile(r"https?://\S+|\"[^\"]*\"", re.IGNORECASE)
"""Addresses, and what a web server or a record said: none of it is the CA's own word."""
_SEPARATOR: Final = re.compile(r";\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)")
"""Between several causes, and not in a quotation."""
_IDENTIFIERS: Final = "|".join(re.escape(each) for each in CAA_IDENTIFIERS.values())
_AUTHORITY_TO_ADD: Final = re.compile(
    rf"(?:authority\s*\(|does not include )({_IDENTIFIERS})(?![\w.-]*\w)", re.IGNORECASE
)
"""The CA that has to be permitted, where the text names it; other CAs in it are those that are permitted already."""
_CAA_OWNER: Final = re.compile(r"caa records? (?:for|at|of) \"?([a-z0-9_.-]+[a-z0-9])", re.IGNORECASE)


def certificate_findings(domain: Domain) -> Iterator[Finding]:
    """Yield a finding for each text: what it means, or that it is not understood."""
    for given_text in domain.cf_ssl_errors:
        text = given_text[:_MAX_TEXT_CHARS]
        if not make_printable(text):
            continue
        finding = _find_meaning(domain, text) or unknown_error_finding(domain, given_text)
        if finding.code in _SEEN_FROM_SOME_PLACES and _FROM_AFAR.search(text):
            # Its first place saw what it wanted, or nobody would have asked from a second.
            sentences = (*finding.sentences, say("from_some_places"))
            finding = replace(finding, message=render(sentences), sentences=sentences)
        yield finding


def unknown_error_finding(domain: Domain, text: str) -> Finding:
    """Return the finding that Cloudflare says something of which nobody knows the meaning."""
    message = say("unknown_error", hostname=domain.name, text=shorten_evidence([text])[0])
    return new_finding(FindingCode.UNKNOWN_ERROR, "warning", "operator", message, [text])


def _find_meaning(domain: Domain, text: str) -> Finding | None:
    parts = [part for part in _SEPARATOR.split(text) if part.strip()]
    if len(parts) > 1:
        found = [finding for part in parts if (finding := _find_meaning(domain, part)) is not None]
        return replace(min(found, key=_rank), evidence=shorten_evidence([text])) if found else None
    lookup = find_lookup_failure(text)
    if lookup is not None:
        return failed_lookup_finding(domain, lookup, text)
    challenge = find_wrong_challenge(domain, text)
    if challenge is not None:
        return challenge
    # The hostname, its zone, and what was quoted may contain any of the words.
    zone = registrable_domain(domain.name)
    searched = re.sub(rf"\b(?:[\w-]+\.)*{re.escape(zone)}\b", "", _QUOTED.sub(_blank, text), flags=re.IGNORECASE)
    meaning = next((each for each in _MEANINGS if re.search(each.pattern, searched, _FLAGS)), None)
    if meaning is None:
        return None
    if meaning.code is FindingCode.CAA_BLOCKS and _is_policy_of_target(domain, text):
        meaning = _POLICY_OF_TARGET
    if is_international(domain.name) and _REFUSED.search(text):
        # Google Trust Services take no A-labels at Cloudflare, which says just this of it.
        meaning = _NAME_REFUSED
    ca, owner = _choose_ca(domain, text), _find_caa_owner(domain, text)
    words = {"hostname": domain.name, "zone": zone, "ca": ca, "owner": owner}
    message = say(meaning.sentence, **{name: words[name] for name in sorted(list_placeholders(meaning.sentence))})
    fix = Record("CAA", owner, f'0 issue "{ca}"') if meaning.code is FindingCode.CAA_BLOCKS else None
    fix = None if meaning is _POLICY_OF_TARGET else fix
    return new_finding(meaning.code, meaning.severity, meaning.actor, message, [text], fix=fix)


def _rank(finding: Finding) -> tuple[bool, bool]:
    """Return the rank of one of several causes: what somebody has to do comes first, and above all a refusal."""
    return finding.severity != "error", finding.code != FindingCode.CAA_BLOCKS


def _blank(quoted: re.Match[str]) -> str:
    """Return what stands for a quotation: of an address, that it was one of the challenge."""
    return "/.well-known/" if "/.well-known/" in quoted[0].lower() else ""


def _is_policy_of_target(domain: Domain, text: str) -> bool:
    """Whether the CAA record that a text names is one of the operator's zone, to which the domain leads."""
    match, ours = _CAA_OWNER.search(text), registrable_domain(domain.cname_target)
    return match is not None and ours != registrable_domain(domain.name) and is_within(match[1].lower(), ours)


def _choose_ca(domain: Domain, text: str) -> str:
    """Return the domain by which CAA records permit the CA that refuses: the one that the text names, else ours."""
    named = _AUTHORITY_TO_ADD.search(text)
    if named is not None:
        return named[1].lower()
    authority = domain.certificate_authority
    return CAA_IDENTIFIERS[authority if authority in CAA_IDENTIFIERS else default_authorities(domain.name)[0]]


def _find_caa_owner(domain: Domain, text: str) -> str:
    """Return the name at which the CAA record stands: where the text says it, else the top of the zone."""
    zone, match = registrable_domain(domain.name), _CAA_OWNER.search(text)
    owner = zone if match is None else match[1].lower()
    return owner if is_within(domain.name, owner) and is_within(owner, zone) else zone
