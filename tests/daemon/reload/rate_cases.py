"""How often an organization may ask, and a guesser of tokens."""

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.tokens.token import Role
from tests.daemon.reload.cases import row
from tests.daemon.reload.place import Place


async def show_limits(place: Place) -> str:
    """What a new tenant is told with each answer."""
    org_id = await place.new_organization()
    caller = Caller(kind=CallerKind.TOKEN, role=Role.OWNER, id=f"token of {org_id}", org_id=org_id)
    limiter = place.daemon.services.rate_limiter
    return str([(await limiter.admit(caller, is_write=is_write)).fields for is_write in (False, True)])


async def guess_tokens(place: Place) -> str:
    """What a guesser is told."""
    failures = place.daemon.services.failed_authentications
    network = f"2001:db8:{place.context.random_bytes(2).hex()}:{place.context.random_bytes(2).hex()}::"
    refusals = [failures.record(network) for _ in range(20)]
    return str([None if refusal is None else round(refusal.retry_after_s) for refusal in refusals])


row("limits.reads_per_minute", "777", '"reads";q=777;w=60', show_limits)
row("limits.writes_per_minute", "777", '"writes";q=777;w=60', show_limits)
row("limits.token_reads_per_minute", "777", '"token-reads";q=777;w=60', show_limits)
row("limits.token_writes_per_minute", "777", '"token-writes";q=777;w=60', show_limits)
row("limits.burst", '"10s"', '"token-writes";q=500;w=10', show_limits)
row("limits.failed_authentications", "3", "[None, None, None, 300", guess_tokens)
row("limits.failed_authentication_window", '"77s"', "77", guess_tokens)
