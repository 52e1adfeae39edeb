"""Client certificates of webhooks: given in PEM, shown by what is public of them, and never again."""

from typing import Any

import pytest

from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from tests.api.webhooks.owed import added
from tests.authority import Authority, Issued
from tests.served_app.client import Client, problem

_AUTHORITY = Authority("Clients", days=(-1000, 1000))
_ONE, _TWO = (_AUTHORITY.issue(name, days=(-900, 900)) for name in ("one", "two"))


def _given(issued: Issued, **changes: str) -> dict[str, str]:
    return {"certificate": issued.certificate_pem, "privateKey": issued.key_pem} | changes


async def _certificate(client: Client, webhook_id: str) -> Any:
    return (await client.get(f"/api/webhooks/{webhook_id}")).json["webhook"]["clientCertificate"]


async def test_a_certificate_is_given_replaced_and_removed(owner: Client, context: Context) -> None:
    body = {"url": "https://hooks.customer.com/", "events": ["job.dlq"], "clientCertificate": _given(_ONE)}
    created = await owner.post("/api/webhooks", body)
    assert created.status == 201
    webhook_id = created.json["webhook"]["id"]
    shown = created.json["webhook"]["clientCertificate"]
    assert (shown["subject"], shown["issuer"]) == ("CN=one", "CN=Clients")
    assert len(bytes.fromhex(shown["fingerprint"])) == 32
    assert await _certificate(owner, webhook_id) == shown
    path = f"/api/webhooks/{webhook_id}"
    kept = await owner.patch(path, {"maxPerSecond": 5})
    assert kept.json["webhook"]["clientCertificate"] == shown
    replaced = await owner.patch(path, {"clientCertificate": _given(_TWO)})
    assert replaced.json["webhook"]["clientCertificate"]["subject"] == "CN=two"
    assert replaced.headers["ETag"] != created.headers["ETag"]
    unsealed = await context.database.read(lambda s: endpoints.unseal_endpoint(context, s, webhook_id))
    assert unsealed is not None
    assert unsealed.credentials is not None
    assert _TWO.key_pem in unsealed.credentials.pem.reveal()
    removed = await owner.patch(path, {"clientCertificate": None})
    assert removed.json["webhook"]["clientCertificate"] is None
    unsealed = await context.database.read(lambda s: endpoints.unseal_endpoint(context, s, webhook_id))
    assert unsealed is not None
    assert unsealed.credentials is None


async def test_the_key_stands_nowhere_in_the_clear(owner: Client, context: Context) -> None:
    webhook = await added(owner)
    answer = await owner.patch(f"/api/webhooks/{webhook['id']}", {"clientCertificate": _given(_ONE)})
    secret = _ONE.key_pem.splitlines()[1]
    stored = await context.database.read(
        lambda snapshot: repr(snapshot.fetch_all("SELECT * FROM webhook_endpoints WHERE id = ?", (webhook["id"],)))
    )
    audit = await owner.get("/api/audit")
    for text in (answer.body.decode(), stored, audit.body.decode()):
        assert secret not in text
    assert answer.json["webhook"]["clientCertificate"]["fingerprint"] in audit.body.decode()


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        (_given(_ONE, certificate="hello"), "clientCertificate.certificate", "bad_certificate"),
        (_given(_AUTHORITY.issue("old", days=(-9, -1))), "clientCertificate.certificate", "bad_certificate"),
        (_given(_ONE, privateKey=_TWO.key_pem), "clientCertificate.privateKey", "bad_private_key"),
        (_given(_ONE, privateKey="hello"), "clientCertificate.privateKey", "bad_private_key"),
    ],
)
async def test_what_cannot_be_used_is_refused_and_changes_nothing(
    owner: Client, given: dict[str, str], field: str, code: str
) -> None:
    webhook = await added(owner)
    path = f"/api/webhooks/{webhook['id']}"
    await owner.patch(path, {"clientCertificate": _given(_ONE)})
    refused = await owner.patch(path, {"maxPerSecond": 7, "clientCertificate": given})
    problem(refused, 400, code)
    assert refused.json["errors"][0]["field"] == field
    shown = (await owner.get(path)).json["webhook"]
    assert (shown["maxPerSecond"], shown["clientCertificate"]["subject"]) == (None, "CN=one")
    body = {"url": "https://hooks.customer.com/", "events": ["job.dlq"], "clientCertificate": given}
    problem(await owner.post("/api/webhooks", body), 400, code)


@pytest.mark.parametrize("given", [{}, {"certificate": "x"}, {"certificate": 1, "privateKey": "x"}, "x", []])
async def test_a_certificate_of_another_shape_is_refused(owner: Client, given: Any) -> None:
    webhook = await added(owner)
    assert (await owner.patch(f"/api/webhooks/{webhook['id']}", {"clientCertificate": given})).status == 400
