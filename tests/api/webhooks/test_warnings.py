"""What is allowed for a webhook and yet warned of."""

from tests.api.webhooks.owed import URL
from tests.served_app.client import Client


async def test_a_header_name_that_nginx_drops_is_warned_of_as_long_as_it_is_there(owner: Client) -> None:
    body = {"url": URL, "events": ["domain.active"], "headers": {"X_Api_Key": "v", "X-Fine": "v"}}
    created = await owner.post("/api/webhooks", body)
    assert created.status == 201
    (warning,) = created.json["webhook"]["warnings"]
    assert (warning["code"], warning["field"]) == ("header_with_underscore", "headers.X_Api_Key")
    assert "nginx" in warning["message"]
    assert "X-Api-Key" in warning["message"]
    path = f"/api/webhooks/{created.json['webhook']['id']}"
    for answer in (await owner.get(path), await owner.patch(path, {"maxPerSecond": 5})):
        assert answer.json["webhook"]["warnings"] == [warning]
    renamed = await owner.patch(path, {"headers": {"X_Api_Key": None, "X-Api-Key": "v"}})
    assert renamed.json["webhook"]["warnings"] == []


async def test_a_change_that_brings_such_a_name_is_warned_of(owner: Client) -> None:
    created = (await owner.post("/api/webhooks", {"url": URL, "events": ["domain.active"]})).json
    assert created["webhook"]["warnings"] == []
    path = f"/api/webhooks/{created['webhook']['id']}"
    changed = await owner.patch(path, {"headers": {"a_b": "v", "_c": "v"}})
    assert [each["field"] for each in changed.json["webhook"]["warnings"]] == ["headers.a_b", "headers._c"]
