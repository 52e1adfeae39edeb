"""What the daemon ends by itself stands in the audit."""

from dcvd.core.instants import MINUTE
from dcvd.core.tokens.token import Role
from dcvd.janitor import Janitor
from dcvd.services.context import Context
from dcvd.services.links import creation
from dcvd.services.tokens import minting
from dcvd.store import audit
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock


async def test_the_end_of_a_token_and_of_a_link_that_have_expired_is_in_the_audit(
    context: Context, organization: Organization, janitor: Janitor, clock: ManualClock
) -> None:
    token = (
        await minting.create(context, organization.id, name="ci", role=Role.MEMBER, expires_at=context.now() + MINUTE)
    ).token
    link = (await creation.create(context, organization.id, domain_id=None, lifetime_ms=MINUTE)).link
    clock.advance(MINUTE + 1)
    await janitor.run_once()
    after = await context.database.read(lambda snapshot: audit.read_end(snapshot, organization.id)[0])
    clock.advance(context.config.retention.tokens)
    await janitor.run_once()
    entries = await context.database.read(
        lambda snapshot: audit.list_forward(snapshot, organization.id, after=after, limit=9)
    )
    assert [(entry.action, entry.object_id, entry.actor) for entry in entries] == [
        ("token.expired", token.id, "daemon"),
        ("link.expired", link.id, "daemon"),
    ]
    assert '"name":"ci"' in (entries[0].before or "")
