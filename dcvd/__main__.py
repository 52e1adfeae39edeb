"""`dcvd`, also as `python -m dcvd`: holds SIGHUP back before anything is imported that takes time."""

import os
import signal
import sys
from importlib import import_module
from typing import Final, NoReturn

LATE_MODULES: Final = (
    "logging.config",  # uvicorn's
    "pdb",  # Litestar's
    "yaml",  # Litestar's, for a form of the OpenAPI document that is not served
    "dns.dnssec",
    "dcvd.core.sentences.german",
    "dcvd.messaging.smtp",
    "dcvd.providers.rfc2136.records",
    "dcvd.providers.rfc2136.server",
    "dcvd.providers.route53.records",
    "dcvd.services.predecessor.importing",
)
"""What few daemons need: it is imported when something of it is used, and so is what it imports itself.

`from dcvd.messaging import smtp` keeps a module late; `from dcvd.messaging.smtp import send_mail` would not, and a test
would say so. Tests and commands import all at once.
"""


def main() -> NoReturn:
    """Run the command line of this process and exit; the entry point of the package.

    A daemon has no handler for SIGHUP before its start is over, and the signal would end the process. What is blocked
    stays pending in the kernel, and `dcvd.daemon.run` takes it then.
    """
    if sys.argv[1:2] == ["serve"]:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        imports = import_module("dcvd.kit.imports")
        # structlog takes Rich for traces of errors that the log does not use: 4 MiB for as long as the daemon runs.
        imports.import_without("structlog", "rich")
        imports.import_late(LATE_MODULES)
    if instruction := os.environ.get("_DCVD_COMPLETE"):
        import_module("dcvd.cli.completion.shells").answer(instruction)
        sys.exit(0)
    # Click alone would take a tenth of a second.
    sys.exit(import_module("dcvd.cli.main").run(sys.argv[1:]))


if __name__ == "__main__":
    main()
