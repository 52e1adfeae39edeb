"""`dcvd doctor`: examines the configuration, and whether everything that dcvd needs works on this machine now."""

import asyncio
import os
from pathlib import Path

import click

from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.setup.examinations.daemon_socket import examine_socket
from dcvd.cli.setup.examinations.identity_provider import examine_identity_provider
from dcvd.cli.setup.examinations.machine import examine_machine
from dcvd.cli.setup.examinations.outside import examine_outside
from dcvd.cli.setup.examinations.public_url import examine_public_url
from dcvd.cli.setup.examinations.units import examine_units
from dcvd.cli.setup.findings import Finding, show_findings
from dcvd.cli.setup.installation import CONFIG_PATH
from dcvd.cli.setup.online_check import check_online
from dcvd.cli.setup.running_unit import (
    SERVICE,
    is_systemd_running,
    read_process_environment,
    read_properties,
    read_unit_access,
)
from dcvd.config import Config, load
from dcvd.custom_hostnames.zone_check import PartResult
from dcvd.errors import ConfigError
from dcvd.kit.logs.configuration import configure_logging
from dcvd.services.host_check import find_host_problems
from dcvd.services.trust_stores import TrustStores, load_trust_stores


@click.command(
    "doctor",
    epilog=format_examples(
        "dcvd doctor", "dcvd doctor --json | jq -r '.findings[] | select(.status == \"failing\").message'"
    ),
)
@json_option
@config_option
@click.pass_context
def doctor(context: click.Context, as_json: bool, config: Path) -> None:
    """Examine the configuration, the units, the database, its disk and backups, the socket, the public URL, its
    certificate and its proxy, the resolvers, the clock, DNS64, the identity provider, and at Cloudflare the token, the
    zone and the target.

    Changes nothing, and says of each part what to do. Exits with 1 if something does not work, with 78 if the
    configuration is bad.
    """
    findings = examine(config)
    if as_json:
        print_json({"findings": findings})
    else:
        show_findings(findings)
    if findings[0].status == "failing":
        context.exit(os.EX_CONFIG)
    context.exit(1 if any(finding.status == "failing" for finding in findings) else 0)


def examine(path: Path) -> list[Finding]:
    """Examine everything; where the configuration is bad, only the units besides. Never raises."""
    configure_logging(level="error")
    access = read_unit_access(path)
    # Another configuration, such as that of a sandbox, is nothing that a unit has to run with.
    is_of_unit = access is not None or (is_systemd_running() and path.absolute() == CONFIG_PATH)
    units = examine_units() if is_of_unit else []
    try:
        loaded = load(path, _find_environment() if is_of_unit else os.environ)
        trust_stores = load_trust_stores(loaded.config)
        problems = find_host_problems(loaded.config, access)
    except ConfigError as error:
        return [*(Finding("configuration", "failing", problem) for problem in error.problems), *units]
    findings = [Finding("configuration", "failing", problem) for problem in problems]
    if not findings:
        findings.append(Finding("configuration", "ok", " ".join([f"{path} is valid.", *loaded.warnings])))
    findings += [*units, *examine_machine(loaded.config)]
    return [*findings, *asyncio.run(_examine_network(loaded.config, trust_stores))]


def _find_environment() -> dict[str, str]:
    """Return the environment of the daemon that runs, which alone has its credentials, else our own."""
    pid = int(read_properties(SERVICE, "MainPID").get("MainPID") or 0)
    if pid and os.access(f"/proc/{pid}/environ", os.R_OK):
        return read_process_environment(pid)
    return dict(os.environ)


async def _examine_network(config: Config, trust_stores: TrustStores) -> list[Finding]:
    daemon = await examine_socket(config)
    public = await examine_public_url(config, trust_stores.system, daemon.instance)
    outside = await examine_outside(config, trust_stores)
    provider = await examine_identity_provider(config, trust_stores)
    results = await check_online(config, trust_stores)
    return [
        daemon.finding,
        *public,
        *outside,
        *provider,
        *(Finding(_name(each), each.state, each.message) for each in results),
    ]


def _name(result: PartResult) -> str:
    return result.part if result.part == "webhooks" else f"Cloudflare, {result.part}"
