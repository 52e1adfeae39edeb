"""`/dashboard/tokens`: tokens and sessions."""

from typing import Final

from litestar import Router

ROUTERS: Final[tuple[Router, ...]] = ()
