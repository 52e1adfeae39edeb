"""Probes of the proxy as JSON."""

from msgspec import Struct

from dcvd.core.http.arrivals import Arrival


class ProbeView(Struct, frozen=True):
    """A code for the header X-DCVD-Probe of one request, and what arrived with it, if anything has."""

    code: str
    arrival: Arrival | None


class ProbeAnswer(Struct, frozen=True):
    probe: ProbeView
