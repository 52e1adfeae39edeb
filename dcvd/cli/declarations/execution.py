"""Taking the steps of a plan, one call after the other."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from dcvd.cli.declarations.steps import Plan, Step
from dcvd.cli.operations import Operations
from dcvd.errors import DcvdError

_ORGANIZATIONS: Final = "/operator/organizations"


class NewSecret(Struct, frozen=True, kw_only=True, rename="camel"):
    """The secret of an endpoint that was made, in both its forms; nobody shows it again."""

    endpoint: str
    url: str
    secret: str
    signing_secret: str


class Outcome(Struct, kw_only=True):
    """How far it has got: the steps that are taken, secrets of new endpoints, and the error of the step after them."""

    taken: list[Step]
    secrets: list[NewSecret]
    error: DcvdError | None = None


async def take_steps(operations: Operations, plan: Plan, on_taken: Callable[[Step], None]) -> Outcome:
    """Take the steps until one fails. What is taken stays: the same file, applied again, goes on from there."""
    outcome = Outcome(taken=[], secrets=[])
    org_ids = dict(plan.org_ids)
    for step in plan.steps:
        try:
            answer = await _take(operations, step, org_ids)
        except DcvdError as error:
            outcome.error = error
            break
        outcome.taken.append(step)
        webhook = answer.get("webhook") if isinstance(answer, dict) else None
        if step.path is None:
            org_ids[step.organization] = answer["organization"]["id"]
        elif isinstance(webhook, dict) and "secret" in webhook:
            outcome.secrets.append(
                NewSecret(
                    endpoint=webhook["id"],
                    url=webhook["url"],
                    secret=webhook["secret"],
                    signing_secret=webhook["signingSecret"],
                )
            )
        on_taken(step)
    return outcome


async def _take(operations: Operations, step: Step, org_ids: dict[int | str, str]) -> Any:
    if step.path is None:
        path = _ORGANIZATIONS
    else:
        org_id = org_ids.get(step.organization, step.organization)
        path = f"{_ORGANIZATIONS}/{org_id}{step.path}"
    raw = await operations.exchange(step.method, path, body=step.body)
    answer: Any = msgspec.json.decode(raw) if raw else None
    if step.follow_up is not None:
        await operations.exchange("PATCH", f"{path}/{answer['webhook']['id']}", body=step.follow_up)
    return answer
