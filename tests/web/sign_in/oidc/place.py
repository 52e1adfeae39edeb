"""A browser that signs in at a provider, and members who may."""

import re
from typing import Any, Final
from urllib.parse import urlencode

from msgspec.structs import replace

from dcvd.core.callers import Caller
from dcvd.core.members import MemberStatus
from dcvd.core.operators import OperatorRights
from dcvd.core.tokens.token import Role
from dcvd.services.context import Context
from dcvd.services.sessions.authentication import authenticate_session
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store.engine.transactions import Transaction
from tests.served_app.client import Answer, Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import COOKIE, FORM, SAME_ORIGIN, Browser
from tests.web.sign_in.oidc.issuer import ADDRESS, FakeIssuer

ATTEMPT = "__Host-dcvd_sign_in"
CALLBACK = "/sign-in/oidc/callback"


GROUPS: Final = {
    "role_claim": "groups",
    "roles": {"dcvd-owners": Role.OWNER, "dcvd-admins": Role.ADMIN, "support": Role.MEMBER},
}
"""Keys of `[web.oidc]` with which groups give roles."""


class OidcBrowser(Browser):
    """Keeps the cookie of an attempt beside that of its session."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.attempt = ""

    async def begin(self, path: str | None = None) -> str:
        """Follow the link of the sign-in page; returns where the provider asks who the person is."""
        query = "" if path is None else f"?{urlencode({'next': path})}"
        answer = await self.open(f"/sign-in/oidc{query}")
        assert answer.status == 303, read_text(answer)
        self.note(answer)
        return answer.headers["Location"]

    async def come_back(self, query: str) -> Answer:
        """Come back from the provider's site, which brings no cookie of the session along."""
        secret, self.secret = self.secret, None
        try:
            answer = await self.open(f"{CALLBACK}?{query}", **{"Sec-Fetch-Site": "cross-site"})
        finally:
            self.secret = secret
        self.note(answer)
        return answer

    async def sign_in_at(self, issuer: FakeIssuer, path: str | None = None) -> Answer:
        return await self.come_back(issuer.authorize(await self.begin(path)))

    async def choose(self, member_id: str) -> Answer:
        headers = {**self.cookie_headers, **FORM, **SAME_ORIGIN}
        body = urlencode({"member": member_id}).encode()
        answer = await self._client.post("/sign-in/oidc/organization", data=body, headers=headers)
        self.note(answer)
        return answer

    def note(self, answer: Answer) -> None:
        for line in answer.headers.getall("Set-Cookie", []):
            if match := re.match(rf"{ATTEMPT}=([^;]*);", line.replace('"', "")):
                self.attempt = match[1]
            if match := re.match(rf"{COOKIE}=(\w+);", line):
                self.secret = match[1]

    @property
    def cookie_headers(self) -> dict[str, str]:
        pairs = [f"{COOKIE}={self.secret}"] if self.secret else []
        pairs += [f"{ATTEMPT}={self.attempt}"] if self.attempt else []
        return {"Cookie": "; ".join(pairs)} if pairs else {}


def configure(context: Context, **changes: Any) -> None:
    """Change keys of `[web.oidc]`, as a reload does."""
    context.live_config.value = replace(context.config, web_oidc=replace(context.config.web_oidc, **changes))


async def find_caller(context: Context, browser: Browser, last_use: TokenUsage) -> Caller:
    """Whom its session makes a browser."""
    assert browser.secret is not None
    return await authenticate_session(context, browser.secret, last_use.update_session, OperatorRights())


async def find_role(context: Context, browser: Browser, last_use: TokenUsage) -> Role:
    return (await find_caller(context, browser, last_use)).role


async def add_member(
    context: Context,
    org_id: str,
    member_id: str,
    *,
    role: Role = Role.OWNER,
    status: MemberStatus = MemberStatus.ACTIVE,
    address: str = ADDRESS,
) -> str:
    """Store a member, beside an owner who stays."""

    def unit(tx: Transaction) -> None:
        tx.execute_many(
            "INSERT INTO members (id, org_id, address, role, status, created_at, updated_at, confirmed_at)"
            " VALUES (?, ?, ?, ?, ?, 1, 1, 1)",
            [
                (member_id, org_id, address, role, status),
                (f"{member_id}_other", org_id, f"{member_id}@other.example", "owner", "active"),
            ],
        )

    await context.database.write(unit)
    return member_id
