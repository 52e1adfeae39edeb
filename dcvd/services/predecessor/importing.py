"""Imports rows: what needs somebody's answer is asked first, then each step is one transaction.

What was brought is remembered by its id there, so a repeat brings only what is new, wherever the first was cut off.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, TypeVar, assert_never

import structlog
from msgspec import Struct

from dcvd.core.organizations.status import OrganizationStatus
from dcvd.core.predecessor.rows import (
    AnyRow,
    BrandingRow,
    ConnectionRow,
    DomainRow,
    EndpointRow,
    HistoryRow,
    ImportOutcome,
    ImportRequest,
    ImportResult,
    LogoRow,
    MemberRow,
    OrganizationRow,
    RowKind,
    TokenRow,
    build_result,
)
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import DcvdError, InvalidInput
from dcvd.kit.limits.batch_sizer import BatchSizer
from dcvd.kit.tasks import cancel_and_wait
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.logos import LogoFetcher
from dcvd.services.predecessor import credentials, domains, organizations
from dcvd.services.predecessor.credentials import TestedCredentials
from dcvd.services.predecessor.hostnames import FoundHostnames, find_hostnames
from dcvd.services.predecessor.plan import Plan, leave_out, refuse
from dcvd.services.predecessor.trials import try_tokens
from dcvd.store import domains as domains_table
from dcvd.store import imported_rows, members
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations as organizations_table
from dcvd.store.organizations.branding import Logo
from dcvd.store.tokens import tokens
from dcvd.store.webhooks import endpoints

log = structlog.get_logger(__name__)

_HEARTBEAT_S: Final = 5.0
"""Whoever reads the results hears so often that there is something to wait for."""
_RETRY_DELAYS_S: Final = (1.0, 2.0)
_MIN_STEP: Final = 10
_MAX_STEP: Final = 200
_SIMULATED: Final = {
    ImportOutcome.IMPORTED: ImportOutcome.WOULD_IMPORT,
    ImportOutcome.CLAIMED: ImportOutcome.WOULD_CLAIM,
}
T = TypeVar("T")
Results = AsyncIterator[list[ImportResult]]
"""The results as they come; an empty list says that there is something to wait for."""
_FINDERS: Final[Mapping[RowKind, Callable[[Snapshot, str], Any]]] = {
    RowKind.MEMBER: members.get,
    RowKind.DOMAIN: domains_table.get,
    RowKind.TOKEN: tokens.get,
    RowKind.ENDPOINT: endpoints.get,
    RowKind.CONNECTION: connections.get,
}
"""What has an id of its own here, and how it is found by it."""


class _Answers(Struct, frozen=True, kw_only=True):
    """What others answered about the rows of a step."""

    hostnames: FoundHostnames = FoundHostnames()
    logos: Mapping[str, Logo | DcvdError] = {}
    credentials: Mapping[str, TestedCredentials | DcvdError] = {}


_NO_ANSWERS: Final = _Answers()


class Importer:
    """Imports rows. cloudflare, access, logos: who is asked before a row is stored."""

    def __init__(
        self,
        context: Context,
        cloudflare: CloudflareClient,
        access: ProviderAccess,
        logos: LogoFetcher,
        *,
        retry_delays_s: Sequence[float] = _RETRY_DELAYS_S,
    ) -> None:
        """`retry_delays_s`: seconds before each repeated request of a page of Cloudflare's list."""
        self._context = context
        self._cloudflare = cloudflare
        self._access = access
        self._logos = logos
        self._retry_delays_s = retry_delays_s

    async def run(self, request: ImportRequest) -> Results:
        """Import the rows in their order; yield what became of them."""
        sizer = BatchSizer(min_size=_MIN_STEP, max_size=_MAX_STEP)
        for kind, group in groupby(request.rows, key=lambda row: row.kind):
            rows = list(group)
            match kind:
                case RowKind.CONNECTION | RowKind.LOGO:
                    for row in rows:
                        async for results in _with_heartbeats(f"import.{row.id}", self._ask_and_store(request, row)):
                            yield [] if results is None else [results]
                case _:
                    answers = _NO_ANSWERS
                    if kind is RowKind.DOMAIN:
                        async for found in _with_heartbeats("import.hostnames", self._find_hostnames(request, rows)):
                            if found is None:
                                yield []
                            else:
                                answers = _Answers(hostnames=found)
                    while rows:
                        step, rows = rows[: sizer.size], rows[sizer.size :]
                        yield await self._store(request, step, answers, sizer)
            log.info("predecessor.imported", kind=kind.value, dry_run=request.dry_run)

    async def _find_hostnames(self, request: ImportRequest, rows: Sequence[AnyRow]) -> FoundHostnames:
        named: list[tuple[str, DomainRow]] = []
        new_ids = await self._context.database.read(
            lambda snapshot: {row.id for row in rows if _find_known(snapshot, row) is None}
        )
        for row in rows:
            if isinstance(row, DomainRow) and row.id in new_ids:
                try:
                    named.append((domains.normalize_name(self._context, row), row))
                except InvalidInput:
                    continue  # it is refused where it is planned
        delays_s = () if request.dry_run else self._retry_delays_s
        return await find_hostnames(self._cloudflare, named, retry_delays_s=delays_s)

    async def _ask_and_store(self, request: ImportRequest, row: AnyRow) -> ImportResult:
        """Ask about a row, and store it with what was answered, whoever leaves meanwhile."""
        known = await self._context.database.read(lambda snapshot: self._find_obstacle(snapshot, request, row))
        if known is not None:
            return build_result(row, known.outcome, *known.notes)
        return await self._access.tasks.run(f"import.{row.id}", lambda: self._ask(request, row))

    async def _ask(self, request: ImportRequest, row: AnyRow) -> ImportResult:
        answers = _NO_ANSWERS
        try:
            if isinstance(row, ConnectionRow):
                if not request.dry_run:
                    _ = self._context.connection_vault  # raises before any provider is asked
                tested = await try_tokens(self._context, self._access, row, may_refresh=not request.dry_run)
                answers = _Answers(credentials={row.id: tested})
            elif isinstance(row, LogoRow) and not request.dry_run:
                answers = _Answers(logos={row.id: await self._logos.fetch(row.org_id, row.url)})
        except DcvdError as error:
            return build_result(row, ImportOutcome.REFUSED, error.message)
        return (await self._store(request, [row], answers, BatchSizer(min_size=1, max_size=1)))[0]

    async def _store(
        self, request: ImportRequest, step: Sequence[AnyRow], answers: _Answers, sizer: BatchSizer
    ) -> list[ImportResult]:
        if request.dry_run:
            return await self._context.database.read(
                lambda snapshot: [self._simulate(snapshot, request, row, answers) for row in step]
            )

        def unit(tx: Transaction) -> list[ImportResult]:
            return sizer.run_step(lambda _: [self._apply(tx, request, row, answers) for row in step])

        return await self._context.database.write(unit)

    def _apply(self, tx: Transaction, request: ImportRequest, row: AnyRow, answers: _Answers) -> ImportResult:
        plan = self._plan(tx, request, row, answers)
        if plan.store is not None:
            plan.store(tx)
            if isinstance(row, OrganizationRow):
                imported_rows.insert_organization(tx, row.id, self._context.now())
            else:
                imported_rows.insert_all(tx, [(row.org_id, row.kind.value, row.id)], self._context.now())
        return build_result(row, plan.outcome, *plan.notes)

    def _simulate(self, snapshot: Snapshot, request: ImportRequest, row: AnyRow, answers: _Answers) -> ImportResult:
        plan = self._plan(snapshot, request, row, answers)
        return build_result(row, _SIMULATED.get(plan.outcome, plan.outcome), *plan.notes)

    def _plan(self, snapshot: Snapshot, request: ImportRequest, row: AnyRow, answers: _Answers) -> Plan:
        obstacle = self._find_obstacle(snapshot, request, row)
        if obstacle is not None:
            return obstacle
        context = self._context
        match row:
            case OrganizationRow():
                return organizations.plan_organization(context, snapshot, row)
            case BrandingRow():
                return organizations.plan_branding(context, snapshot, row)
            case LogoRow():
                return organizations.plan_logo(context, snapshot, row, answers.logos.get(row.id))
            case MemberRow():
                return organizations.plan_member(context, snapshot, row)
            case DomainRow():
                return domains.plan_domain(context, snapshot, row, answers.hostnames, is_simulated=request.dry_run)
            case TokenRow():
                return credentials.plan_token(context, snapshot, row)
            case EndpointRow():
                return credentials.plan_endpoint(context, row)
            case ConnectionRow():
                return credentials.plan_connection(context, row, answers.credentials[row.id])
            case HistoryRow():
                return organizations.plan_history(context, row)
            case _:
                assert_never(row)

    def _find_obstacle(self, snapshot: Snapshot, request: ImportRequest, row: AnyRow) -> Plan | None:
        """Return why a row is not stored, whatever it says: it is there, or its organization is not."""
        if (known := _find_known(snapshot, row)) is not None:
            return known
        if isinstance(row, OrganizationRow):
            if not request.with_deleted and imported_rows.knows_organization(snapshot, row.id):
                return leave_out("It was imported before, and deleted here since. --with-deleted brings it again.")
            return None
        organization = organizations_table.find(snapshot, row.org_id)
        if organization is None or organization.id != row.org_id:
            if request.dry_run and row.org_id in request.simulated_org_ids:
                return None
            if imported_rows.knows_organization(snapshot, row.org_id):
                return leave_out("Its organization was imported before, and deleted here since.")
            return refuse(f"There is no organization {row.org_id}, neither here nor in the dump.")
        if organization.status is OrganizationStatus.DELETING:
            return refuse("Its organization is being deleted.")
        return None


def _find_known(snapshot: Snapshot, row: AnyRow) -> Plan | None:
    """Return that a row is here, or was; None for a new one."""
    if isinstance(row, OrganizationRow):
        organization = organizations_table.find(snapshot, row.id)
        is_here = organization is not None and organization.id == row.id
        return Plan(ImportOutcome.EXISTS) if is_here else None
    find = _FINDERS.get(row.kind)
    existing = None if find is None else find(snapshot, row.id)
    if existing is not None:
        if existing.org_id == row.org_id:
            return Plan(ImportOutcome.EXISTS)
        return refuse("Its id is that of another organization's object.")
    if not imported_rows.list_known(snapshot, row.org_id, row.kind.value, [row.id]):
        return None
    if find is None:
        return Plan(ImportOutcome.EXISTS)
    return leave_out("It was imported before, and removed here since.")


async def _with_heartbeats(name: str, work: Coroutine[Any, Any, T]) -> AsyncIterator[T | None]:
    """Yield the result of `work`, and before that None as often as somebody has to know that it goes on."""
    task = asyncio.create_task(work, name=name)
    try:
        while not (await asyncio.wait({task}, timeout=_HEARTBEAT_S))[0]:
            yield None
        yield await task
    finally:
        await cancel_and_wait(task)
