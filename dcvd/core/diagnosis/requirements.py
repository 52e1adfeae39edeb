"""What the diagnosis requires of a customer's DNS."""

from msgspec import Struct

from dcvd.core.domains.domain import Domain, ValidationMethod


class DnsRequirements(Struct, frozen=True, kw_only=True):
    """What a domain requires of the customer's DNS; `certificate_authorities` as in `LifecycleRules`.

    validation, wildcard, challenge_target: those of the domain; `challenge_target` is None while it is not known.
    """

    validation: ValidationMethod = "http"
    wildcard: bool = False
    challenge_target: str | None = None
    certificate_authorities: tuple[str, ...] = ()

    @classmethod
    def of_domain(cls, domain: Domain, certificate_authorities: tuple[str, ...]) -> "DnsRequirements":
        """Return the requirements of a domain."""
        return cls(
            validation=domain.validation,
            wildcard=domain.wildcard,
            challenge_target=domain.challenge_target,
            certificate_authorities=certificate_authorities,
        )

    @property
    def is_delegated(self) -> bool:
        """Whether validation is delegated through `_acme-challenge`, as it always is for a wildcard."""
        return self.wildcard or self.validation == "delegated"
