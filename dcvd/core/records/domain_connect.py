"""Domain Connect: our template, how it is applied to a domain, and the URLs that apply it.

Source: draft-ietf-dconn-domainconnect. One template holds all records that a domain can need, each in its own group.
A domain without a delegated challenge applies one group, and providers have to accept one template only. Its variables
are as narrow as possible: whoever had our key could point names at the service, and nowhere else.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

from msgspec import Struct

from dcvd.core.domains.domain import CHALLENGE_LABEL, WILDCARD_LABEL, Record
from dcvd.core.domains.targets import DELEGATION_ZONE, is_target_template, service_name
from dcvd.core.records.plan import find_name_obstacle
from dcvd.core.records.zones import Zone
from dcvd.core.sentences.wording import word
from dcvd.errors import Conflict

TEMPLATE_TTL_S: Final = 3600
_TARGET_VARIABLE: Final = "target"
_ZONE_VARIABLE: Final = "dcv"
_MAX_FRAGMENT_LENGTH: Final = 200
"""Characters of a public key that we put into one TXT record, whose limit is 255."""

TemplateGroup = Literal["routing", "validation", "wildcard"]
ApplyOutcome = Literal["applied", "cancelled", "denied", "failed"]
RETURN_PATH: Final = "/domain-connect/done"
"""The path below our public URL to which customers return when no other page expects them."""


class TemplateApplication(Struct, frozen=True, kw_only=True):
    """Which groups of the template are applied to which name.

    zone: the `domain` of a call. host: the name within the zone. groups: in the template's order. variables: by name.
    """

    zone: str
    host: str
    groups: tuple[TemplateGroup, ...]
    variables: dict[str, str]

    def to_parameters(self) -> dict[str, str]:
        """Return the parameters of the call that applies the template, not yet encoded."""
        return {"domain": self.zone, "host": self.host, "groupId": ",".join(self.groups), **self.variables}


def build_template(
    provider_id: str,
    service_id: str,
    *,
    key_domain: str,
    target: str,
    provider_name: str,
    service_name: str,
    redirect_hosts: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the JSON to publish as `<providerId>.<serviceId>.json`; `target` is the configured one."""
    descriptions = [f"%{_ZONE_VARIABLE}% is the label of the service's zone below {DELEGATION_ZONE}."]
    if is_target_template(target):
        descriptions.insert(0, f"%{_TARGET_VARIABLE}% is the label of the customer's domain at the service.")
    redirects = ",".join(redirect_hosts)
    return {
        "providerId": provider_id,
        "providerName": provider_name,
        "serviceId": service_id,
        "serviceName": service_name,
        "version": 1,
        "description": "Points a hostname of the customer's to the service, and delegates its certificate challenges.",
        "variableDescription": " ".join(descriptions),
        "syncPubKeyDomain": key_domain,
        **({"syncRedirectDomain": redirects} if redirects else {}),
        "hostRequired": True,
        "records": [
            {
                "groupId": "routing",
                "type": "CNAME",
                "host": "@",
                "pointsTo": _points_to_value(target),
                "ttl": TEMPLATE_TTL_S,
            },
            {
                "groupId": "validation",
                "type": "CNAME",
                "host": CHALLENGE_LABEL,
                "pointsTo": f"%fqdn%.%{_ZONE_VARIABLE}%.{DELEGATION_ZONE}",
                "ttl": TEMPLATE_TTL_S,
            },
            {
                "groupId": "wildcard",
                "type": "CNAME",
                "host": WILDCARD_LABEL,
                "pointsTo": _points_to_value(target),
                "ttl": TEMPLATE_TTL_S,
            },
        ],
    }


def prepare_application(records: Sequence[Record], *, zone: str, target: str) -> TemplateApplication:
    """Return how to apply the template for the records of one domain; `target` is the one configured now.

    Raises Conflict for a record that the template cannot set.
    """
    parts = [_apply_to_record(record, zone, target) for record in records]
    hosts = {part.host for part in parts}
    assert len(hosts) == 1, "all records of a domain belong to one host"
    return TemplateApplication(
        zone=zone,
        host=hosts.pop(),
        groups=tuple(group for part in parts for group in part.groups),
        variables={name: value for part in parts for name, value in part.variables.items()},
    )


