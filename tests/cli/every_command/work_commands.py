"""`dcvd event`, `job`, `connection` and `diagnose`."""

from typing import Final

from tests.cli.every_command.commands import tried

COMMANDS: Final = (
    tried("event list"),
    tried("event list --org {org} --type domain.* --domain {domain} --since 1d -o wide"),
    tried("event show {event}"),
    tried("job list"),
    tried("job list --org {org} --kind register"),
    tried("job show {job}"),
    tried("job retry {job}"),
    tried("job causes", is_prose=True),
    tried("job requeue register refused", is_prose=True),
    tried("connection list"),
    tried("connection show {connection}"),
    tried("diagnose {domain}", code=1, is_local=True, is_prose=True),
    tried("diagnose {domain} --explain --lang de", code=1, is_local=True, is_prose=True),
    tried("connection list --status reauth_required --provider cloudflare"),
)
