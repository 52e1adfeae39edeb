"""Filter, sort and cut the lists of zones and of records by the parameters of a call."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar, get_args

from dcvd.sandbox.customers.bodies import TYPES
from dcvd.sandbox.customers.model import CustomerZone, DnsRecord, ZoneStatus
from dcvd.sandbox.hostnames.listing import Query, read_choice, read_integer, result_info, sort_items
from dcvd.sandbox.http.envelope import CloudflareErrorResponse

_TEXT_MATCHERS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "exact": lambda text, value: text == value,
    "contains": lambda text, value: value in text,
    "startswith": lambda text, value: text.startswith(value),
    "endswith": lambda text, value: text.endswith(value),
}
_FILTER_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "equal": _TEXT_MATCHERS["exact"],
    "not_equal": lambda text, value: text != value,
    "starts_with": _TEXT_MATCHERS["startswith"],
    "ends_with": _TEXT_MATCHERS["endswith"],
    "contains": _TEXT_MATCHERS["contains"],
}
_RECORD_ORDERS: Final[Mapping[str, Callable[[DnsRecord], str | int]]] = {
    "type": lambda record: record.type,
    "name": lambda record: record.name,
    "content": lambda record: record.content,
    "ttl": lambda record: record.ttl,
    "proxied": lambda record: record.proxied,
}
_ZONE_ORDERS: Final[Mapping[str, Callable[[CustomerZone], str]]] = {
    "name": lambda zone: zone.name,
    "status": lambda zone: zone.status,
    "account.id": lambda zone: zone.account_id,
    "account.name": lambda zone: zone.account,
}


class _Viewable(Protocol):
    def to_json(self) -> dict[str, object]: ...


_T = TypeVar("_T", bound=_Viewable)


def build_zones_page(zones: Sequence[CustomerZone], query: Query) -> tuple[list[dict[str, object]], dict[str, int]]:
    """Return the zones of one page, and the `result_info`. Raises CloudflareErrorResponse 6003."""
    tests: list[Callable[[CustomerZone], bool]] = []
    if "name" in query:
        name_matches = _parse_filter(query["name"])
        tests.append(lambda zone: name_matches(zone.name))
    if "account.name" in query:
        account_matches = _parse_filter(query["account.name"])
        tests.append(lambda zone: account_matches(zone.account.lower()))
    if "account.id" in query:
        tests.append(lambda zone: zone.account_id == query["account.id"])
    if "status" in query:
        status = read_choice(query, "status", get_args(ZoneStatus))
        tests.append(lambda zone: zone.status == status)
    selected = sort_items(_select(zones, tests, query), query, _ZONE_ORDERS)
    return _cut_page(selected, query, minimum=5, maximum=50, default=20)


def build_records_page(records: Sequence[DnsRecord], query: Query) -> tuple[list[dict[str, object]], dict[str, int]]:
    """Return the records of one page, and the `result_info`. Raises CloudflareErrorResponse 6003."""
    if (parameter := next((name for name in query if name.startswith("tag")), None)) is not None:
        raise CloudflareErrorResponse(6003, f"The sandbox does not filter by `{parameter}`.")
    tests: list[Callable[[DnsRecord], bool]] = []
    if "type" in query:
        kind = read_choice(query, "type", TYPES)
        tests.append(lambda record: record.type == kind)
    if "proxied" in query:
        proxied = read_choice(query, "proxied", ("true", "false")) == "true"
        tests.append(lambda record: record.proxied is proxied)
    if "comment.present" in query:
        tests.append(lambda record: record.comment is not None)
    if "comment.absent" in query:
        tests.append(lambda record: record.comment is None)
    tests += _build_text_tests(query, "name", lambda record: record.name)
    tests += _build_text_tests(query, "content", lambda record: record.content.lower())
    tests += _build_text_tests(query, "comment", lambda record: (record.comment or "").lower())
    if "search" in query:
        search = query["search"].lower()
        tests.append(lambda record: search in f"{record.name} {record.content} {record.comment or ''}".lower())
    selected = sort_items(_select(records, tests, query), query, _RECORD_ORDERS)
    return _cut_page(selected, query, minimum=1, maximum=5_000_000, default=100)


def _build_text_tests(query: Query, member: str, text: Callable[[DnsRecord], str]) -> list[Callable[[DnsRecord], bool]]:
    """Build the tests for `member`, which means `member.exact`, and for the member with each suffix."""

    def build_test(matches: Callable[[str, str], bool], value: str) -> Callable[[DnsRecord], bool]:
        return lambda record: matches(text(record), value)

    parameters = {member: "exact", **{f"{member}.{suffix}": suffix for suffix in _TEXT_MATCHERS}}
    return [
        build_test(_TEXT_MATCHERS[suffix], query[name].lower()) for name, suffix in parameters.items() if name in query
    ]


def _parse_filter(value: str) -> Callable[[str], bool]:
    operator, colon, rest = value.lower().partition(":")
    if not colon:
        return lambda text: text == operator
    test = _FILTER_OPERATORS.get(operator)
    if test is None:
        raise CloudflareErrorResponse(6003, f"The filter {operator!r} is none of {', '.join(_FILTER_OPERATORS)}.")
    return lambda text: test(text, rest)


def _select(items: Sequence[_T], tests: Sequence[Callable[[_T], bool]], query: Query) -> list[_T]:
    combine = any if read_choice(query, "match", ("all", "any"), default="all") == "any" and tests else all
    return [item for item in items if combine(test(item) for test in tests)]


def _cut_page(
    items: Sequence[_T], query: Query, *, minimum: int, maximum: int, default: int
) -> tuple[list[dict[str, object]], dict[str, int]]:
    page, per_page = read_integer(query, "page", 1), read_integer(query, "per_page", default)
    if page < 1 or not minimum <= per_page <= maximum:
        raise CloudflareErrorResponse(6003, f"`page` is 1 or more, `per_page` between {minimum} and {maximum}.")
    page_items = items[(page - 1) * per_page : page * per_page]
    return [item.to_json() for item in page_items], result_info(page, per_page, len(page_items), len(items))
