"""What one check has learned so far, and the facts that follow from it."""

from typing import Final

from dcvd.core.dns.facts import ChallengeAnswer, DnsCheckRequest, DnsFacts, ObservedRecord, OtherNameAnswer
from dcvd.dns.authority.authoritative_servers import AuthoritativeServers
from dcvd.dns.checks.caa import CaaClimb
from dcvd.dns.checks.cname_chain import CnameChain
from dcvd.dns.checks.resolvers import ConfiguredResolvers
from dcvd.dns.checks.zone_position import ZonePosition
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.reply import DnsReply

_TIMEOUT_SHARE: Final = 0.3
"""A query that is open when the check ends counts as unanswered if it waited for this share of the check's time."""
_SERVER_TIMEOUT_SHARE: Final = 0.15
"""The same share for a query to one of several servers."""


class CheckResult:
    """The result of one check, filled in as answers arrive.

    accepted_answer: the reply about the hostname's CNAME from a server that is entitled to give it.
    """

    def __init__(
        self,
        request: DnsCheckRequest,
        authorities: AuthoritativeServers,
        resolvers: ConfiguredResolvers,
        chain: CnameChain,
    ) -> None:
        self._request = request
        self.authorities = authorities
        self.resolvers = resolvers
        self.chain = chain
        self.accepted_answer: DnsReply | None = None
        self.zone_position: ZonePosition | None = None
        self.caa_climb: CaaClimb | None = None
        self.target_caa_climb: CaaClimb | None = None
        self.addresses: list[str] = []
        self.target_addresses: list[str] = []
        self.has_all_addresses = False
        self.own_nameservers: tuple[str, ...] = ()
        self.has_matching_key: bool | None = None
        self.other_records: list[ObservedRecord] = []
        self.challenge: ChallengeAnswer | None = None
        self.proof_texts: tuple[str, ...] = ()
        self.doubled_answer: OtherNameAnswer | None = None
        self.doubled_sibling_answer: OtherNameAnswer | None = None
        self.sibling_answer: OtherNameAnswer | None = None
        self.below_answer: OtherNameAnswer | None = None

    @property
    def reaches_target(self) -> bool:
        """Whether the hostname leads to the target: by its CNAME chain, or by an address that both have."""
        return self.chain.reaches_target or bool(set(self.addresses) & set(self.target_addresses))

    def accept_partial_answers(self) -> None:
        """If time ran out before an answer was accepted, accept the best answer that has arrived."""
        if self.accepted_answer is None:
            self.accepted_answer = self.authorities.authoritative_answer or self.resolvers.resolver_answer
            if self.accepted_answer is not None:
                self.chain.add_reply(self.accepted_answer)

    def to_facts(self, timeout_s: float) -> DnsFacts:
        """The facts of a check that may last `timeout_s` seconds, as far as they are known."""
        position, zone = self.zone_position, None if self.zone_position is None else self.zone_position.zone
        nameservers = () if position is None else position.nameservers
        return DnsFacts(
            hostname=self._request.hostname,
            target=self._request.target,
            outcome="unanswered" if self.accepted_answer is None else "answered",
            is_incomplete=self.accepted_answer is not None and not self._is_complete(self.accepted_answer),
            exists=self.accepted_answer is not None and self.accepted_answer.exists,
            chain=tuple(to_text(name) for name in self.chain.names),
            cname_targets=()
            if self.accepted_answer is None
            else tuple(to_text(name) for name in self.accepted_answer.cname_targets),
            has_loop=self.chain.has_loop,
            addresses=tuple(self.addresses),
            target_addresses=tuple(self.target_addresses),
            is_apex=position is not None and position.is_apex,
            zone=None if zone is None else to_text(zone),
            nameservers=tuple(sorted(to_text(name) for name in nameservers)),
            is_delegated=position is not None and position.is_delegated,
            is_registered=None if position is None else position.is_registered,
            own_nameservers=self.own_nameservers,
            own_servers=self.authorities.own_answers,
            unresolved_nameservers=self.authorities.unresolved_nameservers,
            has_ds=None if position is None else position.has_ds,
            has_matching_key=self.has_matching_key,
            servers=self.authorities.to_facts(_SERVER_TIMEOUT_SHARE * timeout_s),
            resolvers=self.resolvers.to_facts(),
            have_resolvers_failed=self.resolvers.have_failed,
            other_records=tuple(self.other_records),
            doubled_answer=self.doubled_answer,
            doubled_sibling_answer=self.doubled_sibling_answer,
            sibling_answer=self.sibling_answer,
            below_answer=self.below_answer,
            caa=None if self.caa_climb is None else self.caa_climb.to_facts(_TIMEOUT_SHARE * timeout_s),
            target_caa=None
            if self.target_caa_climb is None
            else self.target_caa_climb.to_facts(_TIMEOUT_SHARE * timeout_s),
            challenge=self.challenge,
            proof_texts=self.proof_texts,
        )

    def _is_complete(self, accepted_answer: DnsReply) -> bool:
        if self.chain.names:
            return self.chain.is_complete
        return not accepted_answer.exists or self.has_all_addresses
