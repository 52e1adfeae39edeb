"""`/dashboard/webhooks`: endpoints, deliveries and their attempts."""

from typing import Final

from litestar import Router

ROUTERS: Final[tuple[Router, ...]] = ()
