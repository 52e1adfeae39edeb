"""What every use case needs: the database, the time, randomness and the configuration."""

import os
import random
from collections.abc import Callable
from typing import Self

from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.core.callers import DAEMON, Caller
from dcvd.core.domains.saas_zone import UNKNOWN_ZONE, PlanFeature, SaasZone
from dcvd.core.ids import IdPrefix, RandomBytes, new_id, new_ids
from dcvd.core.lifecycle.schedule import CheckPolicy
from dcvd.core.lifecycle.transitions import LifecycleRules
from dcvd.errors import NotConfigured
from dcvd.kit.clock import ConfirmingClock, SystemClock
from dcvd.kit.vault.sealing import Vault
from dcvd.store.engine.caller_database import CallerDatabase, DatabaseAccess
from dcvd.store.engine.transactions import Transaction


class Context:
    """Hold what every use case needs; built once, by whoever composes the program.

    Reloading replaces the value of `live_config`. `saas_zone` holds what is known of the operator's zone at Cloudflare.
    Commands that touch no stored secret need no vault, nor its key.
    `caller` is who acts: dcvd itself, but in a context that `for_caller` made.
    """

    def __init__(
        self,
        database: DatabaseAccess,
        live_config: Live[Config],
        *,
        vault: Vault | None = None,
        clock: ConfirmingClock | None = None,
        random_bytes: RandomBytes = os.urandom,
        random_fraction: Callable[[], float] = random.random,
        caller: Caller = DAEMON,
        keep_result: Callable[[Transaction, object], None] | None = None,
        saas_zone: Live[SaasZone] | None = None,
    ) -> None:
        self.database = database
        self.caller = caller
        self._keep_result = keep_result
        self.live_config = live_config
        self.saas_zone = Live(UNKNOWN_ZONE) if saas_zone is None else saas_zone
        self._vault = vault
        self.clock = clock if clock is not None else SystemClock()
        self.random_bytes = random_bytes
        self.random_fraction = random_fraction

    def for_caller(self, caller: Caller, check: Callable[[Transaction], None] | None = None) -> Self:
        """Return a context in which a caller acts. Each unit of work begins with `check`, and ends with what it raises.

        Reads and writes take turns with those of other claimants. It shares everything else with this one.
        """
        return self._derive(check, caller, caller.claimant, None)

    def for_request(self, request_id: str | None) -> Self:
        """Return a context in which the same caller goes on with what an HTTP request began; None for what none did."""
        return (
            self if request_id is None else self._derive(None, replace(self.caller, request_id=request_id), None, None)
        )

    def for_repeatable_request(
        self, check: Callable[[Transaction], None], keep_result: Callable[[Transaction, object], None]
    ) -> Self:
        """Return a context for a request with an idempotency key. Each unit of work begins with `check`.

        `keep_result` stores the answer for a result that a use case hands to `remember_result`.
        """
        return self._derive(check, self.caller, None, keep_result)

    @property
    def remembers_result(self) -> bool:
        """Whether the result of the request's use case is remembered."""
        return self._keep_result is not None

    def remember_result(self, tx: Transaction, build_result: Callable[[], object]) -> None:
        """Have the result of a use case remembered, where the request has an idempotency key, with what it stored.

        A use case whose repeat would do it again calls this once, at the end of the unit of work that does it.
        `build_result` returns what the use case returns.
        """
        if self._keep_result is not None:
            self._keep_result(tx, build_result())

    def _derive(
        self,
        check: Callable[[Transaction], None] | None,
        caller: Caller,
        claimant: str | None,
        keep_result: Callable[[Transaction, object], None] | None,
    ) -> Self:
        return type(self)(
            CallerDatabase(self.database, check=check, claimant=claimant),
            self.live_config,
            vault=self._vault,
            clock=self.clock,
            random_bytes=self.random_bytes,
            random_fraction=self.random_fraction,
            caller=caller,
            keep_result=keep_result,
            saas_zone=self.saas_zone,
        )

    @property
    def config(self) -> Config:
        """The present configuration."""
        return self.live_config.value

    def now(self) -> int:
        """The time in milliseconds since the epoch, UTC."""
        return self.clock.now()

    def confirmed_now(self) -> int | None:
        """The present instant, where something beside the machine's clock confirms it; see `ConfirmingClock`."""
        return self.clock.confirmed_now()

    def new_id(self, prefix: IdPrefix) -> str:
        """Make a fresh identifier."""
        return new_id(prefix, self.clock.now(), self.random_bytes)

    def new_ids(self, prefix: IdPrefix, count: int) -> list[str]:
        """Make fresh identifiers, in ascending order."""
        return new_ids(prefix, count, self.clock.now(), self.random_bytes)

    @property
    def vault(self) -> Vault:
        """The vault that seals and opens the secrets in the database.

        Raises NotConfigured in a command that works without the daemon, which alone opens the vault.
        """
        if self._vault is None:
            raise NotConfigured(
                "This needs a stored secret, and the daemon alone opens the vault: start dcvd, and run it again.",
                code="daemon_needed",
            )
        return self._vault

    @property
    def connection_vault(self) -> Vault:
        """The vault, for the credentials of connections. Raises NotConfigured without a configured key."""
        vault = self.vault
        if not vault.is_configured:
            raise NotConfigured(
                "Connections to DNS providers need an encryption key that the operator of dcvd has set: name its file "
                "in vault.key_file, or set OAUTH_ENCRYPTION_KEY, and restart dcvd.",
                code="encryption_key_missing",
            )
        return vault

    @property
    def certificate_authorities(self) -> tuple[str, ...]:
        """The CAs that the operator has chosen; none where the plan of the zone lets nobody choose."""
        if self.saas_zone.value.lacks(PlanFeature.AUTHORITY_CHOICE):
            return ()
        return self.config.cloudflare.certificate_authorities

    @property
    def rules(self) -> LifecycleRules:
        """What the operator configured about the lifecycle of domains."""
        return LifecycleRules(
            expiry_thresholds_ms=self.config.domains.expiring_soon,
            certificate_authorities=self.certificate_authorities,
            dormant_after_ms=self.config.domains.dormant_after,
            is_time_confirmed=self.confirmed_now() is not None,
        )

    @property
    def check_policy(self) -> CheckPolicy:
        """How often domains are checked, as configured."""
        return CheckPolicy(
            pending_interval_ms=self.config.sync.pending_interval,
            active_interval_ms=self.config.sync.active_interval,
            expiry_thresholds_ms=self.config.domains.expiring_soon,
        )
