"""The operations on the database itself, while no daemon runs."""

import errno
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from dcvd.cli.operations.contract import (
    ImportedDomain,
    ImportedLine,
    ImportedRecord,
    LineError,
    MintedTokenView,
    OrganizationView,
    TokenView,
)
from dcvd.config import Config
from dcvd.core.domains.additions import Addition, Wish
from dcvd.core.domains.bulk import LONGEST_ECHO, AddLine, Refusal, fingerprint, refusal
from dcvd.core.domains.domain import required_records
from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.core.timeline import OPERATOR
from dcvd.core.tokens import Role, Token
from dcvd.errors import ConfigError, InvalidInput, StoreError
from dcvd.kit.lockfile import LockFile
from dcvd.services import organizations, tokens
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.domains.bulk import Call
from dcvd.services.domains.bulk_additions import Added, BulkAdditions
from dcvd.services.lifecycle import renewals
from dcvd.services.lifecycle.renewals import RenewalsView
from dcvd.store.engine.database import Database
from dcvd.store.engine.files import adopt_owner, lock_path
from dcvd.store.engine.paging import MAX_LIMIT
from dcvd.store.organizations import Organization

OnCreated = Callable[[Path], None]
"""Told the path of a database that was not there before."""

_READERS: Final = 1


class LocalOperations:
    """Calls the services that the daemon's API calls."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def create_organization(self, name: str) -> OrganizationView:
        return _organization(await organizations.create(self._context, name))

    async def list_organizations(self) -> list[OrganizationView]:
        return [_organization(found) for found in await organizations.list_all(self._context)]

    async def create_token(self, org_id: str, *, name: str, role: Role, expires_at: int | None) -> MintedTokenView:
        minted = await tokens.create(self._context, org_id, name=name, role=role, expires_at=expires_at)
        token = minted.token
        return MintedTokenView(
            id=token.id,
            org_id=token.org_id,
            name=token.name,
            role=token.role,
            token=minted.plain.reveal(),
            created_at=to_rfc3339(token.created_at),
            expires_at=_optional(token.expires_at),
        )

    async def list_tokens(self, org_id: str) -> list[TokenView]:
        found: list[TokenView] = []
        cursor: str | None = None
        while True:
            page = await tokens.list_page(self._context, org_id, cursor=cursor, limit=MAX_LIMIT)
            found += (_token(token) for token in page.items)
            cursor = page.next_cursor
            if cursor is None:
                return found

    async def revoke_token(self, org_id: str, token_id: str) -> None:
        await tokens.revoke(self._context, org_id, token_id)

    async def renewals(self) -> RenewalsView:
        return await renewals.overview(self._context)

    async def import_domains(
        self, org_id: str, wishes: Sequence[Wish], *, dry_run: bool, key: str | None
    ) -> AsyncIterator[ImportedLine]:
        if not self._context.config.cloudflare.cname_target:
            message = "cloudflare.cname_target is not set (nor SAAS_CNAME_TARGET): customers' records need a target."
            raise ConfigError([message])
        call = Call(org_id=org_id, actor=OPERATOR, key=key, dry_run=dry_run)
        lines = [self._line(number, wish) for number, wish in enumerate(wishes, 1)]
        async for done in BulkAdditions(self._context, call).take(lines):
            for added in done:
                yield _imported(added)

    def _line(self, number: int, wish: Wish) -> AddLine:
        wanted: Addition | Refusal
        try:
            wanted = additions.check(self._context, wish)
        except InvalidInput as error:
            wanted = refusal(error)
        mark = fingerprint("add", msgspec.json.encode(wish))
        return AddLine(number=number, fingerprint=mark, name=wish.domain_name[:LONGEST_ECHO], wanted=wanted)


@asynccontextmanager
async def on_the_database(config: Config, on_created: OnCreated | None) -> AsyncIterator[LocalOperations]:
    """Holds the lock meanwhile. Raises DatabaseBusy naming its holder, and StoreError.

    Without `on_created` a database that is missing is a StoreError, and nothing is written.
    """
    path = config.database.path
    with await _locked(path, config.database.lock_wait / SECOND, create=on_created is not None):
        fresh = not _exists(path)  # under the lock: a daemon that held it until now may have made it
        if fresh and on_created is None:
            raise _missing(path)
        database = await Database.open(path, readers=_READERS)
        try:
            if fresh and on_created is not None:
                on_created(path)
            yield LocalOperations(Context(database, config))
        finally:
            await database.close()


async def _locked(database: Path, wait: float, *, create: bool) -> LockFile:
    try:
        path = lock_path(database)
        if not path.parent.is_dir():
            raise StoreError(
                f"The directory {path.parent} of the database is not there: create it for the user that dcvd runs as, "
                "or change database.path."
            )
        existed = _exists(path)
        if not (existed or create or _exists(database)):
            raise _missing(database)
        lock = await LockFile.acquire(path, wait=wait)
    except PermissionError as error:
        raise _forbidden(database) from error
    except StoreError as error:
        if isinstance(error.__cause__, PermissionError):
            raise _forbidden(database) from error
        raise
    if not existed:
        adopt_owner(path)
    return lock


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise
    return True


def _missing(database: Path) -> StoreError:
    return StoreError(
        f"There is no database at {database} yet: start the daemon, or create an organization by dcvd org create NAME."
    )


def _forbidden(database: Path) -> StoreError:
    return StoreError(
        f"No daemon listens, and you may not use its database {database}: run this with sudo, or as the user that dcvd "
        "runs as."
    )


def _organization(organization: Organization) -> OrganizationView:
    return OrganizationView(id=organization.id, name=organization.name, created_at=to_rfc3339(organization.created_at))


def _token(token: Token) -> TokenView:
    return TokenView(
        id=token.id,
        org_id=token.org_id,
        name=token.name,
        role=token.role,
        created_at=to_rfc3339(token.created_at),
        expires_at=_optional(token.expires_at),
        last_used_at=_optional(token.last_used_at),
    )


def _imported(added: Added) -> ImportedLine:
    domain: ImportedDomain | None = None
    if added.domain_id is not None:
        records = () if added.domain is None else required_records(added.domain)
        domain = ImportedDomain(
            id=added.domain_id,
            required_records=[ImportedRecord(record.type, record.name, record.value) for record in records],
        )
    error = None if added.error is None else LineError(added.error.code, added.error.message)
    return ImportedLine(line=added.line, domain_name=added.name, outcome=added.outcome, domain=domain, error=error)


def _optional(instant: int | None) -> str | None:
    return None if instant is None else to_rfc3339(instant)
