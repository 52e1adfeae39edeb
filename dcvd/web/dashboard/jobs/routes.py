"""`/dashboard/jobs`: jobs."""

from typing import Final

from litestar import Router

ROUTERS: Final[tuple[Router, ...]] = ()
