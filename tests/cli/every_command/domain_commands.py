"""`dcvd domain`."""

from typing import Final

from tests.cli.every_command.commands import tried

COMMANDS: Final = (
    tried("domain list"),
    tried("domain list --org {org} --not-ready --sort name"),
    tried("domain list --stuck -o wide"),
    tried("domain show {domain}"),
    tried("domain show {domain_id} -o wide"),
    tried("domain add {new_name} --org {org}"),
    tried("domain remove {new_domain} --yes"),
    tried("domain check {domain}", needs_daemon=True),
    tried("domain timeline {domain}"),
    tried("domain change {domain} --org {org} --external-id 4711"),
    tried("domain import {directory}/names.txt --org {org} --dry-run", code=1),
    tried("domain move {domain} --to {org}"),
)
