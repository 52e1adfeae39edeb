"""How the top of a zone leads to another name: no CNAME can be there (RFC 1034 section 3.6.2)."""

from typing import Literal

from msgspec import Struct

from dcvd.core.domains.dns_provider_table import DnsProvider

ApexType = Literal["CNAME", "ALIAS", "ANAME", "APEXALIAS"]


class ApexAdvice(Struct, frozen=True):
    """The type of the record by which the top of a zone leads to a target, in words too.

    is_possible: False where the provider is known to have no such type.
    """

    type: ApexType
    is_possible: bool
    sentence: str


def advise_apex(name: str, target: str, provider: DnsProvider | None) -> ApexAdvice:
    """Return how a name at the top of a zone leads to the target, at the provider that runs the zone."""
    instead = f"add www.{name} here instead, and redirect {name} to it"
    top = f"{name} is the top of a zone, where no CNAME can be"
    if provider is None or provider.apex is None:
        words = f"{top}. Use your provider's ALIAS, ANAME or CNAME flattening to {target}. If it has none, {instead}."
        return ApexAdvice("ALIAS", True, words)
    match provider.apex:
        case "none":
            words = (
                f"{top}, and {provider.name} has no other record that leads to {target}. Either {instead}, or move the "
                "zone to a provider that has ALIAS records."
            )
            return ApexAdvice("ALIAS", False, words)
        case "CNAME":
            words = f"{name} is the top of a zone. {provider.name} takes a CNAME to {target} there, and flattens it."
            return ApexAdvice("CNAME", True, words)
        case kind:
            return ApexAdvice(kind, True, f"{top}. Use the type {kind} of {provider.name}, to {target}.")
