"""Deliveries that a tenant asks for and waits for: tests and conformance probes, apart from the pool and its turns."""

import asyncio
from typing import Final

from msgspec.structs import replace

from dcvd.core.webhooks import conformance
from dcvd.core.webhooks.conformance import ProbeKind, Report
from dcvd.core.webhooks.deliveries import Attempt, Delivery
from dcvd.core.webhooks.endpoint import signing_secrets
from dcvd.delivery.attempt import attempt, send
from dcvd.errors import Retryable
from dcvd.kit.egress import Egress
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoint_tests, endpoints
from dcvd.services.webhooks.endpoint_tests import Probe
from dcvd.store.webhooks.attempts import MadeAttempt

_AT_ONCE: Final = 8
_OF_ONE_ORG: Final = 2
_PATIENCE: Final = 5.0


class Prober:
    """At most a few at once, of which each organization has its share: whoever asks for more is told to come again."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._egress = Egress(endpoints.egress_policy(context), connections=_AT_ONCE)
        self._busy: list[str] = []

    async def start(self) -> None:
        """Open the outgoing connections."""
        await self._egress.start()

    async def close(self) -> None:
        """Close the outgoing connections."""
        await self._egress.close()

    async def test(self, org_id: str, endpoint_id: str) -> tuple[Delivery, MadeAttempt]:
        """Send `webhook.test` to an endpoint now. Raises NotFound, Retryable when too many tests are under way."""
        self._enter(org_id)
        try:
            text = "This is a test. Nothing happened."
            probe = await endpoint_tests.begin(self._context, org_id, endpoint_id, text)
            made = await self._attempt(probe)
            # Whoever asked may be gone by now; what was sent is stored all the same.
            storing = asyncio.create_task(endpoint_tests.end(self._context, probe, made), name="delivery.test")
            try:
                return await asyncio.shield(storing)
            except asyncio.CancelledError:
                await asyncio.wait([storing])
                raise
        finally:
            self._busy.remove(org_id)

    async def conformance(self, org_id: str, endpoint_id: str) -> Report:
        """Send good, repeated, forged and stale deliveries, one after the other, and judge what comes back.

        Raises as `test` does. Nothing of it is kept but the event that the good one tells.
        """
        self._enter(org_id)
        try:
            text = "This tests whether deliveries are verified. Nothing happened."
            probe = await endpoint_tests.begin(self._context, org_id, endpoint_id, text)
            forged, stale = (endpoint_tests.imitation(self._context, probe, text) for _ in range(2))
            now = self._context.now()
            requests = conformance.probes(
                signing_secrets(probe.opened.secrets, now),
                probe.event,
                forged,
                stale,
                now=now,
                random=self._context.random_bytes,
            )
            results: dict[ProbeKind, Attempt] = {}
            for request in requests:
                due = replace(probe.due, body=request.body)
                results[request.kind] = await send(
                    self._egress, probe.opened, due, request.headers, started=now, timeout=self._timeout
                )
            return conformance.judge(results)
        finally:
            self._busy.remove(org_id)

    @property
    def _timeout(self) -> float:
        return self._context.config.webhooks.timeout / 1000

    def _enter(self, org_id: str) -> None:
        if len(self._busy) >= _AT_ONCE or self._busy.count(org_id) >= _OF_ONE_ORG:
            message = "Other tests of webhooks are under way; ask again in a few seconds."
            raise Retryable(message, code="too_many_tests", retry_after=_PATIENCE)
        self._busy.append(org_id)

    async def _attempt(self, probe: Probe) -> Attempt:
        return await attempt(self._egress, probe.opened, probe.due, clock=self._context.clock, timeout=self._timeout)
