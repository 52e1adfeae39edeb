"""Records of one type and name at a time; a call that touches more of a zone is never made."""

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
"""What can be in the way of a record of ours, the CNAME first: beside it nothing else stands. Each costs a call of the
sixty a minute, so an SRV record is looked for only where one can be: at a name that begins with an underscore."""
_MAX_WAIT_S: Final = 10.0
_MAX_RESTORE_WAIT_S: Final = 60.0
_DEADLINE_S: Final = 60.0
_NOT_A_DOMAIN_STATUSES: Final = frozenset({400, 403, 404, 422})
"""How GoDaddy answers about a name that is no domain of the account's, by what the name looks like."""


class _RecordSetChange(Struct, frozen=True):
    """One type's records at a name, as they are and as they shall be."""

    type: str
    before: tuple[ZoneRecord, ...]
    after: tuple[ZoneRecord, ...]


class GodaddyRecords:
    """With a bearer token or an API key; `budgets` hold 60 calls a minute to each credential."""

    def __init__(
        self, fetcher: Fetcher, base_url: str, credentials: OauthTokens | ApiToken | KeyPair, budgets: GodaddyBudgets
    ) -> None:
        self._fetcher = fetcher
        self._base_url = base_url
        self._budgets = budgets
        self._secret, self._authorization = _build_authorization(credentials)

    async def check_credentials(self) -> str | None:
        """GoDaddy does not say whose account it is. Raises Permanent `account_not_eligible` where the account is kept
        from the API.
        """
        async with limit_duration(_DEADLINE_S, "The check of the credential"):
            answer = await self._call("GET", "/v1/domains?limit=1")
            self._check_success(answer, "the check of the credential")
        return None

    async def find_zone(self, name: str) -> Zone | None:
        """The domain of the account's that holds a name. Work begins with it, so that it keeps work apart."""
        async with limit_duration(_DEADLINE_S, f"The search for the domain of {name}"):
            await self._budgets.get_budget(self._authorization).begin_operation(max_wait_s=_MAX_WAIT_S)
            candidates = zone_candidates(name)
            for candidate in candidates:
                answer = await self._call("GET", f"/v1/domains/{quote(candidate, safe='')}")
                if answer.status in _NOT_A_DOMAIN_STATUSES and (answer.status == 404 or candidate != candidates[-1]):
                    continue
                self._check_success(answer, f"the search for the domain of {name}")
                document = read_json(answer.body)
                found = document.get("domain") if isinstance(document, dict) else None
                if not isinstance(found, str) or found.lower() != candidate:
                    raise Retryable(
                        f"GoDaddy's answer about the domain {candidate} is about another; it is tried again.",
                        code="provider_unexpected",
                    )
                return Zone(id=candidate, name=candidate)
        return None

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """One call where a CNAME stands there, seven where none does (eight below an underscore)."""
        place = locate_owner(zone, name)
        found: list[ZoneRecord] = []
        async with limit_duration(_DEADLINE_S, f"Reading {name}"):
            for kind in _TYPES:
                if kind == "SRV" and not name.startswith("_"):
                    continue
                found += await self._read(place, kind)
                if kind == "CNAME" and found:
                    break
        return found

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Each type by itself, first those of which records go: what stands there now and is to stay is written with
        what comes. Where a later type is refused, the earlier ones are put back; who was cancelled calls again.
        """
        names = {record.name for record in (*remove, *add)}
        if not names:
            return
        if len(names) > 1:
            raise Permanent("Records of several names cannot be changed at once.", code="provider_refused")
        name = names.pop()
        place = locate_owner(zone, name)
        if place.label == APEX and any(record.type == "CNAME" for record in add):
            raise Permanent(
                f"{name} is the domain itself, where GoDaddy takes no CNAME; use a name below it.", code="cname_at_apex"
            )
        async with limit_duration(_DEADLINE_S, f"Reading {name}"):
            steps = await self._plan_changes(place, remove, add)
        begun: list[_RecordSetChange] = []
        try:
            async with limit_duration(_DEADLINE_S, f"Changing {name}"):
                for step in steps:
                    # So many calls have to be free that what is begun can be ended, or put back.
                    spare = 2 * len(steps) if len(steps) > 1 and not begun else 0
                    begun.append(step)
                    await self._write(place, step.type, step.after, reserve=spare)
        except RemoteError as error:
            # Of an outage nobody knows whether the last one was done.
            undone = begun if isinstance(error, Retryable) else begun[:-1]
            if len(begun) > 1:
                await self._put_back(place, undone, error)
            raise

    async def _plan_changes(
        self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]
    ) -> list[_RecordSetChange]:
        steps: list[_RecordSetChange] = []
        added = dict.fromkeys(record.type for record in add)
        for kind in (*(kind for kind in dict.fromkeys(record.type for record in remove) if kind not in added), *added):
            if kind not in _TYPES:
                raise Permanent(f"{kind} records are not written at GoDaddy.", code="provider_refused")
            before = tuple(await self._read(owner, kind))
            coming = tuple(record for record in add if record.type == kind)
            leaving = {record.value for record in (*remove, *coming) if record.type == kind}
            after = (*(record for record in before if record.value not in leaving), *coming)
            if kind == "CNAME" and len(after) > 1:
                raise Retryable(
                    f"The CNAME of {owner.name} was changed at GoDaddy meanwhile; it is looked at again.",
                    code="record_changed",
                )
            if after != before:
                steps.append(_RecordSetChange(kind, before, after))
        return steps

    async def _put_back(self, owner: OwnerName, changes: list[_RecordSetChange], error: RemoteError) -> None:
        """After a failure. Raises Retryable or Unauthorized, from that failure, where it does not work."""
        log.warning("godaddy.putting_back", name=owner.name, types=[step.type for step in changes], why=error.code)
        try:
            for step in reversed(changes):
                await self._write(owner, step.type, step.before, max_wait_s=_MAX_RESTORE_WAIT_S)
        except RemoteError as second:
            lost = ", ".join(f"{record.type} {record.value}" for step in changes for record in step.before)
            log.error("godaddy.not_put_back", name=owner.name, records=lost, why=second.code)  # noqa: TRY400  # told below
            message = (
                f"{error.message} Before that these records of {owner.name} were taken out, and they could not be put "
                f"back: {lost}. {second.message}"
            )
            if isinstance(second, Unauthorized):
                raise Unauthorized(message, code=second.code) from error  # so that it is called again with newer ones
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
        """Have exactly these; either way of it may be repeated, so a lost answer is asked for once more."""
        method, body = ("PUT", to_body(records)) if records else ("DELETE", None)
        path = _path(owner, kind)
        answer = await self._try_call(method, path, body, max_wait_s=max_wait_s, reserve=reserve)
        if answer is None:
            answer = await self._call(method, path, body=body, max_wait_s=max_wait_s)
        if method == "DELETE" and answer.status == 404:
            return  # gone already
        doing = (
            f"setting the {kind} records of {owner.name}" if records else f"removing the {kind} records of {owner.name}"
        )
        self._check_success(answer, doing)

    async def _try_call(
        self, method: str, path: str, body: bytes | None, *, max_wait_s: float, reserve: int
    ) -> FetchResponse | None:
        """None where nobody knows whether it was done."""
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
        """Raises RemoteError for what is no success."""
        if not 200 <= answer.status < 300:
            raise to_error(activity, answer, (self._secret,))


def _build_authorization(credentials: OauthTokens | ApiToken | KeyPair) -> tuple[Secret, Secret]:
    """The secret, and the header that shows it."""
    match credentials:
        case OauthTokens(access_token=secret) | ApiToken(token=secret):
            return secret, Secret(f"Bearer {secret.reveal()}")
        case KeyPair(key=key, secret=secret):
            return secret, Secret(f"sso-key {key}:{secret.reveal()}")


def _path(owner: OwnerName, kind: str) -> str:
    return f"/v1/domains/{quote(owner.zone.name, safe='')}/records/{kind}/{quote(owner.label, safe=APEX)}"
