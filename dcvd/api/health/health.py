"""`/health`: whether the daemon accepts requests."""

from typing import Literal

from litestar import get
from msgspec import Struct

from dcvd import __version__


class HealthAnswer(Struct, frozen=True):
    status: Literal["ok"]
    version: str


@get("/health", summary="Is it there?", tags=["Health"], security=[{}])
async def get_health() -> HealthAnswer:
    """Answer as soon as requests are accepted. This needs no authentication, and asks no database and no Cloudflare."""
    return HealthAnswer("ok", __version__)
