"""The query parameters by which lists of domains are filtered and sorted."""

from typing import Annotated, Final, get_args

from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import OpenAPIType, Schema

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.domains.domain import DomainStatus, FindingActor
from dcvd.core.domains.labels import KEY_PATTERN, validate_label
from dcvd.errors import InvalidInput
from dcvd.http.answers.instants import parse_instant
from dcvd.http.parameters import parse_choice, parse_flag, query_parameter
from dcvd.services.domains.queries import DomainQuery
from dcvd.store.domain_lists import DomainOrder

_FLAGS = ["true", "false"]
_MAX_LABELS: Final = 8

StatusFilter = Annotated[str | None, query_parameter("status", "Only with this status.", enum=list(DomainStatus))]
DormantFilter = Annotated[
    str | None, query_parameter("dormant", "`true`: only dormant domains; `false`: only the others.", enum=_FLAGS)
]
ReadyFilter = Annotated[
    str | None, query_parameter("ready", "`true`: only domains that are ready; `false`: only the others.", enum=_FLAGS)
]
FindingFilter = Annotated[
    str | None, query_parameter("finding", "Only with a finding of this code.", enum=list(FindingCode))
]
ActorFilter = Annotated[
    str | None,
    query_parameter("actor", "Only with a finding that this actor has to act on.", enum=list(get_args(FindingActor))),
]
ExpiresBefore = Annotated[
    str | None,
    query_parameter("expiresBefore", "Only with a certificate that expires before this instant.", format="date-time"),
]
ConnectionFilter = Annotated[str | None, query_parameter("connectionId", "Only those that use this connection.")]
ExternalIdFilter = Annotated[str | None, query_parameter("externalId", "Only those with this `externalId` of yours.")]
LabelFilter = Annotated[
    list[str] | None,
    query_parameter(
        "label",
        "Only those with this label, as `key:value`. Given several times: only those with all of them.",
        type="array",
        items=Schema(type=OpenAPIType.STRING, pattern=f"^{KEY_PATTERN}:"),
        max_items=_MAX_LABELS,
    ),
]
Search = Annotated[
    str | None, query_parameter("search", "Only names that hold this text; a pasted URL counts as its name.")
]
Sort = Annotated[
    str | None,
    query_parameter(
        "sort",
        "The order; `-createdAt` (newest first) unless given. By `expiresAt`, those without a certificate come last.",
        enum=list(DomainOrder),
    ),
]


def _read_query(
    status: StatusFilter = None,
    dormant: DormantFilter = None,
    ready: ReadyFilter = None,
    finding: FindingFilter = None,
    expires_before: ExpiresBefore = None,
    connection_id: ConnectionFilter = None,
    external_id: ExternalIdFilter = None,
    label: LabelFilter = None,
    search: Search = None,
    sort: Sort = None,
) -> DomainQuery:
    query = DomainQuery(
        status=parse_choice("status", status, DomainStatus),
        is_dormant=None if dormant is None else parse_flag("dormant", dormant),
        is_ready=None if ready is None else parse_flag("ready", ready),
        finding=parse_choice("finding", finding, FindingCode),
        expires_before=parse_instant("expiresBefore", expires_before),
        connection_id=connection_id,
        external_id=external_id,
        labels=_parse_labels(label or []),
        search=search,
        sort=parse_choice("sort", sort, DomainOrder),
    )
    _ = query.order  # raises for what does not go together
    return query


DOMAIN_QUERY: Final = {"domain_query": Provide(_read_query, sync_to_thread=False)}
"""The dependency of handlers with a parameter `domain_query: InjectedDomainQuery`: what all lists of domains share.

Whom `actor` may name differs from list to list: it is a parameter of the handlers.
"""
InjectedDomainQuery = NamedDependency[DomainQuery]


def _parse_labels(texts: list[str]) -> tuple[tuple[str, str], ...]:
    if len(texts) > _MAX_LABELS:
        raise InvalidInput("label", f"label was given {len(texts)} times; {_MAX_LABELS} are allowed.")
    labels = []
    for text in texts:
        key, colon, value = text.partition(":")
        if not colon:
            raise InvalidInput("label", f"label is {text!r}; give the key, a colon and the value, as in tier:gold.")
        validate_label("label", key, value)
        labels.append((key, value))
    return tuple(labels)


def parse_actor(text: str | None) -> FindingActor | None:
    """Parse who has to act by a finding. Raises InvalidInput."""
    actor = next((each for each in get_args(FindingActor) if each == text), None)
    if actor is None and text is not None:
        raise InvalidInput("actor", f"actor is {text!r}, which is none of: {', '.join(get_args(FindingActor))}.")
    return actor
