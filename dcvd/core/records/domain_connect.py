"""Domain Connect: our template, how it is applied to a domain, and the links that apply it.

Source: draft-ietf-dconn-domainconnect. One template holds both records that a domain can need, each in a group of its
own, so that a domain without a delegated challenge applies one and a provider has to be asked for one template only.
What is variable in it is as narrow as can be: whoever had our key could point names at the service, and nowhere else.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

from msgspec import Struct

from dcvd.core.domains.domain import CHALLENGE_LABEL, Record
from dcvd.core.domains.targets import is_target_template, service_name
from dcvd.errors import Conflict

DCV_DOMAIN: Final = "dcv.cloudflare.com"
"""Below a label of the zone's there, Cloudflare has challenges answered."""
TEMPLATE_TTL_S: Final = 3600
_TARGET_VARIABLE: Final = "target"
_ZONE_VARIABLE: Final = "dcv"
_LONGEST_FRAGMENT: Final = 200
"""Characters of a public key in one TXT record, which holds 255."""

TemplateGroup = Literal["routing", "validation"]
ApplyOutcome = Literal["applied", "cancelled", "denied", "failed"]
RETURN_PATH: Final = "/domain-connect/done"
"""Below our public address: where customers come back to who are expected nowhere else."""


class TemplateApplication(Struct, frozen=True, kw_only=True):
    """What of the template is applied where. zone: as `domain` in a call. host: the name within it.

    groups: in the template's order. variables: by name.
    """

    zone: str
    host: str
    groups: tuple[TemplateGroup, ...]
    variables: dict[str, str]

    def to_parameters(self) -> dict[str, str]:
        """Those of a call that applies it, unencoded."""
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
    """The JSON to publish as `<providerId>.<serviceId>.json`; `target` as it is configured."""
    described = [f"%{_ZONE_VARIABLE}% is the label of the service's zone below {DCV_DOMAIN}."]
    if is_target_template(target):
        described.insert(0, f"%{_TARGET_VARIABLE}% is the label of the customer's domain at the service.")
    redirects = ",".join(redirect_hosts)
    return {
        "providerId": provider_id,
        "providerName": provider_name,
        "serviceId": service_id,
        "serviceName": service_name,
        "version": 1,
        "description": "Points a hostname of the customer's to the service, and delegates its certificate challenges.",
        "variableDescription": " ".join(described),
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
                "pointsTo": f"%fqdn%.%{_ZONE_VARIABLE}%.{DCV_DOMAIN}",
                "ttl": TEMPLATE_TTL_S,
            },
        ],
    }


def prepare_application(records: Sequence[Record], *, zone: str, target: str) -> TemplateApplication:
    """What has to be applied for the records of one domain; `target` as it is configured now.

    Raises Conflict for what the template cannot set.
    """
    parts = [_apply_to_record(record, zone, target) for record in records]
    hosts = {part.host for part in parts}
    assert len(hosts) == 1, "all records of a domain are at it, or just below"
    return TemplateApplication(
        zone=zone,
        host=hosts.pop(),
        groups=tuple(group for part in parts for group in part.groups),
        variables={name: value for part in parts for name, value in part.variables.items()},
    )


def encode_query(parameters: Mapping[str, str]) -> str:
    """The query that is signed, and sent byte for byte: names and values encoded as RFC 3986 says, sorted by name."""
    encoded = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in encoded)


def append_signature(unsigned_query: str, *, key: str, signature: str) -> str:
    """The query with its signature, which some providers want as the last of all."""
    return f"{unsigned_query}&key={quote(key, safe='')}&sig={quote(signature, safe='')}"


def template_path(provider_id: str, service_id: str) -> str:
    """The template's place below a provider's address, where the provider says whether it supports it."""
    return f"/v2/domainTemplates/providers/{quote(provider_id, safe='')}/services/{quote(service_id, safe='')}"


def public_key_domain(provider_id: str, key_domain: str) -> str:
    """The domain below which providers look for the public key; `key_domain` as it is configured."""
    return key_domain or provider_id


def return_hosts(return_urls: Iterable[str]) -> list[str]:
    """The hosts of the addresses to which customers may be sent back, each once."""
    return list(dict.fromkeys(urlsplit(url).hostname or "" for url in return_urls))


def public_key_texts(public_key: bytes) -> list[str]:
    """The values of the TXT records that publish a key (SubjectPublicKeyInfo in base64), in fragments."""
    fragments = [
        public_key[at : at + _LONGEST_FRAGMENT].decode("ascii") for at in range(0, len(public_key), _LONGEST_FRAGMENT)
    ]
    return [f"p={number},a=RS256,d={fragment}" for number, fragment in enumerate(fragments, start=1)]


def read_outcome(error: str | None, description: str | None) -> ApplyOutcome:
    """What the redirect back says became of it. It proves nothing: anybody can make a browser come with it."""
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
        label = _extract_label(record.value, prefix=f"{name}.", suffix=f".{DCV_DOMAIN}")
        variables = None if label is None else {_ZONE_VARIABLE: label}
        return _validate_application(record, name, zone, "validation", variables)
    if not is_target_template(target):
        return _validate_application(record, record.name, zone, "routing", {} if record.value == target else None)
    label = _extract_label(record.value, prefix="", suffix=f".{service_name(target)}")
    return _validate_application(
        record, record.name, zone, "routing", None if label is None else {_TARGET_VARIABLE: label}
    )


def _validate_application(
    record: Record, name: str, zone: str, group: TemplateGroup, variables: dict[str, str] | None
) -> TemplateApplication:
    if name == zone:
        raise Conflict(
            f"{name} is the apex of its zone, where no CNAME can be: use a name below it.", code="cname_at_apex"
        )
    if not name.endswith(f".{zone}"):
        raise Conflict(f"{name} is not in the zone {zone}.", code="zone_not_held")
    if record.type != "CNAME" or variables is None:
        raise Conflict(
            f"{record.name} has to point to {record.value}, which is not what the template at the DNS providers sets:"
            " create this record by hand.",
            code="template_does_not_fit",
        )
    return TemplateApplication(zone=zone, host=name.removesuffix(f".{zone}"), groups=(group,), variables=variables)


def _extract_label(value: str, *, prefix: str, suffix: str) -> str | None:
    """The single label between two parts of a name."""
    if not (value.startswith(prefix) and value.endswith(suffix)) or len(value) <= len(prefix) + len(suffix):
        return None
    label = value[len(prefix) : len(value) - len(suffix)]
    return None if "." in label else label
