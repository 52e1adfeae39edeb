"""What a customer's DNS has to say."""

from msgspec import Struct

from dcvd.core.domains.domain import Domain, ValidationMethod


class DnsRequirements(Struct, frozen=True, kw_only=True):
    """What the customer's DNS has to say; `certificate_authorities` as in `lifecycle.Rules`.

    validation, wildcard, challenge_target: as of the domain; challenge_target is None while nobody knows it.
    """

    validation: ValidationMethod = "http"
    wildcard: bool = False
    challenge_target: str | None = None
    certificate_authorities: tuple[str, ...] = ()

    @classmethod
    def of_domain(cls, domain: Domain, certificate_authorities: tuple[str, ...]) -> "DnsRequirements":
        """What a domain's DNS has to say."""
        return cls(
            validation=domain.validation,
            wildcard=domain.wildcard,
            challenge_target=domain.challenge_target,
            certificate_authorities=certificate_authorities,
        )

    @property
    def is_delegated(self) -> bool:
        """Whether the CA is answered at `_acme-challenge`: wildcards are validated in no other way."""
        return self.wildcard or self.validation == "delegated"
