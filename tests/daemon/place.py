"""A database that is started anew with one key or another."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from dcvd.config import Config, Live
from dcvd.config.sections import DatabaseConfig as DatabaseConfig
from dcvd.config.sections import VaultConfig
from dcvd.core.secret import Secret
from dcvd.daemon.vault import open_vault
from dcvd.errors import ConfigError
from dcvd.kit.vault.sealing import Vault
from dcvd.services.context import Context
from dcvd.store.engine.database import Database
from dcvd.store.vault import vault_keys
from dcvd.store.vault.vault_keys import VaultKeyRecord
from tests import sealing
from tests.manual_clock import ManualClock
from tests.unreliable_database import Strike, UnreliableDatabase

NOW: Final = 1_800_000_000_000


class Place:
    """A database in a directory of its own, opened anew for every start."""

    def __init__(self, directory: Path) -> None:
        self.database = directory / "dcvd.db"
        self.key = directory / "dcvd.db.key"

    @asynccontextmanager
    async def opened(self, *strikes: Strike) -> AsyncIterator[Database]:
        """The database by itself, which these strikes hit."""
        database = await UnreliableDatabase.open(self.database, readers=1)
        database.strikes = strikes
        try:
            yield database
        finally:
            await database.close()

    async def start(
        self,
        key: str | None = None,
        *,
        file: str = "",
        old: Mapping[str, str] | None = None,
        from_environment: Sequence[str] = (),
        now: int = NOW,
        strikes: Sequence[Strike] = (),
    ) -> Vault:
        """What a start of the daemon does, with this key and those old files; then something is sealed."""
        keys = VaultConfig(
            key_file=file,
            key=None if key is None else Secret(key),
            old_key_files=tuple(old or ()),
            old_keys=tuple(map(Secret, (old or {}).values())),
        )
        config = Config(database=DatabaseConfig(path=self.database), vault=keys)
        async with self.opened(*strikes) as database:
            context = Context(database, Live(config), clock=ManualClock(now))
            vault = await open_vault(context, from_environment=from_environment)
            await database.write(lambda tx: sealing.seal_one_more(tx, vault))
            return vault

    async def refusal(self, key: str | None = None, *, old: Mapping[str, str] | None = None) -> str:
        """The one sentence of a start that is refused, which changes nothing."""
        async with self.opened() as database:
            before = await database.read(vault_keys.list_all)
        found = self.key.read_bytes() if self.key.exists() else None
        with pytest.raises(ConfigError) as caught:
            await self.start(key, old=old)
        (sentence,) = caught.value.problems
        assert await self.needed() == before
        assert (self.key.read_bytes() if self.key.exists() else None) == found
        for secret in (key, (found or b"").decode().strip(), *(old or {}).values()):
            assert not secret or secret not in sentence
        return sentence

    async def needed(self) -> list[VaultKeyRecord]:
        async with self.opened() as database:
            return await database.read(vault_keys.list_all)
