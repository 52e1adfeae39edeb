"""`/health`: whether requests are accepted."""

from typing import Literal

from litestar import get
from msgspec import Struct

from dcvd import __version__


class HealthAnswer(Struct, frozen=True):
    status: Literal["ok"]
    version: str


@get("/health", summary="Is it there?", tags=["Health"], security=[{}])
async def health() -> HealthAnswer:
    """Without authentication; it asks neither the database nor Cloudflare."""
    return HealthAnswer("ok", __version__)
