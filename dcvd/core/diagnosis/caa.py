"""CAA (RFC 8659): whether the customer's zone, or ours, lets a certificate authority issue that we can use."""

from collections.abc import Iterable
from typing import Final, Literal

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import listed, shortened
from dcvd.core.diagnosis.requirements import Wanted
from dcvd.core.diagnosis.routing import judge_routing
from dcvd.core.domains.dns_facts import CaaPolicy, DnsFacts, Outcome
from dcvd.core.domains.domain import Actor, DnsState, Finding, Record
from dcvd.core.domains.hostnames import registrable

IDENTIFIERS: Final = {"google": "pki.goog", "lets_encrypt": "letsencrypt.org", "ssl_com": "ssl.com"}
"""Cloudflare's names of its CAs → the names by which CAA records permit them."""

_CLOUDFLARES_CHOICE: Final = ("google", "lets_encrypt")
_OURS_MAYBE: Final[frozenset[Outcome]] = frozenset({"timeout", "unreachable"})

_Property = Literal["issue", "issuewild"]


def permitted(facts: DnsFacts, wanted: Wanted) -> tuple[str, ...]:
    """The acceptable CAs that CAA lets issue, best first. What was not seen, or not answered, forbids nothing."""
    return tuple(
        name for name in _acceptable(wanted) if all(_permits(policy, name, wanted) for policy in _deciding(facts))
    )


def caa_findings(facts: DnsFacts, wanted: Wanted) -> tuple[Finding, ...]:
    """What CAA has against every CA that would do, or that it could not be asked, which CAs take for a no."""
    unanswered = _unanswered(facts)
    blocks = () if permitted(facts, wanted) else (_blocks(facts, wanted),)
    return (*blocks, *unanswered)


def _acceptable(wanted: Wanted) -> tuple[str, ...]:
    return tuple(name for name in wanted.authorities if name in IDENTIFIERS) or _CLOUDFLARES_CHOICE


def _deciding(facts: DnsFacts) -> list[CaaPolicy]:
    """The policies that CAs will meet once the hostname leads to the target.

    CAs follow a CNAME at the hostname, so a policy of the target's own comes before any of the customer's above the
    hostname; where the CNAME is hidden from us it is hidden from them. What was found behind a CNAME that leads
    elsewhere goes away with that CNAME.
    """
    caa = facts.caa if facts.caa is not None and facts.caa.at is not None else None
    target = facts.target_caa if _of_the_target_itself(facts) else None
    state = judge_routing(facts).state
    if state is DnsState.FAILED and target is not None:
        return [target]
    if state is DnsState.FAILED and caa is not None and not _of_customer(facts, caa):
        return []
    found = [] if caa is None else [caa]
    if state is DnsState.VERIFIED and target is not None and (caa is None or caa.at != target.at):
        found.append(target)
    return found


def _of_the_target_itself(facts: DnsFacts) -> bool:
    """Not of a name above the target, where CAs do not look, nor of where a wrong chain ends."""
    policy = facts.target_caa
    if policy is None or policy.at is None or policy.start != facts.target:
        return False
    return policy.at == facts.target or not _at_or_above(policy.at, facts.target)


def _of_customer(facts: DnsFacts, policy: CaaPolicy) -> bool:
    return policy.at is not None and policy.at != facts.target and _at_or_above(policy.at, facts.hostname)


def _permits(policy: CaaPolicy, name: str, wanted: Wanted) -> bool:
    """A wildcard's certificate names the hostname as well, so it needs the permission for both."""
    if policy.critical or not _among(policy.issue, name, wanted):
        return False
    return not wanted.wildcard or policy.issuewild is None or _among(policy.issuewild, name, wanted)


def _among(values: tuple[str, ...] | None, name: str, wanted: Wanted) -> bool:
    return values is None or any(_names(value, name, wanted) for value in values)


def _names(value: str, name: str, wanted: Wanted) -> bool:
    """Whether one value permits a CA. Its parameters may narrow that (RFC 8657): to accounts, of which none is
    Cloudflare's, and to ways of validation."""
    domain, *rest = (part.strip() for part in value.lower().split(";"))
    if domain != IDENTIFIERS[name]:
        return False
    parameters = dict(_parameters(part for text in rest for part in text.split()))
    if "accounturi" in parameters:
        return False
    methods = parameters.get("validationmethods")
    usable = {"dns-01"} if wanted.wildcard else {"http-01", "dns-01"} if wanted.delegated else {"http-01"}
    return methods is None or bool(usable & set(methods.split(",")))


