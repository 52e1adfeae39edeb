"""`dcvd apply`: makes organizations, and what they have settled, as a file says."""

from pathlib import Path

import click
import msgspec

from dcvd.cli.declarations.document import read_document
from dcvd.cli.declarations.execution import Outcome, take_steps
from dcvd.cli.declarations.observation import observe
from dcvd.cli.declarations.planning import plan
from dcvd.cli.declarations.steps import Action, Plan, Step
from dcvd.cli.operations import Operations, perform
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.prose import print_prose
from dcvd.core.numbers import count
from dcvd.errors import DcvdError
from dcvd.kit.new_file import create_file

_SIGNS = {Action.CREATE: "+", Action.CHANGE: "~", Action.REMOVE: "-"}


@click.command(
    "apply",
    epilog=format_examples(
        "dcvd apply organizations.toml --dry-run",
        "dcvd apply organizations.toml --secrets new-secrets.json",
        "dcvd apply organizations.toml --prune",
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@click.option("--prune", is_flag=True, help="Also remove what the file lacks: see above.")
@click.option("--force", is_flag=True, help="Take a plan that removes organizations, or very much.")
@click.option(
    "--secrets",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A new file for the secrets of new endpoints, which only you can read; else they are printed.",
)
@json_option
@config_option
def apply(
    file: Path, dry_run: bool, prune: bool, force: bool, secrets: Path | None, as_json: bool, config: Path
) -> int:
    """Make organizations, quotas, branding, zones, contacts and endpoints as FILE says, which `dcvd export` writes.

    Shows the plan, then takes its steps by the same calls as everybody. Where all is so already, nothing happens. If a
    step fails, those before it are done, and applying the same file again goes on from there.

    With --prune, endpoints, zones and contacts that are missing in a list of the file are removed, and organizations
    that the file lacks. A plan that removes organizations, or very much, is refused without --force.
    """
    document = read_document(file)
    if secrets is not None and secrets.exists():
        raise DcvdError(f"There is a file {secrets} already: name a new one by --secrets.")

    async def work(operations: Operations) -> tuple[Plan, Outcome]:
        made = plan(document, await observe(operations), prune=prune)
        if not as_json:
            _show_plan(made)
        outcome = Outcome(taken=[], secrets=[])
        if made.danger is not None and not force and not dry_run:
            raise DcvdError(f"{made.danger} Nothing was done; --force does it all the same.")
        if not dry_run:
            outcome = await take_steps(operations, made, _ignore if as_json else _show_taken)
        return made, outcome

    made, outcome = perform(config, work)
    _hand_over_secrets(outcome, secrets, as_json=as_json)
    if as_json:
        print_json(_describe(made, outcome, with_secrets=secrets is None))
    if outcome.error is not None:
        raise _describe_failure(made, outcome, outcome.error) from outcome.error
    if not as_json and made.steps:
        print_prose("Nothing was done (--dry-run)." if dry_run else f"Done: {count(len(outcome.taken), 'step')}.")
    return 0


def _ignore(_step: Step) -> None:
    """Say nothing."""


def _show_plan(made: Plan) -> None:
    if not made.steps:
        print_prose("All is as the file says.")
        return
    click.echo("Plan:")
    for step in made.steps:
        print_prose(f"{_SIGNS[step.action]} {step.subject}", indent="  ")
        for detail in step.details:
            print_prose(detail, indent="      ")
    if made.danger is not None:
        print_prose(f"Careful: {made.danger}")


def _show_taken(step: Step) -> None:
    print_prose(f"{step.action.value}d {step.subject}")


def _hand_over_secrets(outcome: Outcome, file: Path | None, *, as_json: bool) -> None:
    """Write or print the secrets of new endpoints, also where a later step failed: nobody shows them again."""
    if not outcome.secrets:
        return
    if file is not None:
        with create_file(file) as draft:
            draft.write_bytes(msgspec.json.format(msgspec.json.encode({"secrets": outcome.secrets}), indent=2) + b"\n")
        print_prose(f"Wrote the secrets of new endpoints to {file}.", err=True)
    elif not as_json:
        print_prose("Secrets of new endpoints, which are never shown again:")
        for secret in outcome.secrets:
            print_prose(f"{secret.url} ({secret.endpoint})", indent="  ")
            print_prose(f"{secret.secret}\n{secret.signing_secret}", indent="    ")


def _describe(made: Plan, outcome: Outcome, *, with_secrets: bool) -> dict[str, object]:
    return {
        "plan": [{"action": step.action, "subject": step.subject, "details": step.details} for step in made.steps],
        "danger": made.danger,
        "taken": len(outcome.taken),
        "secrets": outcome.secrets if with_secrets else [],
    }


def _describe_failure(made: Plan, outcome: Outcome, error: DcvdError) -> DcvdError:
    failed = made.steps[len(outcome.taken)]
    done = f"Steps that are done: {len(outcome.taken)} of {len(made.steps)}."
    return DcvdError(
        f"{done} To {failed.action.value} {failed.subject} failed: {error.message} Put that right, "
        "and apply the file again: it goes on from there.",
        code=error.code,
    )
