"""`/ready`: whether each part works, for anybody who asks."""

from dcvd.api.app import Api
from dcvd.errors import StoreError
from tests.served_app.client import Client


async def works() -> None:
    return None


async def fails() -> str:
    return "the secret name of the zone"


async def raises() -> str | None:
    raise StoreError("the secret path of the disk")


async def test_with_every_part_at_work_it_is_200_without_a_token(app: Api, anybody: Client) -> None:
    app.services.readiness.add("store", works)
    app.services.readiness.add("resolvers", works)
    answer = await anybody.get("/ready")
    assert answer.status == 200
    assert answer.json == {"status": "ok", "parts": {"store": "ok", "resolvers": "ok"}}


async def test_a_part_that_does_not_work_makes_it_503_and_is_named_without_a_reason(app: Api, anybody: Client) -> None:
    app.services.readiness.add("store", raises)
    app.services.readiness.add("cloudflare", fails)
    app.services.readiness.add("resolvers", works)
    answer = await anybody.get("/ready")
    assert answer.status == 503
    assert answer.json == {
        "status": "failing",
        "parts": {"store": "failing", "cloudflare": "failing", "resolvers": "ok"},
    }
    assert (await anybody.call("HEAD", "/ready")).status == 503
    assert (await anybody.get("/health")).status == 200


async def test_what_requests_do_not_need_degrades_it_and_the_answer_stays_200(app: Api, anybody: Client) -> None:
    app.services.readiness.add("store", works)
    app.services.readiness.add("backup", fails, is_dispensable=True)
    answer = await anybody.get("/ready")
    assert answer.status == 200
    assert answer.json == {"status": "degraded", "parts": {"store": "ok", "backup": "failing"}}
