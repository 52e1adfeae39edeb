"""`GET /operator/status`: the overview, for operators."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.core.alerts.messages import Channel
from dcvd.core.domains.domain import DomainError, DomainStatus
from dcvd.core.domains.saas_zone import HostnameUsage, SaasZone, ZoneFault, ZoneFaultCode
from dcvd.core.instants import DAY, HOUR, MINUTE, to_rfc3339
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.system.overview import Serving
from dcvd.services.webhooks import endpoints
from dcvd.store import domains as store
from dcvd.store.backups.mark import mark_backup
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client
from tests.served_app.stand_ins import NOW


@pytest.fixture(autouse=True)
def _the_database_is_where_the_configuration_says(context: Context, tmp_path: Path) -> None:
    config = context.config
    context.live_config.value = replace(config, database=replace(config.database, path=tmp_path / "dcvd.db"))


async def test_a_daemon_with_nothing_to_do_has_nothing_to_tell_its_operator(app: Api, operator: Client) -> None:
    app.services.overview.begin_serving(Serving(started_at=NOW - HOUR, urls=["http://127.0.0.1:8080"]))
    answer = await operator.get("/operator/status")
    assert answer.status == 200
    status = answer.json["status"]
    assert (status["needsOperator"], status["ready"], status["at"]) == (False, "ok", to_rfc3339(NOW))
    assert [problem["code"] for problem in status["problems"]] == ["no_backup"]
    assert status["daemon"]["uptimeSeconds"] == 3600
    assert status["daemon"]["addresses"] == ["http://127.0.0.1:8080"]
    assert status["domains"]["total"] == 0
    assert status["cloudflare"]["requestsLeft"] == 1200
    assert status["deliveries"] == {
        "pending": 0, "waiting": 0, "held": 0, "dead": 0, "oldest": None, "oldestToFailing": None
    }  # fmt: skip


async def test_without_a_daemon_it_says_so_first_and_since_when_nothing_was_stored(
    operator: Client,
) -> None:
    status = (await operator.get("/operator/status")).json["status"]
    assert (status["daemon"], status["cloudflare"], status["ready"]) == (None, None, None)
    assert status["needsOperator"] is True
    assert status["problems"][0]["code"] == "no_daemon"
    assert status["lastCommitAt"] is not None
    assert status["lastCommitAt"] in status["problems"][0]["message"]


async def test_what_broke_waits_and_is_late_is_told_the_worst_first(
    app: Api, operator: Client, context: Context, organization: Organization, clock: ManualClock
) -> None:
    app.services.overview.begin_serving(Serving(started_at=NOW, urls=[]))
    app.services.readiness.add("jobs", lambda: _say("Jobs have been due: register for 1 h."), is_dispensable=True)
    broken = await additions.add(context, organization.id, "broken.customer.com")
    fresh = await additions.add(context, organization.id, "fresh.customer.com")
    error = DomainError("plan_lacks", "The plan lacks it.")
    for each in (
        replace(broken, status=DomainStatus.ERROR, error=error, broken_since=NOW - DAY),
        replace(fresh, waits_for_txt=False),
    ):
        await context.database.write(lambda tx, each=each: store.update(tx, each))  # type: ignore[misc]
    await endpoints.create(context, organization.id, url="https://hooks.example.com/", events=["*"])
    fault = ZoneFault(code=ZoneFaultCode.UNAUTHORIZED, message="Cloudflare refuses the token.", since=NOW - HOUR)
    context.saas_zone.value = SaasZone(faults=(fault,), usage=HostnameUsage(95, 100, 0))
    mark_backup(context.config.database.path, NOW - 10 * DAY)
    clock.advance(5 * MINUTE)
    status = (await operator.get("/operator/status")).json["status"]
    weights = [problem["weight"] for problem in status["problems"]]
    assert weights == sorted(weights, key=["bad", "warning", "note"].index)
    codes = [problem["code"] for problem in status["problems"]]
    assert codes[0] == "cloudflare_unauthorized"
    assert {"part_jobs", "quota_low", "backup_late", "domains_broken"} <= set(codes)
    assert all(problem["message"] and problem["advice"] for problem in status["problems"])
    assert status["needsOperator"] is True
    assert status["ready"] == "degraded"
    assert status["domains"]["byStatus"] == {"error": 1, "pending_cname": 1}
    assert status["domains"]["waitingFor"] == {"operator": 1, "nobody": 1}
    assert (status["domains"]["broken"], status["domains"]["brokenForOperator"]) == (1, 1)
    assert status["domains"]["latestBroken"] == [
        {
            "id": broken.id,
            "name": "broken.customer.com",
            "organization": organization.name,
            "status": "error",
            "waitsFor": "operator",
            "code": "plan_lacks",
            "since": to_rfc3339(NOW - DAY),
        }
    ]
    assert status["cloudflare"]["token"] == "refused"
    assert (status["cloudflare"]["hostnamesUsed"], status["cloudflare"]["queuedRegistrations"]) == (95, 2)
    assert status["checks"]["waiting"]["lateSeconds"] == 300
    assert status["jobs"]["pending"] == {"register": 2}
    assert status["jobs"]["oldest"]["register"]["late"] is False
    assert status["backup"] == {"lastAt": to_rfc3339(NOW - 10 * DAY), "ageSeconds": 864_300, "late": True}


async def test_endpoints_in_trouble_are_listed_with_why_and_the_healthy_ones_are_not(
    app: Api, operator: Client, context: Context, organization: Organization
) -> None:
    app.services.overview.begin_serving(Serving(started_at=NOW, urls=[]))
    made = [
        (await endpoints.create(context, organization.id, url=f"https://hooks.example.com/{number}", events=["*"]))[0]
        for number in range(4)
    ]
    await context.database.write(lambda tx: _spoil(tx, [each.id for each in made]))
    status = (await operator.get("/operator/status")).json["status"]
    figures = status["endpoints"]
    assert (figures["healthy"], figures["failing"], figures["disabled"], figures["paused"]) == (2, 1, 1, 1)
    assert [(each["url"], each["state"], each["reason"], each["lastError"]) for each in figures["troubled"]] == [
        ("https://hooks.example.com/0", "failing", None, "refused"),
        ("https://hooks.example.com/1", "paused", None, None),
        ("https://hooks.example.com/2", "disabled", "gone", None),
    ]
    problem = next(each for each in status["problems"] if each["code"] == "endpoints_troubled")
    assert problem["message"] == "1 webhook fails, 1 webhook is disabled."
    assert status["needsOperator"] is False, "that is for their tenants"


async def test_the_channels_of_alerts_are_shown_where_somebody_is_told(
    app: Api, operator: Client, context: Context
) -> None:
    app.services.overview.begin_serving(Serving(started_at=NOW, urls=[]))
    config = context.config
    context.live_config.value = replace(config, alerts=replace(config.alerts, operator_mail=("ops@example.com",)))
    status = (await operator.get("/operator/status")).json["status"]
    assert status["alerts"] == [{"channel": Channel.MAIL.value, "recipients": 1, "failing": False}]


async def _say(sentence: str) -> str:
    return sentence


def _spoil(tx: Transaction, ids: list[str]) -> None:
    tx.execute(
        "UPDATE webhook_endpoints SET health = 'failing', failing_since = 1, last_error = 'refused' WHERE id = ?",
        (ids[0],),
    )
    tx.execute("UPDATE webhook_endpoints SET paused_until = ? WHERE id = ?", (NOW + HOUR, ids[1]))
    tx.execute("UPDATE webhook_endpoints SET health = 'disabled', disabled_reason = 'gone' WHERE id = ?", (ids[2],))
