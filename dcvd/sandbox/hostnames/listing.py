"""Filter, sort and cut the list of hostnames by the parameters of a call."""

import math
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar, get_args

from dcvd.core.addresses import parse_ip
from dcvd.sandbox.hostnames.model import CustomHostname, visible_ssl_status, visible_status
from dcvd.sandbox.hostnames.statuses import Authority, HostnameStatus, SslStatus
from dcvd.sandbox.http.envelope import CloudflareErrorResponse

_HOSTNAME_FILTERS: Final = ("hostname", "hostname.exact", "hostname.contain", "hostname.startsWith")
_OTHER_FILTERS: Final = (
    "hostname_status",
    "ssl_status",
    "ssl",
    "certificate_authority",
    "wildcard",
    "custom_origin_server",
)
_PAGE_SIZES: Final = (5, 50, 20)

Query = Mapping[str, str]
_T = TypeVar("_T")
_Test = Callable[[CustomHostname], bool]


def needs_every_record(query: Query) -> bool:
    """Whether the answer depends on more than the records of its page."""
    return any(name in query for name in (*_HOSTNAME_FILTERS, *_OTHER_FILTERS, "id", "order", "direction"))


def read_page(query: Query) -> tuple[int, int]:
    """Return the number of the page, from 1, and its size. Raises CloudflareErrorResponse 6003 out of range."""
    least, most, default = _PAGE_SIZES
    page = read_integer(query, "page", 1)
    per_page = read_integer(query, "per_page", default)
    if page < 1:
        raise CloudflareErrorResponse(6003, "`page` is 1 or more.")
    if not least <= per_page <= most:
        raise CloudflareErrorResponse(6003, f"`per_page` is between {least} and {most}.")
    return page, per_page


def result_info(page: int, per_page: int, count: int, total: int) -> dict[str, int]:
    return {
        "page": page,
        "per_page": per_page,
        "count": count,
        "total_count": total,
        "total_pages": math.ceil(total / per_page),
    }


def select_hostnames(records: Iterable[CustomHostname], query: Query, now: int) -> list[CustomHostname]:
    """Return the hostnames that pass every filter, in the requested order, else by creation.

    Raises CloudflareErrorResponse for a parameter that cannot be used.
    """
    tests = _build_tests(query, now)
    selected = [record for record in records if all(test(record) for test in tests)]
    orders: Mapping[str, Callable[[CustomHostname], str | int]] = {
        "ssl": lambda record: record.ssl is not None,
        "ssl_status": lambda record: visible_ssl_status(record, now) or "",
    }
    return sort_items(selected, query, orders)


def _build_tests(query: Query, now: int) -> list[_Test]:
    name_filters = [name for name in _HOSTNAME_FILTERS if name in query]
    if "id" in query and (name_filters or any(name in query for name in _OTHER_FILTERS)):
        raise CloudflareErrorResponse(1438)
    if len(name_filters) > 1:
        raise CloudflareErrorResponse(6003, f"Only one of {', '.join(name_filters)} can be given.")
    tests: list[_Test] = []
    if "id" in query:
        record_id = query["id"]
        if not is_uuid(record_id):
            raise CloudflareErrorResponse(1435)
        tests.append(lambda record: record.id == record_id)
    tests += [_build_name_test(name, query[name]) for name in name_filters]
    if "hostname_status" in query:
        status = read_choice(query, "hostname_status", [member.value for member in HostnameStatus])
        tests.append(lambda record: visible_status(record) == status)
    if "ssl_status" in query:
        ssl_status = read_choice(query, "ssl_status", [member.value for member in SslStatus])
        tests.append(lambda record: visible_ssl_status(record, now) == ssl_status)
    if "ssl" in query:
        with_ssl = read_choice(query, "ssl", ("0", "1")) == "1"
        tests.append(lambda record: (record.ssl is not None) is with_ssl)
    if "certificate_authority" in query:
        authority = read_choice(query, "certificate_authority", get_args(Authority))
        tests.append(lambda record: record.ssl is not None and record.ssl.authority == authority)
    if "wildcard" in query:
        wildcard = read_choice(query, "wildcard", ("true", "false", "1", "0")) in ("true", "1")
        tests.append(lambda record: record.ssl is not None and record.ssl.wildcard is wildcard)
    if "custom_origin_server" in query:
        origin = query["custom_origin_server"]
        tests.append(lambda record: record.custom_origin_server == origin)
    return tests


def _build_name_test(parameter: str, value: str) -> _Test:
    text = value.lower()
    if len(text) > 255 or parse_ip(text.strip("[]")) is not None:
        raise (
            CloudflareErrorResponse(1437)
            if parameter == "hostname.contain"
            else CloudflareErrorResponse(6003, f"`{parameter}` is no hostname.")
        )
    match parameter:
        case "hostname.exact":
            return lambda record: record.hostname == text
        case "hostname.startsWith":
            return lambda record: record.hostname.startswith(text)
        case _:
            return lambda record: text in record.hostname


def sort_items(items: list[_T], query: Query, orders: Mapping[str, Callable[[_T], str | int]]) -> list[_T]:
    """Sort items by the parameters `order` and `direction`. Raises CloudflareErrorResponse 6003."""
    descending = read_choice(query, "direction", ("asc", "desc"), default="asc") == "desc"
    if "order" not in query:
        return items[::-1] if descending else items
    return sorted(items, key=orders[read_choice(query, "order", tuple(orders))], reverse=descending)


def is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def read_choice(query: Query, name: str, accepted: Sequence[str], *, default: str = "") -> str:
    """Return a parameter with a closed set of values. Raises CloudflareErrorResponse 6003."""
    value = query.get(name, default)
    if value not in accepted:
        raise CloudflareErrorResponse(6003, f"`{name}` is one of {', '.join(accepted)}.")
    return value


def read_integer(query: Query, name: str, default: int) -> int:
    """Return a parameter that is a whole number of at most nine digits. Raises CloudflareErrorResponse 6003."""
    text = query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise CloudflareErrorResponse(6003, f"`{name}` is a whole number.")
    return int(text)
