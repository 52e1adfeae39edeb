"""Answers that are remembered under an idempotency key, so that a repeated request does nothing again.

The answer is built and stored in the transaction that does what was asked for. So either both are on disk or neither
is, whatever ends the process in between, and nothing has to be cleared up. A refusal did nothing and is not remembered:
a repeat is judged afresh.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import msgspec
from msgspec import Struct

from dcvd.core.http.idempotency import KEY_LIFETIME_MS, fingerprint
from dcvd.core.organizations.quotas import Quota
from dcvd.errors import Conflict, DcvdError
from dcvd.services.context import Context
from dcvd.services.organizations import quotas
from dcvd.store import idempotency
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.idempotency import RememberedAnswer
from dcvd.store.vault.sealed_columns import ANSWERS

R = TypeVar("R")


class Answer(Struct, frozen=True):
    """An answer as it is sent; `body` is JSON."""

    status: int
    headers: dict[str, str]
    body: str


class RepeatableRequest(Struct, frozen=True, kw_only=True):
    """A request with an idempotency key. `fingerprint`: of everything in it that must be the same in a repeat."""

    org_id: str
    key: str
    fingerprint: str

    @property
    def answer_id(self) -> str:
        """The id under which its answer is stored."""
        return fingerprint(self.org_id.encode(), self.key.encode())


class _AnsweredBefore(DcvdError):
    """The request has been answered already; raised in a transaction, so that it does nothing again."""

    def __init__(self, answer: RememberedAnswer) -> None:
        super().__init__("This request has been answered already.")
        self.answer = answer


def known_since(context: Context) -> int:
    """Return since when keys are known. By a time that nothing confirms none has ended: nothing is done twice."""
    now = context.confirmed_now()
    return 0 if now is None else now - KEY_LIFETIME_MS


async def answer_once(
    context: Context,
    request: RepeatableRequest,
    use_case: Callable[[Context], Awaitable[R]],
    to_answer: Callable[[R], Answer],
) -> Answer:
    """Run a use case and return its answer; or that of the first such request, if there was one.

    `to_answer` runs inside the transaction. Raises Conflict where the key was used for another request, QuotaReached
    where no more may be remembered, and what the use case raises.
    """
    kept: list[Answer] = []

    def find(snapshot: Snapshot) -> RememberedAnswer | None:
        return idempotency.find(snapshot, request.answer_id, since=known_since(context))

    def check(tx: Transaction) -> None:
        # The request before may have been stored since this one began: its client may have left without an answer.
        answer = find(tx)
        if answer is not None:
            raise _AnsweredBefore(answer)

    def keep(tx: Transaction, result: object) -> None:
        for quota in (Quota.REMEMBERED_LINES, Quota.REMEMBERED_BYTES):
            quotas.require_room(context, tx, request.org_id, quota)
        answer = to_answer(cast(R, result))
        kept.append(answer)
        idempotency.insert(tx, request.org_id, _seal(context, request, answer), context.now())

    earlier = await context.database.read(find)
    if earlier is not None:
        return _unseal(context, request, earlier)
    try:
        await use_case(context.for_repeatable_request(check, keep))
    except _AnsweredBefore as error:
        return _unseal(context, request, error.answer)
    assert kept, "a use case of a request with an idempotency key remembers its result"
    return kept[-1]


def _seal(context: Context, request: RepeatableRequest, answer: Answer) -> RememberedAnswer:
    answer_id = request.answer_id
    sealed_answer = context.vault.seal(
        msgspec.json.encode(answer), org=request.org_id, row=answer_id, field=ANSWERS.field
    )
    return RememberedAnswer(id=answer_id, fingerprint=request.fingerprint, sealed_answer=sealed_answer)


def _unseal(context: Context, request: RepeatableRequest, remembered: RememberedAnswer) -> Answer:
    """Return a remembered answer. Raises Conflict where it answers another request."""
    if remembered.fingerprint != request.fingerprint:
        raise Conflict(
            "This Idempotency-Key was used for another request, or by another token: take a new key for a new request.",
            code="idempotency_key_reused",
        )
    text = context.vault.open(
        remembered.sealed_answer, org=request.org_id, row=remembered.id, field=ANSWERS.field
    ).reveal()
    return msgspec.json.decode(text, type=Answer)
