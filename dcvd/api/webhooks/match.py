"""The match of an endpoint as JSON."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from dcvd.core.webhooks.matching import EventMatch

MATCH_MEANING: Final = Meta(description="What the domain of an event has to be like; null: every event is sent.")


class WebhookMatch(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the domain of an event has to be like: to have all of `labels`, and a name that one of `domains` covers.

    Give at least one of the two. Events that are about no domain are not sent to such an endpoint.
    """

    labels: Annotated[dict[str, str], Meta(description="The labels that it has to have, all of them.")] = {}
    domains: Annotated[
        list[str],
        Meta(description="Names, and `*.` before a name for all below it, but not the name itself; empty: every name."),
    ] = []


class WebhookMatchView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the domain of an event has to be like: to have all of `labels`, and a name that one of `domains` covers."""

    labels: Annotated[dict[str, str], Meta(description="The labels that it has to have, all of them.")]
    domains: Annotated[
        list[str],
        Meta(description="Names in A-labels, and `*.` before a name for all below it; empty: every name."),
    ]


def read_match(match: WebhookMatch | None) -> EventMatch | None:
    """Translate the JSON member into the match that services take."""
    return None if match is None else EventMatch(labels=match.labels, domains=tuple(match.domains))


def match_view(match: EventMatch | None) -> WebhookMatchView | None:
    """Show a match."""
    return None if match is None else WebhookMatchView(labels=dict(match.labels), domains=list(match.domains))
