"""What is late is said in a sentence, from what is stored."""

import pytest
from msgspec.structs import replace

from dcvd.core.instants import HOUR, MINUTE
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.figures import read_figures
from dcvd.services.system.lateness import find_late_checks, find_late_deliveries, find_late_jobs
from dcvd.services.webhooks import endpoints
from tests.manual_clock import ManualClock


async def test_checks_jobs_and_deliveries_are_late_after_a_while(
    context: Context, org: str, clock: ManualClock
) -> None:
    await endpoints.create(context, org, url="https://hooks.example.com/", events=["*"])
    await additions.add(context, org, "app.customer.com")

    async def find_late() -> tuple[str | None, str | None, str | None]:
        figures = await read_figures(context)
        return find_late_checks(figures), find_late_jobs(figures, context.config), find_late_deliveries(figures)

    clock.advance(MINUTE)
    assert await find_late() == (None, None, None)
    clock.advance(HOUR)
    checks, jobs, deliveries = await find_late()
    assert checks is not None
    assert checks.startswith("Checks of domains have been due in the lane waiting for 1 h: ")
    assert jobs == "Jobs have been due: register for 1 h."
    assert deliveries == "A delivery to a healthy endpoint has been due for 1 h."


@pytest.mark.parametrize(("per_minute", "is_late"), [(15, True), (1, False)])
async def test_registrations_may_wait_for_the_pace_of_cloudflare(
    context: Context, org: str, clock: ManualClock, per_minute: int, is_late: bool
) -> None:
    config = context.config
    cloudflare = replace(config.cloudflare, certificates_per_minute=per_minute)
    for number in range(30):
        await additions.add(context, org, f"n{number}.customer.com")
    clock.advance(20 * MINUTE)
    found = find_late_jobs(await read_figures(context), replace(config, cloudflare=cloudflare))
    assert (found is not None) is is_late
