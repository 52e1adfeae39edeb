"""Make the links by which operators sign in, and find one that may be used."""

from msgspec import Struct

from dcvd.core.audit import AuditAction
from dcvd.core.instants import to_rfc3339
from dcvd.core.operators import ProcessUser
from dcvd.core.secret import Secret
from dcvd.core.sign_in_links import (
    LIFETIME_MS,
    MAX_LINKS_OF_OPERATOR,
    SignInLink,
    build_sign_in_url,
    is_sign_in_code,
    mint_sign_in_code,
)
from dcvd.core.tokens.token import hash_token
from dcvd.errors import NotConfigured
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.store import sign_in_links
from dcvd.store.engine.transactions import Transaction


class NewSignInLink(Struct, frozen=True):
    """A new link with its URL, which its operator gets, and nobody else."""

    link: SignInLink
    url: Secret


async def create_link(context: Context) -> NewSignInLink:
    """Make a link for the caller, an operator or observer at the unix socket.

    Raises NotConfigured where nobody has said under which URL dcvd is reached.
    """
    caller, now = context.caller, context.now()
    public_url = context.config.server.public_url
    if not public_url:
        raise NotConfigured(
            "The dashboard is reached by the URL that the operator sets as server.public_url, and it is not set.",
            code="public_url_missing",
        )
    assert caller.gid is not None, "only who calls at the socket makes links"
    link = SignInLink(
        operator=ProcessUser(uid=int(caller.id), gid=caller.gid), created_at=now, expires_at=now + LIFETIME_MS
    )
    code = mint_sign_in_code(context.random_bytes)

    def unit(tx: Transaction) -> NewSignInLink:
        sign_in_links.delete_beyond(tx, link.operator.uid, MAX_LINKS_OF_OPERATOR - 1)
        sign_in_links.insert(tx, link, hash_token(code.reveal()))
        after = {"uid": link.operator.uid, "expiresAt": to_rfc3339(link.expires_at)}
        audit.record(context, tx, None, AuditAction.SIGN_IN_LINK_CREATED, None, after=after)
        return NewSignInLink(link, Secret(build_sign_in_url(public_url, code)))

    return await context.database.write(unit)


async def find_link(context: Context, code: str) -> SignInLink | None:
    """Find the link with this code; None where it is used, too old, or none at all."""
    if not is_sign_in_code(code):
        return None
    code_hash = hash_token(code)
    link = await context.database.read(lambda snapshot: sign_in_links.find_by_hash(snapshot, code_hash))
    return link if link is not None and link.is_in_force(context.now()) else None
