"""`dcvd diagnose`: says what is wrong with a hostname."""

import asyncio
import os
import time
from pathlib import Path
from typing import NamedTuple, get_args

import click

from dcvd.api.diagnosis.explanation_view import diagnosis_explanation
from dcvd.cli.diagnosis.report import format_report
from dcvd.cli.diagnosis.words import WORDS
from dcvd.cli.exit_codes import FAILED
from dcvd.cli.operations import open_daemon_operations
from dcvd.cli.operations.api_client import has_listener
from dcvd.cli.operations.diagnosis_view import DiagnosisOutput, DnsOutput, diagnosis_from_dns, diagnosis_of_invalid_name
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.screen import find_screen
from dcvd.config import Config, load
from dcvd.core.diagnosis.preview import build_check_request, diagnose_domain, sketch_domain, unusable_name_findings
from dcvd.core.dns.facts import DnsObservation
from dcvd.core.dns.hostnames import normalise
from dcvd.core.dns.refused_names import RefusedName
from dcvd.core.domains.additions import DomainRequest, validate_request
from dcvd.core.sentences.rendering import Language
from dcvd.core.text import make_printable
from dcvd.dns import DnsObserver
from dcvd.errors import ConfigError, DcvdError, InvalidInput
from dcvd.kit.logs.configuration import configure_logging


class DiagnosisResult(NamedTuple):
    """A diagnosis.

    source: who was asked; None: nobody. fallback_reason: why the daemon was not, although it runs.
    observation: what this command saw in DNS, and what it asked; None if it asked nothing.
    """

    diagnosis: DiagnosisOutput
    dns: DnsOutput
    source: str | None
    fallback_reason: str | None = None
    observation: DnsObservation | None = None


@click.command(
    "diagnose",
    epilog=format_examples(
        "dcvd diagnose app.customer.com",
        "dcvd diagnose app.customer.com --wildcard",
        "dcvd diagnose app.customer.com --explain",
        "dcvd diagnose app.customer.com --lang de",
        "dcvd diagnose app.customer.com --target edge.example.net --json | jq '.diagnosis.findings[]'",
    ),
)
@click.argument("name")
@click.option("--target", metavar="TARGET", help="Where it has to point, instead of what the daemon or the file says.")
@click.option("--wildcard", is_flag=True, help="As a domain with a wildcard certificate, which is delegated.")
@click.option("--delegated", is_flag=True, help="As a domain whose certificate is validated by delegation.")
@click.option("--explain", is_flag=True, help="Also print each query to DNS, who was asked, and what came.")
@click.option(
    "--lang",
    "language",
    type=click.Choice(get_args(Language)),
    default="en",
    show_default=True,
    help="The language of the report.",
)
@json_option
@config_option
def diagnose(
    name: str,
    target: str | None,
    wildcard: bool,
    delegated: bool,
    explain: bool,
    language: Language,
    as_json: bool,
    config: Path,
) -> int:
    """Say what is wrong with the hostname NAME, who has to act, and what exactly to type.

    If a daemon runs and somebody has added NAME, the daemon checks it again. Otherwise DNS alone is asked, as the
    configuration says; that needs neither a database nor a secret of Cloudflare's.

    Exits with 0 when NAME is healthy, with 1 when something is wrong.
    """
    configure_logging(level="error")
    loaded = load(config, os.environ, need_cloudflare=False).config
    domain_request = DomainRequest(
        domain_name=name, validation="delegated" if delegated or wildcard else "http", wildcard=wildcard
    )
    result = asyncio.run(_diagnose(loaded, domain_request, target, language))
    if result.fallback_reason is not None and not as_json:
        print_prose(result.fallback_reason, err=True)
    observation = result.observation if explain else None
    if as_json:
        shown: dict[str, object] = {"diagnosis": result.diagnosis, "dns": result.dns, "source": result.source}
        if result.fallback_reason is not None:
            shown["daemonNotAsked"] = result.fallback_reason
        if observation is not None:
            shown["explanation"] = diagnosis_explanation(observation.facts, observation.queries)
        print_json(shown)
    else:
        queries = None if observation is None else observation.queries
        screen = find_screen()
        click.echo(
            format_report(
                result.diagnosis,
                result.dns,
                screen.style,
                WORDS[language],
                source=result.source,
                now=_now(),
                queries=queries,
                width=screen.width,
            )
        )
    return 0 if result.diagnosis.is_healthy else FAILED


async def _diagnose(config: Config, request: DomainRequest, target: str | None, language: Language) -> DiagnosisResult:
    allowed = config.domains.allow_reserved_tlds
    template = _parse_target(config, target)
    try:
        addition = validate_request(request, target=template, allowed_tlds=allowed)
    except RefusedName as refusal:
        findings = unusable_name_findings(request.domain_name, refusal, allowed_tlds=allowed)
        return DiagnosisResult(
            diagnosis_of_invalid_name(make_printable(request.domain_name), findings, language),
            DnsOutput(),
            None,
        )
    reported, fallback_reason = (
        (None, None) if target else await _ask_daemon(config.server.socket, addition.name, language)
    )
    if not template and (reported is None or reported.target is None):
        raise ConfigError(
            ["Where has it to point? Set cloudflare.cname_target in the configuration, or give --target TARGET."]
        )
    domain = sketch_domain(
        addition,
        template=reported.target if reported and reported.target else template,
        suffix=None,
        now=_now(),
    )
    observation = await DnsObserver(config).observe(build_check_request(domain, os.urandom, is_explained=True))
    facts = observation.facts
    dns_output = DnsOutput(facts.servers, facts.resolvers)
    if reported is not None:
        source = WORDS[language].daemon_and_dns.format(socket=config.server.socket)
        return DiagnosisResult(reported, dns_output, source, observation=observation)
    now = _now()
    diagnosis = diagnose_domain(
        domain, facts, certificate_authorities=config.cloudflare.certificate_authorities, allowed_tlds=allowed, now=now
    )
    return DiagnosisResult(
        diagnosis_from_dns(domain, diagnosis, now, language),
        dns_output,
        WORDS[language].dns_alone,
        fallback_reason,
        observation,
    )


async def _ask_daemon(socket: Path, name: str, language: Language) -> tuple[DiagnosisOutput | None, str | None]:
    """Return the daemon's diagnosis of a name, or why the daemon could not be asked."""
    try:
        if not await has_listener(socket):
            return None, None
        async with open_daemon_operations(socket) as operations:
            return await operations.diagnose(name, language), None
    except DcvdError as error:
        return None, f"The daemon was not asked, so this is {WORDS['en'].dns_alone}. {error.message}"


def _parse_target(config: Config, option: str | None) -> str:
    """Return the target from the option, else from the configuration; empty if neither names one."""
    if option is None:
        return config.cloudflare.cname_target
    try:
        return normalise(option, allowed_tlds=config.domains.allow_reserved_tlds, field="--target")
    except InvalidInput as error:
        raise click.BadParameter(error.message, param_hint="--target") from error


def _now() -> int:
    return time.time_ns() // 1_000_000
