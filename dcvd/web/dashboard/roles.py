"""The choice of a role."""

from dcvd.core.callers import Caller
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.token import ROLE_ORDER, Role, has_rank
from dcvd.errors import InvalidInput
from dcvd.web.dashboard.typed import Fields


def read_role(form: Fields) -> Role:
    """Read the role that was chosen. Raises InvalidInput."""
    chosen = form.get("role", "")
    if chosen not in set(Role):
        raise InvalidInput("role", word("role_unknown", known=", ".join(ROLE_ORDER)))
    return Role(chosen)


def list_roles(caller: Caller) -> list[Role]:
    """List the roles that the caller can give."""
    return [role for role in ROLE_ORDER if has_rank(caller.role, role)]
