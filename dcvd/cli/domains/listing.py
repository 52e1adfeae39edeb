"""`dcvd domain list`: the domains of all organizations, with the reason why one is not ready in its row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
from msgspec.structs import replace

from dcvd.api.operators.domain_view import OperatorDomainView
from dcvd.cli.domains.labels import read_labels
from dcvd.cli.operations import perform
from dcvd.cli.options import config_option, format_examples, list_options, read_duration_ms
from dcvd.cli.sent_values import SentOption
from dcvd.cli.terminal.ages import read_clock
from dcvd.cli.terminal.columns import Age, Column, Tone
from dcvd.cli.terminal.emptiness import describe_nothing
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.domains.domain import DomainStatus
from dcvd.core.instants import to_rfc3339

_ORDERS: Final = {"newest": "-createdAt", "oldest": "createdAt", "name": "name", "expires": "expiresAt"}


def judge_domain(domain: OperatorDomainView) -> Tone:
    """Choose the colour of a domain."""
    if domain.ready:
        return "good" if domain.reason is None else "doubtful"
    return "bad" if domain.stuck or domain.reason is None or domain.reason.code != "waiting" else "doubtful"


def _show_reason(domain: OperatorDomainView) -> str:
    return "" if domain.reason is None else domain.reason.code


def _show_actor(domain: OperatorDomainView) -> str:
    return "" if domain.reason is None else domain.reason.actor.value


def _show_since(domain: OperatorDomainView) -> Age:
    return Age(domain.ready_since if domain.reason is None else domain.reason.since)


_COLUMNS: Final[tuple[Column[OperatorDomainView], ...]] = (
    Column(heading="domain", cell=lambda each: each.domain_name, shortest=18),
    Column(heading="org", cell=lambda each: each.organization.name, shortest=8, gives_way=3),
    Column(heading="status", cell=lambda each: each.status.value, gives_way=4, tone=judge_domain),
    Column(heading="reason", cell=_show_reason, shortest=16),
    Column(heading="to act", cell=_show_actor),
    Column(heading="since", cell=_show_since, gives_way=2),
    Column(heading="expires", cell=lambda each: Age(each.expires_at), gives_way=1),
    Column(heading="ready", cell=lambda each: "yes" if each.ready else "no", only_wide=True),
    Column(heading="DNS", cell=lambda each: each.dns_status.value, only_wide=True),
    Column(heading="at Cloudflare", cell=lambda each: each.cf_status or "", only_wide=True),
    Column(heading="certificate", cell=lambda each: each.cf_ssl_status or "", only_wide=True),
    Column(heading="next check", cell=lambda each: Age(each.next_sync_at), only_wide=True),
    Column(heading="external id", cell=lambda each: each.external_id or "", only_wide=True),
    Column(heading="id", cell=lambda each: each.id, only_wide=True),
    Column(heading="summary", cell=lambda each: each.summary, only_wide=True),
)


def by_wait(domain: OperatorDomainView) -> tuple[str, str, str]:
    """Return the place of a domain that is not ready: who waits longest comes first, and of one instant by name."""
    since = None if domain.reason is None else domain.reason.since
    return since or domain.created_at, domain.domain_name, domain.id


def _choose_order(sort: str | None, *, by_expiry: bool) -> str | None:
    """Return the order for the API; what expires soon is asked for with the first to expire on top."""
    if sort is None:
        return _ORDERS["expires"] if by_expiry else None
    return _ORDERS[sort]


def _read_duration(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    return None if value is None else read_duration_ms(value)


@click.command(
    "list",
    epilog=format_examples(
        "dcvd domain list --not-ready                 what does not work, why, and who has to act",
        "dcvd domain list --stuck --actor operator    what waits for you, for longer than a day",
        "dcvd domain list --expiring 14d --sort expires",
        "dcvd domain list --org Acme --search shop --label tier=gold -o wide",
    ),
)
@click.option("--org", "organization", metavar="ORG", help="Only those of this organization, by id or by name.")
@click.option(
    "--not-ready",
    cls=SentOption,
    sends="ready",
    is_flag=True,
    help="Only those that do not serve, or whose traffic does not come here.",
)
@click.option("--stuck", is_flag=True, help="Only those that are not ready, and in error or so for longer than a day.")
@click.option("--finding", metavar="CODE", help="Only with this finding, such as cname_missing.")
@click.option("--reason", metavar="CODE", help="Only with this in the column REASON, which also has codes of errors.")
@click.option(
    "--actor", type=click.Choice([each.value for each in Awaited]), help="Only with them in the column TO ACT."
)
@click.option("--status", type=click.Choice([status.value for status in DomainStatus]), help="Only with this status.")
@click.option(
    "--expiring",
    cls=SentOption,
    sends="expiresBefore",
    metavar="DURATION",
    callback=_read_duration,
    help="Only with a certificate that expires within this time, such as 14d, or has expired.",
)
@click.option("--search", metavar="TEXT", help="Only names that hold this text.")
@click.option("--external-id", metavar="ID", help="Only those with this id of their organization's own.")
@click.option(
    "--label",
    "labels",
    metavar="KEY=VALUE",
    multiple=True,
    callback=read_labels,
    help="Only those with this label; repeatable, for those with all of them.",
)
@click.option(
    "--sort",
    type=click.Choice(list(_ORDERS)),
    help="The order; newest, or with --search name, --expiring expires, and of those not ready who waits longest.",
)
@list_options()
@config_option
def list_domains(
    organization: str | None,
    not_ready: bool,
    stuck: bool,
    finding: str | None,
    reason: str | None,
    actor: str | None,
    status: str | None,
    expiring: int | None,
    search: str | None,
    external_id: str | None,
    labels: dict[str, str],
    sort: str | None,
    output: ListOutput,
    config: Path,
) -> None:
    """List the domains of all organizations, and why each is not ready."""
    asked: dict[str, str | Sequence[str] | None] = {
        "organization": organization,
        "ready": "false" if not_ready else None,
        "stuck": "true" if stuck else None,
        "finding": finding,
        "reason": reason,
        "actor": actor,
        "status": status,
        "expiresBefore": None if expiring is None else to_rfc3339(read_clock() + expiring),
        "search": search,
        "externalId": external_id,
        "label": [f"{key}:{value}" for key, value in labels.items()] or None,
        "sort": _choose_order(sort, by_expiry=expiring is not None and search is None),
    }
    query = {name: value for name, value in asked.items() if value is not None}
    found = perform(config, lambda operations: operations.list_domains(query, output.extent))
    if sort is None and (not_ready or stuck):
        found = replace(found, items=sorted(found.items, key=by_wait))
    nothing = describe_nothing("domains", "dcvd domain add NAME --org ORG")
    print_list(found, _COLUMNS, output, member="domains", nothing=nothing)
