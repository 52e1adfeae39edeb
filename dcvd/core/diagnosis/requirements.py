"""What a customer's DNS has to say."""

from msgspec import Struct

from dcvd.core.domains.domain import Domain, Validation


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

    @property
    def delegated(self) -> bool:
        """Whether the CA is answered at `_acme-challenge`: wildcards are validated in no other way."""
        return self.wildcard or self.validation == "delegated"
