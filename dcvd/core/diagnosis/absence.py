"""Diagnosis of a hostname with neither a CNAME nor an address: its record is missing, or stands at the wrong name."""

from dcvd.core.diagnosis.addresses import (
    apex_finding,
    conflicting_records_finding,
    describe_place,
    list_name_servers,
)
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import RoutingDiagnosis, customer_error, failed_routing, type_required_cname
from dcvd.core.diagnosis.mistakes import find_doubled_name, find_wrong_type, list_records_in_the_way
from dcvd.core.dns.facts import DnsFacts
from dcvd.core.domains.domain import Finding
from dcvd.core.sentences.sentence import Param, say


def diagnose_absence(facts: DnsFacts) -> RoutingDiagnosis:
    """Find the one mistake that explains why the hostname leads nowhere, and any records in the CNAME's way."""
    if facts.is_incomplete and facts.exists:
        # It may have addresses that we did not get, and they may be ours.
        return RoutingDiagnosis(None)
    if facts.is_apex:
        return failed_routing(apex_finding(facts))
    wrong_type = find_wrong_type(facts)
    if wrong_type is not None:
        return failed_routing(wrong_type)
    doubled = find_doubled_name(facts)
    if list_records_in_the_way(facts):
        return failed_routing(conflicting_records_finding(facts), doubled)
    if doubled is not None:
        return failed_routing(doubled)
    return failed_routing(_delegated_finding(facts) if facts.is_delegated else _missing_cname_finding(facts))


def _missing_cname_finding(facts: DnsFacts) -> Finding:
    sentence = say("cname_missing", hostname=facts.hostname, record=type_required_cname(facts))
    return customer_error(
        facts,
        FindingCode.CNAME_MISSING,
        (sentence, describe_place(facts)),
        ("the name exists without a CNAME" if facts.exists else "the name does not exist (NXDOMAIN)",),
    )


def _delegated_finding(facts: DnsFacts) -> Finding:
    words: dict[str, Param] = {
        "hostname": facts.hostname, "servers": list_name_servers(facts), "record": type_required_cname(facts)
    }  # fmt: skip
    return customer_error(
        facts,
        FindingCode.SUBDOMAIN_DELEGATED,
        say("zone_delegated", zone=facts.zone, **words) if facts.zone else say("part_delegated", **words),
        (f"NS at {facts.zone}" if facts.zone else "NS below the domain", *facts.nameservers),
    )
