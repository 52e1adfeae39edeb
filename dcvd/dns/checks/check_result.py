"""What one look has seen up to now, and the facts that this makes."""

from typing import Final

from dns.name import Name

from dcvd.core.domains.dns_facts import Challenge, DnsFacts, DnsQuestion, Elsewhere, FoundRecord
from dcvd.dns.authority.authoritative_servers import Authorities
from dcvd.dns.checks.caa import Climb
from dcvd.dns.checks.cname_chain import Chain
from dcvd.dns.checks.resolvers import Resolvers
from dcvd.dns.checks.zone_position import Place
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.reply import Reply

_PATIENCE: Final = 0.3
"""The share of a look's time after which a question that is still open at its end counts as not answered."""
_ONE_TRY: Final = 0.15
"""The same for one server, which is one of several."""


class Seen:
    """Filled in by a look as answers come. truth: what those entitled to it say of the hostname's CNAME."""

    def __init__(self, question: DnsQuestion, authorities: Authorities, resolvers: Resolvers, chain: Chain) -> None:
        self._question = question
        self.authorities = authorities
        self.resolvers = resolvers
        self.chain = chain
        self.truth: Reply | None = None
        self.place: Place | None = None
        self.climb: Climb | None = None
        self.target_climb: Climb | None = None
        self.addresses: list[str] = []
        self.target_addresses: list[str] = []
        self.addresses_known = False
        self.records: list[FoundRecord] = []
        self.challenge: Challenge | None = None
        self.ownership: tuple[str, ...] = ()
        self.doubled: Elsewhere | None = None
        self.doubled_sibling: Elsewhere | None = None
        self.sibling: Elsewhere | None = None

    @property
    def is_right(self) -> bool:
        """Whether the hostname leads to the target: by its chain, or by an address that both have."""
        return self.chain.reaches_target or bool(set(self.addresses) & set(self.target_addresses))

    def settle(self) -> None:
        """Where time ran out among the questions for the record, the answers that had come decide."""
        if self.truth is None:
            self.truth = self.authorities.truth or self.resolvers.truth
            if self.truth is not None:
                self.chain.step(self.truth)

    def facts(self, seconds: float) -> DnsFacts:
        """What has been seen in a look that may last `seconds`."""
        place, zone = self.place, None if self.place is None else self.place.zone
        nameservers = () if place is None else place.nameservers
        return DnsFacts(
            hostname=self._question.hostname,
            target=self._question.target,
            outcome="unanswered" if self.truth is None else "answered",
            incomplete=self.truth is not None and not self._is_complete(self.truth),
            exists=self.truth is not None and self.truth.exists,
            chain=tuple(to_text(name) for name in self.chain.names),
            looped=self.chain.looped,
            addresses=tuple(self.addresses),
            target_addresses=tuple(self.target_addresses),
            is_apex=place is not None and place.is_apex,
            zone=None if zone is None else to_text(zone),
            nameservers=tuple(sorted(to_text(name) for name in nameservers)),
            delegated=place is not None and place.is_delegated,
            registered=None if place is None else place.registered,
            has_ds=None if place is None else place.has_ds,
            servers=self.authorities.told(_ONE_TRY * seconds),
            resolvers=self.resolvers.told(),
            records=tuple(self.records),
            doubled=self.doubled,
            doubled_sibling=self.doubled_sibling,
            sibling=self.sibling,
            caa=None if self.climb is None else self.climb.told(_PATIENCE * seconds),
            target_caa=None if self.target_climb is None else self.target_climb.told(_PATIENCE * seconds),
            challenge=self.challenge,
            ownership=self.ownership,
        )

    def _is_complete(self, truth: Reply) -> bool:
        if self.chain.names:
            return self.chain.complete
        return not truth.exists or self.addresses_known


def denied(zone: Name) -> Reply:
    """The truth about a hostname whose domain the parent zone denies."""
    return Reply(outcome="answered", zone=zone)
