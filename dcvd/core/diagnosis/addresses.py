"""Diagnosis of a hostname that has addresses and no visible CNAME: flattened, proxied, or addresses in its way."""

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import (
    RoutingDiagnosis,
    customer_error,
    failed_routing,
    new_finding,
    type_required_cname,
)
from dcvd.core.diagnosis.mistakes import find_doubled_name, find_masking_wildcard, list_records_in_the_way
from dcvd.core.dns.apex import advise_apex
from dcvd.core.dns.cloudflare_networks import is_cloudflare_address
from dcvd.core.dns.facts import DnsFacts
from dcvd.core.dns.providers import find_zone_provider, is_in_cloudflare_zone
from dcvd.core.domains.domain import DnsState, Finding, Record
from dcvd.core.sentences.sentence import Param, Sentence, say


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
    message = say("record_proxied", hostname=facts.hostname)
    return new_finding(FindingCode.PROXIED_UNVERIFIABLE, "info", "nobody", message, facts.addresses or facts.chain)


def apex_finding(facts: DnsFacts) -> Finding:
    """Return the finding that a zone begins at the hostname, where no CNAME can be."""
    evidence = facts.addresses or (f"SOA at {facts.hostname}",)
    if facts.is_delegated:
        return customer_error(
            facts,
            FindingCode.SUBDOMAIN_DELEGATED,
            say(
                "zone_of_its_own",
                hostname=facts.hostname,
                servers=list_name_servers(facts),
                record=type_required_cname(facts),
            ),
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
    words: dict[str, Param] = {
        "hostname": facts.hostname, "types": tuple(sorted(types)), "record": type_required_cname(facts)
    }  # fmt: skip
    evidence = [*facts.addresses, *(f"{record.type} {record.value}" for record in others)]
    if facts.addresses:
        is_cloudflares = all(map(is_cloudflare_address, facts.addresses))
        sentence_id = "cloudflares_addresses_in_the_way" if is_cloudflares else "addresses_in_the_way"
        message = say(sentence_id, addresses=facts.addresses, **words)
    else:
        message = say("records_in_the_way", **words)
    return customer_error(facts, FindingCode.CONFLICTING_RECORDS, message, evidence)


def several_cnames_finding(facts: DnsFacts) -> Finding:
    """Return the finding that the hostname has several CNAMEs, of which everybody takes another one."""
    wrong = [target for target in facts.cname_targets if target != facts.target]
    message = say(
        "several_cnames_keep" if facts.target in facts.cname_targets else "several_cnames_create",
        hostname=facts.hostname,
        count=len(facts.cname_targets),
        targets=facts.cname_targets,
        wrong=tuple(wrong),
        record=type_required_cname(facts),
    )
    return customer_error(
        facts, FindingCode.CONFLICTING_RECORDS, message, [f"CNAME {target}" for target in facts.cname_targets]
    )


def describe_place(facts: DnsFacts) -> Sentence | None:
    """Return a sentence on who runs the zone, and so where its records are typed; None where that is not known."""
    if not facts.nameservers or facts.zone is None:
        return None
    provider = find_zone_provider(facts)
    if provider is None:
        return say("zone_run_by_servers", zone=facts.zone, servers=facts.nameservers)
    return say(
        "zone_run_by_provider",
        zone=facts.zone,
        provider=provider.name,
        servers=facts.nameservers,
        page=provider.records_page,
    )


def list_name_servers(facts: DnsFacts) -> Param:
    """List the zone's name servers for a sentence."""
    return facts.nameservers or say("other_servers")


def _stray_addresses_finding(facts: DnsFacts, stray_addresses: list[str]) -> Finding:
    """Return the finding that some of the hostname's addresses are another server's."""
    if all(":" in address for address in stray_addresses):
        code, kind = FindingCode.AAAA_ELSEWHERE, "ipv6"
    else:
        code, kind = FindingCode.CONFLICTING_RECORDS, "address"
    sentence_id = f"stray_{kind}_{'one' if len(stray_addresses) == 1 else 'many'}"
    message = say(sentence_id, hostname=facts.hostname, addresses=tuple(stray_addresses))
    return new_finding(code, "error", "customer", message, stray_addresses)
