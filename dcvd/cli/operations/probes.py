"""Probes of the proxy in front, by calls of the API."""

from dcvd.api.operators.probe_view import ProbeAnswer
from dcvd.cli.operations.api_client import ApiClient
from dcvd.core.http.arrivals import Arrival


class ProbeOperations(ApiClient):
    """Asks what arrives at the daemon of a request that is sent to its public URL."""

    async def begin_probe(self) -> str:
        """Get a code for one request."""
        return (await self.call("POST", "/operator/probes", ProbeAnswer)).probe.code

    async def find_arrival(self, code: str) -> Arrival | None:
        return (await self.call("GET", f"/operator/probes/{code}", ProbeAnswer)).probe.arrival
