"""Domains as operators see them, who look after those of all organizations."""

from msgspec import Struct
from msgspec.structs import asdict

from dcvd.api.domains.view import DomainView, domain_view
from dcvd.api.operators.organization_reference import OrganizationReference
from dcvd.core.diagnosis.awaited import Awaited
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.services.domains.overview import DomainOverview


class ReasonView(Struct, frozen=True):
    """What decides about a domain: the code of a finding or of its error, or `waiting`; who has to act, since when."""

    code: str
    actor: Awaited
    since: Instant | None


class OperatorDomainView(DomainView, frozen=True, kw_only=True, rename="camel"):
    """A domain with what an operator has to know to look after it.

    `reason`: why it is not ready, or what endangers it; null where it is well. `stuck`: it is not ready, and in error
    or so for longer than a day. `summary`: what there is to do, in a sentence.
    """

    organization: OrganizationReference
    reason: ReasonView | None
    stuck: bool
    summary: str


class OperatorDomainAnswer(Struct, frozen=True):
    domain: OperatorDomainView


class OperatorDomainList(Struct, frozen=True, kw_only=True, rename="camel"):
    domains: list[OperatorDomainView]
    next_cursor: str | None


def operator_domain_view(overview: DomainOverview) -> OperatorDomainView:
    """Show one domain."""
    return OperatorDomainView(
        **asdict(domain_view(overview.detail)),
        organization=OrganizationReference(overview.organization.id, overview.organization.name),
        reason=None if overview.reason is None else build_view(ReasonView, overview.reason),
        stuck=overview.is_stuck,
        summary=overview.summary,
    )
