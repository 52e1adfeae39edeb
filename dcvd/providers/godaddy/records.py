"""Read and change records at GoDaddy. Every call touches one name and one type, never more of a zone."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import structlog
from msgspec import Struct

from dcvd.core.connections.credentials import ApiToken, KeyPair, OauthTokens
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import Permanent, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import Fetcher, FetchFailed, FetchResponse
from dcvd.kit.http.json_body import read_json
from dcvd.providers.deadline import limit_duration
from dcvd.providers.godaddy.budgets import GodaddyBudgets
from dcvd.providers.godaddy.wire import read_records, to_body, to_error
from dcvd.providers.owner_names import APEX, OwnerName, locate_owner, zone_candidates

log = structlog.get_logger(__name__)

_TYPES: Final = ("CNAME", "A", "AAAA", "TXT", "MX", "CAA", "NS", "SRV")
"""The types that can conflict with our records, CNAME first, because nothing else can exist beside a CNAME. Each type
costs one of the sixty calls a minute, so SRV is read only at names that begin with an underscore."""
_MAX_WAIT_S: Final = 10.0
_MAX_RESTORE_WAIT_S: Final = 60.0
_DEADLINE_S: Final = 60.0
_NOT_A_DOMAIN_STATUSES: Final = frozenset({400, 403, 404, 422})
"""The answers of GoDaddy for a name that is not a domain of the account; they depend on the form of the name."""


class _RecordSetChange(Struct, frozen=True):
    """The records of one type at a name, before and after a change."""

    type: str
    before: tuple[ZoneRecord, ...]
    after: tuple[ZoneRecord, ...]


class GodaddyRecords:
    """GoDaddy's driver; it takes a bearer token or an API key. `budgets` limits the calls of each credential."""

    def __init__(
        self, fetcher: Fetcher, base_url: str, credentials: OauthTokens | ApiToken | KeyPair, budgets: GodaddyBudgets
    ) -> None:
        self._fetcher = fetcher
        self._base_url = base_url
        self._budgets = budgets
        self._secret, self._authorization = _build_authorization(credentials)

    async def check_credentials(self) -> str | None:
        """Try the credentials; GoDaddy does not name the account.

        Raises Permanent `account_not_eligible` if GoDaddy does not open its API to the account.
        """
        async with limit_duration(_DEADLINE_S, "The check of the credential"):
            answer = await self._call("GET", "/v1/domains?limit=1")
            self._check_success(answer, "the check of the credential")
        return None

    async def find_zone(self, name: str) -> Zone | None:
        """Find the account's domain that holds a name. Every operation starts here, so this waits for its budget."""
        async with limit_duration(_DEADLINE_S, f"The search for the domain of {name}"):
            await self._budgets.get_budget(self._authorization).begin_operation(max_wait_s=_MAX_WAIT_S)
            candidates = zone_candidates(name)
            for candidate in candidates:
                answer = await self._call("GET", f"/v1/domains/{quote(candidate, safe='')}")
                if answer.status in _NOT_A_DOMAIN_STATUSES and (answer.status == 404 or candidate != candidates[-1]):
                    continue
                self._check_success(answer, f"the search for the domain of {name}")
                document = read_json(answer.body)
                domain = document.get("domain") if isinstance(document, dict) else None
                if not isinstance(domain, str) or domain.lower() != candidate:
                    raise Retryable(
                        f"GoDaddy's answer about the domain {candidate} is about another; it is tried again.",
                        code="provider_unexpected",
                    )
                return Zone(id=candidate, name=candidate)
        return None

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """Return the records at a name: one call for a CNAME, else seven (eight if it begins with an underscore)."""
        owner = locate_owner(zone, name)
        records: list[ZoneRecord] = []
        async with limit_duration(_DEADLINE_S, f"Reading {name}"):
            for kind in _TYPES:
                if kind == "SRV" and not name.startswith("_"):
                    continue
                records += await self._read(owner, kind)
                if kind == "CNAME" and records:
                    break
        return records

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Change one type after another, first those that only lose records.

        Each write holds the records that stay and those that are new. If a later type is refused, the earlier ones are
        put back. A cancelled change puts nothing back: its caller repeats it.
        """
        names = {record.name for record in (*remove, *add)}
        if not names:
            return
        if len(names) > 1:
            raise Permanent("Records of several names cannot be changed at once.", code="provider_refused")
        name = names.pop()
        owner = locate_owner(zone, name)
        if owner.label == APEX and any(record.type == "CNAME" for record in add):
            raise Permanent(
                f"{name} is the domain itself, where GoDaddy takes no CNAME; use a name below it.", code="cname_at_apex"
            )
        async with limit_duration(_DEADLINE_S, f"Reading {name}"):
            changes = await self._plan_changes(owner, remove, add)
        started: list[_RecordSetChange] = []
        try:
            async with limit_duration(_DEADLINE_S, f"Changing {name}"):
                for change in changes:
                    # Enough calls have to be free to finish all changes, or to put them back.
                    reserve = 2 * len(changes) if len(changes) > 1 and not started else 0
                    started.append(change)
                    await self._write(owner, change.type, change.after, reserve=reserve)
        except RemoteError as error:
            # After an outage nobody knows whether the last change was made.
            to_put_back = started if isinstance(error, Retryable) else started[:-1]
            if len(started) > 1:
                await self._put_back(owner, to_put_back, error)
            raise

    async def _plan_changes(
        self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]
    ) -> list[_RecordSetChange]:
        changes: list[_RecordSetChange] = []
        added = dict.fromkeys(record.type for record in add)
        for kind in (*(kind for kind in dict.fromkeys(record.type for record in remove) if kind not in added), *added):
            if kind not in _TYPES:
                raise Permanent(f"{kind} records are not written at GoDaddy.", code="provider_refused")
            before = tuple(await self._read(owner, kind))
            new = tuple(record for record in add if record.type == kind)
            replaced_values = {record.value for record in (*remove, *new) if record.type == kind}
            after = (*(record for record in before if record.value not in replaced_values), *new)
            if kind == "CNAME" and len(after) > 1:
                raise Retryable(
                    f"The CNAME of {owner.name} was changed at GoDaddy meanwhile; it is checked again.",
                    code="record_changed",
                )
            if after != before:
                changes.append(_RecordSetChange(kind, before, after))
        return changes

    async def _put_back(self, owner: OwnerName, changes: list[_RecordSetChange], error: RemoteError) -> None:
        """Put back records after `error`. If that fails too, raise Retryable or Unauthorized from `error`."""
        log.warning("godaddy.putting_back", name=owner.name, types=[change.type for change in changes], why=error.code)
        try:
            for change in reversed(changes):
                await self._write(owner, change.type, change.before, max_wait_s=_MAX_RESTORE_WAIT_S)
        except RemoteError as second:
            lost = ", ".join(f"{record.type} {record.value}" for change in changes for record in change.before)
            log.error("godaddy.not_put_back", name=owner.name, records=lost, why=second.code)  # noqa: TRY400  # raised below
            message = (
                f"{error.message} Before that these records of {owner.name} were taken out, and they could not be put "
                f"back: {lost}. {second.message}"
            )
            if isinstance(second, Unauthorized):
                raise Unauthorized(message, code=second.code) from error  # the caller repeats it with new ones
            raise Retryable(message, code="provider_half_done") from error

    async def _read(self, owner: OwnerName, kind: str) -> list[ZoneRecord]:
        answer = await self._call("GET", _path(owner, kind))
        self._check_success(answer, f"the question for the {kind} records of {owner.name}")
        return read_records(answer, owner, kind)

    async def _write(
        self,
        owner: OwnerName,
        kind: str,
        records: tuple[ZoneRecord, ...],
        *,
        max_wait_s: float = _MAX_WAIT_S,
        reserve: int = 0,
    ) -> None:
        """Set exactly these records of a type. PUT and DELETE can be repeated, so a lost answer means one more try."""
        method, body = ("PUT", to_body(records)) if records else ("DELETE", None)
        path = _path(owner, kind)
        answer = await self._try_call(method, path, body, max_wait_s=max_wait_s, reserve=reserve)
        if answer is None:
            answer = await self._call(method, path, body=body, max_wait_s=max_wait_s)
        if method == "DELETE" and answer.status == 404:
            return  # the records are gone already
        activity = (
            f"setting the {kind} records of {owner.name}" if records else f"removing the {kind} records of {owner.name}"
        )
        self._check_success(answer, activity)

    async def _try_call(
        self, method: str, path: str, body: bytes | None, *, max_wait_s: float, reserve: int
    ) -> FetchResponse | None:
        """Return the answer; None if nobody knows whether the call was carried out."""
        try:
            answer = await self._call(method, path, body=body, max_wait_s=max_wait_s, reserve=reserve)
        except FetchFailed as error:
            if error.may_have_arrived:
                return None
            raise
        return answer if answer.status < 500 else None

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
