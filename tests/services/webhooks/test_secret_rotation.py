"""A new secret beside the earlier ones, and their exact end."""

import pytest

from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import Endpoint, select_signing_secrets
from dcvd.errors import Conflict, NotFound
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints, secret_rotation
from dcvd.store.engine.transactions import Topic
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock

_MINUTE = 60_000


@pytest.fixture
async def made(context: Context, organization: Organization) -> tuple[Endpoint, Secret]:
    return await endpoints.create(context, organization.id, url="http://127.0.0.1:1/", events=["domain.active"])


async def _signing(context: Context, endpoint: Endpoint) -> list[Secret]:
    opened = await context.database.read(lambda snapshot: endpoints.unseal_endpoint(context, snapshot, endpoint.id))
    assert opened is not None
    return select_signing_secrets(opened.secrets, context.now())


async def test_the_earlier_secret_signs_to_its_very_last_millisecond(
    context: Context, made: tuple[Endpoint, Secret], clock: ManualClock
) -> None:
    endpoint, first = made
    rotated = await secret_rotation.rotate(context, endpoint.org_id, endpoint.id, grace_ms=_MINUTE)
    assert rotated.previous_expires_at == clock.now() + _MINUTE
    assert await _signing(context, endpoint) == [rotated.secret, first]
    clock.advance(_MINUTE - 1)
    assert await _signing(context, endpoint) == [rotated.secret, first]
    clock.advance(1)
    assert await _signing(context, endpoint) == [rotated.secret]


async def test_three_rotations_in_a_row_leave_every_secret_signing_newest_first(
    context: Context, made: tuple[Endpoint, Secret], clock: ManualClock
) -> None:
    endpoint, first = made
    secrets = [first]
    for _ in range(3):
        clock.advance(1)
        secrets.insert(0, (await secret_rotation.rotate(context, endpoint.org_id, endpoint.id)).secret)
    assert await _signing(context, endpoint) == secrets
    clock.advance(secret_rotation.DEFAULT_GRACE_MS - 1)
    assert await _signing(context, endpoint) == secrets[:2]


async def test_no_grace_ends_every_earlier_secret_at_once(
    context: Context, made: tuple[Endpoint, Secret], clock: ManualClock
) -> None:
    endpoint, _ = made
    for _ in range(2):
        clock.advance(1)
        await secret_rotation.rotate(context, endpoint.org_id, endpoint.id)
    rotated = await secret_rotation.rotate(context, endpoint.org_id, endpoint.id, grace_ms=0)
    assert await _signing(context, endpoint) == [rotated.secret]


async def test_more_secrets_than_a_header_holds_are_refused_until_one_expires_or_none_is_to_stay(
    context: Context, made: tuple[Endpoint, Secret], clock: ManualClock
) -> None:
    endpoint, _ = made
    for _ in range(9):
        clock.advance(1)
        await secret_rotation.rotate(context, endpoint.org_id, endpoint.id, grace_ms=_MINUTE)
    before = await _signing(context, endpoint)
    assert len(before) == 10
    with pytest.raises(Conflict, match="10 secrets") as caught:
        await secret_rotation.rotate(context, endpoint.org_id, endpoint.id, grace_ms=_MINUTE)
    assert caught.value.code == "too_many_secrets"
    assert await _signing(context, endpoint) == before
    clock.advance(_MINUTE - 8)
    await secret_rotation.rotate(context, endpoint.org_id, endpoint.id, grace_ms=_MINUTE)
    assert len(await _signing(context, endpoint)) == 10
    rotated = await secret_rotation.rotate(context, endpoint.org_id, endpoint.id, grace_ms=0)
    assert await _signing(context, endpoint) == [rotated.secret]


async def test_secrets_are_sealed_and_the_pool_is_told_of_a_new_one(
    context: Context, made: tuple[Endpoint, Secret]
) -> None:
    endpoint, first = made
    told: list[str] = []
    context.database.subscribe(Topic.ENDPOINTS, told.append)
    rotated = await secret_rotation.rotate(context, endpoint.org_id, endpoint.id)
    assert told == [endpoint.id]
    rows = await context.database.read(
        lambda snapshot: snapshot.fetch_all(
            "SELECT plain, sealed FROM webhook_secrets WHERE endpoint_id = ?", (endpoint.id,)
        )
    )
    assert [plain for plain, _ in rows] == [None, None]
    for secret in (first, rotated.secret):
        assert secret.reveal() not in repr(rows)
        assert bytes.fromhex(secret.reveal()) not in b"".join(sealed for _, sealed in rows)


async def test_another_organizations_endpoint_is_not_rotated(
    context: Context, made: tuple[Endpoint, Secret], rival: Organization
) -> None:
    endpoint, first = made
    with pytest.raises(NotFound):
        await secret_rotation.rotate(context, rival.id, endpoint.id)
    assert await _signing(context, endpoint) == [first]
