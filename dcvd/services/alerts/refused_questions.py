"""Let whoever has an address end the questions to it, by a link that is in each of them.

The link outlives the contact that was asked: whoever added it may remove it at once, and add it again.
"""

import base64
import binascii

import structlog
from msgspec import Struct

from dcvd.core.secret import Secret
from dcvd.kit.vault.sealing import VaultError
from dcvd.services.context import Context
from dcvd.store.alerts import refused_questions

log = structlog.get_logger(__name__)

_FIELD = "refused_questions.token"
"""The token is the sealed address, so nothing has to be stored for it."""


class QuestionedAddress(Struct, frozen=True):
    """An address that was asked, and whether it wants no more questions."""

    address: str
    is_refused: bool


def mint_token(context: Context, address: str) -> Secret:
    """Return a token by which the questions to an address are ended and allowed."""
    sealed = context.vault.seal(Secret(address), org="", row="", field=_FIELD)
    return Secret(base64.urlsafe_b64encode(sealed).decode().rstrip("="))


async def find(context: Context, token: str) -> QuestionedAddress | None:
    """Find the address that a token is for; None where the token was not made here, or its key is gone."""
    address = _open_token(context, token)
    if address is None:
        return None
    is_refused = await context.database.read(lambda snapshot: refused_questions.has(snapshot, address))
    return QuestionedAddress(address, is_refused)


async def refuse(context: Context, token: str) -> QuestionedAddress | None:
    """End the questions to the address that a token is for; None as for `find`."""
    known = await find(context, token)
    if known is None or known.is_refused:
        return known
    await context.database.write(lambda tx: refused_questions.insert(tx, known.address, context.now()))
    log.info("alerts.questions_refused")
    return QuestionedAddress(known.address, is_refused=True)


async def allow(context: Context, token: str) -> QuestionedAddress | None:
    """Allow questions to the address that a token is for; None as for `find`."""
    known = await find(context, token)
    if known is None or not known.is_refused:
        return known
    await context.database.write(lambda tx: refused_questions.delete(tx, known.address))
    log.info("alerts.questions_allowed")
    return QuestionedAddress(known.address, is_refused=False)


def _open_token(context: Context, token: str) -> str | None:
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        return context.vault.open(sealed, org="", row="", field=_FIELD).reveal()
    except (VaultError, binascii.Error, ValueError):
        return None
