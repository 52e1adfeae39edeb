"""Of each domain one endpoint gets the events in order, whatever happens between."""

import random
from collections.abc import Coroutine
from typing import Any, Final, cast

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import Struct

from dcvd.config import CloudflareConfig, Config, Live
from dcvd.config.sections import WebhooksConfig
from dcvd.core.events import Event, EventType
from dcvd.core.instants import SECOND
from dcvd.core.jobs import Job
from dcvd.core.secret import Secret
from dcvd.core.webhooks.deliveries import DeliveryState, DueDelivery
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.ordering import Ordering
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.errors import Conflict
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.webhooks import cancellations, endpoints, replay_job, replays
from dcvd.services.webhooks.deliveries import are_all_well, drop_expired, record_attempts, record_successes
from dcvd.services.webhooks.delivery_order import repair_delivery_order
from dcvd.services.webhooks.endpoints import EndpointChange, HeldDeliveries
from dcvd.store.engine.database import Database
from tests.conftest import VAULT
from tests.examples import examples
from tests.manual_clock import ManualClock
from tests.services.memory import Cut, MemoryDatabase, run
from tests.services.webhooks.attempts import delivered, due, endpoint_now, failed, happen, owed

_TYPES: Final = (EventType.DOMAIN_ADDED, EventType.DOMAIN_ACTIVE)
_DOMAINS: Final = ("dom_a", "dom_b", None)
_SCHEDULE: Final = (0, 5 * SECOND, 30 * SECOND)


class _Owed(Struct):
    """What the model knows of a delivery."""

    domain: str | None
    sequence: int
    state: str = "pending"
    attempts: int = 0
    before: int = 0
    requests: int = 0
    promised_at: int | None = None
    """When its next attempt is due by the last answer to a retry; None after that attempt."""

    def begin_again(self) -> None:
        self.state, self.before, self.requests, self.promised_at = "pending", self.attempts, self.requests + 1, None


