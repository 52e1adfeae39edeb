"""A mail server, and the loop that sends to it, in a context of a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from msgspec.structs import replace

from dcvd.alerts import AlertLoop
from dcvd.config import AlertsConfig, Config
from dcvd.config.sections import ServerConfig
from dcvd.core.alerts.contacts import Contact
from dcvd.core.alerts.messages import Message
from dcvd.core.events import EventData, EventDraft, EventType
from dcvd.messaging.chat import ChatSender
from dcvd.metrics import Metrics
from dcvd.services.alerts import contacts
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.store.alerts import contacts as stored_contacts
from dcvd.store.alerts import messages
from tests.messaging.mail_server import MailServer
from tests.stored_events import MADE_UP

PUBLIC_URL = "https://dcv.example.net"


def configure(context: Context, server: MailServer, *, mail: dict[str, Any] | None = None, **alerts: Any) -> None:
    """Have a context use a mail server; what happens is told at once unless a test says otherwise."""
    config: Config = context.live_config.value
    context.live_config.value = replace(
        config,
        mail=server.build_config(**(mail or {})),
        alerts=AlertsConfig(**{"gather": 0, **alerts}),
        server=replace(config.server, public_url=PUBLIC_URL)
        if config.server != ServerConfig()
        else ServerConfig(public_url=PUBLIC_URL),
    )


@asynccontextmanager
async def sending(context: Context, *, chat: ChatSender | None = None) -> AsyncIterator[tuple[AlertLoop, Metrics]]:
    """Run the loop until the block ends, without its long pauses."""
    metrics = Metrics()
    loop = AlertLoop(context, metrics, chat=chat, first_pause_s=0.02, cool_down_s=0.02)
    running = asyncio.create_task(loop.run(), name="alerts")
    try:
        yield loop, metrics
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await loop.pool.drain(1)


async def add_active(context: Context, org_id: str, address: str = "person@example.com", **values: Any) -> Contact:
    """A contact who has agreed."""
    contact = await contacts.add(context, org_id, address=address, **values)

    def agree(tx: Any) -> None:
        stored_contacts.confirm(tx, contact.id, context.now())
        messages.drop_of_contact(tx, contact.id, "agreed", context.now())

    await context.database.write(agree)
    return await contacts.get(context, org_id, contact.id)


async def record(context: Context, org_id: str, *drafts: EventDraft) -> None:
    """Record events as whatever causes them does."""
    # Marked, because only those members matter of which alerts are made.
    marked = [replace(draft, data=draft.data | {MADE_UP: True}) for draft in drafts]
    await context.database.write(lambda tx: recording.record(context, tx, org_id, marked))


async def list_messages(context: Context) -> list[Message]:
    """All messages, in the order in which they were made."""
    rows = await context.database.read(
        lambda snapshot: snapshot.fetch_column("SELECT id FROM alert_messages WHERE id > '' ORDER BY id")
    )
    found = await context.database.read(lambda snapshot: [messages.get(snapshot, row) for row in rows])
    return [each for each in found if each is not None]


def broken(name: str, code: str = "hostname_moved") -> EventDraft:
    """A domain that was active is in error."""
    data: EventData = {
        "domain_id": f"dom_{name}",
        "domain_name": name,
        "status": "error",
        "expires_at": "2027-03-01T00:00:00Z",
        "error": {"code": code, "message": f"The hostname {name} was moved."},
        "findings": [],
    }
    return EventDraft(EventType.DOMAIN_ERROR, data)


def failing(endpoint_id: str = "wh_1", url: str = "https://hooks.example/secret-path?key=s3cret") -> EventDraft:
    """An endpoint fails."""
    data: EventData = {
        "endpoint_id": endpoint_id,
        "url": url,
        "failed_attempts": 5,
        "failing_since": None,
        "error": "connection refused",
        "status_code": None,
    }
    return EventDraft(EventType.ENDPOINT_FAILING, data)
