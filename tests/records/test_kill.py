"""kill -9 while a record takes another one's place: the old one is gone, the new one is not there yet."""

from pathlib import Path

import aiohttp
import msgspec
import pytest

from dcvd.config import Config, Live
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import ApiToken
from dcvd.core.domains.required_records import known_records
from dcvd.core.records.plan import DnsPlan, PlanStep
from dcvd.core.records.zones import ZoneRecord
from dcvd.core.secret import Secret
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.sandbox import Sandbox
from dcvd.services import organizations
from dcvd.services.connections import creation
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.records import plans
from dcvd.store.engine.database import Database
from tests.daemon.process import DaemonProcess, write_config
from tests.daemon.rows import rows
from tests.providers.cloudflare.customer import Customer, fetching
from tests.waiting import until

pytestmark = pytest.mark.sweep

_KEY = VaultKey(bytes(range(32)))
_ENVIRON = {"OAUTH_ENCRYPTION_KEY": _KEY.to_text().reveal()}
_NAME = "app.customer.test"


async def _to_replace(config: Config, directory: Path, token: str) -> None:
    """A database with a domain whose record is to replace another, as an earlier daemon left it."""
    database = await Database.open(directory / "dcvd.db", readers=1)
    try:
        context = Context(database, Live(config), vault=Vault(_KEY))
        org = await organizations.create(context, "Acme")
        made = await creation.create(
            context,
            org.id,
            Provider.CLOUDFLARE,
            ApiToken(token=Secret(token)),
            account=None,
            scopes=(),
            expires_at=None,
            refresh_at=None,
            actor="operator",
        )
        domain = await additions.add(context, org.id, _NAME)
        (record,) = known_records(domain)
        theirs = ZoneRecord(type="A", name=_NAME, value="192.0.2.7")
        step = PlanStep(record=record, state="replace", existing_records=(theirs,), to_remove=(theirs,))
        plan = DnsPlan(connection_id=made.id, zone="customer.test", steps=(step,))
        await plans.enqueue_write(context, org.id, domain.id, plan, replace=True, actor="operator")
    finally:
        await database.close()


async def test_what_was_taken_out_is_known_after_a_kill_and_the_record_is_written_once(
    config: Config, quick_sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "dcvd.db"
    async with fetching() as fetcher, aiohttp.ClientSession() as session:
        customer = Customer(quick_sandbox, session, fetcher)
        await customer.add("A", "192.0.2.7", ttl=777)
        others = [each for each in await customer.standing() if not each.startswith(f"{_NAME} ")]
        await _to_replace(config, tmp_path, customer.token())
        await customer.fails("POST", kind="timeout")
        extra = f'[providers.cloudflare]\napi_base_url = "{quick_sandbox.api_url}"\n'
        daemon = DaemonProcess(
            write_config(tmp_path, api=quick_sandbox.api_url, dns=quick_sandbox.dns_address, extra=extra)
        )
        await daemon.start(environ=_ENVIRON)

        async def taken_out() -> bool:
            return f"{_NAME} A 192.0.2.7" not in await customer.standing()

        await until(taken_out)
        await daemon.kill()
        assert rows(path, "SELECT state FROM written_records") == [("writing",)]
        await customer.control("DELETE", "/faults")
        await daemon.start(environ=_ENVIRON)

        async def done() -> bool:
            return rows(path, "SELECT state FROM jobs WHERE kind = 'write_dns'") == [("done",)]

        await until(done)
        assert await daemon.terminate() == 0
        assert sorted(await customer.standing()) == sorted([*others, f"{_NAME} CNAME edge.sandbox.test"])
    ((state, before),) = rows(path, "SELECT state, before FROM written_records")
    assert state == "written"
    (kept,) = msgspec.json.decode(str(before))
    assert (kept["type"], kept["value"], kept["ttl"]) == ("A", "192.0.2.7", 777)
