"""Hold the state of a sandbox, with the operations that the Cloudflare API and the control API share."""

import hashlib
import hmac
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Final

from dns.name import Name
from msgspec import UNSET
from msgspec.structs import asdict, replace

from dcvd.core.instants import SECOND
from dcvd.errors import Conflict, NotFound
from dcvd.sandbox.clock import SandboxClock
from dcvd.sandbox.consent.consents import Consents
from dcvd.sandbox.customers.model import CustomerZone
from dcvd.sandbox.customers.tokens import CustomerTokens, IssuedToken
from dcvd.sandbox.customers.zones import CustomerZones
from dcvd.sandbox.edge.states import EdgeState
from dcvd.sandbox.faults import Faults
from dcvd.sandbox.hostnames.bodies import Body, ExtraMembers, apply_ssl
from dcvd.sandbox.hostnames.conditions import read_conditions
from dcvd.sandbox.hostnames.fallback import FallbackOrigin
from dcvd.sandbox.hostnames.lifecycle import ForcedStateChange, force, renew, restart
from dcvd.sandbox.hostnames.model import CustomHostname, HostnameConditions, SslOrder
from dcvd.sandbox.hostnames.preloaded import PreloadedHostnames
from dcvd.sandbox.hostnames.registry import HostnameRegistry
from dcvd.sandbox.hostnames.statuses import Authority, HostnameStatus, SslStatus
from dcvd.sandbox.hostnames.view import hostname_view
from dcvd.sandbox.http.envelope import CloudflareErrorResponse
from dcvd.sandbox.http.rate_limit import RateLimit
from dcvd.sandbox.nameserver.records import DEFAULT_TTL, parse_name, parse_records, parse_type
from dcvd.sandbox.nameserver.zone import ZoneData
from dcvd.sandbox.settings import Plan, SandboxSettings

QUOTA_ALLOCATED: Final = 100
"""Above this number Cloudflare accepts more, and warns that they are billed."""
QUOTA_HARD_CAP: Final = 50_000


