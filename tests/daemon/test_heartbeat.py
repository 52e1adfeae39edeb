"""A daemon whose token Cloudflare refuses sends no heartbeat, from its very start until the token is replaced."""

import signal
from pathlib import Path

import aiohttp
import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.process import daemon_with
from tests.delivery.receivers import receiving
from tests.waiting import until


@pytest.mark.sweep
async def test_no_heartbeat_is_sent_by_a_daemon_whose_token_is_refused(tmp_path: Path, world: Sandbox) -> None:
    async with receiving() as monitor:
        alerts = f'[alerts]\nheartbeat_url = "{monitor.base}/s3cret"\nheartbeat_interval = "10ms"'
        async with daemon_with(tmp_path, world, extra=alerts) as daemon:
            await monitor.gets(2, "/s3cret")
            token = daemon.directory / "token"
            right = token.read_text()
            token.write_text("wrong")
            await daemon.terminate()
            monitor.received.clear()
            await daemon.start()

            async def shows(status: str) -> bool:
                async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/ready") as response:
                    return bool((await response.json())["parts"]["heartbeat"] == status)

            async def is_withheld() -> bool:
                return "heartbeat.withheld" in daemon.log.read_text()

            await until(is_withheld)
            await until(lambda: shows("failing"))
            assert monitor.received == []
            token.write_text(right)
            daemon.process.send_signal(signal.SIGHUP)
            await monitor.gets(1, "/s3cret")
            await until(lambda: shows("ok"))
            assert "s3cret" not in daemon.log.read_text()
