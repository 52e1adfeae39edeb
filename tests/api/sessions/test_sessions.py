"""Sessions are listed and ended as tokens are: within role, reach and organization."""

from typing import Any

import pytest

from dcvd.core.instants import DAY, HOUR, to_rfc3339
from dcvd.core.tokens.token import Role
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.sessions.beginning import BegunSession
from dcvd.services.tokens import minting
from dcvd.services.tokens.rights import TokenLimits
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import NOW
from tests.signed_in import begin_session


async def begin(context: Context, org_id: str, role: Role = Role.OWNER, **limits: Any) -> BegunSession:
    minted = await minting.create(context, org_id, name="t", role=role, expires_at=None, limits=TokenLimits(**limits))
    return await begin_session(context, minted)


async def list_ids(client: Client) -> list[str]:
    return [each["id"] for each in (await client.get("/api/sessions")).json["sessions"]]


async def test_a_session_is_shown_without_its_secret(
    owner: Client, context: Context, organization: Organization
) -> None:
    begun = await begin(context, organization.id)
    answer = await owner.get(f"/api/sessions/{begun.session.id}")
    assert answer.json["session"] == {
        "id": begun.session.id,
        "orgId": organization.id,
        "tokenId": begun.session.token_id,
        "memberId": None,
        "createdAt": to_rfc3339(NOW),
        "lastUsedAt": to_rfc3339(NOW),
        "endsAt": to_rfc3339(NOW + 12 * HOUR),
        "expiresAt": to_rfc3339(NOW + 7 * DAY),
        "address": "192.0.2.1",
        "userAgent": "Firefox",
    }
    assert begun.secret.reveal().encode() not in answer.body


async def test_sessions_are_listed_page_by_page_newest_first(
    owner: Client, context: Context, organization: Organization, clock: ManualClock
) -> None:
    ids = []
    for _ in range(3):
        clock.advance(1)
        ids.append((await begin(context, organization.id)).session.id)
    first = (await owner.get("/api/sessions?limit=2")).json
    second = (await owner.get(f"/api/sessions?limit=2&cursor={first['nextCursor']}")).json
    assert [each["id"] for page in (first, second) for each in page["sessions"]] == ids[::-1]
    assert second["nextCursor"] is None


async def test_what_has_ended_is_not_there(
    owner: Client, context: Context, organization: Organization, clock: ManualClock
) -> None:
    begun = await begin(context, organization.id)
    clock.advance(12 * HOUR)
    assert await list_ids(owner) == []
    problem(await owner.get(f"/api/sessions/{begun.session.id}"), 404, "not_found")


async def test_one_session_is_ended_and_the_others_go_on(
    owner: Client, context: Context, organization: Organization
) -> None:
    one, other = await begin(context, organization.id), await begin(context, organization.id)
    assert (await owner.delete(f"/api/sessions/{one.session.id}")).status == 204
    assert await list_ids(owner) == [other.session.id]
    problem(await owner.delete(f"/api/sessions/{one.session.id}"), 404, "not_found")


async def test_nobody_ends_a_session_above_their_rank(
    admin: Client, context: Context, organization: Organization
) -> None:
    above, own = await begin(context, organization.id), await begin(context, organization.id, Role.ADMIN)
    problem(await admin.delete(f"/api/sessions/{above.session.id}"), 403, "forbidden")
    answer = await admin.delete("/api/sessions")
    assert (answer.status, answer.json) == (200, {"ended": 1})
    assert await list_ids(admin) == [above.session.id]
    problem(await admin.delete(f"/api/sessions/{own.session.id}"), 404, "not_found")


async def test_another_organizations_sessions_are_not_there(owner: Client, context: Context) -> None:
    rival = await organizations.create(context, "rival")
    begun = await begin(context, rival.id)
    assert await list_ids(owner) == []
    for method in ("GET", "DELETE"):
        problem(await owner.call(method, f"/api/sessions/{begun.session.id}"), 404, "not_found")
    assert (await owner.delete("/api/sessions")).json == {"ended": 0}


async def test_whoever_is_limited_to_domains_sees_the_sessions_of_such_tokens_alone(
    anybody: Client, context: Context, organization: Organization
) -> None:
    limited = await minting.create(
        context, organization.id, name="l", role=Role.ADMIN, expires_at=None,
        limits=TokenLimits(domains=["*.a.customer.com"]),
    )  # fmt: skip
    client = anybody.as_bearer(limited.plaintext.reveal())
    inside = await begin(context, organization.id, Role.MEMBER, domains=["x.a.customer.com"])
    outside = await begin(context, organization.id, Role.MEMBER, domains=["x.b.customer.com"])
    assert await list_ids(client) == [inside.session.id]
    problem(await client.delete(f"/api/sessions/{outside.session.id}"), 404, "not_found")
    assert (await client.delete("/api/sessions")).json == {"ended": 1}


@pytest.mark.parametrize("keyed", [True, False])
async def test_an_operator_lists_and_ends_them_for_the_organization(
    operator: Client, context: Context, organization: Organization, keyed: bool
) -> None:
    begun = await begin(context, organization.id)
    path = f"/operator/organizations/{organization.id if keyed else organization.name}/api/sessions"
    assert [each["id"] for each in (await operator.get(path)).json["sessions"]] == [begun.session.id]
    assert (await operator.delete(path)).json == {"ended": 1}
