"""`dcvd sandbox`: runs a Cloudflare API, a DNS server and an edge on loopback."""

import asyncio
from typing import Final

import click

from dcvd.cli.options import format_examples, json_option, keep_lines, print_json
from dcvd.cli.terminal.signals import run_until_signal
from dcvd.cli.terminal.tables import format_facts
from dcvd.config import SocketAddress, parse_address
from dcvd.errors import InvalidInput
from dcvd.kit.logs.configuration import configure_logging
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.sandbox.control.guide import format_guide

_DEFAULTS: Final = SandboxSettings()


def _parse_address_option(_context: click.Context, _parameter: click.Parameter, value: str) -> SocketAddress:
    try:
        return parse_address(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(
    "sandbox",
    epilog=format_examples(
        "dcvd sandbox                                       fits config/sandbox.toml",
        "dcvd sandbox --api 127.0.0.1:0 --dns 127.0.0.1:0 --edge 127.0.0.1:0   on free ports",
        "dcvd sandbox --json > sandbox.json &                 for a script that reads where it listens",
    )
    + "\n\n"
    + keep_lines(format_guide()),
)
@click.option(
    "--api",
    callback=_parse_address_option,
    metavar="HOST:PORT",
    default=f"{_DEFAULTS.api_host}:{_DEFAULTS.api_port}",
    show_default=True,
    help="Where the Cloudflare API and the control API listen (HTTP).",
)
@click.option(
    "--dns",
    callback=_parse_address_option,
    metavar="HOST:PORT",
    default=f"{_DEFAULTS.dns_host}:{_DEFAULTS.dns_port}",
    show_default=True,
    help="Where the DNS server listens (UDP and TCP).",
)
@click.option(
    "--edge",
    callback=_parse_address_option,
    metavar="HOST:PORT",
    default=f"{_DEFAULTS.edge_host}:{_DEFAULTS.edge_port}",
    show_default=True,
    help="Where the edge listens, which serves active hostnames over https.",
)
@json_option
def sandbox(api: SocketAddress, dns: SocketAddress, edge: SocketAddress, as_json: bool) -> None:
    """Run a Cloudflare API, a DNS server and an edge on loopback, for trying things out and for tests.

    A hostname becomes active when, and only when, the sandbox's own DNS has its CNAME. A control API on the same port
    sets DNS records, moves the clock, forces states and makes calls fail. A customer has a zone there, whose records
    dcvd can write, and a page on which to consent to that. Runs until Ctrl-C; keeps nothing.
    """
    configure_logging(level="info")
    settings = SandboxSettings(
        api_host=api.host,
        api_port=api.port,
        dns_host=dns.host,
        dns_port=dns.port,
        edge_host=edge.host,
        edge_port=edge.port,
    )
    try:
        server = Sandbox(settings)
    except InvalidInput as error:
        hint = f"--{(error.field or '').partition('_')[0]}"
        raise click.BadParameter(error.message, param_hint=hint) from error
    asyncio.run(run_until_signal(_serve(server, as_json)))


async def _serve(server: Sandbox, as_json: bool) -> None:
    async with server:
        if as_json:
            print_json(
                {
                    "api": server.api_url,
                    "control": server.control_url,
                    "dns": server.dns_address,
                    "edge": server.edge_address,
                    "token": server.settings.token,
                    "zoneId": server.settings.zone_id,
                    "target": server.settings.target,
                    "oauth": server.oauth_url,
                    "clientId": server.settings.oauth_client_id,
                    "clientSecret": server.settings.oauth_client_secret,
                }
            )
        else:
            click.echo(_format_introduction(server))
        await asyncio.Event().wait()  # a signal cancels it


def _format_introduction(server: Sandbox) -> str:
    settings, control = server.settings, server.control_url
    facts = format_facts(
        [
            ("Cloudflare API", server.api_url),
            ("API token", settings.token),
            ("Zone", settings.zone_id),
            ("CNAME target", settings.target),
            ("DNS (UDP, TCP)", server.dns_address),
            ("Edge (https)", server.edge_address),
            ("Customer's zones", ", ".join(settings.customer_zones)),
            ("OAuth", f"{server.oauth_url}/auth, client {settings.oauth_client_id}"),
            ("Control API", control),
        ]
    )
    return f"""{facts}

Try:
  # create a customer's record
  curl -X PUT {control}/dns/app.customer.test/CNAME -d '{{"values":["{settings.target}."]}}'
  # or let the daemon do it, with a token that sees the customer's zone
  curl -X POST {control}/tokens -d '{{"zones":["{settings.customer_zones[0]}"]}}'
  # two days later, by Cloudflare's clock only: the daemon's goes on as before
  curl -X POST {control}/clock -d '{{"advance":"2d"}}'
  # the next two calls fail
  curl -X POST {control}/faults -d '{{"kind":"status","status":503,"times":2}}'
  # browsers see an expired certificate
  curl -X PUT {control}/edge/app.customer.test -d '{{"state":"expired"}}'
  # everything that it holds; and how to steer it
  curl {control}/state
  curl {control}

Runs until Ctrl-C."""
