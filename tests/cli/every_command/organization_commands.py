"""`dcvd org`, and what belongs to organizations: tokens, members, links, zones, contacts."""

from typing import Final

from tests.cli.every_command.commands import tried

COMMANDS: Final = (
    tried("org create {new_name}", is_prose=True),
    tried("org list"),
    tried("org show {org}"),
    tried("org rename {org} {org}"),
    tried("org quota {org} domains=5000"),
    tried("org suspend {org_id}"),
    tried("org resume {org_id}"),
    tried("org export {org}", has_json=False, is_prose=True),
    tried("org branding show {org}"),
    tried("org branding set {org} --name {org}"),
    tried("token list --org {org}"),
    tried("token create --org {org} --name ci", is_prose=True),
    tried("token change {token} --org {org} --name ci"),
    tried("token usage {token} --org {org}"),
    tried("member list --org {org}"),
    tried("member change {member} --org {org} --role owner", is_prose=True),
    tried("link list --org {org}"),
    tried("zone list --org {org}"),
    tried("org delete {new_org} --yes", is_prose=True),
    tried("token rotate {token} --org {org} --quiet", has_json=False),
    tried("token revoke {new_token} --org {org}", is_prose=True),
    tried("member invite {new_address} --org {org}", is_prose=True),
    tried("member invite-again {member} --org {org}", is_prose=True),
    tried("member remove {new_member} --org {org}", has_json=False),
    tried("link create {domain} --org {org}", is_prose=True),
    tried("link revoke {new_link} --org {org}", has_json=False),
    tried("zone add {new_name} --org {org}"),
    tried("zone check {zone} --org {org}"),
    tried("zone remove {new_zone} --org {org}", has_json=False),
    tried("renewals"),
    tried("audit list --org {org}"),
    tried("audit list --own", is_prose=True),
    tried("audit list --since 1d -o wide", is_prose=True),
    tried("audit verify --org {org}", is_local=True),
)
