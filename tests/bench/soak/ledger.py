"""What a tenant of the soak was promised, and what came of it."""

from collections import Counter
from typing import Any

from msgspec import Struct, field


class Ledger(Struct):
    """What was acknowledged to one tenant, and what reached their receivers.

    domains: the ids of those that are there, by name. removed: names whose removal was acknowledged, with the id.
    tokens: the plain texts of those that work, by id. revoked: the plain texts of those that do not.
    events: the bodies of the feed by their id, with `sequence`, `event` and `data` as read.
    endpoints: the ids of the endpoints that have to get everything, by the receiver's name.
    arrivals: how often a receiver took an event, by the receiver's name and the event's id.
    dead: the events that were given up, by the receiver's name.
    complaints: what contradicts a promise, as sentences.
    """

    organization: str
    domains: dict[str, str] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    revoked: list[str] = field(default_factory=list)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    last_sequence: int = 0
    endpoints: dict[str, str] = field(default_factory=dict)
    arrivals: dict[str, Counter[str]] = field(default_factory=dict)
    dead: dict[str, set[str]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def read(self, event: dict[str, Any]) -> None:
        """An event of the feed, which comes in order and without a gap."""
        if event["sequence"] != self.last_sequence + 1:
            self.complain(f"after event {self.last_sequence} the feed had event {event['sequence']}")
        self.last_sequence = event["sequence"]
        if event["id"] in self.events:
            self.complain(f"the feed had {event['id']} twice")
        self.events[event["id"]] = event

    def arrive(self, receiver: str, event_id: str, body: bytes) -> None:
        """A delivery that a receiver took; a repeat has the same bytes."""
        self.arrivals.setdefault(receiver, Counter())[event_id] += 1
        if self.bodies.setdefault(event_id, body) != body:
            self.complain(f"{event_id} came with other bytes than before")

    def complain(self, sentence: str) -> None:
        self.complaints.append(f"{self.organization}: {sentence}")

    def judge_events(self) -> None:
        """Complain of each acknowledged change without its event, and of each event that never arrived."""
        told = {
            (event["event"], event["data"].get("domain_id"))
            for event in self.events.values()
            if event["event"] in ("domain.added", "domain.removed")
        }
        for name, domain_id in [*self.domains.items(), *self.removed.items()]:
            if ("domain.added", domain_id) not in told:
                self.complain(f"the feed has no domain.added of {name} ({domain_id})")
        for name, domain_id in self.removed.items():
            if ("domain.removed", domain_id) not in told:
                self.complain(f"the feed has no domain.removed of {name} ({domain_id})")
        for receiver, endpoint_id in self.endpoints.items():
            arrived = self.arrivals[receiver]
            for event_id in self.events.keys() - arrived.keys() - self.dead.get(receiver, set()):
                event = self.events[event_id]
                # What happens to an endpoint is told to the others.
                if event["data"].get("endpoint_id") != endpoint_id:
                    self.complain(f"event {event['sequence']} ({event['event']}, {event_id}) never reached {receiver}")
