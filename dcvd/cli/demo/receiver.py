"""A customer's webhook receiver, as they would write it: it verifies both signatures by itself.

Nothing here uses the daemon's own signing code, so what it accepts, a tenant's receiver accepts too.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

import structlog
from aiohttp import web
from msgspec import Struct

log = structlog.get_logger(__name__)

_PATH: Final = "/webhooks"
_TOLERANCE_S: Final = 300  # seconds; what Standard Webhooks' libraries accept
_SHUTDOWN_TIMEOUT_S: Final = 0.5


class WebhookSecrets(Struct, frozen=True):
    """Both forms of an endpoint's secret, as `POST /api/webhooks` shows them."""

    secret: str
    signing_secret: str


class ReceivedWebhook(Struct, frozen=True):
    """A webhook that arrived; `problem` says what was wrong with it, if anything was."""

    event: str
    data: Mapping[str, Any]
    problem: str | None = None


class WebhookReceiver:
    """Listens on a free port of loopback, and passes each webhook on, but only once for each id."""

    def __init__(self, on_webhook: Callable[[ReceivedWebhook], None]) -> None:
        self._on_webhook = on_webhook
        self._secrets: asyncio.Future[WebhookSecrets] = asyncio.get_running_loop().create_future()
        self._message_ids: set[str] = set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.add_routes([web.post(_PATH, self._receive)])
        self._runner = web.AppRunner(
            application, handle_signals=False, access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT_S
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self._secrets.done():
            self._secrets.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The URL to which webhooks are sent."""
        assert self._runner is not None, "it listens"
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}{_PATH}"

    @property
    def redirect_uri(self) -> str:
        """The URL to which customers come back once they have consented."""
        return f"{self.url.removesuffix(_PATH)}/connected"

    def trust(self, secrets: WebhookSecrets) -> None:
        """Set the endpoint's secrets; webhooks that came earlier wait for them."""
        self._secrets.set_result(secrets)

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        secrets = await self._secrets
        problem = find_fault(secrets, request.headers, body, time.time())
        if problem is not None:
            log.error("demo.webhook_refused", problem=problem)
            self._on_webhook(ReceivedWebhook(request.headers.get("X-DCVaaS-Event", "unnamed"), {}, problem))
            return web.Response(status=400, text=problem)
        message_id = request.headers["webhook-id"]
        if message_id not in self._message_ids:
            self._message_ids.add(message_id)
            content = json.loads(body)
            self._on_webhook(ReceivedWebhook(content["event"], content["data"]))
        return web.Response(status=204)


def find_fault(secrets: WebhookSecrets, headers: Mapping[str, str], body: bytes, now_s: float) -> str | None:
    """Find what is wrong with a webhook's signatures, or None. `now_s` is in seconds since the epoch."""
    missing = [
        name
        for name in ("X-DCVaaS-Signature", "webhook-id", "webhook-timestamp", "webhook-signature")
        if name not in headers
    ]
    if missing:
        return f"it has no header {' and no '.join(missing)}"
    if not _has_predecessor_signature(secrets.secret, headers["X-DCVaaS-Signature"], body):
        return "X-DCVaaS-Signature is not the HMAC-SHA256 of the payload"
    return _find_standard_fault(secrets.signing_secret, headers, body, now_s)


def _has_predecessor_signature(secret: str, signature: str, body: bytes) -> bool:
    """Check the predecessor's signature: `hmac-sha256(secret, JSON.stringify(payload))`, not of the bytes received."""
    try:
        payload = json.loads(body)
    except ValueError:
        return False
    encoded = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    expected = hmac.new(secret.encode(), encoded.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


def _find_standard_fault(signing_secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> str | None:
    """Verify as https://github.com/standard-webhooks/standard-webhooks says in "Verifying signatures"."""
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if not timestamp.isdecimal() or abs(now_s - int(timestamp)) > _TOLERANCE_S:
        return f"webhook-timestamp {timestamp} is not within {_TOLERANCE_S} seconds of now"
    try:
        key = base64.b64decode(signing_secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return "the signing secret is not whsec_ and base64"
    content = f"{message_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
    signatures = headers["webhook-signature"].encode().split(b" ")
    if not any(hmac.compare_digest(expected, each) for each in signatures):
        return "no part of webhook-signature is that of Standard Webhooks"
    return None
