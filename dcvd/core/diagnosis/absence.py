"""A hostname with neither a CNAME nor an address: not typed in yet, or typed in at the wrong place."""

from dcvd.core.diagnosis.addresses import apex, in_the_way, run_by
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import Routing, failed, mistake
from dcvd.core.diagnosis.mistakes import doubled_name
from dcvd.core.domains.dns_facts import DnsFacts
from dcvd.core.domains.domain import Finding


def judge_absence(facts: DnsFacts) -> Routing:
    """The one mistake that explains why nothing leads anywhere; records in the way are one more."""
    if facts.incomplete and facts.exists:
        # It may have addresses, and they may be ours.
        return Routing(None)
    if facts.is_apex:
        return failed(apex(facts))
    typed = doubled_name(facts)
    if facts.records:
        return failed(in_the_way(facts), typed) if typed is not None else failed(in_the_way(facts))
    if typed is not None:
        return failed(typed)
    return failed(_delegated(facts) if facts.delegated else _missing(facts))


def _missing(facts: DnsFacts) -> Finding:
    return mistake(
        facts,
        FindingCode.CNAME_MISSING,
        f"No CNAME exists for {facts.hostname}. Add {facts.hostname} → {facts.target}.",
        ("the name exists without a CNAME" if facts.exists else "the name does not exist (NXDOMAIN)",),
    )


def _delegated(facts: DnsFacts) -> Finding:
    zone = facts.zone or "its part of the domain"
    return mistake(
        facts,
        FindingCode.SUBDOMAIN_DELEGATED,
        f"{zone} is run by {run_by(facts)}; add the record there: {facts.hostname} → {facts.target}.",
        (f"NS at {zone}", *facts.nameservers),
    )
