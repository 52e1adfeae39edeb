"""`/operator/probes`: what arrives here of a request that the operator sends through the proxy in front."""

from typing import Final

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from dcvd.api.operators.probe_view import ProbeAnswer, ProbeView
from dcvd.http.request import ApiRequest


@post("/probes", summary="Begin a probe of the proxy", status_code=201)
async def begin_probe(request: ApiRequest) -> ProbeAnswer:
    """Make a code, which is good for one request within a minute."""
    return ProbeAnswer(ProbeView(request.services.probes.begin(), None))


@get("/probes/{code:str}", summary="Show what arrived of a probe")
async def show_probe(request: ApiRequest, code: FromPath[str]) -> ProbeAnswer:
    """Show the connection, and the headers that a proxy writes, of the first request over TCP with this code."""
    return ProbeAnswer(ProbeView(code, request.services.probes.find(code)))


HANDLERS: Final[list[HTTPRouteHandler]] = [begin_probe, show_probe]