class World:
    """The state of a sandbox; `requests` counts all calls of the Cloudflare API by method and path template."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.step_ms = round(settings.step_s * SECOND)
        self.clock = SandboxClock()
        self.zone = ZoneData()
        self.faults = Faults()
        self.plan: Plan = settings.plan
        self.hard_cap = QUOTA_HARD_CAP
        self.requests: Counter[str] = Counter()
        self.delegation_uuid = hashlib.sha256(settings.zone_id.encode()).hexdigest()[:16]
        self.rate = RateLimit(settings.rate_limit, settings.rate_window_s)
        self.hostnames = HostnameRegistry(
            self._read_conditions, self.step_ms, PreloadedHostnames(settings.preloaded, self.clock.now())
        )
        self.forced_edge_states: dict[str, EdgeState] = {}
        self._refusals: dict[tuple[Authority, str | None], str] = {}
        self.tokens = CustomerTokens(self.clock.now)
        self.operator_token = IssuedToken(
            id=hashlib.sha256(settings.token.encode()).hexdigest()[:32], permissions=frozenset(), zones=frozenset()
        )
        self.customers = CustomerZones(self.zone, self._handle_dns_change, self.clock.now)
        for zone_name in settings.customer_zones:
            self.customers.create(zone_name, settings.customer, "active")
        self.consents = Consents(settings, self.tokens, self.clock.now)
        self._target = parse_name(settings.target, field="target")
        started = self.clock.now()
        self.fallback: FallbackOrigin | None = FallbackOrigin(
            origin=settings.target.rstrip("."), created_at=started, updated_at=started, active_at=started
        )
        for name in (settings.target, f"*.{settings.target}"):
            self.set_dns(name, "A", ["127.0.0.1"])
            self.set_dns(name, "AAAA", ["::1"])

    def set_dns(self, name: str, rdtype: str, values: Sequence[str], ttl: int = DEFAULT_TTL) -> None:
        """Replace the records of that name and type, also in the customer's zone that holds it. Raises InvalidInput."""
        kind, owner = parse_type(rdtype), parse_name(name)
        records = parse_records(kind, values, ttl)
        changed_names = self.zone.put(owner, records)
        self.customers.mirror_dns_change(_to_text(owner), kind.name, [rdata.to_text() for rdata in records], ttl)
        self._handle_dns_change(changed_names)

    def delete_dns(self, name: str, rdtype: str) -> None:
        """Remove the records of that name and type. Raises InvalidInput, and NotFound if there are none."""
        kind, owner = parse_type(rdtype), parse_name(name)
        changed_names = self.zone.drop(owner, kind)
        if changed_names is None:
            raise NotFound(f"There are no {kind.name} records at {name}.")
        self.customers.mirror_dns_change(_to_text(owner), kind.name, (), DEFAULT_TTL)
        self._handle_dns_change(changed_names)

    def find_token(self, token: str) -> IssuedToken | None:
        """Return what a presented bearer token permits; None if it is not valid."""
        if hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self.settings.token.encode()):
            return self.operator_token
        return self.tokens.find(token)

    def show_own_zone(self) -> dict[str, object]:
        """Show the zone of custom hostnames, with its plan."""
        zone = CustomerZone(
            id=self.settings.zone_id,
            name=_to_text(self._target.parent()),
            status="active",
            account_id=self.operator_token.id,
            account="Operator",
            created_at=0,
        )
        plan = {"id": zone.id, "name": f"{self.plan.capitalize()} Website", "legacy_id": self.plan}
        return zone.to_json() | {"plan": plan}

    def hostname_view(self, record: CustomHostname) -> dict[str, object]:
        return hostname_view(record, self.clock.now(), self.delegation_uuid)

    def create(self, hostname: str, order: SslOrder | None, extras: ExtraMembers) -> CustomHostname:
        """Create a custom hostname. Raises CloudflareErrorResponse 1404, 1405 or 1406."""
        now = self.clock.now()
        if self.hostnames.get_by_name(hostname, now) is not None:
            raise CloudflareErrorResponse(1406)
        if self.hard_cap == 0:
            raise CloudflareErrorResponse(1404)
        if len(self.hostnames) >= self.hard_cap:
            raise CloudflareErrorResponse(1405)
        record = CustomHostname(
            id=str(uuid.uuid4()),
            hostname=hostname,
            created_at=now,
            pending_at=now,
            ownership_token=str(uuid.uuid4()),
            ssl=order,
        )
        return self.hostnames.store(_apply_extras(record, extras), now)

    def edit(self, record: CustomHostname, ssl: Body | None, extras: ExtraMembers) -> CustomHostname:
        """Edit a custom hostname; an `ssl` restarts validation with fresh tokens. Raises CloudflareErrorResponse."""
        now = self.clock.now()
        record = _apply_extras(record, extras)
        if ssl is not None:
            order = record.ssl or SslOrder(
                id=str(uuid.uuid4()), stage=SslStatus.INITIALIZING, stage_entered_at=now, token_generation=0
            )
            record = restart(record, apply_ssl(order, ssl, record.hostname), now)
        return self.hostnames.store(record, now)

    def force(self, hostname: str, change: ForcedStateChange) -> CustomHostname:
        """Force a state. Raises NotFound, and Conflict for a certificate's state on a hostname without one."""
        record, now = self.find(hostname), self.clock.now()
        certificate_members = (change.ssl_status, change.expires_on, change.validation_errors)
        if record.ssl is None and any(member is not UNSET and member is not None for member in certificate_members):
            raise Conflict(f"{hostname} was created without ssl, so there is no certificate whose state could be set.")
        return self.hostnames.store(force(record, change, now), now)

    def delete(self, hostname: str) -> None:
        """Delete a hostname as if at Cloudflare. Raises NotFound."""
        self.hostnames.remove(self.find(hostname))

    def add_refusal(self, authority: Authority, text: str, hostname: str | None) -> None:
        """Make a CA refuse all hostnames, or one, for the reason `text`. Serving certificates go on serving."""
        self._refusals[authority, hostname] = text
        self.hostnames.refresh_all(self.clock.now())

    def remove_refusals(self, authority: Authority) -> None:
        """Remove all refusals of a CA."""
        self._refusals = {key: text for key, text in self._refusals.items() if key[0] != authority}
        self.hostnames.refresh_all(self.clock.now())

    def list_refusals(self) -> list[dict[str, str | None]]:
        """List all refusals as the control API shows them."""
        return [
            {"authority": authority, "hostname": hostname, "refuses": text}
            for (authority, hostname), text in self._refusals.items()
        ]

    def renew(self, hostname: str, days: int) -> CustomHostname:
        """Issue new certificates, deployed one step later. Raises NotFound, and Conflict if none serves yet."""
        record, now = self.find(hostname), self.clock.now()
        renewed = renew(record, now, days)
        if renewed is None:
            raise Conflict(f"{hostname} has no certificate yet that could be renewed; wait until it is active.")
        return self.hostnames.store(renewed, now)

    def find(self, hostname: str) -> CustomHostname:
        """Return the hostname with this name as it is now. Raises NotFound."""
        record = self.hostnames.get_by_name(hostname.lower().removesuffix("."), self.clock.now())
        if record is None:
            raise NotFound(f"There is no custom hostname {hostname}.")
        return record

    def set_fallback(self, origin: str | None) -> None:
        """Set an origin, which becomes active one step later, or remove it, so that no more hostnames activate."""
        now = self.clock.now()
        if origin is None:
            self.fallback = None
        else:
            created_at = now if self.fallback is None else self.fallback.created_at
            self.fallback = FallbackOrigin(
                origin=origin, created_at=created_at, updated_at=now, active_at=now + self.step_ms
            )
        self.hostnames.refresh_all(now)

    def find_edge_state(self, name: str) -> EdgeState:
        """Return how the edge answers for a name: as forced, else as Cloudflare's statuses have it."""
        forced = self.forced_edge_states.get(name)
        if forced is not None:
            return forced
        if parse_name(name).is_subdomain(self._target):
            return EdgeState.SERVING
        record = self.hostnames.get_by_name(name, self.clock.now())
        view = {} if record is None else self.hostname_view(record)
        ssl_view = view.get("ssl")
        is_deployed = isinstance(ssl_view, dict) and ssl_view.get("status") == SslStatus.ACTIVE
        is_active = view.get("status") == HostnameStatus.ACTIVE and is_deployed
        return EdgeState.SERVING if is_active else EdgeState.NO_CERTIFICATE

    def force_edge_state(self, name: str, state: EdgeState | None) -> None:
        """Have the edge answer so for a name, whatever Cloudflare says; None releases it. Raises InvalidInput."""
        key = _to_text(parse_name(name))
        if state is None:
            self.forced_edge_states.pop(key, None)
        else:
            self.forced_edge_states[key] = state

    def _handle_dns_change(self, changed_names: frozenset[Name]) -> None:
        self.hostnames.handle_dns_change(changed_names, self.clock.now())

    def _read_conditions(self, record: CustomHostname) -> tuple[HostnameConditions, frozenset[Name]]:
        conditions, consulted_names = read_conditions(
            record,
            self.zone,
            target=self._target,
            fallback_active_at=None if self.fallback is None else self.fallback.active_at,
            delegation_uuid=self.delegation_uuid,
            authority_refusal=self._find_refusal(record),
        )
        hidden_target = None if conditions.has_cname else self.customers.find_cname_target(record.hostname)
        if hidden_target is not None and parse_name(hidden_target).is_subdomain(self._target):
            conditions = replace(conditions, has_cname=True)
        return conditions, consulted_names

    def _find_refusal(self, record: CustomHostname) -> str | None:
        if record.ssl is None:
            return None
        authority = record.ssl.authority
        return self._refusals.get((authority, record.hostname)) or self._refusals.get((authority, None))


def _to_text(name: Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _apply_extras(record: CustomHostname, extras: ExtraMembers) -> CustomHostname:
    return replace(record, **{member: value for member, value in asdict(extras).items() if value is not UNSET})
