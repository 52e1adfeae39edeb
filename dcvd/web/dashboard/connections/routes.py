"""`/dashboard/connections`: connections to DNS providers."""

from typing import Final

from litestar import Router

ROUTERS: Final[tuple[Router, ...]] = ()
