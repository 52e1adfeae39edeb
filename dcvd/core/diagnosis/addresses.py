"""A hostname that has addresses of its own and no CNAME that can be seen: flattened, proxied, or in the way."""

from typing import Final

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import Routing, failed, listed, mistake, shortened
from dcvd.core.diagnosis.mistakes import doubled_name, masking_wildcard
from dcvd.core.domains.cloudflare_networks import is_cloudflare
from dcvd.core.domains.dns_facts import DnsFacts
from dcvd.core.domains.domain import DnsState, Finding, Record

_CLOUDFLARE_NAMESERVERS: Final = ".ns.cloudflare.com"


def judge_addresses(facts: DnsFacts) -> Routing:
    """The judgement of a hostname with addresses and without a CNAME."""
    if set(facts.addresses) & set(facts.target_addresses):
        strays = [address for address in facts.addresses if elsewhere(facts, address)]
        return failed(_stray(facts, strays)) if strays else Routing(DnsState.UNVERIFIABLE)
    if in_cloudflare_zone(facts) and all(is_cloudflare(address) for address in facts.addresses):
        return Routing(DnsState.UNVERIFIABLE, (proxied(facts),))
    if facts.incomplete and not facts.target_addresses:
        # Nobody told us our own target's addresses: these may well be they.
        return Routing(None)
    if facts.is_apex:
        return failed(apex(facts))
    typed = doubled_name(facts)
    by_wildcard = masking_wildcard(facts)
    if by_wildcard is not None:
        return failed(typed or by_wildcard)
    return failed(in_the_way(facts), typed) if typed is not None else failed(in_the_way(facts))


def elsewhere(facts: DnsFacts, address: str) -> bool:
    """Whether an address is certainly not our target's: its edge may show others to us than to the customer's DNS."""
    if address in facts.target_addresses:
        return False
    return not (is_cloudflare(address) and any(is_cloudflare(own) for own in facts.target_addresses))


def in_cloudflare_zone(facts: DnsFacts) -> bool:
    """Whether the zone is served by Cloudflare alone."""
    return bool(facts.nameservers) and all(ns.endswith(_CLOUDFLARE_NAMESERVERS) for ns in facts.nameservers)


def proxied(facts: DnsFacts) -> Finding:
    """Cloudflare stands before the customer's zone and hides where its record leads: no fault."""
    return Finding(
        code=FindingCode.PROXIED_UNVERIFIABLE,
        severity="info",
        actor="nobody",
        message=f"The record for {facts.hostname} is proxied; we are confirming it through Cloudflare.",
        evidence=shortened(facts.addresses or facts.chain),
    )


def apex(facts: DnsFacts) -> Finding:
    """A zone begins at the hostname: its own, or one that was delegated for that name alone."""
    evidence = facts.addresses or (f"SOA at {facts.hostname}",)
    if facts.delegated:
        return mistake(
            facts,
            FindingCode.SUBDOMAIN_DELEGATED,
            f"{facts.hostname} is a zone of its own, run by {run_by(facts)}, and the top of a zone cannot hold a "
            f"CNAME. Delete the NS records of {facts.hostname} in the zone above it, and add {facts.hostname} → "
            f"{facts.target} there.",
            (*evidence, *facts.nameservers),
        )
    # In a zone of Cloudflare's a CNAME at the top is flattened without asking.
    kind = "CNAME" if in_cloudflare_zone(facts) else "ALIAS"
    return mistake(
        facts,
        FindingCode.APEX_CNAME,
        f"{facts.hostname} is a root domain, which cannot hold a CNAME. Use your provider's ALIAS, ANAME or CNAME "
        f"flattening to {facts.target}, or use www.{facts.hostname}.",
        evidence,
        fix=Record(kind, facts.hostname, facts.target),
    )


def in_the_way(facts: DnsFacts) -> Finding:
    """Records of other types stand where the CNAME has to be, which no name may have beside others."""
    others = [record for record in facts.records if record.value not in facts.addresses]
    found = {"AAAA" if ":" in address else "A" for address in facts.addresses} | {each.type for each in facts.records}
    kinds = listed(sorted(found))
    evidence = [*facts.addresses, *(f"{record.type} {record.value}" for record in others)]
    values = f" ({listed(facts.addresses)})" if facts.addresses else ""
    return mistake(
        facts,
        FindingCode.CONFLICTING_RECORDS,
        f"{facts.hostname} has {kinds} records{values} where its CNAME should be. "
        f"Delete the existing {kinds} records for {facts.hostname}, then add {facts.hostname} → {facts.target}.",
        evidence,
    )


def run_by(facts: DnsFacts) -> str:
    """The zone's name servers, for a sentence."""
    return listed(facts.nameservers) or "other name servers"


def _stray(facts: DnsFacts, strays: list[str]) -> Finding:
    """Some of the addresses are ours and some are another server's."""
    if all(":" in address for address in strays):
        code, kind, who = FindingCode.AAAA_ELSEWHERE, "IPv6", "whoever has IPv6, certificate authorities too,"
    else:
        code, kind, who = FindingCode.CONFLICTING_RECORDS, "address", "a part of the visitors"
    noun = "record" if len(strays) == 1 else "records"
    message = f"Delete the {kind} {noun} {listed(strays)} of {facts.hostname}: {who} is sent to another server."
    return Finding(code=code, severity="error", actor="customer", message=message, fix=None, evidence=shortened(strays))
