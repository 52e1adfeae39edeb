"""`/operator/probes`: operators alone learn what arrived, and only of a request that had their code."""

import pytest

from dcvd.api.app import Api
from dcvd.config import Live
from dcvd.core.http.arrivals import PROBE_HEADER
from dcvd.core.operators import OperatorRights, ProcessOwners
from dcvd.errors import NotFound
from dcvd.http.arrival_probes import ArrivalProbes
from tests.served_app.client import Client, problem


async def begin(operator: Client) -> str:
    answer = await operator.post("/operator/probes")
    assert (answer.status, answer.json["probe"]["arrival"]) == (201, None)
    code: str = answer.json["probe"]["code"]
    return code


async def test_the_first_request_with_a_code_is_shown_and_no_other(operator: Client, anybody: Client) -> None:
    code = await begin(operator)
    sent = {PROBE_HEADER: code, "X-Forwarded-For": "192.0.2.77, 198.51.100.7", "Authorization": "Bearer secret"}
    assert (await anybody.get("/api/meta", headers=sent)).status == 200
    await anybody.get("/api/meta", headers=sent | {"X-Forwarded-For": "192.0.2.1"})
    arrival = (await operator.get(f"/operator/probes/{code}")).json["probe"]["arrival"]
    assert arrival["forwardedFor"] == ["192.0.2.77, 198.51.100.7"]
    assert set(arrival) == {"peer", "host", "forwardedFor", "httpVersion", "isLast"}


async def test_it_is_seen_where_the_request_itself_is_refused(operator: Client, anybody: Client) -> None:
    code = await begin(operator)
    assert (await anybody.get("/nowhere", headers={PROBE_HEADER: code})).status == 404
    assert (await operator.get(f"/operator/probes/{code}")).json["probe"]["arrival"] is not None


async def test_nobody_else_learns_anything(app: Api, operator: Client, anybody: Client, owner: Client) -> None:
    code = await begin(operator)
    for client in (anybody, owner):
        problem(await client.post("/operator/probes"), 404, "route_not_found")
        problem(await client.get(f"/operator/probes/{code}"), 404, "route_not_found")
    answer = await anybody.get("/api/meta", headers={PROBE_HEADER: "guessed"})
    assert PROBE_HEADER.lower() not in {name.lower() for name in answer.headers}
    problem(await operator.get("/operator/probes/guessed"), 404, "not_found")
    own = ProcessOwners(uids=app.services.operators.value.operators.uids)
    app.services.operators = Live(OperatorRights(observers=own))
    problem(await operator.post("/operator/probes"), 403, "only_an_observer")


def test_codes_end_after_a_minute_and_few_are_kept() -> None:
    now = 0.0
    probes = ArrivalProbes(lambda: now)
    first = probes.begin()
    codes = [probes.begin() for _ in range(16)]
    with pytest.raises(NotFound):
        probes.find(first)
    assert all(probes.find(code) is None for code in codes)
    now = 60.0
    with pytest.raises(NotFound):
        probes.find(codes[-1])
