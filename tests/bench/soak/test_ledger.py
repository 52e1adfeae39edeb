"""A ledger complains of what is missing, and of nothing else."""

from collections import Counter
from typing import Any

from tests.bench.soak.ledger import Ledger


def event(sequence: int, kind: str, **data: object) -> dict[str, Any]:
    return {"id": f"evt_{sequence}", "sequence": sequence, "event": kind, "data": data}


def kept() -> Ledger:
    """Of one domain that stays and one that went, all of whose events arrived."""
    ledger = Ledger(
        organization="Acme",
        domains={"a.test": "dom_a"},
        removed={"b.test": "dom_b"},
        endpoints={"first": "wh_1"},
        arrivals={"first": Counter()},
    )
    ledger.read(event(1, "domain.added", domain_id="dom_a"))
    ledger.read(event(2, "domain.added", domain_id="dom_b"))
    ledger.read(event(3, "domain.removed", domain_id="dom_b"))
    for number in (1, 2, 3):
        ledger.arrive("first", f"evt_{number}", b"body %d" % number)
    return ledger


def test_where_everything_arrived_nothing_is_to_be_said_though_it_came_twice_or_was_given_up() -> None:
    ledger = kept()
    ledger.arrive("first", "evt_1", b"body 1")
    ledger.read(event(4, "domain.active", domain_id="dom_a"))
    ledger.dead["first"] = {"evt_4"}
    ledger.read(event(5, "endpoint.disabled", endpoint_id="wh_1"))
    ledger.judge_events()
    assert ledger.complaints == []


def test_an_event_that_never_arrived_is_missed() -> None:
    ledger = kept()
    ledger.read(event(4, "domain.active", domain_id="dom_a"))
    ledger.judge_events()
    assert ledger.complaints == ["Acme: event 4 (domain.active, evt_4) never reached first"]


def test_an_acknowledged_change_without_its_event_is_missed() -> None:
    ledger = kept()
    ledger.domains["c.test"] = "dom_c"
    ledger.removed["a.test"] = ledger.domains.pop("a.test")
    ledger.judge_events()
    assert ledger.complaints == [
        "Acme: the feed has no domain.added of c.test (dom_c)",
        "Acme: the feed has no domain.removed of a.test (dom_a)",
    ]


def test_a_gap_a_repeat_and_other_bytes_are_noticed_at_once() -> None:
    ledger = kept()
    ledger.read(event(5, "domain.active", domain_id="dom_a"))
    ledger.read(event(5, "domain.active", domain_id="dom_a"))
    ledger.arrive("first", "evt_1", b"another")
    assert ledger.complaints == [
        "Acme: after event 3 the feed had event 5",
        "Acme: after event 5 the feed had event 5",
        "Acme: the feed had evt_5 twice",
        "Acme: evt_1 came with other bytes than before",
    ]