class OrderMachine(RuleBasedStateMachine):
    """Two endpoints: one is told everything, the other only of additions until a replay sends it more."""

    @initialize(backlog=st.sampled_from((0, 5)))
    def begin(self, backlog: int) -> None:
        """backlog: events of one domain that wait for each other from the start."""
        cloudflare = CloudflareConfig(api_token=Secret("x"), zone_id="z", cname_target="edge.sandbox.test")
        config = Config(
            cloudflare=cloudflare, webhooks=WebhooksConfig(allow_http=True, ports=(1,), retry_schedule=_SCHEDULE)
        )
        self.database = MemoryDatabase()
        self.clock = ManualClock()
        self.context = Context(
            cast("Database", self.database),
            Live(config),
            vault=VAULT,
            clock=self.clock,
            random_bytes=random.Random(7).randbytes,
            random_fraction=lambda: 0.0,
        )
        self.org = run(organizations.create(self.context, "Acme"))
        self.endpoints = [
            run(endpoints.create(self.context, self.org.id, url="http://192.0.9.1:1/", events=types))[0]
            for types in (_TYPES, _TYPES[:1])
        ]
        self.events: list[Event] = []
        self.model: dict[tuple[str, str], _Owed] = {}
        self.in_flight: dict[str, tuple[Endpoint, DueDelivery]] = {}
        self.history_starts: dict[str, int] = {}
        self.unordered: set[str] = set()
        if backlog:
            self.something_happens([_TYPES[0]] * backlog, "dom_a")

    @rule(kinds=st.lists(st.sampled_from(_TYPES), min_size=1, max_size=3), domain=st.sampled_from(_DOMAINS))
    def something_happens(self, kinds: list[EventType], domain: str | None) -> None:
        for event in run(happen(self.context, self.org.id, *kinds, domain=domain)):
            self.events.append(event)
            for endpoint in self.endpoints:
                if event.type in endpoint.events:
                    self.model[endpoint.id, event.id] = _Owed(domain, event.sequence)

    @rule(which=st.integers(0, 1), most=st.integers(1, 4))
    def attempts_begin(self, which: int, most: int) -> None:
        endpoint = self.endpoints[which]
        if self._enabled(endpoint):
            ready = [one for one in run(due(self.context, endpoint)) if one.id not in self.in_flight]
            self.in_flight |= {one.id: (endpoint, one) for one in ready[:most]}

    @rule(statuses=st.lists(st.sampled_from((200, 200, 500, 503, 410)), min_size=1, max_size=4), data=st.data())
    def attempts_end(self, statuses: list[int], data: st.DataObject) -> None:
        made = []
        for status in statuses:
            if not self.in_flight:
                break
            endpoint, one = self.in_flight.pop(data.draw(st.sampled_from(sorted(self.in_flight))))
            made.append(delivered(endpoint, one) if status == 200 else failed(endpoint, one, status))
            known = self.model.get((endpoint.id, one.event_id))
            if known is None or self._ids()[endpoint.id, one.event_id] != one.id:
                continue  # removed while the attempt was in flight, and perhaps owed anew
            known.attempts = one.attempts + 1
            if status == 200:
                known.state, known.promised_at = "delivered", None
            elif known.state == "pending" and known.requests == one.requests:
                known.promised_at = None
                spent = known.attempts - known.before >= len(_SCHEDULE)
                known.state = "dead" if spent or status == 410 else "pending"
        healthy_ids = {
            one.id
            for one in (run(endpoint_now(self.context, endpoint)) for endpoint in self.endpoints)
            if not one.health.failures
        }
        if made and are_all_well(made, healthy_ids.__contains__) and data.draw(st.booleans()):
            run(record_successes(self.context, made))
        else:
            run(record_attempts(self.context, made))

    @rule(data=st.data())
    def one_is_retried(self, data: st.DataObject) -> None:
        if self.model:
            key = data.draw(st.sampled_from(sorted(self.model)))
            retry = replays.retry(self.context, self.org.id, self._ids()[key])
            if self.model[key].state == "pending" and (first := self._id_of_first(key)) != self._ids()[key]:
                with pytest.raises(Conflict) as refused:
                    run(retry)
                assert refused.value.existing_id == first
                return
            answered = run(retry)
            if self.model[key].state != "pending":
                self.model[key].begin_again()
            else:
                self.model[key].requests += 1
            self.model[key].promised_at = answered.next_attempt_at

    @rule(data=st.data())
    def one_is_cancelled(self, data: st.DataObject) -> None:
        if self.model:
            key = data.draw(st.sampled_from(sorted(self.model)))
            try:
                run(cancellations.cancel(self.context, self.org.id, self._ids()[key]))
            except Conflict:
                assert self.model[key].state != "pending"
            else:
                assert self.model[key].state == "pending"
                self.model[key].state, self.model[key].promised_at = "cancelled", None

    @rule(
        which=st.integers(0, 1),
        status=st.sampled_from(ReplayStatus),
        types=st.sampled_from((None, _TYPES, _TYPES[1:])),
        everywhere=st.booleans(),
    )
    def many_are_replayed(
        self, which: int, status: ReplayStatus, types: tuple[EventType, ...] | None, everywhere: bool
    ) -> None:
        everywhere = everywhere and status is ReplayStatus.DEAD
        chosen = self.endpoints if everywhere else [self.endpoints[which]]
        asked = run(
            replays.prepare_replay(
                self.context, self.org.id, None if everywhere else chosen[0].id, status=status, types=types
            )
        )
        job = run(replay_job.start_replay(self.context, self.org.id, asked))
        while (going := run(replay_job.run_next_batch(self.context, job))) is not None:
            job = going
        again = {
            ReplayStatus.DEAD: {"dead"},
            ReplayStatus.MISSING: set[str](),
            ReplayStatus.ALL: {"dead", "dropped", "delivered", "cancelled"},
        }
        wanted = 0
        for endpoint in chosen:
            for event in self.events:
                known = self.model.get((endpoint.id, event.id))
                if types is not None and event.type not in types:
                    continue
                if known is None:
                    if status is ReplayStatus.MISSING and event.created_at < self.history_starts.get(endpoint.id, 0):
                        continue
                    if status is not ReplayStatus.DEAD and (types is not None or event.type in endpoint.events):
                        self.model[endpoint.id, event.id] = _Owed(event.domain_id, event.sequence)
                        wanted += 1
                elif known.state in again[status]:
                    known.begin_again()
                    wanted += 1
        assert asked.total == wanted

    @rule(which=st.integers(0, 1), enabled=st.booleans(), held=st.sampled_from(HeldDeliveries))
    def an_endpoint_is_switched(self, which: int, enabled: bool, held: HeldDeliveries) -> None:
        endpoint = self.endpoints[which]
        if enabled and held is HeldDeliveries.NONE and not self._enabled(endpoint):
            for (endpoint_id, _), known in self.model.items():
                if endpoint_id == endpoint.id and known.state == "pending":
                    known.state, known.promised_at = "dropped", None
        change = EndpointChange(enabled=enabled, replay=held if enabled else HeldDeliveries.HELD)
        run(endpoints.change(self.context, self.org.id, endpoint.id, change))

    @rule(which=st.integers(0, 1), ordering=st.sampled_from(Ordering), batch_size=st.sampled_from((1, 2, 500)))
    def an_endpoint_is_ordered_or_not(self, which: int, ordering: Ordering, batch_size: int) -> None:
        endpoint = self.endpoints[which]
        change = EndpointChange(ordering=ordering)
        run(endpoints.change(self.context, self.org.id, endpoint.id, change, batch_size=batch_size))
        self.unordered.discard(endpoint.id)
        if ordering is Ordering.NONE:
            self.unordered.add(endpoint.id)

    @rule(which=st.integers(0, 1), ordering=st.sampled_from(Ordering), transactions=st.integers(0, 4))
    def the_process_ends_while_the_ordering_changes(self, which: int, ordering: Ordering, transactions: int) -> None:
        endpoint = self.endpoints[which]
        change = EndpointChange(ordering=ordering)
        self._ends_after(transactions, endpoints.change(self.context, self.org.id, endpoint.id, change, batch_size=1))
        run(repair_delivery_order(self.context, batch_size=1))
        self.unordered.discard(endpoint.id)
        if run(endpoints.get(self.context, self.org.id, endpoint.id)).ordering is Ordering.NONE:
            self.unordered.add(endpoint.id)

    @rule(which=st.integers(0, 1), most=st.integers(1, 2))
    def some_expire(self, which: int, most: int) -> None:
        endpoint = self.endpoints[which]
        late = [one for one in run(due(self.context, endpoint)) if one.id not in self.in_flight][:most]
        run(drop_expired(self.context, late))
        for one in late:
            known = self.model[endpoint.id, one.event_id]
            known.state, known.promised_at = "dropped", None

    @rule(which=st.integers(0, 1), transactions=st.integers(0, 4))
    def an_endpoint_is_removed_but_the_process_may_end_before_that_is_through(
        self, which: int, transactions: int
    ) -> None:
        endpoint = self.endpoints[which]
        before = run(owed(self.context, endpoint))
        if self._ends_after(transactions, endpoints.remove(self.context, self.org.id, endpoint.id, batch_size=2)):
            left = {one.event_id for one in run(owed(self.context, endpoint))}
            assert self._enabled(endpoint) <= (not transactions)
            starts = [one.created_at + 1 for one in before if one.event_id not in left]
            self.history_starts[endpoint.id] = max([self.history_starts.get(endpoint.id, 0), *starts])
        else:
            left = set()
            url, types = endpoint.url, endpoint.events
            self.unordered.discard(endpoint.id)
            self.endpoints[which], _ = run(endpoints.create(self.context, self.org.id, url=url, events=types))
        for endpoint_id, event_id in list(self.model):
            if endpoint_id == endpoint.id and event_id not in left:
                del self.model[endpoint_id, event_id]

    @rule(which=st.integers(0, 1), transactions=st.integers(0, 4))
    def the_process_ends_while_what_is_held_is_dropped(self, which: int, transactions: int) -> None:
        endpoint = self.endpoints[which]
        run(endpoints.change(self.context, self.org.id, endpoint.id, EndpointChange(enabled=False)))
        change = EndpointChange(enabled=True, replay=HeldDeliveries.NONE)
        enabling = endpoints.change(self.context, self.org.id, endpoint.id, change, batch_size=2)
        was_cut = self._ends_after(transactions, enabling)
        assert self._enabled(endpoint) is not was_cut
        for one in run(owed(self.context, endpoint)):
            known = self.model[endpoint.id, one.event_id]
            if known.state == "pending" and one.state is DeliveryState.DROPPED:
                known.state, known.promised_at = "dropped", None
            assert was_cut or known.state != "pending"

    @rule(which=st.integers(0, 1), transactions=st.integers(0, 4))
    def a_replay_goes_on_where_the_process_ended(self, which: int, transactions: int) -> None:
        endpoint = self.endpoints[which]
        asked = run(replays.prepare_replay(self.context, self.org.id, endpoint.id, status=ReplayStatus.ALL))
        job = run(replay_job.start_replay(self.context, self.org.id, asked))

        async def go_on() -> None:
            going: Job | None = job
            while going is not None:
                going = await replay_job.run_next_batch(self.context, going, batch_size=2)

        self._ends_after(transactions, go_on())
        run(go_on())
        for event in self.events:
            known = self.model.get((endpoint.id, event.id))
            if known is not None and known.state != "pending":
                known.begin_again()
            elif known is None and event.type in endpoint.events:
                self.model[endpoint.id, event.id] = _Owed(event.domain_id, event.sequence)

    @rule(seconds=st.sampled_from((1, 6, 40)))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds * SECOND)

    @invariant()
    def the_first_pending_event_of_a_domain_and_no_other_is_due_unless_there_is_no_order(self) -> None:
        for endpoint in self.endpoints:
            stored = run(owed(self.context, endpoint))
            expected = {event: known for (at, event), known in self.model.items() if at == endpoint.id}
            assert {one.event_id: (one.state.value, one.attempts, one.attempts_before) for one in stored} == {
                event: (known.state, known.attempts, known.before) for event, known in expected.items()
            }
            pending = [known for known in expected.values() if known.state == "pending"]
            first = {
                known.sequence
                for known in pending
                if known.domain is None
                or endpoint.id in self.unordered
                or known.sequence == min(other.sequence for other in pending if other.domain == known.domain)
            }
            assert {one.sequence for one in stored if one.next_attempt_at is not None} == first
            for known in pending:
                if known.sequence not in first:
                    known.promised_at = None  # a replay put an earlier event before it
            for one in stored:
                known = expected[one.event_id]
                if known.promised_at is not None and known.sequence in first:
                    assert one.next_attempt_at is not None
                    assert one.next_attempt_at <= known.promised_at

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()

    def _ends_after(self, transactions: int, steps: Coroutine[Any, Any, object]) -> bool:
        """Run a use case until the process ends after so many transactions; whether it has come to that."""
        self.database.writes_until_cut = transactions
        try:
            run(steps)
        except Cut:
            return True
        finally:
            self.database.writes_until_cut = None
        return False

    def _enabled(self, endpoint: Endpoint) -> bool:
        return run(endpoints.get(self.context, self.org.id, endpoint.id)).health.is_enabled

    def _id_of_first(self, key: tuple[str, str]) -> str:
        """The pending delivery that is the first of its domain where another one is."""
        domain = self.model[key].domain
        of_domain = [
            each
            for each, known in self.model.items()
            if each == key
            or (each[0] == key[0] and key[0] not in self.unordered and domain is not None and known.domain == domain)
        ]
        pending = [each for each in of_domain if self.model[each].state == "pending"]
        return self._ids()[min(pending, key=lambda each: self.model[each].sequence)]

    def _ids(self) -> dict[tuple[str, str], str]:
        return {
            (one.endpoint_id, one.event_id): one.id
            for endpoint in self.endpoints
            for one in run(owed(self.context, endpoint))
        }


OrderMachine.TestCase.settings = examples(0.5, stateful_step_count=25)


class TestWhateverHappens(OrderMachine.TestCase):  # type: ignore[valid-type,misc]  # made by hypothesis
    """At any time of each endpoint and domain the first pending event alone is due, and if any is pending, one is."""
