"""`dcvd`: runs a command, and turns a failure into a sentence and an exit code."""

import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from dcvd import __version__
from dcvd.cli.exit_codes import FAILED, INTERRUPTED, exit_code
from dcvd.cli.failures import show_error, show_fault, show_system_error, show_wrong_usage, wants_json
from dcvd.cli.lazy import DeferredCommand, LazyGroup
from dcvd.errors import DcvdError

DEFERRED_COMMANDS: Final = {
    "demo": DeferredCommand("dcvd.cli.demo.command", "demo", "See it all at work in a minute, without configuration."),
    "serve": DeferredCommand("dcvd.cli.serve", "serve", "Run the daemon in the foreground."),
    "check-config": DeferredCommand("dcvd.cli.check_config", "check_config", "Report every error of a configuration."),
    "org": DeferredCommand(
        "dcvd.cli.organizations.commands", "organizations", "Create, list and change organizations."
    ),
    "token": DeferredCommand("dcvd.cli.tokens", "tokens", "Create, list and revoke API tokens."),
    "member": DeferredCommand("dcvd.cli.members", "members", "Invite and list the people of organizations."),
    "link": DeferredCommand("dcvd.cli.links", "links", "Make and revoke links by which customers set up a domain."),
    "zone": DeferredCommand("dcvd.cli.zones", "zones", "Add, list and check zones that prove every name in them."),
    "renewals": DeferredCommand("dcvd.cli.renewals", "renewals", "Show certificates that should have been renewed."),
    "domain": DeferredCommand("dcvd.cli.domains.commands", "domains", "Import customers' domains from a file."),
    "diagnose": DeferredCommand(
        "dcvd.cli.diagnosis.command", "diagnose", "Say what is wrong with a hostname, and who has to act."
    ),
    "backup": DeferredCommand("dcvd.cli.backup", "backup", "Copy the database, beside a running daemon too."),
    "domain-connect": DeferredCommand(
        "dcvd.cli.domain_connect", "domain_connect", "Show the template and the key that DNS providers have to know."
    ),
    "audit": DeferredCommand("dcvd.cli.audit", "audit", "Show and verify the audit, which says who changed what."),
    "vault": DeferredCommand("dcvd.cli.vault", "vault", "Make and change the keys that secrets are encrypted with."),
    "sandbox": DeferredCommand(
        "dcvd.cli.sandbox", "sandbox", "Run a Cloudflare API and a DNS server for trying things out."
    ),
}

_EPILOG: Final = """\b
First steps:
  dcvd demo                                       see what it does
  dcvd check-config --config /etc/dcvd/dcvd.toml  is the configuration right?
  dcvd org create Acme                            a tenant
  dcvd token create --org Acme --name ci          and its key to the API
  dcvd domain import names.txt --org Acme         its customers' domains
  dcvd link create --org Acme app.customer.com    by which a customer sets up one
  dcvd diagnose app.customer.com                  what is wrong with one of them?
  dcvd backup /var/backups/dcvd.db                a copy, and which keys it needs
  dcvd vault status                               what is encrypted with which key?

\b
Exit codes:
  0 done   1 failed   2 wrong usage   69 not ready at Cloudflare
  75 database locked   78 bad configuration or database

DCVD_DEBUG=1 shows the traceback of a failure. With --json a failure is JSON too.
"""


@click.group(
    cls=LazyGroup,
    deferred_commands=DEFERRED_COMMANDS,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="dcvd", message="%(prog)s %(version)s")
def commands() -> None:
    """Custom domains for a SaaS company: registers customers' hostnames with Cloudflare, says which DNS record is
    missing, follows the certificates, and reports by signed webhooks."""


def main() -> NoReturn:
    """Run the command line of this process and exit; the entry point of the package."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], command: click.Command = commands) -> int:
    """Run one command line and return its exit code; a failure is reported on standard error."""
    as_json = wants_json(arguments)
    try:
        code = command.main(args=list(arguments), prog_name="dcvd", standalone_mode=False)
    except click.ClickException as error:
        show_wrong_usage(error, as_json=as_json)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except DcvdError as error:
        show_error(error, as_json=as_json)
        return exit_code(error)
    except OSError as error:
        show_system_error(error, as_json=as_json)
        return FAILED
    except Exception as error:  # noqa: BLE001  # the last place where a fault of ours can still become a sentence
        show_fault(error, as_json=as_json)
        return FAILED
    return code if isinstance(code, int) else 0
