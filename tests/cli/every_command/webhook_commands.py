"""`dcvd webhook`, `delivery`, `operator-webhook` and `listen`."""

from typing import Final

from tests.cli.every_command.commands import tried

COMMANDS: Final = (
    tried("webhook list"),
    tried("webhook list --org {org} --health paused -o wide"),
    tried("webhook show {webhook}"),
    tried("webhook show {url} --org {org}"),
    tried("webhook enable {webhook}"),
    tried("webhook disable {held}"),
    tried("webhook order {webhook} none --org {org}"),
    tried("webhook test {webhook}", code=1, needs_daemon=True),
    tried("webhook conformance {webhook}", code=1, needs_daemon=True),
    tried("delivery list"),
    tried("delivery list --org {org} --status dead --webhook {webhook} --domain {domain} --since 1d"),
    tried("delivery show {delivery}"),
    tried("delivery show {delivery} -o wide"),
    tried("delivery explain {delivery}", needs_daemon=True, is_prose=True),
    tried("delivery retry {delivery} --org {org}"),
    tried("delivery retry --dead"),
    tried("delivery cancel {new_delivery}"),
    tried("operator-webhook list", needs_daemon=True),
    tried("operator-webhook events", needs_daemon=True, has_json=False, is_prose=True),
    tried("operator-webhook deliveries", needs_daemon=True),
    tried("operator-webhook create {new_url} --event domain.removed", needs_daemon=True),
    tried("operator-webhook show {program}", needs_daemon=True),
    tried("operator-webhook change {program} --ordering none", needs_daemon=True),
    tried("operator-webhook delete {new_program}", needs_daemon=True),
    tried("operator-webhook rotate-secret {program} --grace 0s", needs_daemon=True),
    tried("operator-webhook test {program}", code=1, needs_daemon=True),
    tried("operator-webhook retry {program_delivery}", needs_daemon=True),
    tried("operator-webhook cancel {new_program_delivery}", needs_daemon=True),
    tried(
        "listen --forward-to http://127.0.0.1:9/hook --url {api}",
        has_json=False,
        is_endless=True,
        is_local=True,
    ),
)
