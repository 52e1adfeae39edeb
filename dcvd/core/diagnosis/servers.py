"""Diagnosis of name servers and resolvers: lame servers, old data, and broken DNSSEC."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding, required_cname, type_required_cname
from dcvd.core.dns.facts import (
    SILENT_OUTCOMES,
    DnsFacts,
    QueryOutcome,
    ResolverAnswer,
    ServerAnswer,
    describe_answer,
)
from dcvd.core.dns.hostnames import is_within, registrable_domain
from dcvd.core.dns.providers import find_provider, is_at_cloudflare
from dcvd.core.domains.domain import Finding
from dcvd.core.instants import DAY, MINUTE, SECOND, to_rfc3339
from dcvd.core.sentences.sentence import Sentence, say

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
        message = say("dnssec_no_key", hostname=facts.hostname, zone=zone)
        evidence = [f"DS of {zone} at its parent", f"no DNSKEY of {zone} that it leads to"]
        return new_finding(FindingCode.DNSSEC_BOGUS, "error", "customer", message, evidence)
    if any(resolver.outcome == "answered" for resolver in facts.resolvers):
        return None
    refusing = [r for r in facts.resolvers if r.outcome == "servfail" and r.outcome_with_cd == "answered"]
    if not refusing:
        return None
    zone = facts.zone or registrable_domain(facts.hostname)
    sentence_id = "dnssec_signatures_above" if facts.has_ds is False else "dnssec_signatures"
    message = say(sentence_id, hostname=facts.hostname, zone=zone)
    evidence = [f"{r.address} answers SERVFAIL, and answers with the CD bit" for r in refusing]
    return new_finding(FindingCode.DNSSEC_BOGUS, "error", "customer", message, evidence)


def find_failed_resolvers(facts: DnsFacts) -> Finding | None:
    """Find that none of our resolvers answers about anything: whether the domain is right is not known."""
    if not facts.have_resolvers_failed:
        return None
    message = say("resolvers_failed", hostname=facts.hostname)
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
        message = say("servers_all_unknown", zone=zone, servers=names, hostname=facts.hostname)
        return new_finding(FindingCode.NS_LAME, "error", "customer", message, evidence)
    message = say("servers_unknown", zone=zone, servers=names)
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
    message = say(f"servers_own_dead_{_count_form(names)}", zone=zone, servers=tuple(names))
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
    message = (
        say(f"servers_lame_{_count_form(names)}", hostname=facts.hostname, servers=tuple(names)),
        None if serving else say("servers_none_left"),
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
        message = say(
            "servers_lack_record",
            servers=_list_names(wrong),
            hostname=facts.hostname,
            others=_list_names(right),
            record=type_required_cname(facts),
        )
        return _inconsistency_finding(facts, message, answers, with_fix=True)
    message = say("servers_old_data", servers=_list_names(wrong), hostname=facts.hostname, others=_list_names(right))
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
        message = say(
            "servers_older_copy", servers=_list_names(old), hostname=facts.hostname, others=_list_names(newest)
        )
    else:
        message = say("servers_differ", servers=_list_names(answers), hostname=facts.hostname)
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
        addresses = tuple(resolver.address for resolver in old)
        message = say("propagation_overdue", hostname=facts.hostname, resolvers=addresses)
        return new_finding(FindingCode.PROPAGATING, "info", "nobody", message, evidence)
    remaining_ms = [min(resolver.ttl * SECOND, _MAX_CACHE_TIME_MS) for resolver in old if resolver.ttl is not None]
    # Rounding up to whole minutes keeps the message the same from one check to the next.
    clear_at = -(-(now + max(remaining_ms)) // MINUTE) * MINUTE if remaining_ms else None
    message = (
        say("propagation", hostname=facts.hostname)
        if clear_at is None
        else say("propagation_until", hostname=facts.hostname, until=to_rfc3339(clear_at))
    )
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
    message = say(
        "propagation_at_earlier_servers",
        hostname=facts.hostname,
        servers=resolver.nameservers,
        until=to_rfc3339(clear_at),
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
    facts: DnsFacts, message: Sentence, answers: Sequence[ServerAnswer], *, with_fix: bool
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


def _list_names(servers: Sequence[ServerAnswer]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(server.name for server in servers))


def _count_form(names: Sequence[str]) -> str:
    return "one" if len(names) == 1 else "many"


def _describe_outcome(outcome: QueryOutcome) -> str:
    return outcome.upper() if outcome in ("servfail", "refused") else outcome.replace("_", " ")


def _address_family(address: str) -> int:
    return 6 if address.count(":") > 1 else 4
