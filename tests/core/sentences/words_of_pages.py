"""What the catalogue's tests have to know of the pages, subject by subject."""

from typing import Final

SAME_WORDS: Final[dict[str, set[str]]] = {
    "connect": {"connect_name", "connect_ttl"},
    "frame": {
        "sign_in_token", "dashboard_navigation", "dashboard_api", "dashboard_signed_in", "dashboard_domains",
        "dashboard_webhooks", "dashboard_tokens",
    },
    # domains
    "domains": set(),
    # webhooks
    "webhooks": set(),
    # events
    "events": set(),
    # tokens
    "tokens": set(),
    # connections
    "connections": set(),
    # jobs
    "jobs": set(),
    # audit
    "audit": set(),
    # members
    "members": set(),
    # quick start
    "quick_start": set(),
}  # fmt: skip
"""Words that both languages have."""

COMPOSED_OF_PAGES: Final[dict[str, str]] = {
    # domains
    "domains": "",
    # webhooks
    "webhooks": "",
    # events
    "events": "",
    # tokens
    "tokens": "",
    # connections
    "connections": "",
    # jobs
    "jobs": "",
    # audit
    "audit": "",
    # members
    "members": "",
}
"""Patterns of ids that templates and code put together from a prefix and the member of a closed set."""
