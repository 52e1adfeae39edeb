"""DNS facts → a state and findings that say who must do what. Facts come in, nothing is asked here."""

from typing import Final

from msgspec import Struct

from dcvd.core.dns_facts import DnsFacts
from dcvd.core.domain import DnsState, Domain, Finding, Record, Validation

LONGEST_CHAIN: Final = 8
_CLOUDFLARE_NAMESERVERS: Final = ".ns.cloudflare.com"


class Verdict(Struct, frozen=True):
    """The judgement of one check; `state` is None when the check says nothing of the domain."""

    state: DnsState | None
    findings: tuple[Finding, ...] = ()


class Wanted(Struct, frozen=True, kw_only=True):
    """What the customer's DNS has to say; `authorities` as in `lifecycle.Rules`.

    validation, wildcard, challenge_target: as of the domain; challenge_target is None while nobody knows it.
    """

    validation: Validation = "http"
    wildcard: bool = False
    challenge_target: str | None = None
    authorities: tuple[str, ...] = ()

    @classmethod
    def of(cls, domain: Domain, authorities: tuple[str, ...]) -> "Wanted":
        """What a domain's DNS has to say."""
        return cls(
            validation=domain.validation,
            wildcard=domain.wildcard,
            challenge_target=domain.challenge_target,
            authorities=authorities,
        )


def judge(facts: DnsFacts, wanted: Wanted, now: int) -> Verdict:
    """What a check at `now` means. Our own resolvers failing is no statement about the domain."""
    if facts.outcome == "unanswered":
        return Verdict(None)
    if facts.looped:
        return _failed(_loop(facts))
    if facts.target in facts.chain:
        return Verdict(DnsState.VERIFIED)
    if facts.chain:
        if len(facts.chain) > LONGEST_CHAIN:
            return _failed(_too_long(facts))
        return _failed(_wrong_target(facts))
    if facts.addresses:
        return _addresses_without_cname(facts)
    if facts.is_apex:
        return _failed(_apex(facts))
    return _failed(_missing(facts))


def _failed(*findings: Finding) -> Verdict:
    return Verdict(DnsState.FAILED, findings)


def _addresses_without_cname(facts: DnsFacts) -> Verdict:
    if set(facts.addresses) & set(facts.target_addresses):
        return Verdict(DnsState.UNVERIFIABLE)
    if facts.nameservers and all(ns.endswith(_CLOUDFLARE_NAMESERVERS) for ns in facts.nameservers):
        return Verdict(
            DnsState.UNVERIFIABLE,
            (
                Finding(
                    code="proxied_unverifiable",
                    severity="info",
                    actor="nobody",
                    message=f"The record for {facts.hostname} is proxied; we are confirming it through Cloudflare.",
                    evidence=facts.addresses,
                ),
            ),
        )
    if facts.is_apex:
        return _failed(_apex(facts))
    kinds = " and ".join(sorted({"AAAA" if ":" in address else "A" for address in facts.addresses}))
    return _failed(
        _mistake(
            facts,
            "conflicting_records",
            f"{facts.hostname} has {kinds} records ({', '.join(facts.addresses)}) where its CNAME should be. "
            f"Delete the existing {kinds} records for {facts.hostname}, then add the CNAME.",
            facts.addresses,
        )
    )


def _missing(facts: DnsFacts) -> Finding:
    return _mistake(
        facts,
        "cname_missing",
        f"No CNAME exists for {facts.hostname}. Add {facts.hostname} → {facts.target}.",
        ("the name exists without a CNAME" if facts.exists else "the name does not exist (NXDOMAIN)",),
    )


def _wrong_target(facts: DnsFacts) -> Finding:
    message = f"{facts.hostname} points to {facts.chain[0]}; change it to {facts.target}."
    return _mistake(facts, "cname_wrong_target", message, facts.chain)


def _apex(facts: DnsFacts) -> Finding:
    return _mistake(
        facts,
        "apex_cname",
        f"{facts.hostname} is a root domain, which cannot hold a CNAME. Use your provider's ALIAS, ANAME or "
        f"CNAME flattening to {facts.target}, or use www.{facts.hostname}.",
        facts.addresses or (f"SOA at {facts.hostname}",),
        record_type="ALIAS",
    )


def _loop(facts: DnsFacts) -> Finding:
    message = f"The CNAMEs of {facts.hostname} circle back. Point it directly to {facts.target}."
    return _mistake(facts, "cname_loop", message, facts.chain)


def _too_long(facts: DnsFacts) -> Finding:
    message = (
        f"{facts.hostname} reaches its end only after {len(facts.chain)} CNAMEs. Point it directly to {facts.target}."
    )
    return _mistake(facts, "chain_long", message, facts.chain)


def _mistake(
    facts: DnsFacts, code: str, message: str, evidence: tuple[str, ...], *, record_type: str = "CNAME"
) -> Finding:
    """Something that the customer has to put right, by a record from the hostname to the target."""
    return Finding(
        code=code,
        severity="error",
        actor="customer",
        message=message,
        fix=Record(record_type, facts.hostname, facts.target),
        evidence=evidence,
    )
