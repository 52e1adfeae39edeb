"""Connections are made, used and removed, and dcvd stops at any instant of it: the provider and the database agree."""

import asyncio
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from dcvd.core.connections.connection import Connection, ConnectionStatus, Provider
from dcvd.core.instants import HOUR
from dcvd.core.secret import Secret
from dcvd.errors import DcvdError
from dcvd.kit.http.fetch import Fetcher
from dcvd.services.connections import authorizations, code_exchange
from dcvd.services.connections.removal import disconnect
from tests.connections.conftest import connect
from tests.connections.provider import ProviderDrivers, serving
from tests.examples import examples
from tests.manual_clock import ManualClock
from tests.marked import marked
from tests.stopping.agreement import check_tokens
from tests.stopping.life import CALLBACK, Life, copy_blank, living, stop_at
from tests.unreliable_database import Fate, Strike

_TOKEN_ID: Final = "token_x"
_UNITS: Final = ("TokenRefresher._store", "create.", "_erase.", "_disconnect.", "_carry_out.", "require_reauth.")
"""What a strike of the disk may hit."""

works = st.lists(
    st.tuples(st.sampled_from(["connect", "use", "use later", "refresh", "maintain", "disconnect"]), st.integers(0, 1)),
    min_size=1,
    max_size=6,
)
strikes = st.none() | st.tuples(st.sampled_from(_UNITS), st.integers(1, 2), st.sampled_from(Fate))


async def _connect(life: Life) -> None:
    redirect = await authorizations.start_authorization(
        life.context, life.access.token_client, life.org_id, _TOKEN_ID, Provider.CLOUDFLARE
    )
    await code_exchange.connect_for_tenant(
        life.context,
        life.access,
        life.org_id,
        _TOKEN_ID,
        Provider.CLOUDFLARE,
        code=Secret(marked("code")),
        state=redirect.state.reveal(),
        redirect_uri=CALLBACK,
        issuer=None,
    )


async def _use(life: Life, connection: Connection) -> None:
    await (await life.access.open_driver(life.org_id, connection.id)).check_credentials()


async def _work(life: Life, name: str, connection: Connection, failed: list[str]) -> None:
    """Do one thing; an answer that is an error is an answer. failed: what is known to have come to nothing."""
    try:
        match name:
            case "connect":
                await _connect(life)
            case "use":
                await _use(life, connection)
            case "use later":
                await asyncio.sleep(0.01)
                await _use(life, connection)
            case "refresh":
                await life.access.refresh_if_due(life.org_id, connection.id)
            case "maintain":
                await life.maintain()
            case _:
                await disconnect(life.context, life.access, life.org_id, connection.id, actor="token:token_x")
    except DcvdError as error:
        if error.code != "outcome_unknown":
            failed.append(name)


async def _live(
    path: Path, chosen: list[tuple[str, int]], step: int, strike: tuple[str, int, Fate] | None, *, is_patient: bool
) -> None:
    clock = ManualClock(1_800_000_000_000)
    failed: list[str] = []
    async with serving() as provider:
        fetcher = Fetcher()
        async with living(path, provider, clock, ProviderDrivers(fetcher, provider), fetcher) as life:
            org_id = life.org_id
            made = [await connect(life.context, org_id, provider.grant()) for _ in range(2)]
            clock.advance(2 * HOUR)
            await stop_at(
                step,
                life,
                provider,
                [_work(life, name, made[which], failed) for name, which in chosen],
                is_patient=is_patient,
                strike=None if strike is None else Strike(*strike),
            )
        provider.on_step = None
        fetcher = Fetcher()
        async with living(path, provider, clock, ProviderDrivers(fetcher, provider), fetcher, org_id=org_id) as life:
            await life.maintain()
            kept = await check_tokens(life, provider)
            wanted = [name for name, _ in chosen].count("connect")
            assert len(kept) <= len(made) + wanted - failed.count("connect"), "it is connected after an error"
            for each in kept:
                assert each.status is ConnectionStatus.ACTIVE, "no pair that was rotated is lost"
                await _use(life, each)


@example(chosen=[("connect", 0)], step=30, strike=("create.", 1, Fate.DONE_ANYWAY), is_patient=True)
@example(chosen=[("connect", 0)], step=4, strike=None, is_patient=True)
@example(chosen=[("refresh", 0)], step=1, strike=None, is_patient=True)
@example(chosen=[("use", 0)], step=3, strike=None, is_patient=True)
@example(chosen=[("refresh", 0)], step=30, strike=("TokenRefresher._store", 1, Fate.LOST), is_patient=True)
@example(chosen=[("refresh", 0)], step=1, strike=("TokenRefresher._store", 1, Fate.LOST), is_patient=False)
@example(chosen=[("disconnect", 0)], step=2, strike=None, is_patient=True)
@example(chosen=[("use", 0)], step=1, strike=None, is_patient=False)
@example(chosen=[("connect", 0)], step=3, strike=None, is_patient=False)
@given(chosen=works, step=st.integers(1, 3) | st.integers(1, 30), strike=strikes, is_patient=st.booleans())
@examples(0.6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_wherever_dcvd_stops_what_the_provider_takes_is_what_is_stored(
    tmp_path: Path,
    blank_database: Path,
    chosen: list[tuple[str, int]],
    step: int,
    strike: tuple[str, int, Fate] | None,
    is_patient: bool,
) -> None:
    """is_patient: else the stop comes at a transaction, and waits for nobody; then only one thing is done at once."""
    path = copy_blank(blank_database, tmp_path)
    asyncio.run(_live(path, chosen if is_patient else chosen[:1], step, strike, is_patient=is_patient))
