"""`dcvd webhook test` and `dcvd webhook conformance` with a receiver that takes whatever comes."""

import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from msgspec import Struct

from dcvd.api.webhooks.view import WebhookAnswer
from tests.cli.events.test_commands import daemon_of
from tests.cli.processes import House
from tests.cli.webhooks.stuck import add_organization

_SETTINGS = """
[webhooks]
allow_http = true
allow_private = ["127.0.0.0/8"]
"""


class _Receiver(BaseHTTPRequestHandler):
    events: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.events.append(self.headers["X-DCVaaS-Event"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Received(Struct):
    """A daemon's place, the address of its only endpoint, and the events that came there."""

    house: House
    url: str
    events: list[str]


@pytest.fixture(scope="module")
def received() -> Iterator[Received]:
    events: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Receiver", (_Receiver,), {"events": events}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/hook"
    # A socket's path is short by law, which pytest's own directories may not be.
    with tempfile.TemporaryDirectory(prefix="dcvd-test-") as directory:
        house = House(Path(directory), _SETTINGS)
        house.given_a_database()
        with daemon_of(house):
            path = f"/operator/organizations/{add_organization(house).id}/api/webhooks"
            body = {"url": url, "events": ["job.dlq"]}
            house.given(lambda operations: operations.call("POST", path, WebhookAnswer, body=body))
            yield Received(house, url, events)
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_example_of_an_event_is_sent_to_the_endpoint_with_a_url(received: Received) -> None:
    done = received.house.dcvd("webhook", "test", received.url, "--event", "domain.active")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("It was delivered in ")
    assert received.events[-1] == "domain.active"
    wrong = received.house.dcvd("webhook", "test", received.url, "--event", "no.event")
    assert (wrong.returncode, wrong.stdout) == (1, "")


def test_a_receiver_that_takes_what_is_forged_does_not_pass(received: Received) -> None:
    done = received.house.dcvd("webhook", "conformance", received.url)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["PROBE", "RESULT", "STATUS", "VERDICT"]
    results = {line.split()[0]: line.split()[1] for line in lines[1:5]}
    assert results == {"good": "passed", "duplicate": "passed", "forged": "failed", "stale": "failed"}
    assert "accepts a forged signature" in lines[-1]
