"""How the top of a zone leads to another name: no CNAME can be there (RFC 1034 section 3.6.2)."""

from typing import Literal

from msgspec import Struct

from dcvd.core.dns.provider_table import DnsProvider
from dcvd.core.sentences.sentence import Sentence, say

ApexType = Literal["CNAME", "ALIAS", "ANAME", "APEXALIAS"]


class ApexAdvice(Struct, frozen=True):
    """The type of the record by which the top of a zone leads to a target, in words too.

    is_possible: False where the provider is known to have no such type.
    """

    type: ApexType
    is_possible: bool
    sentence: Sentence


def advise_apex(name: str, target: str, provider: DnsProvider | None) -> ApexAdvice:
    """Return how a name at the top of a zone leads to the target, at the provider that runs the zone."""
    if provider is None or provider.apex is None:
        return ApexAdvice("ALIAS", True, say("apex_unknown_provider", name=name, target=target))
    match provider.apex:
        case "none":
            sentence = say("apex_impossible", name=name, target=target, provider=provider.name)
            return ApexAdvice("ALIAS", False, sentence)
        case "CNAME":
            return ApexAdvice("CNAME", True, say("apex_flattened", name=name, target=target, provider=provider.name))
        case kind:
            sentence = say("apex_typed", name=name, target=target, provider=provider.name, type=kind)
            return ApexAdvice(kind, True, sentence)
