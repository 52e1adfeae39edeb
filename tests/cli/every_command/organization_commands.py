"""`dcvd org`, and what organizations have: tokens, members, links, zones, contacts; `dcvd audit` and `renewals`."""

from typing import Final

from tests.cli.every_command.commands import Failure, tried

_NO_LOGO: Final = Failure("logo_unusable")
COMMANDS: Final = (
    tried("org create {new_name}"),
    tried("org list"),
    tried("org show {org}"),
    tried("org rename {org} {org}"),
    tried("org quota {org} domains=5000"),
    tried("org suspend {org_id}"),
    tried("org resume {org_id}"),
    tried("org export {org}", has_json=False, is_prose=True),
    tried("org branding show {org}"),
    tried("org branding set {org} --name {org}"),
    tried("org branding logo {org} --remove"),
    tried("org branding logo {org} http://127.0.0.1:9/logo.png", _NO_LOGO),
    tried("alerts contacts list --org {org}"),
    tried("alerts contacts add {new_address} --org {org}"),
    tried("alerts contacts remove {new_contact} --org {org}"),
    tried("token list --org {org}"),
    tried("token create --org {org} --name ci"),
    tried("token change {token} --org {org} --name ci"),
    tried("token usage {token} --org {org}"),
    tried("member list --org {org}"),
    tried("member change {member} --org {org} --role owner"),
    tried("link list --org {org}"),
    tried("zone list --org {org}"),
    tried("org delete {new_org} --yes"),
    tried("token rotate {token} --org {org} --quiet", has_json=False),
    tried("token revoke {new_token} --org {org}"),
    tried("member invite {new_address} --org {org}"),
    tried("member invite-again {member} --org {org}"),
    tried("member remove {new_member} --org {org}"),
    tried("link create {domain} --org {org}"),
    tried("link revoke {new_link} --org {org}"),
    tried("zone add {new_name} --org {org}"),
    tried("zone check {zone} --org {org}"),
    tried("zone remove {new_zone} --org {org}"),
    tried("renewals"),
    tried("audit list --org {org}"),
    tried("audit list --own"),
    tried("audit list --since 1d -o wide"),
    tried("audit verify --org {org}", is_local=True),
)
