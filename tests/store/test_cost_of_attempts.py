"""What follows from an attempt is found by indexes, also in a trigger, whose steps no plan of a statement shows."""

import random
from contextlib import closing
from typing import Any, cast

from dcvd.config import Config, Live
from dcvd.core.events import EventType
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.webhooks.deliveries import record_attempts, record_successes
from tests.conftest import VAULT
from tests.manual_clock import ManualClock
from tests.services.memory import MemoryDatabase, run
from tests.services.webhooks.attempts import delivered, due, failed, happen, states, subscribed
from tests.sqlite_steps import count_steps

_ATTEMPTS = 8


def _count_steps(config: Config, others: int) -> int:
    """The steps that attempts take to be stored, beside so many other deliveries: some owed, some tried in vain."""
    with closing(MemoryDatabase()) as database:
        context = Context(
            cast("Any", database),
            Live(config),
            vault=VAULT,
            clock=ManualClock(1_800_000_000_000),
            random_bytes=random.Random(7).randbytes,
            random_fraction=lambda: 0.0,
        )
        org = run(organizations.create(context, "Acme"))
        endpoint = run(subscribed(context, org.id))
        for number in range(_ATTEMPTS + others):
            for kind in (EventType.DOMAIN_ADDED, EventType.DOMAIN_ACTIVE):
                run(happen(context, org.id, kind, domain=f"dom_{number}"))
        ready = run(due(context, endpoint))
        run(record_attempts(context, [failed(endpoint, one) for one in ready[_ATTEMPTS::2]]))
        made = [delivered(endpoint, one) for one in ready[:_ATTEMPTS]]
        steps = count_steps(database.connection, lambda: run(record_successes(context, made)))
        assert run(states(context, endpoint))[: 2 * _ATTEMPTS] == ["delivered", "pending"] * _ATTEMPTS
        successors = [one for one in run(due(context, endpoint)) if one.domain_id in {f"dom_{n}" for n in range(8)}]
        assert len(successors) == _ATTEMPTS
        return steps


def test_beside_ten_times_as_many_deliveries_attempts_are_stored_in_as_many_steps(config: Config) -> None:
    few, many = _count_steps(config, 20), _count_steps(config, 200)
    assert many < 1.1 * few, (few, many)
