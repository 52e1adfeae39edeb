"""`dcvd webhook`, `dcvd delivery` and `dcvd operator-webhook`."""

from typing import Final

from tests.cli.every_command.commands import tried

COMMANDS: Final = (
    tried("webhook list"),
    tried("webhook list --org {org} --health paused -o wide"),
    tried("webhook show {webhook}"),
    tried("webhook show {url} --org {org}"),
    tried("webhook order {webhook} none --org {org}"),
    tried("webhook test {webhook}", code=1, needs_daemon=True, is_prose=True),
    tried("webhook conformance {webhook}", code=1, needs_daemon=True, is_prose=True),
    tried("delivery list"),
    tried("delivery list --org {org} --status dead --webhook {webhook} --domain {domain} --since 1d"),
    tried("delivery show {delivery}", is_prose=True),
    tried("delivery show {delivery} -o wide", is_prose=True),
    tried("delivery explain {delivery}", needs_daemon=True, is_prose=True),
    tried("delivery retry {delivery} --org {org}", is_prose=True),
    tried("delivery retry --dead"),
    tried("delivery cancel {new_delivery}", is_prose=True),
    tried("operator-webhook list", needs_daemon=True),
    tried("operator-webhook events", needs_daemon=True, has_json=False, is_prose=True),
    tried("operator-webhook deliveries", needs_daemon=True),
)
