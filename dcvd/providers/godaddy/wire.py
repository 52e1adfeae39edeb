"""Convert GoDaddy's v1 JSON to records and errors, and records back to JSON.

Source: the v1 OpenAPI document of developer.godaddy.com: records are `{type, name, data, ttl, priority?, …}` with names
relative to the domain, `@` at its apex; errors are `{code, message, fields?}`.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from dcvd.core.dns.hostnames import to_a_labels
from dcvd.core.dns.provider_table import GODADDY
from dcvd.core.dns.providers import is_at_godaddy
from dcvd.core.http.exchanges import is_temporary
from dcvd.core.records.zone_use import ZONE_NOT_IN_USE
from dcvd.core.records.zones import HOST_TYPES, Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import Permanent, RecordConflict, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import FetchResponse
from dcvd.kit.http.json_body import read_json
from dcvd.providers.godaddy.budgets import read_retry_after_s
from dcvd.providers.owner_names import APEX, OwnerName
from dcvd.providers.provider_text import sanitize
from dcvd.providers.record_provider import RATE_LIMITED

MIN_TTL: Final = 600
MAX_TTL: Final = 86_400
_MEMBERS_BEFORE_HOST: Final = {"MX": ("priority",), "SRV": ("priority", "weight", "port")}
"""Members that come before the host name in a record's value (RFC 1035, RFC 2782)."""
_PATH_MEMBERS: Final = frozenset({"type", "name"})
"""Members that are in the path and not in the body."""
_MAX_RAW_LENGTH: Final = 8192


def read_records(answer: FetchResponse, owner: OwnerName, kind: str) -> list[ZoneRecord]:
    """Return the records of one name and type, and ignore all others in the answer.

    Raises Retryable for an answer that is not a list of records, which could otherwise be taken for none.
    """
    document = read_json(answer.body)
    if not isinstance(document, list) or not all(_is_record(entry) for entry in document):
        raise unexpected_answer(f"the {kind} records of {owner.name}")
    return [
        _read_record(entry, owner, kind)
        for entry in document
        if entry["type"] == kind and to_a_labels(entry["name"]) == owner.label
    ]


def read_zone(answer: FetchResponse, name: str) -> Zone:
    """Return the zone of a domain of the account; its name servers are GoDaddy's own ones.

    The member `nameServers`, which may be null, is what the registry has: where others run the zone, it names these,
    and GoDaddy keeps a zone that nobody asks. Raises Retryable for an answer that is not about this domain.
    """
    document = read_json(answer.body)
    domain = document.get("domain") if isinstance(document, dict) else None
    if not isinstance(domain, str) or to_a_labels(domain) != name:
        raise unexpected_answer(f"the domain {name}")
    hosts = document.get("nameServers")
    if hosts is not None and not (isinstance(hosts, list) and all(isinstance(host, str) for host in hosts)):
        raise unexpected_answer(f"the name servers of the domain {name}")
    names = [to_a_labels(host) for host in hosts or () if host]
    own = tuple(host for host in names if is_at_godaddy(host))
    return Zone(id=name, name=name, nameservers=own, provider=GODADDY.name, is_active=bool(own) or not names)


def to_body(records: Iterable[ZoneRecord]) -> bytes:
    """Return the body of a PUT: the list of all records that the name and type are to have.

    A record that was read is written exactly as it was; the TTL of a new one is kept within GoDaddy's limits.
    """
    return msgspec.json.encode([_to_entry(record) for record in records])


def to_error(activity: str, answer: FetchResponse, secrets: Iterable[Secret]) -> RemoteError:
    """Return the error for a failed call; `activity` ends the sentence "GoDaddy answered 422 to …"."""
    document = read_json(answer.body)
    code, message, fields = _read_problem(document, tuple(secrets))
    summary = f"GoDaddy answered {answer.status} to {activity}"
    detail = ": ".join(part for part in (summary, code, message, fields) if part).rstrip(".") + "."
    match answer.status:
        case 429:
            return Retryable(f"{summary}: too many calls.", code=RATE_LIMITED, retry_after_s=read_retry_after_s(answer))
        case 401:
            return Unauthorized(
                f"{detail} GoDaddy refuses this credential: make a new one there, and connect again.",
                code="provider_unauthorized",
            )
        case 403 if code == "ACCESS_DENIED":
            return Permanent(
                f"{detail} GoDaddy opens its API only to some accounts, and this one is not among them, whatever its "
                "credential. Set the record up by Domain Connect, or create it by hand at GoDaddy.",
                code="account_not_eligible",
                http_status=403,
            )
        case 404 if code == "UNKNOWN_DOMAIN":
            message = (
                f"{detail} The account has the domain, but GoDaddy does not run its DNS. Connect the provider that "
                "does, or set GoDaddy's name servers."
            )
            return Permanent(message, code=ZONE_NOT_IN_USE, http_status=404)
        case 404:
            message = f"{detail} The account does not hold this domain any more."
            return Permanent(message, code="zone_not_found", http_status=404)
        case _ if code == "DUPLICATE_RECORD":
            return RecordConflict(detail)
        case status if is_temporary(status) or status == 408:
            return Retryable(f"{detail} It is tried again.", code="provider_unavailable")
        case status:
            return Permanent(detail, code="provider_refused", http_status=status)


def _read_record(entry: dict[str, Any], owner: OwnerName, kind: str) -> ZoneRecord:
    data, ttl = entry.get("data"), entry.get("ttl")
    raw = msgspec.json.encode(entry).decode()
    if not isinstance(data, str) or len(raw) > _MAX_RAW_LENGTH:
        raise unexpected_answer(f"the {kind} records of {owner.name}")
    value = data
    if kind in HOST_TYPES:
        host = owner.zone.name if data == APEX else data
        value = " ".join((*(str(entry.get(member, 0)) for member in _MEMBERS_BEFORE_HOST.get(kind, ())), host))
    seconds = ttl if isinstance(ttl, int) and not isinstance(ttl, bool) else None
    return ZoneRecord(type=kind, name=owner.name, value=value, ttl=seconds, raw=raw)


def _to_entry(record: ZoneRecord) -> dict[str, Any]:
    if record.raw is not None:
        entry: dict[str, Any] = msgspec.json.decode(record.raw)
        return {member: value for member, value in entry.items() if member not in _PATH_MEMBERS and value is not None}
    ttl = min(max(record.ttl or MIN_TTL, MIN_TTL), MAX_TTL)
    words = record.value.split(" ")
    before = _MEMBERS_BEFORE_HOST.get(record.type)
    if before is None:
        return {"data": record.value, "ttl": ttl}
    if len(words) != len(before) + 1 or not all(word.isascii() and word.isdecimal() for word in words[:-1]):
        raise Permanent(f"{record.value!r} is not the value of an {record.type} record.", code="provider_refused")
    return {"data": words[-1], "ttl": ttl} | {member: int(word) for member, word in zip(before, words, strict=False)}


def _read_problem(document: object, secrets: tuple[Secret, ...]) -> tuple[str, str, str]:
    if not isinstance(document, dict):
        return "", "", ""
    fields = document.get("fields")
    first = fields[0] if isinstance(fields, list) and fields else None
    field = sanitize(first.get("message"), secrets) if isinstance(first, dict) else ""
    return sanitize(document.get("code"), secrets), sanitize(document.get("message"), secrets), field


def _is_record(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("type"), str) and isinstance(entry.get("name"), str)


def unexpected_answer(what: str) -> Retryable:
    """The error for an answer that is not as GoDaddy documents it."""
    return Retryable(f"GoDaddy's answer about {what} cannot be read; it is tried again.", code="provider_unexpected")
