"""Domains that are asked for one by one, and added many in one transaction."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.domains.additions import DomainRequest, ValidatedDomain
from dcvd.core.domains.domain import Domain
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.domains.additions import AdditionResult
from dcvd.store.engine.shared_units import SharedUnits
from dcvd.store.engine.transactions import Transaction


class _Addition(Struct, frozen=True):
    context: Context
    org_id: str
    candidate: ValidatedDomain
    actor: str


class SharedAdditions:
    """Adds domains: in one transaction, those that one caller asks for at once. Built once.

    It is not for whoever comes by a link, which adds one domain, nor for a request whose result is remembered.
    """

    def __init__(self) -> None:
        self._units: SharedUnits[_Addition, AdditionResult] = SharedUnits(_add_all)

    async def add(self, context: Context, org_id: str, request: DomainRequest, *, actor: str) -> Domain:
        """Add a domain. Raises what `additions.add` raises."""
        caller = context.caller
        assert caller.link is None, "what is added by a link is stored with that"
        assert not context.remembers_result, "what is remembered is stored with its own addition"
        addition = _Addition(context, org_id, additions.validate(context, request), actor)
        # Requests of one caller differ by their ids alone, which the domains are stored with.
        key = (org_id, actor, caller.request_id is None, replace(caller, request_id=None))
        return (await self._units.run(context.database, key, addition)).require_added()


def _add_all(tx: Transaction, wanted: Sequence[_Addition]) -> list[AdditionResult]:
    first = wanted[0]
    return additions.add_all(
        first.context,
        tx,
        first.org_id,
        [each.candidate for each in wanted],
        actor=first.actor,
        request_ids=[each.context.caller.request_id for each in wanted],
    )