def _parameters(texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    for text in texts:
        tag, _, value = text.partition("=")
        yield tag.strip(), value.strip()


def _blocks(facts: DnsFacts, wanted: Wanted) -> Finding:
    acceptable, policies = _acceptable(wanted), _deciding(facts)
    # The policy that forbids all of them, else the first of two that have no CA in common; the CA that others permit.
    guilty = next((p for p in policies if not any(_permits(p, name, wanted) for name in acceptable)), policies[0])
    others = [policy for policy in policies if policy is not guilty]
    name = next((n for n in acceptable if all(_permits(other, n, wanted) for other in others)), acceptable[0])
    at = guilty.at or facts.hostname
    target_at = facts.target_caa.at if facts.target_caa is not None else facts.target
    ours = at in (facts.target, target_at) and not _of_customer(facts, guilty)
    whose = "our own target's CAA record" if ours else "your CAA record"
    message = f"No certificate for {facts.hostname}: {whose} at {at} "
    if guilty.critical:
        fix = None
        message += f"has the critical property {listed(guilty.critical)}, which forbids every CA; delete it."
    else:
        missing = [tag for tag in _tags(wanted) if not _among(_values(guilty, tag), name, wanted)]
        fix = Record("CAA", at, f'0 {missing[0]} "{IDENTIFIERS[name]}"')
        typed = " and ".join(f'`0 {tag} "{IDENTIFIERS[name]}"`' for tag in missing)
        message += f"forbids our CA; add {typed} there."
    return Finding(
        code=FindingCode.CAA_BLOCKS,
        severity="error",
        actor="operator" if ours else "customer",
        message=message,
        fix=fix,
        evidence=shortened(
            f'{at} CAA {tag} "{value}"' for tag in ("issue", "issuewild") for value in _values(guilty, tag) or ()
        )
        or (f"{at} has a CAA record",),
    )


def _tags(wanted: Wanted) -> tuple[_Property, ...]:
    return ("issue", "issuewild") if wanted.wildcard else ("issue",)


def _values(policy: CaaPolicy, tag: str) -> tuple[str, ...] | None:
    return policy.issue if tag == "issue" else policy.issuewild


def _unanswered(facts: DnsFacts) -> tuple[Finding, ...]:
    zone = registrable(facts.hostname)
    caa, target = facts.caa, facts.target_caa
    if target is not None and target.failed_at == facts.target and _failed(facts, target):
        message = (
            f"The DNS servers of {facts.target}, our own target, fail CAA queries; {facts.hostname} waits for that."
        )
        return (_no_answer(target, "operator", message),)
    if caa is None or not _within(caa.failed_at, zone) or not _failed(facts, caa):
        return ()
    if caa.failed_at == facts.hostname and facts.chain and facts.target not in facts.chain:
        # It may have failed at the end of the wrong chain, and goes away with it.
        return ()
    message = (
        f"The DNS servers of {zone} fail CAA queries, so no certificate can be issued for {facts.hostname}. "
        "Contact your DNS provider."
    )
    return (_no_answer(caa, "customer", message),)


def _failed(facts: DnsFacts, policy: CaaPolicy) -> bool:
    """Whether the zone's servers failed it. Parts of it were asked of our resolvers, so those have to work; and silence
    counts only where nobody else is silent to us."""
    if policy.outcome == "answered":
        return False
    if facts.resolvers and all(resolver.outcome != "answered" for resolver in facts.resolvers):
        return False
    if policy.outcome not in _OURS_MAYBE:
        return True
    heard = [server.outcome for server in facts.servers] + [resolver.outcome for resolver in facts.resolvers]
    return not _OURS_MAYBE & set(heard)


def _no_answer(policy: CaaPolicy, actor: Actor, message: str) -> Finding:
    return Finding(
        code=FindingCode.CAA_UNANSWERED,
        severity="error",
        actor=actor,
        message=message,
        evidence=shortened([f"CAA of {policy.failed_at}: {policy.outcome.replace('_', ' ')}"]),
    )


def _at_or_above(name: str, hostname: str) -> bool:
    return f".{hostname}".endswith(f".{name}")


def _within(name: str | None, zone: str) -> bool:
    return name is not None and f".{name}".endswith(f".{zone}")
