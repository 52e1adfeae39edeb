"""`dcvd job`: the background jobs of organizations, and how dead ones are tried again."""

from pathlib import Path
from typing import Final

import click

from dcvd.api.jobs.view import JobView
from dcvd.api.operators.all.views import OrganizationJob
from dcvd.cli.operations import Operations, perform
from dcvd.cli.options import (
    build_query,
    check_id,
    config_option,
    format_examples,
    json_option,
    list_options,
    output_option,
    print_json,
    some_organization_option,
)
from dcvd.cli.terminal.ages import format_instant
from dcvd.cli.terminal.columns import Age, Column, Tone
from dcvd.cli.terminal.emptiness import describe_nothing
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.organizations import ORGANIZATION_COLUMN
from dcvd.cli.terminal.output import ListOutput, OutputForm
from dcvd.cli.terminal.prose import print_prose
from dcvd.core.ids import IdPrefix
from dcvd.core.jobs import JobState
from dcvd.core.numbers import count

_TONES: Final[dict[JobState, Tone]] = {JobState.DEAD: "bad", JobState.DONE: "good", JobState.PENDING: "plain"}
_COLUMNS: Final[tuple[Column[OrganizationJob], ...]] = (
    Column(heading="id", cell=lambda each: each.id),
    ORGANIZATION_COLUMN,
    Column(heading="kind", cell=lambda each: each.kind),
    Column(heading="status", cell=lambda each: each.status.value, tone=lambda each: _TONES[each.status]),
    Column(heading="domain", cell=lambda each: each.domain_name or "", shortest=12, gives_way=4),
    Column(heading="attempts", cell=lambda each: str(each.attempts), gives_way=1),
    Column(heading="next attempt", cell=lambda each: Age(each.next_attempt_at), gives_way=2),
    Column(heading="error", cell=lambda each: "" if each.last_error is None else each.last_error.code, gives_way=3),
    Column(heading="created", cell=lambda each: Age(each.created_at), only_wide=True),
    Column(
        heading="message", cell=lambda each: "" if each.last_error is None else each.last_error.message, only_wide=True
    ),
)
_job_argument = click.argument("job_id", metavar="JOB", callback=check_id(IdPrefix.JOB, "job"))


@click.group("job", epilog=format_examples("dcvd job list --status dead", "dcvd job causes", "dcvd job retry job_…"))
def jobs() -> None:
    """List the background jobs of organizations, and try dead ones again.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@jobs.command(
    "list", epilog=format_examples("dcvd job list --status dead", "dcvd job list --kind register --org Acme -o wide")
)
@some_organization_option
@click.option("--status", type=click.Choice([state.value for state in JobState]), help="Only with this status.")
@click.option("--kind", metavar="KIND", help="Only of this kind, such as register.")
@click.option("--code", metavar="CODE", help="Only those whose last error has this code.")
@list_options()
@config_option
def list_jobs(
    organization: str | None, status: str | None, kind: str | None, code: str | None, output: ListOutput, config: Path
) -> None:
    """List the jobs of all organizations, newest first."""
    query = build_query(organization=organization, status=status, kind=kind, code=code)
    found = perform(config, lambda operations: operations.list_jobs(query, output.extent))
    print_list(found, _COLUMNS, output, member="jobs", nothing=describe_nothing("jobs"))


@jobs.command("show", epilog=format_examples("dcvd job show job_…"))
@_job_argument
@output_option
@config_option
def show(job_id: str, output: OutputForm, config: Path) -> None:
    """Show JOB, an id, with its last error."""
    shown = perform(config, lambda operations: operations.show_job(job_id))
    print_json({"job": shown}) if output == "json" else _print_job(shown)


@jobs.command("retry", epilog=format_examples("dcvd job retry job_…"))
@_job_argument
@json_option
@config_option
def retry(job_id: str, as_json: bool, config: Path) -> None:
    """Try JOB, an id, now; a dead one gets all its attempts again."""

    async def work(operations: Operations) -> JobView:
        return await operations.retry_job((await operations.show_job(job_id)).organization.id, job_id)

    retried = perform(config, work)
    print_json({"job": retried}) if as_json else _print_job(retried)


@jobs.command("causes", epilog=format_examples("dcvd job causes", "dcvd job causes --json | jq '.causes[].count'"))
@json_option
@config_option
def list_causes(as_json: bool, config: Path) -> None:
    """Show what the dead jobs of all organizations are dead of, the cause with most of them first."""
    found = perform(config, Operations.list_causes)
    if as_json:
        print_json(found)
        return
    if not found.causes:
        print_prose("No job is dead.")
    for cause in found.causes:
        error, more = cause.latest.last_error, " or more" if cause.count >= found.counted_up_to else ""
        message = "" if error is None else f" ({error.message})"
        print_prose(f"{count(cause.count, f'{cause.kind} job')}{more}: {cause.code}{message}")


@jobs.command("requeue", epilog=format_examples("dcvd job requeue register cloudflare_unauthorized"))
@click.argument("kind")
@click.argument("code")
@json_option
@config_option
def requeue(kind: str, code: str, as_json: bool, config: Path) -> None:
    """Try the dead jobs of KIND again whose last error has CODE, up to 5,000 of them, the oldest first.

    End the cause first. Each of them gets all its attempts again. `dcvd job causes` shows the causes.
    """
    requeued = perform(config, lambda operations: operations.requeue_jobs(kind, code))
    if as_json:
        print_json(requeued)
        return
    print_prose(f"{count(requeued.requeued, 'job is', 'jobs are')} tried again.")


def _print_job(job: JobView) -> None:
    error, replay = job.last_error, job.replay
    print_facts(
        [
            ("Id", job.id),
            ("Organization", job.organization.name if isinstance(job, OrganizationJob) else ""),
            ("Kind", job.kind if job.action is None else f"{job.kind} ({job.action})"),
            ("Status", job.status.value),
            ("Domain", " ".join(filter(None, (job.domain_name, job.domain_id)))),
            ("Connection", job.connection_id or ""),
            ("Replay", "" if replay is None else f"{replay.progress} of {replay.count} {replay.status.value}"),
            ("Attempts", str(job.attempts)),
            ("Next attempt", format_instant(job.next_attempt_at, missing="none")),
            ("Error", "" if error is None else f"{error.code}: {error.message}"),
            ("Request", job.request_id or ""),
            ("Created", format_instant(job.created_at, missing="")),
            ("Changed", format_instant(job.updated_at, missing="")),
        ]
    )
