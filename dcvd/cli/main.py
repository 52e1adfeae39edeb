"""`dcvd`: runs a command, and turns a failure into a sentence and an exit code."""

from collections.abc import Sequence
from typing import Final

import click

from dcvd import __version__
from dcvd.cli.command_groups import format_groups
from dcvd.cli.exit_codes import FAILED, INTERRUPTED, exit_code
from dcvd.cli.failures import show_error, show_fault, show_system_error, show_wrong_usage, wants_json
from dcvd.cli.lazy import DeferredCommand, LazyGroup
from dcvd.errors import DcvdError

DEFERRED_COMMANDS: Final = {
    "demo": DeferredCommand("dcvd.cli.demo.command", "demo", "See it all at work in a minute, without configuration."),
    "serve": DeferredCommand("dcvd.cli.serve", "serve", "Run the daemon in the foreground."),
    "status": DeferredCommand("dcvd.cli.status.command", "status", "Show how all of it is doing, on one screen."),
    "top": DeferredCommand("dcvd.cli.status.top", "top", "The same live, each second."),
    "health": DeferredCommand("dcvd.cli.health", "health", "Ask the running daemon whether it serves."),
    "install": DeferredCommand(
        "dcvd.cli.setup.install", "install", "Put the units and the configuration in place, and start the daemon."
    ),
    "doctor": DeferredCommand("dcvd.cli.setup.doctor", "doctor", "Say whether all that dcvd needs works here now."),
    "dashboard": DeferredCommand(
        "dcvd.cli.dashboard", "dashboard", "Print a link that signs in your browser as an operator."
    ),
    "check-config": DeferredCommand(
        "dcvd.cli.setup.check_config", "check_config", "Report every error of a configuration."
    ),
    "config": DeferredCommand(
        "dcvd.cli.configuration.commands", "configuration", "Show what is in force, and where it comes from."
    ),
    "version": DeferredCommand("dcvd.cli.version", "version", "Say what runs here: dcvd, Python, SQLite, extras."),
    "completion": DeferredCommand(
        "dcvd.cli.completion.command", "completion", "Print the script by which a shell completes commands."
    ),
    "bugreport": DeferredCommand(
        "dcvd.cli.bugreport.command", "bugreport", "Write what helps to find a fault into a file, without secrets."
    ),
    "export": DeferredCommand("dcvd.cli.declarations.export", "export", "Write organizations into a file."),
    "apply": DeferredCommand(
        "dcvd.cli.declarations.apply", "apply", "Make organizations and their endpoints as a file says."
    ),
    "org": DeferredCommand(
        "dcvd.cli.organizations.commands", "organizations", "Create, list and change organizations."
    ),
    "token": DeferredCommand("dcvd.cli.tokens", "tokens", "Create, list and revoke API tokens."),
    "session": DeferredCommand("dcvd.cli.sessions", "sessions", "List and end the sessions of signed-in browsers."),
    "member": DeferredCommand("dcvd.cli.members", "members", "Invite and list the people of organizations."),
    "alerts": DeferredCommand("dcvd.cli.alerts", "alerts", "Say who is told by mail when something goes wrong."),
    "mail": DeferredCommand("dcvd.cli.mail", "mail", "Try whether mails can be sent."),
    "link": DeferredCommand("dcvd.cli.links", "links", "Make and revoke links by which customers set up a domain."),
    "zone": DeferredCommand("dcvd.cli.zones", "zones", "Add, list and check zones that prove every name in them."),
    "webhook": DeferredCommand("dcvd.cli.webhooks.endpoints", "webhooks", "List endpoints of webhooks, and test one."),
    "operator-webhook": DeferredCommand(
        "dcvd.cli.webhooks.operator_webhooks",
        "operator_webhooks",
        "Send the events of all organizations to your own programs.",
    ),
    "delivery": DeferredCommand(
        "dcvd.cli.webhooks.deliveries", "deliveries", "List deliveries of webhooks, explain one, or send it again."
    ),
    "event": DeferredCommand("dcvd.cli.events.commands", "events", "List events, or print them as they come."),
    "job": DeferredCommand("dcvd.cli.jobs", "jobs", "List background jobs, and try one again."),
    "connection": DeferredCommand("dcvd.cli.connections", "connections", "List connections to DNS providers."),
    "renewals": DeferredCommand("dcvd.cli.renewals", "renewals", "Show certificates that should have been renewed."),
    "domain": DeferredCommand(
        "dcvd.cli.domains.commands", "domains", "Find domains and what is wrong with them; add, import and move them."
    ),
    "import-cloudflare": DeferredCommand(
        "dcvd.cli.import_cloudflare",
        "import_cloudflare",
        "Adopt the hostnames that the zone at Cloudflare has already.",
    ),
    "import-predecessor": DeferredCommand(
        "dcvd.cli.predecessor.command", "import_predecessor", "Move a company here from the predecessor's database."
    ),
    "diagnose": DeferredCommand(
        "dcvd.cli.diagnosis.command", "diagnose", "Say what is wrong with a hostname, and who has to act."
    ),
    "listen": DeferredCommand(
        "dcvd.cli.listen.command", "listen_command", "Forward your events to a receiver on your own machine."
    ),
    "backup": DeferredCommand("dcvd.cli.database.backup", "backup", "Copy the database, beside a running daemon too."),
    "restore": DeferredCommand("dcvd.cli.database.restore", "restore", "Put a backup in the database's place."),
    "orphans": DeferredCommand(
        "dcvd.cli.orphans.commands",
        "orphans",
        "Adopt or remove hostnames at Cloudflare that nobody knows here.",
    ),
    "check": DeferredCommand("dcvd.cli.database.check", "check", "Check the database, beside a running daemon too."),
    "domain-connect": DeferredCommand(
        "dcvd.cli.domain_connect", "domain_connect", "Show the template and the key that DNS providers have to know."
    ),
    "event-schema": DeferredCommand(
        "dcvd.cli.event_schemas", "event_schema", "List the types of events, and print their JSON Schemas."
    ),
    "monitoring": DeferredCommand(
        "dcvd.cli.monitoring.command", "monitoring", "Print alert rules for Prometheus and a dashboard for Grafana."
    ),
    "audit": DeferredCommand("dcvd.cli.audit", "audit", "Show and verify the audit, which says who changed what."),
    "vault": DeferredCommand("dcvd.cli.vault", "vault", "Make and change the keys that secrets are encrypted with."),
    "sandbox": DeferredCommand(
        "dcvd.cli.sandbox", "sandbox", "Run a Cloudflare API and a DNS server for trying things out."
    ),
}

_EPILOG: Final = """\b
First steps:
  dcvd demo                               see what it does
  dcvd install                            put it in place
  dcvd org create Acme                    a tenant
  dcvd token create --org Acme --name ci  and its key
  dcvd domain import FILE --org Acme      its domains
  dcvd diagnose app.customer.com          what is wrong?

\b
dcvd COMMAND --help says more; dcvd --version which it is.
With --json a failure is JSON too. DCVD_DEBUG=1 traces it.
Exit codes: 0 done, 1 failed, 2 wrong usage, 69 not ready
there, 75 database locked or disk full, 78 bad config.
"""


class _Program(LazyGroup):
    """The whole program, whose help shows its commands by what people want to do."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        format_groups(formatter, self.deferred_commands)


@click.group(
    cls=_Program,
    deferred_commands=DEFERRED_COMMANDS,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="dcvd", message="%(prog)s %(version)s")
def commands() -> None:
    """Custom domains for a SaaS company: registers customers' hostnames with Cloudflare, says which DNS record is
    missing, follows the certificates, and reports by signed webhooks."""


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
