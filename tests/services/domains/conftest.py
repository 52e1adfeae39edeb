"""A ward, and the hostnames that others have in its zone."""

import pytest

from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.kit.clock import SystemClock
from dcvd.sandbox import Sandbox
from dcvd.services.context import Context
from tests.conftest import VAULT
from tests.jobs.ward import Ward
from tests.manual_clock import ManualClock
from tests.services.domains.imports import Theirs


@pytest.fixture
async def ward(sandbox_context: Context, cloudflare: CloudflareClient, quick_sandbox: Sandbox, org: str) -> Ward:
    clock = ManualClock(SystemClock().now())
    context = Context(
        sandbox_context.database, sandbox_context.live_config, vault=VAULT, clock=clock, random_fraction=lambda: 0.0
    )
    return Ward(context, cloudflare, quick_sandbox, clock, org)


@pytest.fixture
def theirs(ward: Ward) -> Theirs:
    return Theirs(ward)
