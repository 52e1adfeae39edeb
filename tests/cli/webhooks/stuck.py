"""Deliveries of which one waits for the other, in the file itself: no command makes an endpoint."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final
from uuid import uuid4

from msgspec import Struct

from dcvd.api.operators.view import OrganizationView
from dcvd.core.ids import IdPrefix, new_id
from dcvd.core.instants import DAY
from tests.cli.processes import House

URL: Final = "https://127.0.0.1/"
_BODY: Final = b'{"event":"domain.added","timestamp":"2026-01-15T10:30:00Z","data":{"domain_name":"app.customer.com"}}'


class Stuck(Struct):
    """An organization with an endpoint, and two deliveries about one domain of which the second waits."""

    organization: OrganizationView
    webhook_id: str
    domain_id: str
    first_id: str
    second_id: str


def make_id(prefix: IdPrefix, now: int) -> str:
    return new_id(prefix, now, os.urandom)


def add_organization(house: House) -> OrganizationView:
    name = f"Acme {uuid4().hex[:8]}"
    return house.given(lambda operations: operations.create_organization(name))


@contextmanager
def stuck_deliveries(house: House) -> Iterator[Stuck]:
    """At an endpoint without a secret, which is removed at the end."""
    organization, now = add_organization(house), time.time_ns() // 1_000_000
    webhook_id = make_id(IdPrefix.ENDPOINT, now)
    with closing(sqlite3.connect(house.database, timeout=30)) as connection, connection:
        connection.execute(
            "INSERT INTO webhook_endpoints (id, org_id, url, events, created_at, updated_at)"
            " VALUES (?, ?, ?, '[\"domain.added\"]', ?, ?)",
            (webhook_id, organization.id, URL, now, now),
        )
    stuck = add_deliveries(house, organization, webhook_id)
    try:
        yield stuck
    finally:
        with closing(sqlite3.connect(house.database, timeout=30)) as connection, connection:
            # The daemon that other tests use has nothing more to send.
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("DELETE FROM webhook_endpoints WHERE id = ?", (webhook_id,))


def add_deliveries(house: House, organization: OrganizationView, webhook_id: str, *, state: str = "pending") -> Stuck:
    """Two deliveries; nothing of them is due before tomorrow."""
    now = time.time_ns() // 1_000_000
    domain_id = make_id(IdPrefix.DOMAIN, now)
    delivery_ids = [make_id(IdPrefix.DELIVERY, now - 2 + number) for number in (0, 1)]
    with closing(sqlite3.connect(house.database, timeout=30)) as connection, connection:
        for number, delivery_id in enumerate(delivery_ids, 1):
            event_id = make_id(IdPrefix.EVENT, now + number)
            connection.execute(
                "INSERT INTO events (id, org_id, sequence, type, domain_id, body, created_at)"
                " VALUES (?, ?, ?, 'domain.added', ?, ?, ?)",
                (event_id, organization.id, number, domain_id, _BODY, now),
            )
            connection.execute(
                "INSERT INTO deliveries (id, org_id, endpoint_id, event_id, event_type, domain_id, sequence, state,"
                " next_attempt_at, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, 'domain.added', ?, ?, ?, ?, ?, ?)",
                (
                    *(delivery_id, organization.id, webhook_id, event_id, domain_id, number, state),
                    *(now + DAY if number == 1 and state == "pending" else None, now, now),
                ),
            )
        connection.execute("UPDATE organizations SET last_sequence = 2 WHERE id = ?", (organization.id,))
    return Stuck(organization, webhook_id, domain_id, *delivery_ids)
