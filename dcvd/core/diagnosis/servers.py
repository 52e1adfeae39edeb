"""Diagnosis of name servers and resolvers: lame servers, old data, and broken DNSSEC."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import describe_required_cname, new_finding, required_cname
from dcvd.core.domains.dns_facts import (
    SILENT_OUTCOMES,
    DnsFacts,
    QueryOutcome,
    ResolverAnswer,
    ServerAnswer,
    describe_answer,
)
from dcvd.core.domains.dns_providers import find_provider, is_at_cloudflare
from dcvd.core.domains.domain import Finding
from dcvd.core.domains.hostnames import is_within, registrable_domain
from dcvd.core.instants import DAY, MINUTE, SECOND, to_rfc3339
from dcvd.core.text import join_names

_MAX_CACHE_TIME_MS: Final = 7 * DAY
"""The longest time that resolvers cache an answer (RFC 8767 §4)."""


def answering_servers(facts: DnsFacts) -> tuple[ServerAnswer, ...]:
    """Return the authoritative servers that answered for the hostname."""
    return tuple(server for server in facts.servers if server.outcome == "answered")


def has_right_record(facts: DnsFacts, answer: ServerAnswer | ResolverAnswer) -> bool:
    """Whether an answer has a CNAME to the target, or to the first name of a chain that leads to the target."""
    return answer.cname is not None and answer.cname in _right_targets(facts)


def find_bogus_dnssec(facts: DnsFacts) -> Finding | None:
    """Find broken DNSSEC: no resolver answers, and at least one does once it need not validate.

    Where the parent's DS lead to no key of the zone (RFC 4035 section 5.2), one that answers does so from its cache.
    """
    if facts.has_ds and facts.has_matching_key is False:
        zone = facts.zone or registrable_domain(facts.hostname)
        message = (
            f"DNSSEC of {facts.hostname} is broken: the registry has a DS record of {zone}, and its servers have "
            f"no key to which it leads. Remove the DS record at the registrar of {zone}, or sign the zone by its key."
        )
        evidence = [f"DS of {zone} at its parent", f"no DNSKEY of {zone} that it leads to"]
        return new_finding(FindingCode.DNSSEC_BOGUS, "error", "customer", message, evidence)
    if any(resolver.outcome == "answered" for resolver in facts.resolvers):
        return None
    refusing = [r for r in facts.resolvers if r.outcome == "servfail" and r.outcome_with_cd == "answered"]
    if not refusing:
        return None
    zone = facts.zone or registrable_domain(facts.hostname)
    where = f"the DS record of {zone} at its registrar" if facts.has_ds is not False else "the DS record above it"
    message = (
        f"DNSSEC of {facts.hostname} is broken, so resolvers refuse its answers. Fix the signatures of {zone}, "
        f"or remove {where}."
    )
    evidence = [f"{r.address} answers SERVFAIL, and answers with the CD bit" for r in refusing]
    return new_finding(FindingCode.DNSSEC_BOGUS, "error", "customer", message, evidence)


def find_failed_resolvers(facts: DnsFacts) -> Finding | None:
    """Find that none of our resolvers answers about anything: whether the domain is right is not known."""
    if not facts.have_resolvers_failed:
        return None
    message = (
        f"No DNS resolver of this service answers, so nothing is known about {facts.hostname} now. Check "
        "dns.resolvers in the configuration, and the network of this machine."
    )
    evidence = [f"{resolver.address}: {_describe_outcome(resolver.outcome)}" for resolver in facts.resolvers]
    return new_finding(FindingCode.RESOLVERS_FAILED, "warning", "operator", message, evidence)


def find_unresolved_servers(facts: DnsFacts) -> Finding | None:
    """Find name servers whose names do not exist: nobody can ask them, and whoever registers such a name answers."""
    names = facts.unresolved_nameservers
    if not names:
        return None
    zone = _describe_zone(facts)
    evidence = [f"{name} has no address" for name in names]
    if set(names) >= set(facts.nameservers or names) and not answering_servers(facts):
        message = (
            f"None of the name servers of {zone} exists in DNS ({join_names(names)}), so nobody can look up "
            f"{facts.hostname}. Set the right name servers at the registrar of {zone}."
        )
        return new_finding(FindingCode.NS_LAME, "error", "customer", message, evidence)
    message = (
        f"Of the name servers of {zone}, {join_names(names)} cannot be found in DNS. Remove it at the registrar: "
        f"whoever registers that name could answer for {zone}."
    )
    return new_finding(FindingCode.NS_LAME, "warning", "customer", message, evidence)


def find_dead_own_servers(facts: DnsFacts) -> Finding | None:
    """Find servers that the zone itself names, other than its parent does, and that do not serve it.

    Resolvers believe the zone, once they have asked its parent's servers (RFC 2181 section 5.4.1).
    """
    dead = [server for server in facts.own_servers if server.outcome != "answered"]
    if not dead:
        return None
    zone = _describe_zone(facts)
    names = list(dict.fromkeys(server.name for server in dead))
    evidence = [f"{server.name} ({server.address}): {_describe_outcome(server.outcome)}" for server in dead]
    is_alone = set(facts.own_nameservers) <= set(names)
    message = (
        f"The zone {zone} names other name servers than its registrar does, and {join_names(names)} of them "
        f"{'do' if len(names) > 1 else 'does'} not serve it. Resolvers ask these: correct the NS records in the zone, "
        "so that they are those at the registrar."
    )
    return new_finding(FindingCode.NS_LAME, "error" if is_alone else "warning", "customer", message, evidence)


def find_lame_servers(facts: DnsFacts) -> Finding | None:
    """Find servers that are listed for the zone but do not serve it; silence counts only if our network works."""
    families = {_address_family(server.address) for server in facts.servers if server.outcome not in SILENT_OUTCOMES}
    serving = {server.name for server in answering_servers(facts)}
    lame = [
        server
        for server in facts.servers
        if server.outcome != "answered"
        and (
            server.outcome not in SILENT_OUTCOMES
            or (server.name not in serving and _address_family(server.address) in families)
        )
    ]
    if not lame:
        return None
    names = list(dict.fromkeys(server.name for server in lame))
    serves = "are listed but do not serve it" if len(names) > 1 else "is listed but does not serve it"
    rest = "" if serving else " No other server of the zone answers either."
    message = (
        f"Of the name servers for {facts.hostname}, {join_names(names)} {serves}. Remove it from the NS "
        f"records, or ask your DNS provider to serve the zone there.{rest}"
    )
    evidence = [f"{server.name} ({server.address}): {_describe_outcome(server.outcome)}" for server in lame]
    return new_finding(FindingCode.NS_LAME, "warning" if serving else "error", "customer", message, evidence)


def find_divided_servers(facts: DnsFacts) -> Finding | None:
    """Find servers without the right record while others have it, so that some visitors are sent elsewhere."""
    answers = answering_servers(facts)
    right = [server for server in answers if has_right_record(facts, server)]
    wrong = [server for server in answers if not has_right_record(facts, server) and not _may_flatten(server)]
    if not right or not wrong:
        return None
    if _has_newer_copy(wrong, right):
        message = (
            f"{_join_server_names(wrong)}, with a newer copy of the zone, lacks the record of {facts.hostname} that "
            f"{_join_server_names(right)} still has. Create this record there: "
            f"{describe_required_cname(facts)}."
        )
        return _inconsistency_finding(facts, message, answers, with_fix=True)
    message = (
        f"{_join_server_names(wrong)} still serves old data for {facts.hostname}, while {_join_server_names(right)} "
        "has the right record. It mostly passes within minutes; where it does not, ask your DNS provider to update "
        "that server."
    )
    return _inconsistency_finding(facts, message, answers, with_fix=False)


def find_differing_servers(facts: DnsFacts) -> Finding | None:
    """Find servers that disagree while none has the right record, as during a change.

    Where all have the right record, differing serials mean nothing: those of two providers always differ.
    """
    answers = answering_servers(facts)
    if any(has_right_record(facts, server) for server in answers) or len(answers) < 2:
        return None
    if len({find_provider((server.name,)) for server in answers}) > 1:
        # Each provider counts serials in its own way.
        answers = tuple(replace(server, serial=None) for server in answers)
    serials = {server.serial for server in answers if server.serial is not None}
    if len({(server.exists, server.cname) for server in answers}) < 2 and len(serials) < 2:
        return None
    dated = [server for server in answers if server.serial is not None]
    newest = [server for server in dated if not _has_newer_copy(dated, [server])]
    old = [server for server in dated if server not in newest]
    if newest and old:
        message = (
            f"{_join_server_names(old)} still serves old data for {facts.hostname}; "
            f"{_join_server_names(newest)} has a newer copy."
        )
    else:
        message = (
            f"{_join_server_names(answers)} do not agree about {facts.hostname}; one of them still serves old data."
        )
    return replace(_inconsistency_finding(facts, message, answers, with_fix=False), severity="warning")


def find_propagation(facts: DnsFacts, now: int, *, is_overdue: bool = False) -> Finding | None:
    """Find resolvers that still cache an old answer although the zone has the right record.

    is_overdue: whether an earlier check said that this would be over by now; then nothing of the kind is said again.
    """
    old = [r for r in facts.resolvers if r.outcome == "answered" and not has_right_record(facts, r)]
    if not old:
        return None
    evidence = [f"{r.address} still answers {describe_answer(r)}" for r in old]
    if (at_earlier_servers := _find_earlier_servers(facts, old)) is not None:
        return _earlier_servers_finding(facts, at_earlier_servers, evidence, now)
    if is_overdue:
        message = (
            f"The record of {facts.hostname} is correct at its name servers, and {join_names([r.address for r in old])}"
            " has another answer for longer than its time to live: it may still ask earlier name servers of the zone. "
            "That passes within two days; if the zone was moved lately, change the record at the earlier provider too."
        )
        return new_finding(FindingCode.PROPAGATING, "info", "nobody", message, evidence)
    remaining_ms = [min(resolver.ttl * SECOND, _MAX_CACHE_TIME_MS) for resolver in old if resolver.ttl is not None]
    # Rounding up to whole minutes keeps the message the same from one check to the next.
    clear_at = -(-(now + max(remaining_ms)) // MINUTE) * MINUTE if remaining_ms else None
    when = "by themselves" if clear_at is None else f"by {to_rfc3339(clear_at)}"
    message = f"The record of {facts.hostname} is correct. Caches clear {when}; nothing to do."
    return replace(new_finding(FindingCode.PROPAGATING, "info", "nobody", message, evidence), next_check_at=clear_at)


def _find_earlier_servers(facts: DnsFacts, old: Sequence[ResolverAnswer]) -> ResolverAnswer | None:
    """Return a resolver that still asks earlier name servers of the zone; that with the longest to go."""
    present = {*facts.nameservers, *facts.own_nameservers}
    if not facts.own_nameservers:
        return None
    earlier = [r for r in old if r.nameservers and r.nameservers_ttl and present.isdisjoint(r.nameservers)]
    return max(earlier, key=lambda resolver: resolver.nameservers_ttl or 0, default=None)


def _earlier_servers_finding(facts: DnsFacts, resolver: ResolverAnswer, evidence: list[str], now: int) -> Finding:
    ttl_ms = min((resolver.nameservers_ttl or 0) * SECOND, _MAX_CACHE_TIME_MS)
    clear_at = -(-(now + ttl_ms) // MINUTE) * MINUTE
    message = (
        f"The record of {facts.hostname} is correct at the zone's present name servers. Some resolvers still ask the "
        f"earlier ones ({join_names(resolver.nameservers)}), until {to_rfc3339(clear_at)}: change the record there "
        "too, or wait."
    )
    finding = new_finding(
        FindingCode.PROPAGATING,
        "info",
        "customer",
        message,
        [*evidence, *(f"{resolver.address} has NS {name}" for name in resolver.nameservers)],
    )
    return replace(finding, next_check_at=clear_at)


def _inconsistency_finding(
    facts: DnsFacts, message: str, answers: Sequence[ServerAnswer], *, with_fix: bool
) -> Finding:
    fix = required_cname(facts) if with_fix else None
    evidence = [
        f"{server.name} answers {describe_answer(server)}"
        + ("" if server.serial is None else f", serial {server.serial}")
        for server in answers
    ]
    return new_finding(FindingCode.NS_INCONSISTENT, "error", "customer", message, evidence, fix=fix)


def _describe_zone(facts: DnsFacts) -> str:
    """Return the name of the zone, as far as it is known."""
    registrable = registrable_domain(facts.hostname)
    return facts.zone if facts.zone is not None and is_within(facts.zone, registrable) else registrable


def _may_flatten(server: ServerAnswer) -> bool:
    """Whether a server without a CNAME may answer with the addresses to which the CNAME leads."""
    return server.exists and server.cname is None and is_at_cloudflare((server.name,))


def _has_newer_copy(candidates: Sequence[ServerAnswer], others: Sequence[ServerAnswer]) -> bool:
    """Whether the newest copy of the zone among `candidates` is newer than each of the others' (RFC 1982 §3.2)."""
    other_serials = [server.serial for server in others if server.serial is not None]
    return bool(other_serials) and any(
        server.serial is not None and all(0 < (server.serial - serial) % 2**32 < 2**31 for serial in other_serials)
        for server in candidates
    )


def _right_targets(facts: DnsFacts) -> frozenset[str]:
    first = facts.chain[:1] if facts.target in facts.chain else ()
    return frozenset((facts.target, *first))


def _join_server_names(servers: Sequence[ServerAnswer]) -> str:
    return join_names(list(dict.fromkeys(server.name for server in servers)))


def _describe_outcome(outcome: QueryOutcome) -> str:
    return outcome.upper() if outcome in ("servfail", "refused") else outcome.replace("_", " ")


def _address_family(address: str) -> int:
    return 6 if address.count(":") > 1 else 4
