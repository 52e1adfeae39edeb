"""What the diagnosis requires of a customer's DNS."""

from msgspec import Struct

from dcvd.core.domains.domain import DnsState, Domain, DomainStatus, ValidationMethod
from dcvd.core.domains.required_records import is_delegation_needed


class DnsRequirements(Struct, frozen=True, kw_only=True):
    """What a domain requires of the customer's DNS; `certificate_authorities` as in `LifecycleRules`.

    validation, wildcard, challenge_target: those of the domain; `challenge_target` is None while it is not known.
    is_active: whether the domain is, so that Cloudflare has validated its hostname.
    """

    validation: ValidationMethod = "http"
    wildcard: bool = False
    challenge_target: str | None = None
    is_active: bool = False
    certificate_authorities: tuple[str, ...] = ()

    @classmethod
    def of_domain(cls, domain: Domain, certificate_authorities: tuple[str, ...]) -> "DnsRequirements":
        """Return the requirements of a domain."""
        return cls(
            validation=domain.validation,
            wildcard=domain.wildcard,
            challenge_target=domain.challenge_target,
            is_active=domain.status is DomainStatus.ACTIVE,
            certificate_authorities=certificate_authorities,
        )

    @property
    def is_delegated(self) -> bool:
        """Whether validation is delegated through `_acme-challenge`, as it always is for a wildcard."""
        return self.wildcard or self.validation == "delegated"

    def needs_delegation(self, state: DnsState | None) -> bool:
        """Whether certificates need the delegated `_acme-challenge`; `state` is that of the routing record."""
        return is_delegation_needed(self.validation, wildcard=self.wildcard, is_active=self.is_active, state=state)
