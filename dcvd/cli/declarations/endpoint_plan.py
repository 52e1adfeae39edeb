"""The part of a plan that is about endpoints."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import UnsetType
from msgspec.structs import replace

from dcvd.cli.declarations.document import EndpointDeclaration, OrganizationDeclaration
from dcvd.cli.declarations.observation import ObservedOrganization
from dcvd.cli.declarations.pairing import pair, refuse_doubles
from dcvd.cli.declarations.steps import Step, change, create, describe_change, remove
from dcvd.core.dns.hostnames import to_a_labels
from dcvd.core.durations import parse_duration

_SETTINGS: Final = {
    "name": "name",
    "url": "url",
    "events": "events",
    "max_per_second": "maxPerSecond",
    "timeout_seconds": "timeoutSeconds",
    "retry_schedule": "retrySchedule",
    "ordering": "ordering",
}
"""The settings, with their names in the API."""


def plan_endpoints(
    number: int, declared: OrganizationDeclaration, found: ObservedOrganization | None
) -> Iterator[Step]:
    """Plan to create and to change endpoints."""
    if isinstance(declared.endpoints, UnsetType):
        return
    refuse_doubles(declared.endpoints, ("id",))
    pairs = _pair_endpoints(declared.endpoints, [] if found is None else found.endpoints)
    for index, endpoint in enumerate(declared.endpoints):
        before = pairs.get(index)
        subject = f"endpoint {endpoint.name or endpoint.url} of {declared.name}"
        if before is None:
            body = {name: getattr(endpoint, key) for key, name in _SETTINGS.items()} | {"match": _match(endpoint)}
            disabling = {"enabled": False} if endpoint.enabled is False else None
            yield replace(create(number, subject, "/api/webhooks", body), follow_up=disabling)
            continue
        changes = {key: getattr(endpoint, key) for key in _SETTINGS if _value(endpoint, key) != _value(before, key)}
        details = [describe_change(key, getattr(before, key), value) for key, value in changes.items()]
        body = {_SETTINGS[key]: value for key, value in changes.items()}
        if _comparable_match(endpoint) != _comparable_match(before):
            body["match"] = _match(endpoint)
            details.append(describe_change("match", _match(before), _match(endpoint)))
        if endpoint.enabled is not None and endpoint.enabled != (before.enabled is not False):
            body["enabled"] = endpoint.enabled
            details.append(describe_change("enabled", before.enabled is not False, endpoint.enabled))
        if body:
            yield change(number, subject, details, f"/api/webhooks/{before.id}", body)


def plan_endpoint_removals(
    number: int, declared: OrganizationDeclaration, found: ObservedOrganization
) -> Iterator[Step]:
    """Plan to remove the endpoints that the file lacks."""
    if isinstance(declared.endpoints, UnsetType):
        return
    kept = {before.id for before in _pair_endpoints(declared.endpoints, found.endpoints).values()}
    for before in found.endpoints:
        if before.id not in kept:
            subject = f"endpoint {before.name or before.url} of {declared.name}"
            yield remove(number, subject, f"/api/webhooks/{before.id}")


def _pair_endpoints(
    declared: Sequence[EndpointDeclaration], found: Sequence[EndpointDeclaration]
) -> Mapping[int, EndpointDeclaration]:
    return pair(
        declared,
        found,
        (
            lambda each, one: each.id is not None and each.id == one.id,
            lambda each, one: each.name is not None and (each.name, each.url) == (one.name, one.url),
            lambda each, one: each.name is not None and each.name == one.name,
            lambda each, one: each.url == one.url,
        ),
    )


def _match(endpoint: EndpointDeclaration) -> dict[str, Any] | None:
    if not endpoint.match_labels and not endpoint.match_domains:
        return None
    return {"labels": endpoint.match_labels, "domains": endpoint.match_domains}


def _comparable_match(endpoint: EndpointDeclaration) -> Any:
    return endpoint.match_labels, sorted(map(to_a_labels, endpoint.match_domains))


def _value(endpoint: EndpointDeclaration, key: str) -> Any:
    """Return a setting so that what means the same is the same."""
    value = getattr(endpoint, key)
    if key == "events":
        return sorted(set(value))
    if key == "retry_schedule" and value is not None:
        try:
            return [parse_duration(delay) for delay in value]
        except ValueError:
            return value  # which the API refuses with a sentence of its own
    return value
