"""What the filters of the list of domains ask for."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from msgspec import Struct

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.verdict import AWAITED_BY_STATE, VerdictState
from dcvd.core.domains.domain import DomainStatus
from dcvd.http.parameters import parse_choice
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.domains.tallies import EXPIRING_MS
from dcvd.store.domain_lists import DomainOrder

_FILTERS: Final = ("state", "finding", "status", "sort", "search")


class ListedState(StrEnum):
    """The domains that a list shows."""

    READY = "ready"
    CUSTOMER = "customer"
    SERVICE = "service"
    PROGRESS = "progress"
    BROKEN = "broken"
    EXPIRING = "expiring"


class ListQuery(Struct, frozen=True, kw_only=True):
    """The filters as they were chosen, and what they ask for."""

    state: ListedState | None
    finding: FindingCode | None
    status: DomainStatus | None
    sort: DomainOrder | None
    search: str
    query: DomainQuery

    @property
    def is_filtered(self) -> bool:
        """Whether not all domains are asked for."""
        return bool(self.state or self.finding or self.status or self.search)


def read_list_query(parameters: Mapping[str, str], now: int) -> ListQuery:
    """Read the parameters of the list; what is empty was not chosen. Raises InvalidInput."""
    state = parse_choice("state", parameters.get("state") or None, ListedState)
    finding = parse_choice("finding", parameters.get("finding") or None, FindingCode)
    status = parse_choice("status", parameters.get("status") or None, DomainStatus)
    search = parameters.get("search", "").strip()
    # What is searched for is listed by name, in no other order.
    sort = None if search else parse_choice("sort", parameters.get("sort") or None, DomainOrder)
    if sort is None and state is ListedState.EXPIRING and not search:
        sort = DomainOrder.EXPIRY
    return ListQuery(
        state=state,
        finding=finding,
        status=status,
        sort=sort,
        search=search,
        query=DomainQuery(
            status=status,
            finding=finding,
            is_ready=True if state is ListedState.READY else None,
            is_broken=state is ListedState.BROKEN,
            waits_for=None if state is None else _AWAITED.get(state),
            expires_before=now + EXPIRING_MS if state is ListedState.EXPIRING else None,
            search=search or None,
            sort=sort,
        ),
    )


def write_list_query(parameters: Mapping[str, str]) -> str:
    """Return the filters as a query, with its question mark; empty where none was chosen."""
    query = urlencode({name: value for name, value in parameters.items() if name in _FILTERS})
    return f"?{query}" if query else ""


_AWAITED: Final = {
    ListedState.CUSTOMER: AWAITED_BY_STATE[VerdictState.CUSTOMER],
    ListedState.SERVICE: AWAITED_BY_STATE[VerdictState.SERVICE],
    ListedState.PROGRESS: AWAITED_BY_STATE[VerdictState.PROGRESS],
}
