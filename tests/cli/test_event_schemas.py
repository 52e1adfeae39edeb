"""`dcvd event-schema`: the schemas for those who build a receiver."""

import json

import pytest

from dcvd.cli.main import run
from dcvd.core.event_schemas.documents import build_event_schema
from dcvd.core.events import EventType


def test_it_lists_the_types_and_prints_the_schema_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["event-schema"]) == 0
    listed = capsys.readouterr().out
    assert all(event_type in listed for event_type in EventType)
    assert run(["event-schema", "dns.verified"]) == 0
    assert json.loads(capsys.readouterr().out) == build_event_schema(EventType.DNS_VERIFIED)


def test_a_type_that_is_none_is_refused_and_the_types_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["event-schema", "dns.gone"]) == 2
    assert "dns.verified" in capsys.readouterr().err
