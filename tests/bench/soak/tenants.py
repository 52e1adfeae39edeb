"""A tenant of the soak: their program calls the API all the time, and goes on when the daemon is away."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

from dcvd.errors import NotFound
from dcvd.sandbox import Sandbox
from tests.bench.soak.ledger import Ledger
from tests.bench.soak.receivers import Receiver

_LIVES: Final = 8
"""Domains that come and go at once."""
_STAYING: Final = 12
"""Domains that are added at the start and stay."""
_TOKENS: Final = 6
_FLAKY: Final = ("first", "second")
_HOPELESS: Final = "hopeless"
_SECONDS_OF_A_CALL: Final = aiohttp.ClientTimeout(total=20)


class Tenant:
    """An organization with its program, its receivers and its customers; `calls` counts answers by their status."""

    def __init__(self, ledger: Ledger, sandbox: Sandbox, url: str, token: str, dice: random.Random) -> None:
        self.ledger = ledger
        self.calls = Counter[int]()
        self._sandbox = sandbox
        self._url = url
        self._token = token
        self._dice = dice
        self._names = 0
        self._session = aiohttp.ClientSession(timeout=_SECONDS_OF_A_CALL)
        self._receivers = {name: Receiver(ledger, name, dice) for name in (*_FLAKY, _HOPELESS, "passing")}

    async def start(self) -> None:
        """The endpoints: two that are told everything, and one that never takes anything."""
        for receiver in self._receivers.values():
            await receiver.start()
        for name in _FLAKY:
            self.ledger.endpoints[name] = await self._add_endpoint(name, ["*"])
        self._receivers[_HOPELESS].hopeless = True
        await self._add_endpoint(_HOPELESS, ["domain.removed"])
        for _ in range(_STAYING):
            await self._add_domain(*self._new_name(right=True))

    async def close(self) -> None:
        await self._session.close()
        for receiver in self._receivers.values():
            await receiver.stop()

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on until it is cancelled."""
        return [
            *(self._live() for _ in range(_LIVES)),
            self._mint(),
            self._look(),
            self._link(),
            self._pass(),
            self._change_moods(),
        ]

    def watch(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on until all has come to rest."""
        return [self._follow(), self._enable(), self._note_dead()]

    async def calm(self) -> None:
        """From now on all receivers are well, but for the hopeless one."""
        for receiver in self._receivers.values():
            await receiver.calm()

    async def count_missing(self) -> int:
        """How many events of the feed are owed to receivers still, in their eyes."""
        trial = Ledger(
            organization="",
            events=self.ledger.events,
            endpoints=self.ledger.endpoints,
            arrivals=self.ledger.arrivals,
            dead=self.ledger.dead,
        )
        trial.judge_events()
        return len(trial.complaints)

    async def judge(self) -> None:
        """Compare what is there with what was acknowledged."""
        ledger = self.ledger
        found: dict[str, str] = {}
        cursor = ""
        while True:
            body = await self._insist("GET", f"/api/domains?limit=250{cursor}")
            found |= {domain["domainName"]: domain["id"] for domain in body["domains"]}
            if body["nextCursor"] is None:
                break
            cursor = f"&cursor={body['nextCursor']}"
        for name, domain_id in ledger.domains.items():
            if found.get(name) != domain_id:
                ledger.complain(f"{name} was acknowledged as {domain_id}, and is {found.get(name)}")
        for name in ledger.removed:
            if name in found:
                ledger.complain(f"the removal of {name} was acknowledged, and it is there")
        for token_id, token in ledger.tokens.items():
            if (status := await self._status_of_token(token)) != 200:
                ledger.complain(f"the token {token_id} was acknowledged, and is answered {status}")
        for token in ledger.revoked[-50:]:
            if (status := await self._status_of_token(token)) != 401:
                ledger.complain(f"a token was revoked, and is answered {status}")
        ledger.judge_events()

    async def _live(self) -> None:
        """Customers come one after the other, and go."""
        await asyncio.sleep(self._dice.uniform(0, 10))
        while True:
            name, right = self._new_name(right=self._dice.random() < 0.7)
            domain_id = await self._add_domain(name, right)
            for _ in range(self._dice.randrange(1, 5)):
                await asyncio.sleep(self._dice.uniform(2, 12))
                match self._dice.randrange(5):
                    case 0:
                        await self._call("POST", f"/api/domains/{domain_id}/sync")
                    case 1:
                        label = {"labels": {"round": str(self._dice.randrange(100))}}
                        await self._call("PATCH", f"/api/domains/{domain_id}", label)
                    case 2:
                        right = not right
                        self._set_record(name, right)
                    case _:
                        await self._call("GET", f"/api/domains/{domain_id}")
            # From here on it may be there or not: the soak may end before the answer has come.
            del self.ledger.domains[name]
            await self._insist("DELETE", f"/api/domains/{domain_id}", also=(404,))
            self.ledger.removed[name] = domain_id
            with suppress(NotFound):
                self._sandbox.delete_dns(name, "CNAME")

    def _new_name(self, *, right: bool) -> tuple[str, bool]:
        self._names += 1
        name = f"n{self._names}.{self.ledger.organization.lower()}.customer.test"
        self._set_record(name, right)
        return name, right

    def _set_record(self, name: str, right: bool) -> None:
        values = [f"{self._sandbox.settings.target}." if right else "elsewhere.customer.test."]
        self._sandbox.set_dns(name, "CNAME", values, ttl=1)

    async def _add_domain(self, name: str, right: bool) -> str:
        body = await self._insist("POST", "/api/domains", {"domainName": name}, also=(409,))
        if "domain" not in body:
            # An earlier try got through, whose answer did not.
            body = await self._insist("GET", f"/api/domains?search={name}")
            body["domain"] = next(each for each in body["domains"] if each["domainName"] == name)
        domain_id = str(body["domain"]["id"])
        self.ledger.domains[name] = domain_id
        return domain_id

    async def _mint(self) -> None:
        """Tokens come and go; every second one ends by itself."""
        while True:
            await asyncio.sleep(self._dice.uniform(1, 4))
            if self._dice.random() < 0.5:
                ends = datetime.now(UTC) + timedelta(seconds=self._dice.uniform(10, 40))
                wanted = {"name": "short", "role": "member", "expiresAt": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
                await self._call("POST", "/api/tokens", wanted)
                continue
            body = await self._insist("POST", "/api/tokens", {"name": "soak", "role": "member"})
            token_id, token = body["token"]["id"], body["token"]["token"]
            await self._status_of_token(token)
            self.ledger.tokens[token_id] = token
            if len(self.ledger.tokens) > _TOKENS:
                oldest = next(iter(self.ledger.tokens))
                revoked = self.ledger.tokens.pop(oldest)
                await self._insist("DELETE", f"/api/tokens/{oldest}", also=(404,))
                self.ledger.revoked.append(revoked)

    async def _status_of_token(self, token: str) -> int:
        while True:
            answer = await self._call("GET", "/api/whoami", headers={"Authorization": f"Bearer {token}"})
            if answer is not None:
                return answer[0]
            await asyncio.sleep(0.2)

    async def _look(self) -> None:
        """What dashboards ask."""
        while True:
            await asyncio.sleep(self._dice.uniform(0.2, 1))
            name = f"any{self._dice.randrange(1000)}.customer.test"
            match self._dice.randrange(7):
                case 0:
                    await self._call("GET", "/api/domains?limit=50")
                case 1:
                    await self._call("GET", "/api/domains?search=n1&status=active")
                case 2:
                    await self._call("GET", "/api/deliveries?limit=50")
                case 3:
                    await self._call("GET", "/api/audit?limit=50")
                case 4:
                    await self._call("POST", "/api/diagnose", {"domainName": name})
                case 5:
                    await self._call("GET", "/api/webhooks")
                case _:
                    await self._call("POST", "/api/domains", {"domainName": "not a name"})

    async def _link(self) -> None:
        while True:
            await asyncio.sleep(self._dice.uniform(5, 15))
            await self._call("POST", "/api/links", {"purpose": "new", "expiresIn": 60})

    async def _pass(self) -> None:
        """An endpoint that is there for a while."""
        while True:
            endpoint_id = await self._add_endpoint("passing", ["domain.*"])
            await asyncio.sleep(self._dice.uniform(5, 30))
            await self._insist("DELETE", f"/api/webhooks/{endpoint_id}", also=(404,))

    async def _change_moods(self) -> None:
        while True:
            await asyncio.sleep(self._dice.uniform(3, 10))
            await self._receivers[self._dice.choice(_FLAKY)].change()

    async def _add_endpoint(self, receiver: str, events: list[str]) -> str:
        wanted = {"url": self._receivers[receiver].url, "events": events, "name": f"{receiver} {time.monotonic_ns()}"}
        body = await self._insist("POST", "/api/webhooks", wanted)
        return str(body["webhook"]["id"])

    async def _follow(self) -> None:
        """Read the feed, in order and by long polls."""
        cursor = "0"
        while True:
            answer = await self._call("GET", f"/api/events?after={cursor}&limit=250", headers={"Prefer": "wait=5"})
            if answer is None or answer[0] != 200:
                await asyncio.sleep(0.5)
                continue
            for event in answer[1]["events"]:
                self.ledger.read(event)
            cursor = answer[1]["nextCursor"]

    async def _enable(self) -> None:
        """Whoever answered 410 by mistake enables the endpoint again."""
        while True:
            await asyncio.sleep(2)
            for name, endpoint_id in self.ledger.endpoints.items():
                answer = await self._call("GET", f"/api/webhooks/{endpoint_id}")
                if answer is None or answer[0] >= 500:
                    continue
                if answer[0] != 200:
                    self.ledger.complain(f"the endpoint {name} is answered {answer[0]}")
                elif not answer[1]["webhook"]["enabled"]:
                    await self._call("PATCH", f"/api/webhooks/{endpoint_id}", {"enabled": True})

    async def _note_dead(self) -> None:
        while True:
            for name, endpoint_id in self.ledger.endpoints.items():
                answer = await self._call("GET", f"/api/deliveries?webhookId={endpoint_id}&status=dead&limit=250")
                if answer is not None and answer[0] == 200:
                    dead = {delivery["eventId"] for delivery in answer[1]["deliveries"]}
                    self.ledger.dead.setdefault(name, set()).update(dead)
            await asyncio.sleep(2)

    async def _insist(self, method: str, path: str, body: object = None, *, also: tuple[int, ...] = ()) -> Any:
        """Repeat the call until it is acknowledged; the answer's body."""
        while True:
            answer = await self._call(method, path, body)
            if answer is not None and (answer[0] < 300 or answer[0] in also):
                return answer[1]
            if answer is not None and answer[0] not in (429, 500, 503):
                self.ledger.complain(f"{method} {path} was answered {answer[0]}: {answer[1]}")
            await asyncio.sleep(0.3)

    async def _call(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any] | None:
        """Status and body of an answer; None where none came."""
        sent = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        try:
            async with self._session.request(method, f"{self._url}{path}", json=body, headers=sent) as response:
                raw = await response.read()
                self.calls[response.status] += 1
                if response.status == 500:
                    self.ledger.complain(f"{method} {path} was answered 500")
                return response.status, await response.json(content_type=None) if raw else None
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            self.calls[0] += 1
            return None
