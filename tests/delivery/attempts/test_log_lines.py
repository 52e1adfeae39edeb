"""The log lines of attempts, as the level of the log is now."""

import structlog

from dcvd.services.context import Context
from tests.delivery.conftest import at_work
from tests.delivery.owing import happen
from tests.delivery.views import attempted


async def test_a_success_has_a_line_from_the_moment_on_at_which_all_is_to_be_logged(
    context: Context, org: str, endpoint: str
) -> None:
    async with at_work(context):
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("info"))
        with structlog.testing.capture_logs() as logs:
            await happen(context, org)
            await attempted(context, 1)
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("debug"))
            made = 1
            while not any(line["event"] == "delivery.delivered" for line in logs):
                made += 1
                await happen(context, org)
                await attempted(context, made)
    (line, *_) = [line for line in logs if line["event"] == "delivery.delivered"]
    assert line["endpoint_id"] == endpoint
