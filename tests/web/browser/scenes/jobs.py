"""The dashboard's pages of jobs."""

from typing import Final

from playwright.async_api import expect

from dcvd.core.jobs import NO_PAYLOAD
from dcvd.errors import Permanent
from dcvd.services.jobs import queue
from dcvd.services.lifecycle.remedy_jobs import REVALIDATE
from dcvd.store.engine.transactions import Transaction
from tests.web.browser.scenes.stage import Scene, Stage

_REFUSED: Final = Permanent(
    "Cloudflare refuses dcvd's API token: 403, Authentication error.", code="cloudflare_refused"
)
_TAKEN: Final = Permanent("Cloudflare refuses the name: 1406, Duplicate custom hostname found.", code="hostname_taken")


async def fail_jobs(stage: Stage) -> None:
    """Make jobs that are given up before anybody works at them."""
    context, org_id = stage.place.daemon.context, stage.tenant.org_id

    def unit(tx: Transaction) -> None:
        for number, failure in enumerate((_REFUSED, _REFUSED, _TAKEN)):
            name = f"shop{number}.customer.example"
            job = queue.enqueue(context, tx, REVALIDATE, NO_PAYLOAD, org_id=org_id, domain_name=name)
            queue.record_failure(context, tx, job, failure)

    await context.database.write(unit)


async def show_jobs(stage: Stage) -> None:
    await stage.tenant.add()
    await stage.open_dashboard("/jobs")
    await fail_jobs(stage)
    await expect(stage.page.get_by_role("link", name="2 jobs")).to_be_visible()


async def show_job(stage: Stage) -> None:
    await show_jobs(stage)
    await stage.page.get_by_role("link", name="1 job hostname_taken").click()
    await stage.page.locator("tbody").get_by_role("link", name="New validation at Cloudflare").click()
    await expect(stage.page.get_by_role("button", name="Try again")).to_be_visible()


SCENES: Final[dict[str, Scene]] = {"jobs": show_jobs, "job": show_job}
