"""A daemon that runs while a block does."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from tests.cli.processes import House, environment
from tests.warm.process import start


@contextmanager
def serving(house: House, environ: Mapping[str, str]) -> Iterator[str]:
    """Run the daemon of a house, and yield the URL of its API; it has to stop well."""
    reader, writer = os.pipe()
    with open(reader) as said, open(writer, "wb") as log:
        daemon = start(["serve", "--config", str(house.config)], environ=environment(environ), stdout=log, stderr=log)
        log.close()
        try:
            lines = [said.readline()]
            while '"daemon.started"' not in lines[-1]:
                assert lines[-1], f"the daemon did not start: {lines}"
                lines.append(said.readline())
            yield str(msgspec.json.decode(lines[-1])["urls"][0])
            daemon.send_signal(signal.SIGTERM)
            said.read()
            assert daemon.wait(60) == 0
        finally:
            daemon.kill()