def encode_query(parameters: Mapping[str, str]) -> str:
    """Encode the query that is signed, then sent byte for byte: encoded as in RFC 3986, sorted by name."""
    encoded = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in encoded)


def append_signature(unsigned_query: str, *, key: str, signature: str) -> str:
    """Append the signature to a query; some providers require it to be the last parameter."""
    return f"{unsigned_query}&key={quote(key, safe='')}&sig={quote(signature, safe='')}"


def template_path(provider_id: str, service_id: str) -> str:
    """Return the path of a provider's API that says whether the provider supports the template."""
    return f"/v2/domainTemplates/providers/{quote(provider_id, safe='')}/services/{quote(service_id, safe='')}"


def public_key_domain(provider_id: str, key_domain: str) -> str:
    """Return the domain below which providers look up the public key; `key_domain` is the configured one, or empty."""
    return key_domain or provider_id


def return_hosts(return_urls: Iterable[str]) -> list[str]:
    """Return the hosts of the URLs to which customers may be sent back, each once."""
    return list(dict.fromkeys(urlsplit(url).hostname or "" for url in return_urls))


def public_key_texts(public_key: bytes) -> list[str]:
    """Return the TXT values that publish a public key (SubjectPublicKeyInfo in base64), one for each fragment."""
    fragments = [
        public_key[at : at + _MAX_FRAGMENT_LENGTH].decode("ascii")
        for at in range(0, len(public_key), _MAX_FRAGMENT_LENGTH)
    ]
    return [f"p={number},a=RS256,d={fragment}" for number, fragment in enumerate(fragments, start=1)]


def read_outcome(error: str | None, description: str | None) -> ApplyOutcome:
    """Return the outcome that a redirect back reports. It proves nothing, because anybody can forge such a redirect."""
    if error is None:
        return "applied"
    if error != "access_denied":
        return "failed"
    return "cancelled" if (description or "").startswith("user_cancel") else "denied"


def _points_to_value(target: str) -> str:
    return f"%{_TARGET_VARIABLE}%.{service_name(target)}" if is_target_template(target) else target


def _apply_to_record(record: Record, zone: str, target: str) -> TemplateApplication:
    challenge = f"{CHALLENGE_LABEL}."
    if record.name.startswith(challenge):
        name = record.name.removeprefix(challenge)
        label = _extract_label(record.value, prefix=f"{name}.", suffix=f".{DELEGATION_ZONE}")
        variables = None if label is None else {_ZONE_VARIABLE: label}
        return _validate_application(record, name, zone, "validation", variables)
    below = f"{WILDCARD_LABEL}."
    group: TemplateGroup = "wildcard" if record.name.startswith(below) else "routing"
    name = record.name.removeprefix(below)
    if not is_target_template(target):
        return _validate_application(record, name, zone, group, {} if record.value == target else None)
    label = _extract_label(record.value, prefix="", suffix=f".{service_name(target)}")
    return _validate_application(record, name, zone, group, None if label is None else {_TARGET_VARIABLE: label})


def _validate_application(
    record: Record, name: str, zone: str, group: TemplateGroup, variables: dict[str, str] | None
) -> TemplateApplication:
    obstacle = find_name_obstacle(name, Zone(id=zone, name=zone), is_cname=True)
    if obstacle is not None:
        raise Conflict(obstacle.wording, code=obstacle.code)
    if record.type != "CNAME" or variables is None:
        raise Conflict(
            word("template_does_not_fit", name=record.name, value=record.value), code="template_does_not_fit"
        )
    return TemplateApplication(zone=zone, host=name.removesuffix(f".{zone}"), groups=(group,), variables=variables)


def _extract_label(value: str, *, prefix: str, suffix: str) -> str | None:
    """Return the single label between `prefix` and `suffix`, or None where a name does not have that form."""
    if not (value.startswith(prefix) and value.endswith(suffix)) or len(value) <= len(prefix) + len(suffix):
        return None
    label = value[len(prefix) : len(value) - len(suffix)]
    return None if "." in label else label
