"""Claims give way to proof: at the proof of one, the others on its name end, and it takes over their hostname.

All of that is one transaction, so a name never has two holders, nor a hostname at Cloudflare two claims.
"""

from collections.abc import Sequence

import structlog
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.diagnosis.proofs import find_proof
from dcvd.core.dns.facts import DnsObservation
from dcvd.core.domains.claims import MAX_CLAIMS, RemovalReason, add_proof
from dcvd.core.domains.domain import Domain, Proof
from dcvd.core.lifecycle.status import forget_held
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.timeline import DAEMON_ACTOR
from dcvd.core.zones.zone import enclosing_names, find_holder
from dcvd.services.context import Context
from dcvd.services.lifecycle import claim_endings, hostname_assignment
from dcvd.store import domains, zones
from dcvd.store.engine.transactions import Snapshot, Transaction

log = structlog.get_logger(__name__)


class Settlement(Struct, frozen=True):
    """A claim after its proofs were weighed; `is_held` where it is proved, but another was proved before."""

    domain: Domain
    is_held: bool = False


def settle(context: Context, tx: Transaction, claim: Domain, observations: Sequence[Observation]) -> Settlement:
    """Weigh what a check observed about a claim that others contest; where it is proved, the others end."""
    answers = [
        observation.facts
        for observation in observations
        if isinstance(observation, DnsObservation) and observation.facts.outcome == "answered"
    ]
    if not answers or claim.has_strong_proof:
        return Settlement(claim)
    claim = forget_held(claim)
    if claim.is_contested:
        for facts in answers:
            if (proof := find_proof(claim, facts)) is not None:
                return prove(context, tx, claim, proof)
        if _is_in_own_zone(tx, claim):
            return prove(context, tx, claim, Proof.ZONE)
    return Settlement(claim)


def is_barred_by_zone(snapshot: Snapshot, before: Domain, after: Domain) -> bool:
    """Whether a claim that got a proof just now, as the only one on its name, is on a name in another's zone."""
    return after.proof is not before.proof and _is_in_anothers_zone(snapshot, after)


def _is_in_own_zone(snapshot: Snapshot, claim: Domain) -> bool:
    return _find_zone_holder(snapshot, claim) == claim.org_id


def _is_in_anothers_zone(snapshot: Snapshot, claim: Domain) -> bool:
    return _find_zone_holder(snapshot, claim) not in (None, claim.org_id)


def _find_zone_holder(snapshot: Snapshot, claim: Domain) -> str | None:
    return find_holder(claim.name, zones.list_holders(snapshot, enclosing_names(claim.name)))


def prove(
    context: Context,
    tx: Transaction,
    claim: Domain,
    proof: Proof,
    *,
    reason: RemovalReason = RemovalReason.CLAIMED_BY_ANOTHER,
    actor: str = DAEMON_ACTOR,
) -> Settlement:
    """Store a strong proof of a claim, and end the others on its name.

    Where one of these has a strong proof, or another organization has proved a zone that the name is in, nothing
    changes but by an operator's proof. A claim that has a weak proof keeps that, and serves as before.
    """
    rivals = [rival for rival in domains.list_by_name(tx, claim.name) if rival.id != claim.id]
    is_held = any(rival.has_strong_proof for rival in rivals) or _is_in_anothers_zone(tx, claim)
    if is_held and proof is not Proof.OPERATOR:
        return Settlement(claim, is_held=claim.proof is None)
    claim = forget_held(claim)
    registered = next((rival for rival in rivals if rival.cf_id is not None), None)
    winner = replace(add_proof(claim, proof, context.now()), is_contested=False)
    if registered is not None:
        winner = replace(winner, cf_id=registered.cf_id, next_check_at=context.now())
    if rivals:
        domains.take_name(tx, claim.name, claim.id)
    domains.update(tx, winner)
    # Before the others end: a hostname of theirs of which we have not learned is adopted then, not removed.
    if _needs_registration(winner, registered):
        hostname_assignment.register(context, tx, winner)
    for rival in rivals:
        claim_endings.erase_domains(context, tx, rival.org_id, [replace(rival, cf_id=None)], actor=actor, reason=reason)
    log.info("domain.proved", domain=winner.name, domain_id=winner.id, proof=proof, ended=len(rivals))
    return Settlement(winner)


def prove_by_zone(context: Context, tx: Transaction, claim: Domain) -> None:
    """Prove a claim that is on a name in a zone that its organization has proved."""
    if zones.has_proved(tx, claim.org_id) and _is_in_own_zone(tx, claim):
        prove(context, tx, claim, Proof.ZONE)


def limit(context: Context, tx: Transaction, new_claim: Domain) -> None:
    """End claims on the name of a new one that are too many: of those without a proof, dormant and old ones first."""
    # A contested name must not take noticeably longer to add than another: rows are read where that is needed alone.
    if domains.count_claims(tx, new_claim.org_id, [new_claim.name])[new_claim.name].total <= MAX_CLAIMS:
        return
    claims = domains.list_by_name(tx, new_claim.name)
    others = [claim for claim in claims if claim.proof is None and claim.id != new_claim.id]
    others.sort(key=lambda claim: (claim.dormant_since is None, claim.id))
    for claim in others[: max(len(claims) - MAX_CLAIMS, 0)]:
        claim_endings.erase_domains(
            context, tx, claim.org_id, [claim], actor=DAEMON_ACTOR, reason=RemovalReason.TOO_MANY_CLAIMS
        )


def _needs_registration(winner: Domain, registered: Domain | None) -> bool:
    """Whether Cloudflare has to be told of a claim that was just proved: it has no hostname, or one ordered otherwise.

    registered: the claim whose hostname it has taken over.
    """
    if registered is None:
        return winner.cf_id is None
    return (registered.validation, registered.wildcard) != (winner.validation, winner.wildcard)
