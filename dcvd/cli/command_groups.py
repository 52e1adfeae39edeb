"""The help of the whole program: its commands by what people want to do. A new command has its place here."""

from collections.abc import Collection
from typing import Final

import click

COMMAND_GROUPS: Final = {
    "Start": (
        (("demo",), "See it all at work in a minute"),
        (("install", "doctor"), "Put it in place; say whether all works"),
        (("serve", "health"), "Run the daemon; ask whether it serves"),
        (("config", "check-config"), "What is in force; what is wrong in a file"),
        (("import-cloudflare",), "Adopt the hostnames that a zone already has"),
        (("import-predecessor",), "Move in with the predecessor's database"),
    ),
    "See": (
        (("status", "top", "dashboard"), "At a glance, live, by browser"),
        (("diagnose",), "What is wrong with a hostname, and who has to act"),
        (("domain", "renewals"), "Customers' domains; certificates that are late"),
        (("event", "audit", "session"), "What happened, and by whom"),
        (("delivery", "job"), "Webhooks and background work: what waits or failed"),
    ),
    "Change": (
        (("org", "token", "member"), "Tenants, their keys to the API, their people"),
        (("zone", "link", "connection"), "What customers prove, set up and connect"),
        (("webhook", "alerts", "mail"), "Where events go; who gets mails; do mails work?"),
        (("export", "apply"), "Organizations as a file, and back"),
    ),
    "Repair": (
        (("backup", "restore", "check"), "Copy the database, put a copy back, look for damage"),
        (("orphans", "vault"), "Hostnames nobody knows; the keys of stored secrets"),
        (("monitoring", "bugreport"), "Alert rules for Prometheus; what shows a fault"),
    ),
    "For developers": (
        (("listen", "event-schema"), "Events on your own machine; what they hold"),
        (("sandbox", "domain-connect"), "A Cloudflare to try with; templates for providers"),
        (("operator-webhook",), "The events of all organizations for your programs"),
        (("version", "completion"), "What runs here; completion in your shell"),
    ),
}
"""By what people want to do: lines of commands, with what they are for."""


_WIDTH: Final = max(len(", ".join(names)) for lines in COMMAND_GROUPS.values() for names, _ in lines)


def format_groups(formatter: click.HelpFormatter, commands: Collection[str]) -> None:
    """Write the lines of those commands that there are."""
    for heading, lines in COMMAND_GROUPS.items():
        rows = [(", ".join(name for name in names if name in commands), text) for names, text in lines]
        with formatter.section(heading):
            formatter.write_dl([(names.ljust(_WIDTH), text) for names, text in rows if names])
