"""What to ask a person about the name that they typed, before it is added as a domain."""

from typing import Final

from msgspec import Struct

from dcvd.core.callers import Caller
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.dns.hostnames import registrable_domain
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.domain import Finding
from dcvd.services.diagnosis import Diagnoser

MAX_TYPED_CHARS: Final = 300


class NameQuestion(Struct, frozen=True, kw_only=True):
    """What a person is asked before a name is added.

    choices: the names that they may mean, the best first. read_as: the name that was read from something longer.
    apex: the name, where it is a whole domain. findings: what says that the name itself is not right.
    """

    choices: tuple[str, ...] = ()
    read_as: str | None = None
    apex: str | None = None
    findings: tuple[Finding, ...] = ()


async def find_question(
    diagnoser: Diagnoser, org_id: str, typed: str, name: str, *, caller: Caller
) -> NameQuestion | None:
    """Find what to ask about a (normalised) name; None where it is plainly meant. Raises what a preview raises."""
    preview = await diagnoser.preview(org_id, DomainRequest(domain_name=name), caller=caller)
    # That its record is missing is what comes next.
    findings = tuple(finding for finding in preview.findings if finding.code in _DOUBTS)
    is_apex = registrable_domain(name) == name
    is_as_typed = typed.lower().removesuffix(".") == name
    if is_as_typed and not is_apex and not findings:
        return None
    return NameQuestion(
        choices=(f"www.{name}", name) if is_apex else (name,),
        read_as=None if is_as_typed else name,
        apex=name if is_apex else None,
        findings=findings,
    )


_DOUBTS: Final = frozenset(
    {
        FindingCode.DOMAIN_UNREGISTERED,
        FindingCode.DOMAIN_SUSPENDED,
        FindingCode.HOSTNAME_UNUSUAL,
        FindingCode.HOSTNAME_TOO_LONG,
        FindingCode.TLD_UNKNOWN,
    }
)
