"""Diagnosis of a hostname that has addresses and no visible CNAME: flattened, proxied, or addresses in its way."""

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import (
    RoutingDiagnosis,
    customer_error,
    describe_required_cname,
    failed_routing,
    new_finding,
)
from dcvd.core.diagnosis.mistakes import find_doubled_name, find_masking_wildcard, list_records_in_the_way
from dcvd.core.domains.apex import advise_apex
from dcvd.core.domains.cloudflare_networks import is_cloudflare_address
from dcvd.core.domains.dns_facts import DnsFacts
from dcvd.core.domains.dns_providers import find_zone_provider, is_in_cloudflare_zone
from dcvd.core.domains.domain import DnsState, Finding, Record
from dcvd.core.text import join_names


def diagnose_addresses(facts: DnsFacts) -> RoutingDiagnosis:
    """Diagnose a hostname that has addresses and no CNAME."""
    if set(facts.addresses) & set(facts.target_addresses):
        strays = [address for address in facts.addresses if is_elsewhere(facts, address)]
        if strays:
            return failed_routing(_stray_addresses_finding(facts, strays))
        return RoutingDiagnosis(DnsState.UNVERIFIABLE)
    if is_in_cloudflare_zone(facts) and all(is_cloudflare_address(address) for address in facts.addresses):
        return RoutingDiagnosis(DnsState.UNVERIFIABLE, (proxied_finding(facts),))
    if facts.is_incomplete and not facts.target_addresses:
        # We did not get our own target's addresses, which may be these.
        return RoutingDiagnosis(None)
    if facts.is_apex:
        return failed_routing(apex_finding(facts))
    doubled = find_doubled_name(facts)
    wildcard = find_masking_wildcard(facts)
    if wildcard is not None:
        return failed_routing(doubled or wildcard)
    return failed_routing(conflicting_records_finding(facts), doubled)


def is_elsewhere(facts: DnsFacts, address: str) -> bool:
    """Whether an address is certainly not our target's; Cloudflare's edge may show different addresses to others."""
    if address in facts.target_addresses:
        return False
    return not (is_cloudflare_address(address) and any(is_cloudflare_address(own) for own in facts.target_addresses))


def proxied_finding(facts: DnsFacts) -> Finding:
    """Return the finding that Cloudflare proxies the record and hides where it leads, which is no fault."""
    message = f"The record for {facts.hostname} is proxied; we are confirming it through Cloudflare."
    return new_finding(FindingCode.PROXIED_UNVERIFIABLE, "info", "nobody", message, facts.addresses or facts.chain)


def apex_finding(facts: DnsFacts) -> Finding:
    """Return the finding that a zone begins at the hostname, where no CNAME can be."""
    evidence = facts.addresses or (f"SOA at {facts.hostname}",)
    if facts.is_delegated:
        return customer_error(
            facts,
            FindingCode.SUBDOMAIN_DELEGATED,
            f"{facts.hostname} is a zone of its own, run by {describe_name_servers(facts)}, and the top of a zone "
            f"cannot hold a CNAME. Delete the NS records of {facts.hostname} in the zone above it, and create this "
            f"record there: {describe_required_cname(facts)}.",
            (*evidence, *facts.nameservers),
        )
    advice = advise_apex(facts.hostname, facts.target, find_zone_provider(facts))
    fix = Record(advice.type, facts.hostname, facts.target) if advice.is_possible else None
    return new_finding(FindingCode.APEX_CNAME, "error", "customer", advice.sentence, evidence, fix=fix)


def conflicting_records_finding(facts: DnsFacts) -> Finding:
    """Return the finding that records of other types exist at the hostname, beside which no CNAME may be."""
    in_the_way = list_records_in_the_way(facts)
    others = [record for record in in_the_way if record.value not in facts.addresses]
    types = {"AAAA" if ":" in address else "A" for address in facts.addresses} | {each.type for each in in_the_way}
    kinds = join_names(sorted(types))
    evidence = [*facts.addresses, *(f"{record.type} {record.value}" for record in others)]
    values = f" ({join_names(facts.addresses)})" if facts.addresses else ""
    return customer_error(
        facts,
        FindingCode.CONFLICTING_RECORDS,
        f"{facts.hostname} has {kinds} records{values} where its CNAME should be. "
        f"Delete the existing {kinds} records for {facts.hostname}, then create this one: "
        f"{describe_required_cname(facts)}.",
        evidence,
    )


def several_cnames_finding(facts: DnsFacts) -> Finding:
    """Return the finding that the hostname has several CNAMEs, of which everybody takes another one."""
    wrong = [target for target in facts.cname_targets if target != facts.target]
    verb = "keep" if facts.target in facts.cname_targets else "create"
    message = (
        f"{facts.hostname} has {len(facts.cname_targets)} CNAME records, to {join_names(facts.cname_targets)}, and DNS "
        f"allows one (RFC 2181). Delete those to {join_names(wrong)}, and {verb} this one: "
        f"{describe_required_cname(facts)}."
    )
    return customer_error(
        facts, FindingCode.CONFLICTING_RECORDS, message, [f"CNAME {target}" for target in facts.cname_targets]
    )


def describe_place(facts: DnsFacts) -> str:
    """Return a sentence on who runs the zone, and so where its records are typed; empty where that is not known."""
    if not facts.nameservers or facts.zone is None:
        return ""
    provider, servers = find_zone_provider(facts), join_names(facts.nameservers)
    if provider is None:
        return f" The zone {facts.zone} is run by {servers}: the record has to be created there."
    return (
        f" The zone {facts.zone} is run by {provider.name} ({servers}): create the record there, below "
        f"{provider.records_page}."
    )


def describe_name_servers(facts: DnsFacts) -> str:
    """List the zone's name servers for a sentence."""
    return join_names(facts.nameservers) or "other name servers"


def _stray_addresses_finding(facts: DnsFacts, stray_addresses: list[str]) -> Finding:
    """Return the finding that some of the hostname's addresses are another server's."""
    if all(":" in address for address in stray_addresses):
        code, kind, who = FindingCode.AAAA_ELSEWHERE, "IPv6", "whoever has IPv6, certificate authorities too,"
    else:
        code, kind, who = FindingCode.CONFLICTING_RECORDS, "address", "a part of the visitors"
    noun = "record" if len(stray_addresses) == 1 else "records"
    message = (
        f"Delete the {kind} {noun} {join_names(stray_addresses)} of {facts.hostname}: {who} is sent to another server."
    )
    return new_finding(code, "error", "customer", message, stray_addresses)
