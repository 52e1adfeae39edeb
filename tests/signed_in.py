"""Sessions without a browser: begun as the sign-in begins them."""

from dcvd.services.context import Context
from dcvd.services.sessions import beginning
from dcvd.services.sessions.beginning import BegunSession
from dcvd.services.tokens.authentication import KeptCallers, act_as
from dcvd.services.tokens.minting import MintedToken


async def begin_session(context: Context, minted: MintedToken, *, user_agent: str = "Firefox") -> BegunSession:
    """Begin a session with a token, from an address that a documentation may name."""
    plain = minted.plaintext.reveal()
    caller = await KeptCallers(context).authenticate(plain, "192.0.2.1")
    return await beginning.begin(act_as(context, caller), minted.token.org_id, plain, user_agent=user_agent)
