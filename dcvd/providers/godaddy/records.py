"""Read and change records at GoDaddy. Every call touches one name and one type, never more of a zone."""

from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import quote

from dcvd.core.connections.credentials import ApiToken, KeyPair, OauthTokens
from dcvd.core.dns.hostnames import registrable_domain
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import Permanent
from dcvd.kit.http.fetch import Fetcher, FetchResponse
from dcvd.providers.godaddy.budgets import GodaddyBudgets
from dcvd.providers.godaddy.wire import read_records, read_zone, to_body, to_error
from dcvd.providers.owner_names import APEX, OwnerName, find_nearest_zone
from dcvd.providers.record_provider import DEADLINE_S
from dcvd.providers.stepwise_provider import ChangeStep, StepwiseProvider

_TYPES: Final = ("CNAME", "A", "AAAA", "TXT", "MX", "CAA", "NS", "SRV")
"""The types that can conflict with our records, CNAME first, because nothing else can exist beside a CNAME. Each type
costs one of the sixty calls a minute, so SRV is read only at names that begin with an underscore."""
_MAX_WAIT_S: Final = 10.0
_MAX_RESTORE_WAIT_S: Final = 60.0
_RESERVED_CALLS: Final = 4
"""Calls to keep free for each type that is still to be written: to write it, and to read and write it back."""
_NOT_A_DOMAIN_STATUSES: Final = frozenset({400, 403, 404, 422})
"""The answers of GoDaddy for a name that is not a domain of the account; they depend on the form of the name."""


class GodaddyRecords(StepwiseProvider):
    """GoDaddy's driver; it takes a bearer token or an API key. `budgets` limits the calls of each credential."""

    def __init__(
        self,
        fetcher: Fetcher,
        base_url: str,
        credentials: OauthTokens | ApiToken | KeyPair,
        budgets: GodaddyBudgets,
        *,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        super().__init__("GoDaddy", deadline_s=deadline_s)
        self._fetcher = fetcher
        self._base_url = base_url
        self._budgets = budgets
        self._secret, self._authorization = _build_authorization(credentials)

    async def _check_credentials(self) -> str | None:
        """Try the credentials; GoDaddy does not name the account.

        Raises Permanent `account_not_eligible` if GoDaddy does not open its API to the account.
        """
        self._check_success(await self._call("GET", "/v1/domains?limit=1"), "the check of the credential")
        return None

    async def _find_zone(self, name: str) -> Zone | None:
        """Find the account's domain that holds a name. Every operation starts here, so this waits for its budget."""
        await self._budgets.get_budget(self._authorization).begin_operation(max_wait_s=_MAX_WAIT_S)
        return await find_nearest_zone(name, self._find_domain)

    async def _find_domain(self, name: str) -> Zone | None:
        answer = await self._call("GET", f"/v1/domains/{quote(name, safe='')}")
        if answer.status == 404 or (answer.status in _NOT_A_DOMAIN_STATUSES and name != registrable_domain(name)):
            return None
        self._check_success(answer, f"the search for the domain {name}")
        return read_zone(answer, name)

    async def _read(self, owner: OwnerName) -> list[ZoneRecord]:
        """Return the records at a name: one call for a CNAME, else seven (eight if it begins with an underscore)."""
        records: list[ZoneRecord] = []
        for kind in _TYPES:
            if kind == "SRV" and not owner.name.startswith("_"):
                continue
            records += await self._read_type(owner, kind)
            if kind == "CNAME" and records:
                break
        return records

    async def _read_types(self, owner: OwnerName, types: Collection[str], *, is_putting_back: bool) -> list[ZoneRecord]:
        unknown = [kind for kind in sorted(types) if kind not in _TYPES]
        if unknown:
            raise Permanent(f"{unknown[0]} records are not written at GoDaddy.", code="provider_refused")
        max_wait_s = _MAX_RESTORE_WAIT_S if is_putting_back else _MAX_WAIT_S
        return [record for kind in sorted(types) for record in await self._read_type(owner, kind, max_wait_s)]

    async def _read_type(self, owner: OwnerName, kind: str, max_wait_s: float = _MAX_WAIT_S) -> list[ZoneRecord]:
        answer = await self._call("GET", _path(owner, kind), max_wait_s=max_wait_s)
        self._check_success(answer, f"the question for the {kind} records of {owner.name}")
        return read_records(answer, owner, kind)

    def _plan_steps(
        self, removed: Sequence[ZoneRecord], added: Sequence[ZoneRecord], staying: Sequence[ZoneRecord]
    ) -> list[ChangeStep]:
        """Write one type after another, first those that only lose records."""
        added_types = dict.fromkeys(record.type for record in added)
        lost_types = dict.fromkeys(record.type for record in removed if record.type not in added_types)
        return [
            ChangeStep(
                removed=tuple(record for record in removed if record.type == kind),
                added=tuple(record for record in added if record.type == kind),
                staying=tuple(record for record in staying if record.type == kind),
            )
            for kind in (*lost_types, *added_types)
        ]

    async def _make_step(self, owner: OwnerName, step: ChangeStep) -> None:
        """Set exactly the records of a type that stay and those that are new.

        The first of several calls waits until enough are free to finish the change, or to put it back.
        """
        records = (*step.staying, *step.added)
        answer = await self._call(
            "PUT" if records else "DELETE",
            _path(owner, step.type),
            body=to_body(records) if records else None,
            max_wait_s=_MAX_RESTORE_WAIT_S if step.is_putting_back else _MAX_WAIT_S,
            reserve=_RESERVED_CALLS * step.following,
        )
        if records or answer.status != 404:
            activity = "setting" if records else "removing"
            self._check_success(answer, f"{activity} the {step.type} records of {owner.name}")

    async def _call(
        self, method: str, path: str, *, body: bytes | None = None, max_wait_s: float = _MAX_WAIT_S, reserve: int = 0
    ) -> FetchResponse:
        headers = {"Authorization": self._authorization.reveal(), "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        budget = self._budgets.get_budget(self._authorization)
        async with budget.begin_call(max_wait_s=max_wait_s, reserve=reserve):
            answer = await self._fetcher.send(method, self._base_url + path, headers=headers, body=body)
        budget.learn_from(answer)
        return answer

    def _check_success(self, answer: FetchResponse, activity: str) -> None:
        """Raise a RemoteError unless the status is one of success."""
        if not 200 <= answer.status < 300:
            raise to_error(activity, answer, (self._secret,))


def _build_authorization(credentials: OauthTokens | ApiToken | KeyPair) -> tuple[Secret, Secret]:
    """Return the secret of the credentials, and the Authorization header that holds it."""
    match credentials:
        case OauthTokens(access_token=secret) | ApiToken(token=secret):
            return secret, Secret(f"Bearer {secret.reveal()}")
        case KeyPair(key=key, secret=secret):
            return secret, Secret(f"sso-key {key}:{secret.reveal()}")


def _path(owner: OwnerName, kind: str) -> str:
    return f"/v1/domains/{quote(owner.zone.name, safe='')}/records/{kind}/{quote(owner.label, safe=APEX)}"
