"""kill -9 at any moment loses no alert, and what is sent again is the same mail."""

from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.process import daemon_with, tenant
from tests.daemon.rows import check_rules
from tests.delivery.receivers import receiving, saying
from tests.messaging.mail_server import MailServer, serving_mail
from tests.waiting import until

CONFIG = """
[mail]
host = "localhost"
port = {port}
tls = "none"
from_address = "alerts@example.net"
[alerts]
operator_mail = ["ops@example.net"]
gather = "0s"
per_hour = 1000
"""
_LIVES = 5
_ENDPOINTS = 4


@pytest.mark.sweep
async def test_every_endpoint_that_was_switched_off_is_told_whatever_is_killed(tmp_path: Path, world: Sandbox) -> None:
    async with (
        receiving() as receiver,
        serving_mail() as server,
        daemon_with(tmp_path, world, extra=CONFIG.format(port=server.port)) as daemon,
        tenant(daemon) as api,
    ):
        receiver.answer = saying(410)
        path, endpoint_ids = tmp_path / "dcvd.db", set[str]()
        for life in range(_LIVES):
            for number in range(_ENDPOINTS):
                wanted = {"url": f"{receiver.url}/{life}/{number}", "events": ["domain.added"]}
                status, body = await api.call("POST", "/api/webhooks", wanted)
                assert status == 201
                endpoint_ids.add(body["webhook"]["id"])
            status, _ = await api.call("POST", "/api/domains", {"domainName": f"n{life}.customer.test"})
            assert status == 201
            if life:
                await until(lambda life=life: _has_come(server, life))  # type: ignore[misc]
            await daemon.kill()
            await daemon.start()

        async def are_all_told() -> bool:
            return all(endpoint_id in _read_all(server) for endpoint_id in endpoint_ids)

        await until(are_all_told)
        identities = Counter(str(message_from_bytes(raw)["Message-ID"]) for _, raw in server.mails)
        assert len(identities) == len(set(server.mails)), "a mail that is sent again has the same bytes"
        check_rules(path)


async def _has_come(server: MailServer, count: int) -> bool:
    return len(server.mails) >= count


def _read_all(server: MailServer) -> str:
    return "".join(server.read_text(number) for number in range(len(server.mails)))
