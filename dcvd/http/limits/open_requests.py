"""The requests that are under way, so that each ends with the rights with which it was made."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from dcvd.core.callers import Caller
from dcvd.services.context import Context
from dcvd.services.rights_changes import parse_announcement
from dcvd.store.engine.transactions import Topic

OPEN_REQUEST: Final = "dcvd.open_request"
"""The key in the scope's state of the request's `OpenRequest`."""


class OpenRequest:
    """A request that is under way.

    has_lost_rights: whether the caller's rights ended or changed, and the request's task was cancelled for it.
    has_expired: whether that was because their time was over.
    """

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.has_lost_rights = False
        self.has_expired = False
        self._task = asyncio.current_task()
        self._bearer_ids: frozenset[str] | None = None
        self._expiry_timer: asyncio.TimerHandle | None = None
        self._changed_ids: set[str] = set()
        self._may_go_on: Callable[[], bool] = lambda: True

    def admit(self, caller: Caller, now: int) -> bool:
        """Tie the request to the token, link or session that it was made with, which was read since it began.

        Returns False where the caller's rights have changed meanwhile, so that they have to be read again.
        """
        if not caller.bearer_ids.isdisjoint(self._changed_ids):
            self._changed_ids.clear()
            return False
        self._bearer_ids = caller.bearer_ids
        self._changed_ids.clear()
        # Whoever was found in memory may be asked for once more by the route.
        self._stop_waiting()
        if caller.ends_at is not None:
            delay_s = (caller.ends_at - now) / 1000
            self._expiry_timer = asyncio.get_running_loop().call_later(delay_s, self._expire)
        return True

    def admit_operator(self, may_go_on: Callable[[], bool]) -> None:
        """Tie the request to the rights of a user of this machine. may_go_on: whether they still have them."""
        self._may_go_on = may_go_on

    def check_operator(self) -> None:
        """Learn that the rights of operators may have changed."""
        if not self._may_go_on():
            self._end()

    def note_change(self, bearer_id: str) -> None:
        """Learn that the rights of a token, link or session have changed."""
        if self._bearer_ids is None:
            self._changed_ids.add(bearer_id)
        elif bearer_id in self._bearer_ids:
            self._end()

    def _expire(self) -> None:
        self.has_expired = True
        self._end()

    def _end(self) -> None:
        """Cancel the request's task."""
        if not self.has_lost_rights and self._task is not None:
            self.has_lost_rights = True
            self._task.cancel()

    def accept_cancellation(self) -> bool:
        """Whether the task was cancelled for the lost rights alone, so that it may go on and answer that."""
        return self.has_lost_rights and self._task is not None and self._task.uncancel() == 0

    def close(self) -> None:
        """Stop waiting for the expiry."""
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._expiry_timer is not None:
            self._expiry_timer.cancel()
            self._expiry_timer = None


class OpenRequests:
    """All requests that are under way; built once.

    Whoever ends or changes a bearer's rights is answered only after the requests of that bearer have been cancelled,
    except the one that did it, which gets its answer.
    """

    def __init__(self, context: Context) -> None:
        self._requests: set[OpenRequest] = set()
        context.database.subscribe(Topic.RIGHTS, self._on_change)

    def __len__(self) -> int:
        """Return how many requests are under way."""
        return len(self._requests)

    @contextmanager
    def enter(self, request_id: str) -> Iterator[OpenRequest]:
        """Count the request of the running task as under way as long as the block lasts."""
        request = OpenRequest(request_id)
        self._requests.add(request)
        try:
            yield request
        finally:
            self._requests.discard(request)
            request.close()

    def check_operators(self) -> None:
        """End the requests of those who are operators or observers no more."""
        for request in list(self._requests):
            request.check_operator()

    def _on_change(self, key: str) -> None:
        bearer_id, by_request_id = parse_announcement(key)
        for request in list(self._requests):
            if request.request_id != by_request_id:
                request.note_change(bearer_id)
