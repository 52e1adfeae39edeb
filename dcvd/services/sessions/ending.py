"""End sessions, which ends what their browsers have under way."""

from dcvd.core.operators import OperatorRights
from dcvd.core.sentences.wording import word
from dcvd.core.sessions import Session, find_holder
from dcvd.core.tokens.token import has_rank, say_role
from dcvd.errors import Forbidden
from dcvd.services.context import Context
from dcvd.services.rights_changes import announce_change
from dcvd.services.sessions.rules import build_unknown_error, end, get_visible, list_visible
from dcvd.store import sessions
from dcvd.store.engine.transactions import Snapshot, Transaction


async def end_one(context: Context, org_id: str | None, session_id: str) -> None:
    """End a session at once, also in requests that are under way. org_id: None for an operator's.

    Raises NotFound, Forbidden for one of somebody with a higher role than the caller's.
    """

    def unit(tx: Transaction) -> None:
        session, role = get_visible(context, tx, org_id, session_id)
        if not has_rank(context.caller.role, role):
            raise Forbidden(
                word(
                    "session_of_higher_role", session=session_id, role=say_role(role), own=say_role(context.caller.role)
                )
            )
        end(context, tx, [session])

    await context.database.write(unit)


async def end_own(context: Context, session_id: str) -> None:
    """End a session of the caller's own token, or of whoever else they are, whatever else they may do.

    Raises NotFound.
    """
    holder = find_holder(context.caller)

    def unit(tx: Transaction) -> None:
        session = sessions.get(tx, session_id)
        if session is None or session.holder != holder:
            raise build_unknown_error(session_id)
        end(context, tx, [session])

    await context.database.write(unit)


async def end_all(context: Context, org_id: str | None) -> int:
    """End all sessions of an organization that the caller may end, but their own; return how many.

    org_id: None for those of operators.
    """
    caller = context.caller

    def unit(tx: Transaction) -> int:
        ended = [
            session
            for session, role in list_visible(context, tx, org_id)
            if session.id != caller.session_id and has_rank(caller.role, role)
        ]
        end(context, tx, ended)
        return len(ended)

    return await context.database.write(unit)


async def end_unconfigured(context: Context, rights: OperatorRights) -> int:
    """End the sessions of those whom the configuration lets in no more, for good; return how many.

    They are users who are operators or observers no more, members who signed in at another provider, and members who
    signed in with no group that gives a role, where groups do.
    """
    oidc = context.config.web_oidc

    def list_unconfigured(snapshot: Snapshot) -> list[Session]:
        former = [
            session
            for session in sessions.list_of_operators(snapshot)
            if session.operator is not None and rights.find_role(session.operator.uid, session.operator.gid) is None
        ]
        others = sessions.list_of_other_issuers(snapshot, oidc.issuer)
        members = sessions.list_of_issuer(snapshot, oidc.issuer) if oidc.role_claim else []
        return [*former, *others, *(session for session in members if session.role_group not in oidc.roles)]

    def unit(tx: Transaction) -> int:
        ended = list_unconfigured(tx)
        end(context, tx, ended)
        return len(ended)

    # Mostly there are none, and nothing has to be written.
    if not await context.database.read(list_unconfigured):
        return 0
    return await context.database.write(unit)


async def end_requests_of_members(context: Context) -> None:
    """End what members' browsers have under way, because their groups give them other roles from now on.

    Their sessions go on, with the new roles.
    """

    def unit(tx: Transaction) -> None:
        for session in sessions.list_of_issuer(tx, context.config.web_oidc.issuer):
            announce_change(context, tx, session.id)

    await context.database.write(unit)
