"""The operator's pages, with something to look after in each."""

from typing import Final

from playwright.async_api import expect

from dcvd.core.ids import IdPrefix
from dcvd.core.jobs import Job, JobState
from dcvd.store.engine.transactions import Topic, Transaction
from dcvd.store.jobs import jobs
from tests.web.browser.place import Domain
from tests.web.browser.scenes.stage import Scene, Stage

UNREACHABLE = "http://127.0.0.1:9/hooks"


async def let_jobs_die(stage: Stage, count: int = 3, code: str = "cloudflare_unauthorized") -> list[Domain]:
    """Have as many jobs of the tenant be dead, all of one cause; their domains."""
    context, org_id = stage.place.daemon.context, stage.tenant.org_id
    domains = [await stage.tenant.add() for _ in range(count)]
    now = context.now()
    dead = [
        Job(
            id=context.new_id(IdPrefix.JOB),
            org_id=org_id,
            kind="register",
            state=JobState.DEAD,
            domain_id=domain.id,
            domain_name=domain.name,
            attempts=12,
            next_attempt_at=None,
            last_error_code=code,
            last_error="Cloudflare answered 401.",
            created_at=now,
            updated_at=now,
        )
        for domain in domains
    ]

    def unit(tx: Transaction) -> None:
        jobs.insert_all(tx, dead)
        tx.announce(Topic.EVENTS, org_id)  # as `job.dlq` does

    await context.database.write(unit)
    return domains


async def show_overview(stage: Stage) -> None:
    await stage.tenant.api.call("POST", "/api/webhooks", {"url": UNREACHABLE, "events": ["*"]})
    await let_jobs_die(stage)
    await stage.open_operator()
    await expect(stage.page.get_by_role("heading", name="Jobs that were given up, by cause")).to_be_visible()


async def show_organizations(stage: Stage) -> None:
    await stage.tenant.add()
    await stage.open_operator("/organizations")


async def show_organization(stage: Stage) -> None:
    await stage.tenant.add()
    await stage.open_operator(f"/organizations/{stage.tenant.org_id}")


async def show_created(stage: Stage) -> None:
    await stage.open_operator("/organizations")
    await stage.page.get_by_label("Name", exact=True).fill(f"Newcomers {stage.place.new_zone()}")
    await stage.page.get_by_role("button", name="Create").click()
    await expect(stage.page.get_by_role("heading", name="Its first token")).to_be_visible()


async def show_domains(stage: Stage) -> None:
    domain = await stage.tenant.add()
    await stage.place.set_dns(domain.name, "CNAME", "shops.example.")
    await stage.tenant.api.call("POST", f"/api/domains/{domain.id}/sync")
    await stage.tenant.add()
    await stage.open_operator(f"/domains?organization={stage.tenant.org_id}")


async def show_domain(stage: Stage) -> None:
    domain = await stage.tenant.add()
    await stage.open_operator(f"/domains/{domain.id}")


async def show_webhooks(stage: Stage) -> None:
    await stage.tenant.api.call("POST", "/api/webhooks", {"url": UNREACHABLE, "events": ["*"], "name": "Shop"})
    await stage.open_operator("/webhooks")


async def show_deliveries(stage: Stage) -> None:
    await stage.tenant.api.call("POST", "/api/webhooks", {"url": UNREACHABLE, "events": ["*"]})
    await stage.tenant.add()
    await stage.open_operator("/deliveries")
    await expect(stage.page.get_by_role("cell", name="domain.added").first).to_be_visible()


async def show_jobs(stage: Stage) -> None:
    await let_jobs_die(stage)
    await stage.open_operator("/jobs")
    await expect(stage.page.get_by_role("heading", name="Jobs that were given up, by cause")).to_be_visible()


async def show_events(stage: Stage) -> None:
    await stage.tenant.add()
    await stage.open_operator("/events")
    await expect(stage.page.get_by_role("cell", name="domain.added").first).to_be_visible()


async def show_connections(stage: Stage) -> None:
    await stage.open_operator("/connections")


async def show_audit(stage: Stage) -> None:
    await stage.tenant.add()
    await stage.open_operator("/audit")


async def show_sessions(stage: Stage) -> None:
    await stage.open_operator("/sessions")


async def show_acting(stage: Stage) -> None:
    await stage.open_operator()
    await stage.visitor.open(f"/dashboard/organizations/{stage.tenant.org_id}")
    await expect(stage.page.get_by_text("You act for")).to_be_visible()


async def show_link(stage: Stage) -> None:
    await stage.page.goto(await stage.place.get_operator_link())


SCENES: Final[dict[str, Scene]] = {
    "operator_link": show_link,
    "operator_overview": show_overview,
    "operator_organizations": show_organizations,
    "operator_organization": show_organization,
    "operator_created": show_created,
    "operator_domains": show_domains,
    "operator_domain": show_domain,
    "operator_webhooks": show_webhooks,
    "operator_deliveries": show_deliveries,
    "operator_jobs": show_jobs,
    "operator_events": show_events,
    "operator_connections": show_connections,
    "operator_audit": show_audit,
    "operator_sessions": show_sessions,
    "operator_acting": show_acting,
}
