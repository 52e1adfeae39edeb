"""`dcvd webhook` and `dcvd delivery` say and do the same whether a daemon runs or not."""

import re
from collections.abc import Iterator

import pytest

from tests.cli.processes import House
from tests.cli.terminal.terminals import run_in_terminal
from tests.cli.webhooks.stuck import URL, Stuck, add_organization, stuck_deliveries


@pytest.fixture
def stuck(either: House) -> Iterator[Stuck]:
    with stuck_deliveries(either) as found:
        yield found


def test_deliveries_are_listed_with_what_they_wait_for_and_filtered(either: House, stuck: Stuck) -> None:
    listed = either.json("delivery", "list", "--org", stuck.organization.name)["deliveries"]
    assert [each["id"] for each in listed] == [stuck.second_id, stuck.first_id]
    assert listed[0]["waitsFor"]["deliveryId"] == stuck.first_id
    assert listed[1]["waitsFor"] is None
    table = either.dcvd("delivery", "list", "--org", stuck.organization.id, "--limit", "1").stdout
    assert stuck.second_id in table
    assert stuck.first_id in table  # what it waits for
    assert len(table.splitlines()) == 2
    none = either.dcvd("delivery", "list", "--org", stuck.organization.id, "--status", "cancelled")
    assert (none.returncode, none.stdout) == (0, "")


def test_a_retry_of_what_waits_says_the_way_out_and_a_cancellation_frees_it(either: House, stuck: Stuck) -> None:
    org = stuck.organization.name
    refused = either.dcvd("delivery", "retry", "--org", org, stuck.second_id)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"waits for {stuck.first_id}" in refused.stderr
    foreign = either.dcvd("delivery", "cancel", "--org", add_organization(either).name, stuck.first_id)
    assert (foreign.returncode, foreign.stdout) == (1, "")
    cancelled = either.json("delivery", "cancel", stuck.first_id)["delivery"]
    assert (cancelled["id"], cancelled["status"]) == (stuck.first_id, "cancelled")
    shown = either.dcvd("delivery", "show", stuck.first_id).stdout.partition("\n\n")[0]
    again = either.dcvd("delivery", "cancel", stuck.first_id)
    assert (again.returncode, again.stdout) == (1, "")
    assert "cancelled already" in again.stderr
    sent = either.dcvd("delivery", "retry", "--org", org, stuck.first_id).stdout
    assert "pending" in sent
    whose, told = (text.partition("Status")[0] for text in (shown, sent))
    assert URL in told
    assert told == whose


def test_a_narrow_list_of_webhooks_has_their_urls(either: House, stuck: Stuck) -> None:
    command = ["webhook", "list", "--org", stuck.organization.name, "--config", str(either.config)]
    _, row = run_in_terminal(*command, columns=60).lines
    assert row.startswith(URL.removeprefix("https://")[:19])


def test_a_webhook_is_disabled_and_enabled_by_its_url(either: House, stuck: Stuck) -> None:
    org = stuck.organization.name
    for command, is_enabled in (("disable", False), ("enable", True)):
        assert either.json("webhook", command, URL, "--org", org)["webhook"]["enabled"] is is_enabled


def test_an_id_of_something_else_is_refused(either: House, stuck: Stuck) -> None:
    wrong = either.dcvd("delivery", "cancel", "--org", stuck.organization.name, stuck.webhook_id)
    assert wrong.returncode == 2
    assert "is no delivery's id" in wrong.stderr


def test_the_ordering_of_a_webhook_is_shown_and_changed(either: House, stuck: Stuck) -> None:
    org = stuck.organization.name
    (listed,) = either.json("webhook", "list", "--org", org)["webhooks"]
    assert (listed["id"], listed["ordering"]) == (stuck.webhook_id, "domain")
    assert listed["organization"] == {"id": stuck.organization.id, "name": org}
    changed = either.json("webhook", "order", stuck.webhook_id, "none")["webhook"]
    assert changed["ordering"] == "none"
    waits = [each["waitsFor"] for each in either.json("delivery", "list", "--org", org)["deliveries"]]
    assert waits == [None, None]
    shown = either.dcvd("webhook", "order", "--org", org, URL, "domain").stdout
    assert re.search(r"^Ordering +domain$", shown, re.MULTILINE)
