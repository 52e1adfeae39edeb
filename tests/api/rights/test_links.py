"""Every route, for the bearers of links: what comes of it follows from the same table."""

import re
from typing import Any, Final, Literal

import pytest

from dcvd.core.instants import DAY, MINUTE
from dcvd.core.organizations.quotas import Quota
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.links import creation, revocation
from dcvd.services.links.creation import CreatedLink
from dcvd.services.organizations import quotas
from dcvd.store import links
from dcvd.store.organizations.organizations import Organization
from tests.api.rights.routes import ROUTES, Row
from tests.api.rights.test_matrix import Objects, Target
from tests.manual_clock import ManualClock
from tests.served_app.client import Answer, Client

LinkKind = Literal["setup", "new", "new that added its domain", "expired", "revoked"]
Aim = Literal["its domain", "another domain", "another organization's"]

KINDS: Final[tuple[LinkKind, ...]] = ("setup", "new", "new that added its domain", "expired", "revoked")
ENDED_KINDS: Final[tuple[LinkKind, ...]] = ("expired", "revoked")
AIMS: Final[tuple[Aim, ...]] = ("its domain", "another domain", "another organization's")


def expected_refusal(row: Row, kind: LinkKind, aim: Aim) -> str | None:
    """The code with which the call is refused; None where it goes on to the handler."""
    if kind in ENDED_KINDS:
        return "unauthenticated"
    if row.link is None:
        return "link_not_allowed"
    if row.owned is not None and (kind == "new" or aim != "its domain" or row.owned == "connection"):
        return "not_found"
    return "outside_reach" if row.link == "bound" and kind == "new" else None


@pytest.mark.parametrize("name", sorted(ROUTES))
@pytest.mark.sampled(4)
async def test_a_link_is_for_its_own_domain_and_a_few_calls(
    context: Context, organization: Organization, anybody: Client, clock: ManualClock, name: str
) -> None:
    row = ROUTES[name]
    method, path = name.split(" ")
    other = await organizations.create(context, "others")
    unlimited: dict[str, int | None] = dict.fromkeys(Quota, 0)
    for org in (organization, other):
        await quotas.set_quotas(context, org.id, unlimited)
    objects = Objects(context, organization, other)
    for kind in KINDS:
        for aim in AIMS if row.owned is not None and kind not in ENDED_KINDS else AIMS[:1]:
            domain_id = (await additions.add(context, organization.id, f"d{context.random_bytes(8).hex()}.org")).id
            link = await _make_link(context, organization.id, kind, domain_id, clock)
            object_id = ""
            if row.owned == "domain" and aim == "its domain":
                object_id = domain_id
            elif row.owned == "job" and aim == "its domain":
                object_id = await objects.find_of_domain("jobs", domain_id)
            elif row.owned is not None:
                object_id = await objects.make(row.owned, Target(is_own=aim != AIMS[2], is_inside=False))
            client = anybody.as_bearer(link.token.reveal())
            sent: Any = row.body.encode() if row.body is not None else None
            answer = await client.call(method, re.sub(r"\{\w+\}", object_id, path), data=sent)
            refusal = expected_refusal(row, kind, aim)
            assert _refusal_of(answer) == refusal, (name, kind, aim, answer.status, answer.body)


async def _make_link(context: Context, org_id: str, kind: LinkKind, domain_id: str, clock: ManualClock) -> CreatedLink:
    is_new = kind.startswith("new")
    link = await creation.create(context, org_id, domain_id=None if is_new else domain_id, lifetime_ms=DAY)
    match kind:
        case "new that added its domain":
            await context.database.write(lambda tx: links.set_domain(tx, link.link.id, domain_id))
        case "expired":
            link = await creation.create(context, org_id, domain_id=domain_id, lifetime_ms=MINUTE)
            clock.advance(MINUTE)
        case "revoked":
            await revocation.revoke(context, org_id, link.link.id)
        case "setup" | "new":
            pass
    return link


def _refusal_of(answer: Answer) -> str | None:
    if answer.status < 400:
        return None
    code: str = answer.json["code"]
    return code if answer.status in (401, 403, 404) else None
