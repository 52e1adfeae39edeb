"""Scopes: which subjects of the API a token may read or write."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput


class Scope(StrEnum):
    """What a token may do with a subject of the API; its role may allow less."""

    DOMAINS_READ = "domains:read"
    DOMAINS_WRITE = "domains:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    DELIVERIES_READ = "deliveries:read"
    DELIVERIES_WRITE = "deliveries:write"
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"
    CONNECTIONS_READ = "connections:read"
    CONNECTIONS_WRITE = "connections:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    EVENTS_READ = "events:read"
    AUDIT_READ = "audit:read"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    LINKS_WRITE = "links:write"
    ALERTS_READ = "alerts:read"
    ALERTS_WRITE = "alerts:write"


_BY_NAME: Final = {scope.value: scope for scope in Scope}
SUBJECTS: Final = frozenset(scope.partition(":")[0] for scope in Scope)


def find_scope(subject: str, *, is_write: bool) -> Scope | None:
    """Return the scope that a call on a subject needs; None where no scope names that, and the role alone decides."""
    return _BY_NAME.get(f"{subject}:{'write' if is_write else 'read'}")


def parse_scopes(names: Collection[str], *, field: str = "scopes") -> tuple[Scope, ...]:
    """Parse the scopes of a token, each once. Raises InvalidInput for an unknown name, or where there is none."""
    if not names:
        raise InvalidInput(field, word("scopes_empty", field=field))
    for name in names:
        if name not in _BY_NAME:
            raise InvalidInput(field, word("scope_unknown", scope=repr(name[:100]), known=", ".join(Scope)))
    return tuple(scope for scope in Scope if scope in names)
