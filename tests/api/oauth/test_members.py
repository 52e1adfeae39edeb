"""A member connects in a session of their own, without any token, as long as they may."""

from urllib.parse import urlsplit

import pytest

from dcvd.core.connections.connection import Provider
from dcvd.core.members import MemberStatus
from dcvd.core.tokens.token import Role
from dcvd.services.connections.authorizations import start_authorization
from dcvd.services.members import changes
from dcvd.store.organizations.organizations import Organization
from tests.api.oauth.flow import CONNECTIONS, Flow
from tests.served_app.client import Answer
from tests.web.sign_in.oidc.place import add_member


async def begin(flow: Flow, organization: Organization) -> str:
    """What the provider answers to a member's authorization."""
    await add_member(flow.context, organization.id, "user-7", role=Role.ADMIN)
    redirect = await start_authorization(flow.context, flow.client, organization.id, "user-7", Provider.OTHER)
    return urlsplit(await flow.server.answer(redirect.url)).query


async def come_back(flow: Flow, query: str) -> Answer:
    return await flow.anybody.get(f"/oauth/callback/other?{query}")


async def test_a_member_connects_and_the_audit_names_them(flow: Flow, organization: Organization) -> None:
    answer = await come_back(flow, await begin(flow, organization))
    assert answer.status == 200, answer.body
    assert len((await flow.owner.get(CONNECTIONS)).json["connections"]) == 1
    (entry,) = (await flow.owner.get("/api/audit?action=connection.created")).json["audit"]
    assert entry["actor"] == "member:user-7"


@pytest.mark.parametrize("change", [{"status": MemberStatus.SUSPENDED}, {"role": Role.MEMBER}])
async def test_a_member_who_may_not_any_more_connects_nothing(
    flow: Flow, organization: Organization, change: dict[str, object]
) -> None:
    query = await begin(flow, organization)
    await changes.change(flow.context, organization.id, "user-7", **change)  # type: ignore[arg-type]  # by name
    assert (await come_back(flow, query)).status == 400
    await flow.assert_nothing_is_kept()
