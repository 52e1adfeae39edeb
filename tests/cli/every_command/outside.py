"""What commands and the daemon call: a sandbox of Cloudflare, and a mail server, on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from msgspec import Struct

from dcvd.sandbox import Sandbox
from dcvd.sandbox.faults import ApiFault
from tests.apart import running_apart
from tests.cli.sandbox_house import sandbox_running
from tests.messaging.mail_server import MailServer, serving_mail

ORPHANS: Final = 1000


class Outside(Struct, frozen=True):
    """Servers that run."""

    sandbox: Sandbox
    mail: MailServer


@contextmanager
def outside_running() -> Iterator[Outside]:
    """The zone at Cloudflare has hostnames that nobody knows, and takes no new ones: jobs for them go on waiting."""
    with sandbox_running(preloaded=ORPHANS) as sandbox, running_apart(serving_mail) as mail:
        sandbox.world.faults.add(ApiFault(id="full", kind="status", method="POST", path="*/custom_hostnames"), None)
        yield Outside(sandbox, mail)
