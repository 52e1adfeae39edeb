"""Whose a token is, is kept: after whatever has happened, its bearer is who would be found anew, or nobody."""

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from dcvd.core.callers import Caller
from dcvd.core.instants import DAY, HOUR
from dcvd.core.members import MemberStatus
from dcvd.core.tokens.token import Role, hash_token
from dcvd.errors import DcvdError
from dcvd.services.context import Context
from dcvd.services.members import changes as member_changes
from dcvd.services.members import invitations
from dcvd.services.tokens import changes, minting, revocation, suspension
from dcvd.services.tokens.authentication import KeptCallers
from dcvd.services.tokens.changes import TokenChanges
from dcvd.services.tokens.minting import MintedToken
from dcvd.services.tokens.rights import TokenLimits
from dcvd.store import members
from dcvd.store.organizations import organizations
from dcvd.store.tokens import tokens
from dcvd.store.tokens.tokens import LastUse
from tests.manual_clock import ManualClock

_NETWORKS = [None, ["192.0.2.0/24"], ["198.51.100.0/24"]]


async def find(callers: KeptCallers, secret: str) -> Caller | str:
    try:
        return await callers.authenticate(secret, "192.0.2.1")
    except DcvdError as error:
        return error.code


class Changes:
    """What can happen to tokens, one at a time; what is refused has not happened."""

    def __init__(self, context: Context, clock: ManualClock, orgs: list[str], chance: random.Random) -> None:
        self.context, self.clock, self.orgs, self.chance = context, clock, orgs, chance
        self.tokens: list[tuple[str, str]] = []
        self.members: list[tuple[str, str]] = []
        self.secrets: list[str] = []

    def _note(self, minted: MintedToken) -> None:
        self.tokens.append((minted.token.org_id, minted.token.id))
        self.secrets.append(minted.plaintext.reveal())

    async def mint(self) -> None:
        org, member_id = self.chance.choice([*((org, None) for org in self.orgs), *self.members])
        end = self.chance.choice([None, self.context.now() + 3 * HOUR])
        limits = TokenLimits(allowed_networks=self.chance.choice(_NETWORKS))
        role = self.chance.choice(list(Role))
        self._note(
            await minting.create(
                self.context, org, name="t", role=role, expires_at=end, member_id=member_id, limits=limits
            )
        )

    async def rotate(self) -> None:
        grace_ms = self.chance.choice([0, HOUR, DAY])
        self._note(await changes.rotate(self.context, *self.chance.choice(self.tokens), grace_ms=grace_ms))

    async def change_end(self) -> None:
        end = self.chance.choice([None, self.context.now() + HOUR])
        await changes.change(self.context, *self.chance.choice(self.tokens), TokenChanges(expires_at=end))

    async def revoke(self) -> None:
        await revocation.revoke(self.context, *self.chance.choice(self.tokens), with_descendants=True)

    async def invite(self) -> None:
        org = self.chance.choice(self.orgs)
        address = f"m{len(self.members)}@example.com"
        invited = await invitations.invite(self.context, org, address=address, role=self.chance.choice(list(Role)))
        await self.context.database.write(lambda tx: members.confirm(tx, invited.member.id, self.context.now()))
        self.members.append((org, invited.member.id))

    async def change_member(self) -> None:
        status = self.chance.choice([MemberStatus.ACTIVE, MemberStatus.SUSPENDED])
        role = self.chance.choice(list(Role))
        await member_changes.change(self.context, *self.chance.choice(self.members), role=role, status=status)

    async def remove_member(self) -> None:
        await member_changes.remove(self.context, *self.chance.choice(self.members))

    async def suspend(self) -> None:
        await suspension.suspend(self.context, self.chance.choice(self.orgs))

    async def resume(self) -> None:
        await suspension.resume(self.context, self.chance.choice(self.orgs))

    async def delete_organization(self) -> None:
        await self.context.database.write(lambda tx: organizations.delete(tx, self.orgs[-1]))

    async def note_use(self) -> None:
        _, token_id = self.chance.choice(self.tokens)
        use = LastUse(used_at=self.context.now(), address="192.0.2.1")
        await self.context.database.write(lambda tx: tokens.touch(tx, {token_id: use}))

    async def pass_time(self) -> None:
        self.clock.advance(self.chance.choice([1, HOUR, 2 * HOUR]))

    async def turn_the_clock_back(self) -> None:
        self.clock.set(self.context.now() - 2 * HOUR)

    def choose(self) -> Callable[[], Awaitable[None]]:
        common = [
            self.mint, self.rotate, self.change_end, self.invite, self.change_member, self.resume, self.note_use,
            self.pass_time, self.turn_the_clock_back,
        ]  # fmt: skip
        return self.chance.choice([*common, *common, self.revoke, self.remove_member, self.suspend])


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_the_kept_caller_is_who_would_be_found_anew(
    context: Context, clock: ManualClock, org: str, rival_org: str, seed: int
) -> None:
    kept, happening = KeptCallers(context), Changes(context, clock, [org, rival_org], random.Random(seed))
    await happening.invite()
    await happening.mint()

    async def assert_all_are_as_new() -> None:
        nothing_kept = KeptCallers(context)
        for secret in happening.secrets:
            assert await find(kept, secret) == await find(nothing_kept, secret)

    for _ in range(60):
        with suppress(DcvdError):
            await happening.choose()()
        await assert_all_are_as_new()
    await happening.delete_organization()
    await assert_all_are_as_new()


async def test_what_limits_a_token_takes_room_where_it_is_kept(context: Context, org: str) -> None:
    kept = KeptCallers(context, max_bytes=64 * 1024)
    broad = [f"{'a' * 60}.{'b' * 60}.n{number}.example.com" for number in range(100)]
    for limits, most in ((TokenLimits(), 6), (TokenLimits(domains=broad), 2)):
        minted = [
            await minting.create(context, org, name="t", role=Role.MEMBER, expires_at=None, limits=limits)
            for _ in range(6)
        ]
        secrets = [each.plaintext.reveal() for each in minted]
        for secret in secrets:
            assert isinstance(await find(kept, secret), Caller)
        held = [secret for secret in secrets if kept.find_kept(hash_token(secret)) is not None]
        assert held == secrets[-most:]
