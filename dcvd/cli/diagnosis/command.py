"""`dcvd diagnose`: what is wrong with a hostname, for a person at a terminal."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

import click

from dcvd.cli.diagnosis.report import report
from dcvd.cli.exit_codes import FAILED
from dcvd.cli.operations.diagnosis_view import DiagnosisView, DnsView, of_dns, of_unusable
from dcvd.cli.operations.remote import is_listened_at, over_the_socket
from dcvd.cli.options import config_option, examples, json_option, print_json
from dcvd.cli.terminal.style import Style
from dcvd.config import Config, load
from dcvd.core.diagnosis.preview import judged, question, sketch, unusable
from dcvd.core.domains.additions import Wish, checked
from dcvd.core.domains.hostnames import normalise
from dcvd.core.text import printable
from dcvd.dns import DnsObserver
from dcvd.errors import ConfigError, DcvdError, InvalidInput
from dcvd.kit.logs.configuration import configure_logging

_DNS_ALONE: Final = "DNS alone"


class Found(NamedTuple):
    """`source` says who was asked; `doubt` why the daemon was not, although it is there."""

    diagnosis: DiagnosisView
    dns: DnsView
    source: str
    doubt: str | None = None


@click.command(
    "diagnose",
    epilog=examples(
        "dcvd diagnose app.customer.com",
        "dcvd diagnose app.customer.com --wildcard",
        "dcvd diagnose app.customer.com --target edge.example.net --json | jq '.diagnosis.findings[]'",
    ),
)
@click.argument("name")
@click.option("--target", metavar="TARGET", help="Where it has to point, instead of what the daemon or the file says.")
@click.option("--wildcard", is_flag=True, help="As a domain with a wildcard certificate, which is delegated.")
@click.option("--delegated", is_flag=True, help="As a domain whose certificate is validated by delegation.")
@json_option
@config_option
def diagnose(name: str, target: str | None, wildcard: bool, delegated: bool, as_json: bool, config: Path) -> int:
    """Say what is wrong with the hostname NAME, who has to act, and what exactly to type.

    Where a daemon runs and somebody has added NAME, it is asked, and looks anew. Otherwise DNS alone is asked, by the
    configuration; that needs neither a database nor a secret of Cloudflare's.

    Exits with 0 when NAME is healthy, with 1 when something is wrong.
    """
    configure_logging(level="error")
    loaded = load(config, os.environ, need_cloudflare=False).config
    wish = Wish(domain_name=name, validation="delegated" if delegated or wildcard else "http", wildcard=wildcard)
    found = asyncio.run(_find(loaded, wish, target))
    if found.doubt is not None:
        click.echo(found.doubt, err=True)
    if as_json:
        print_json({"diagnosis": found.diagnosis, "dns": found.dns, "source": found.source})
    else:
        click.echo(report(found.diagnosis, found.dns, Style.for_stream(sys.stdout), source=found.source))
    return 0 if found.diagnosis.is_healthy else FAILED


async def _find(config: Config, wish: Wish, target: str | None) -> Found:
    allowed = config.domains.allow_reserved_tlds
    template = _target(config, target)
    try:
        addition = checked(wish, target=template, allowed_tlds=allowed)
    except InvalidInput as error:
        findings = unusable(wish.domain_name, error.message, allowed_tlds=allowed)
        return Found(of_unusable(printable(wish.domain_name), findings), DnsView(), "nobody: the name itself is wrong")
    told, doubt = (None, None) if target else await _ask_daemon(config.server.socket, addition.name)
    if not template and (told is None or told.target is None):
        raise ConfigError(
            ["Where has it to point? Set cloudflare.cname_target in the configuration, or give --target TARGET."]
        )
    domain = sketch(addition, template=told.target if told and told.target else template, suffix=None, now=_now())
    facts = (await DnsObserver(config).observe(question(domain, os.urandom))).facts
    voices = DnsView(facts.servers, facts.resolvers)
    if told is not None:
        return Found(told, voices, f"the daemon at {config.server.socket}, and DNS")
    now = _now()
    seen = judged(domain, facts, authorities=config.cloudflare.certificate_authorities, allowed_tlds=allowed, now=now)
    return Found(of_dns(domain, seen, now), voices, _DNS_ALONE, doubt)


async def _ask_daemon(socket: Path, name: str) -> tuple[DiagnosisView | None, str | None]:
    """What the daemon knows of a name, or why it could not be asked."""
    try:
        if not await is_listened_at(socket):
            return None, None
        async with over_the_socket(socket) as operations:
            return await operations.diagnosis(name), None
    except DcvdError as error:
        return None, f"The daemon was not asked, so this is {_DNS_ALONE}. {error.message}"


def _target(config: Config, given: str | None) -> str:
    """Empty where nobody says."""
    if given is None:
        return config.cloudflare.cname_target
    try:
        return normalise(given, allowed_tlds=config.domains.allow_reserved_tlds, field="--target")
    except InvalidInput as error:
        raise click.BadParameter(error.message, param_hint="--target") from error


def _now() -> int:
    return time.time_ns() // 1_000_000
