"""How long a session of the dashboard lasts."""

from dcvd.core.instants import DAY
from dcvd.core.operators import OperatorRights
from dcvd.core.tokens.token import Role
from dcvd.errors import Unauthenticated
from dcvd.services.sessions.authentication import authenticate_session
from dcvd.services.sessions.beginning import BegunSession
from dcvd.services.tokens import minting
from tests.daemon.reload.cases import row
from tests.daemon.reload.place import Place
from tests.signed_in import begin_session
from tests.waiting import until


async def _begin(place: Place) -> BegunSession:
    org_id = await place.new_organization()
    minted = await minting.create(place.context, org_id, name="t", role=Role.MEMBER, expires_at=None)
    return await begin_session(place.context, minted)


async def measure_lifetime(place: Place) -> str:
    session = (await _begin(place)).session
    return f"{(session.expires_at - session.created_at) // DAY} days"


async def use_a_moment_later(place: Place) -> str:
    begun = await _begin(place)

    async def is_later() -> bool:
        return place.context.now() > begun.session.last_used_at

    await until(is_later)
    try:
        await authenticate_session(place.context, begun.secret.reveal(), lambda session: session, OperatorRights())
    except Unauthenticated:
        return "ended"
    return "in force"


row("web.session_lifetime", '"33d"', "33 days", measure_lifetime)
row("web.session_idle", '"1ms"', "ended", use_a_moment_later)
