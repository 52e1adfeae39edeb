"""Whoever signs in without a token sees every page of the dashboard that their role allows."""

import re

import pytest

from dcvd.api.app import Api
from dcvd.core.tokens.token import Role
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.web.connect.visitor import read_text
from tests.web.sign_in.oidc.issuer import ADDRESS, FakeIssuer
from tests.web.sign_in.oidc.place import OidcBrowser, add_member


@pytest.mark.parametrize(("role", "refused"), [(Role.OWNER, False), (Role.MEMBER, True)])
async def test_each_page_without_an_object_is_shown_or_refused(
    app: Api, issuer: FakeIssuer, browser: OidcBrowser, context: Context, organization: Organization,
    role: Role, refused: bool,
) -> None:  # fmt: skip
    await add_member(context, organization.id, "mem_ann", role=role)
    await browser.sign_in_at(issuer)
    paths = {route.path for route in app.routes if re.fullmatch(r"/dashboard(/[a-z-]+)*", route.path)}
    statuses: dict[str, int] = {}
    for path in sorted(path for path in paths if not path.startswith("/dashboard/operator") and "changes" not in path):
        page = await browser.open(path)
        statuses[path] = page.status
        if page.status == 200 and b"<header" in page.body:
            assert ADDRESS in read_text(page), path
    assert len(statuses) > 8
    if not refused:
        assert "/tokens/None" not in (await browser.open("/dashboard/tokens/sessions")).body.decode()
    assert set(statuses.values()) <= {200, 400, 403, 405}, statuses
    assert (403 in statuses.values()) is refused, statuses
