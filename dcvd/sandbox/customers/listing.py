"""The parameters of the two lists: filters, order, pages."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar, get_args

from dcvd.sandbox.customers.bodies import TYPES
from dcvd.sandbox.customers.model import CustomerZone, DnsRecord, ZoneStatus
from dcvd.sandbox.hostnames.listing import Query, integer, one_of, result_info
from dcvd.sandbox.http.envelope import Refused

_TEXTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "exact": lambda text, wanted: text == wanted,
    "contains": lambda text, wanted: wanted in text,
    "startswith": lambda text, wanted: text.startswith(wanted),
    "endswith": lambda text, wanted: text.endswith(wanted),
}
_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "equal": _TEXTS["exact"],
    "not_equal": lambda text, wanted: text != wanted,
    "starts_with": _TEXTS["startswith"],
    "ends_with": _TEXTS["endswith"],
    "contains": _TEXTS["contains"],
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


class _Shown(Protocol):
    def view(self) -> dict[str, object]: ...


_T = TypeVar("_T", bound=_Shown)


def zones_page(zones: Sequence[CustomerZone], query: Query) -> tuple[list[dict[str, object]], dict[str, int]]:
    """The zones of one page, and the `result_info`. Raises Refused 6003."""
    tests: list[Callable[[CustomerZone], bool]] = []
    if "name" in query:
        named = _operator(query["name"])
        tests.append(lambda zone: named(zone.name))
    if "account.name" in query:
        held = _operator(query["account.name"])
        tests.append(lambda zone: held(zone.account.lower()))
    if "account.id" in query:
        tests.append(lambda zone: zone.account_id == query["account.id"])
    if "status" in query:
        status = one_of(query, "status", get_args(ZoneStatus))
        tests.append(lambda zone: zone.status == status)
    found = _ordered(_selected(zones, tests, query), query, _ZONE_ORDERS)
    return _page(found, query, least=5, most=50, default=20)


def records_page(records: Sequence[DnsRecord], query: Query) -> tuple[list[dict[str, object]], dict[str, int]]:
    """The records of one page, and the `result_info`. Raises Refused 6003."""
    if (other := next((name for name in query if name.startswith("tag")), None)) is not None:
        raise Refused(6003, f"The sandbox does not filter by `{other}`.")
    tests: list[Callable[[DnsRecord], bool]] = []
    if "type" in query:
        kind = one_of(query, "type", TYPES)
        tests.append(lambda record: record.type == kind)
    if "proxied" in query:
        proxied = one_of(query, "proxied", ("true", "false")) == "true"
        tests.append(lambda record: record.proxied is proxied)
    if "comment.present" in query:
        tests.append(lambda record: record.comment is not None)
    if "comment.absent" in query:
        tests.append(lambda record: record.comment is None)
    tests += _text_tests(query, "name", lambda record: record.name)
    tests += _text_tests(query, "content", lambda record: record.content.lower())
    tests += _text_tests(query, "comment", lambda record: (record.comment or "").lower())
    if "search" in query:
        sought = query["search"].lower()
        tests.append(lambda record: sought in f"{record.name} {record.content} {record.comment or ''}".lower())
    found = _ordered(_selected(records, tests, query), query, _RECORD_ORDERS)
    return _page(found, query, least=1, most=5_000_000, default=100)


def _text_tests(query: Query, member: str, text: Callable[[DnsRecord], str]) -> list[Callable[[DnsRecord], bool]]:
    """By `member` itself, which is `member.exact`, and by each of its suffixes."""

    def tested(matches: Callable[[str, str], bool], wanted: str) -> Callable[[DnsRecord], bool]:
        return lambda record: matches(text(record), wanted)

    parameters = {member: "exact", **{f"{member}.{suffix}": suffix for suffix in _TEXTS}}
    return [tested(_TEXTS[suffix], query[name].lower()) for name, suffix in parameters.items() if name in query]


def _operator(value: str) -> Callable[[str], bool]:
    operator, colon, rest = value.lower().partition(":")
    if not colon:
        return lambda text: text == operator
    test = _OPERATORS.get(operator)
    if test is None:
        raise Refused(6003, f"The filter {operator!r} is none of {', '.join(_OPERATORS)}.")
    return lambda text: test(text, rest)


def _selected(items: Sequence[_T], tests: Sequence[Callable[[_T], bool]], query: Query) -> list[_T]:
    together = any if one_of(query, "match", ("all", "any"), default="all") == "any" and tests else all
    return [item for item in items if together(test(item) for test in tests)]


def _ordered(items: list[_T], query: Query, orders: Mapping[str, Callable[[_T], str | int]]) -> list[_T]:
    descending = one_of(query, "direction", ("asc", "desc"), default="asc") == "desc"
    if "order" not in query:
        return items[::-1] if descending else items
    return sorted(items, key=orders[one_of(query, "order", tuple(orders))], reverse=descending)


def _page(
    items: Sequence[_T], query: Query, *, least: int, most: int, default: int
) -> tuple[list[dict[str, object]], dict[str, int]]:
    page, per_page = integer(query, "page", 1), integer(query, "per_page", default)
    if page < 1 or not least <= per_page <= most:
        raise Refused(6003, f"`page` is 1 or more, `per_page` between {least} and {most}.")
    shown = items[(page - 1) * per_page : page * per_page]
    return [item.view() for item in shown], result_info(page, per_page, len(shown), len(items))
