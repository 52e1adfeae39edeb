"""`dcvd event`, `dcvd job` and `dcvd connection`."""

from typing import Final

from tests.cli.every_command.commands import tried

COMMANDS: Final = (
    tried("event list"),
    tried("event list --org {org} --type domain.* --domain {domain} --since 1d -o wide", is_prose=True),
    tried("event show {event}", is_prose=True),
    tried("job list"),
    tried("job list --org {org} --kind register"),
    tried("job show {job}", is_prose=True),
    tried("job retry {job}", is_prose=True),
    tried("connection list"),
    tried("connection list --status reauth_required --provider cloudflare"),
)
