"""Check a domain at once, because somebody waits for the answer."""

import asyncio
from contextlib import AbstractContextManager
from typing import Final, Literal, Protocol

import structlog

from dcvd.core.domains.domain import Domain
from dcvd.core.timeline import SYNC_ACTOR
from dcvd.errors import RemoteError, TooManyRequests
from dcvd.services import timeline
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks

log = structlog.get_logger(__name__)

TIMEOUT_S: Final = 5.0
"""Seconds that a caller waits for a fresh check, which may have to wait for Cloudflare."""

CheckRequest = Literal["sync", "diagnosis"]
"""What a caller asked for, as a timeline names it."""

_UNFINISHED_EVENTS: Final[dict[CheckRequest, str]] = {
    "sync": "api.sync_unfinished",
    "diagnosis": "api.refresh_unfinished",
}


class OnDemandChecker(Protocol):
    """Checks a domain now, without waiting until it is due."""

    async def check(
        self,
        domain: Domain,
        *,
        is_thorough: bool = False,
        actor: str = SYNC_ACTOR,
        request_id: str | None = None,
    ) -> Domain | None:
        """Check DNS and Cloudflare and store the result; None if the domain was removed meanwhile.

        is_thorough: ask DNS every question, also when the record is right. actor: who asked for the check, see
        `core.timeline`. request_id: by which HTTP request.

        Raises Retryable when neither could be asked. It may be cancelled at any await.
        """


class OnDemandChecks:
    """Has domains checked while their callers wait."""

    def __init__(self, context: Context, checker: OnDemandChecker, *, timeout_s: float = TIMEOUT_S) -> None:
        self._context = context
        self._checker = checker
        self._timeout_s = timeout_s

    async def check(
        self,
        domain: Domain,
        admission: AbstractContextManager[None],
        *,
        request: CheckRequest,
        actor: str,
        request_id: str | None = None,
        is_thorough: bool = False,
    ) -> bool:
        """Whether a fresh check was made and stored in time; `admission` is held meanwhile, and may refuse."""
        try:
            with admission:
                await timeline.store_request(self._context, domain, actor=actor, what=request)
                async with asyncio.timeout(self._timeout_s):
                    await self._checker.check(domain, is_thorough=is_thorough, actor=actor, request_id=request_id)
        except (TimeoutError, RemoteError, TooManyRequests) as error:
            if isinstance(error, TimeoutError):
                # The caller is promised that the check will be made: this makes the domain due now.
                await checks.check_now(self._context, domain.id)
            log.info(_UNFINISHED_EVENTS[request], domain_id=domain.id, error=str(error) or type(error).__name__)
            return False
        return True
