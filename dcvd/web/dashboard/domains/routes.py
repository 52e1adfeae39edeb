"""`/dashboard/domains`: domains, and one domain."""

from typing import Final

from litestar import Router

ROUTERS: Final[tuple[Router, ...]] = ()
