"""`dcvd operator-webhook`: the operator's own endpoints and events, at a daemon that runs."""

import json

import pytest

from dcvd.core.ids import IdPrefix
from tests.cli.processes import House

URL = "https://hooks.example.com/dcvd"
_LIST = "`dcvd operator-webhook list` shows those that exist."
NO_SUCH = "wh_01kc0000000000000000000000"


@pytest.fixture
def webhook_id(served: House) -> str:
    made = served.json("operator-webhook", "create", URL, "--event", "system.*", "--event", "webhook.test")["webhook"]
    assert made["events"] == ["system.*", "webhook.test"]
    assert made["secret"]
    return str(made["id"])


def test_an_endpoint_is_made_shown_changed_and_removed(served: House, webhook_id: str) -> None:
    listed = served.dcvd("operator-webhook", "list").stdout
    assert listed.splitlines()[0].split() == ["ID", "URL", "HEALTH", "EVENTS"]
    assert f"{webhook_id}  {URL}  healthy  system.* webhook.test" in listed
    changed = served.json("operator-webhook", "change", webhook_id, "--event", "*", "--disable")["webhook"]
    assert (changed["events"], changed["enabled"]) == (["*"], False)
    shown = served.dcvd("operator-webhook", "show", webhook_id)
    assert (shown.returncode, "disabled" in shown.stdout, "Secret" in shown.stdout) == (0, True, False)
    assert served.json("operator-webhook", "change", webhook_id, "--enable")["webhook"]["enabled"] is True
    assert served.dcvd("operator-webhook", "delete", webhook_id).stdout == f"{webhook_id} is removed.\n"
    gone = served.dcvd("operator-webhook", "show", webhook_id)
    assert (gone.returncode, gone.stderr) == (1, f"There is no webhook {webhook_id}; {_LIST}\n")


def test_a_person_reads_both_forms_of_the_secret_once_and_a_rotation_makes_others(served: House) -> None:
    made = served.dcvd("operator-webhook", "create", URL, "--event", "*").stdout
    facts = dict(line.split(maxsplit=1) for line in made.replace("Signing secret", "Signing").splitlines())
    assert facts["Signing"].startswith("whsec_")
    rotated = served.json("operator-webhook", "rotate-secret", facts["Id"], "--grace", "1h")
    assert rotated["webhook"]["secret"] != facts["Secret"]
    said = served.dcvd("operator-webhook", "rotate-secret", facts["Id"]).stdout
    assert said.splitlines()[-1].startswith("The old secret signs until ")


def test_a_test_that_is_not_delivered_exits_with_1_and_says_why(served: House, webhook_id: str) -> None:
    served.json("operator-webhook", "change", webhook_id, "--url", "https://no-such-host.invalid/")
    done = served.dcvd("operator-webhook", "test", webhook_id)
    assert done.returncode == 1
    assert "no-such-host.invalid" in done.stdout
    (told,) = served.json("operator-webhook", "deliveries", "--webhook", webhook_id)["deliveries"]
    assert (told["event"], told["status"]) == ("webhook.test", "dead")
    again = served.json("operator-webhook", "retry", told["id"])["delivery"]
    assert again["status"] == "pending"
    assert served.json("operator-webhook", "cancel", told["id"])["delivery"]["status"] == "cancelled"
    table = served.dcvd("operator-webhook", "deliveries", "--status", "cancelled").stdout
    assert told["id"] in table


def test_events_of_all_organizations_are_lines_of_json(served: House, webhook_id: str) -> None:
    served.dcvd("operator-webhook", "test", webhook_id)
    done = served.dcvd("operator-webhook", "events")
    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in done.stdout.split("\n")[:-1]]
    numbers = [event["sequence"] for event in events]
    assert numbers == list(range(1, len(numbers) + 1))
    tests = [event for event in events if event["event"] == "webhook.test"]
    assert tests[-1]["org_id"] is None
    assert served.dcvd("operator-webhook", "events", "--after", str(numbers[-1])).stdout == ""


def test_without_a_daemon_it_says_that_one_is_needed(house: House) -> None:
    done = house.dcvd("operator-webhook", "list")
    assert done.returncode == 1
    assert done.stderr == f"No daemon listens at {house.socket}, and this needs one: start dcvd, and run it again.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nothing"), "is no operator-webhook's id"),
        (("cancel", NO_SUCH), "is no delivery's id"),
        (("change", NO_SUCH), "There is nothing to change"),
        (("create", URL), "Missing option '--event'"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(house: House, arguments: tuple[str, ...], said: str) -> None:
    assert NO_SUCH.startswith(IdPrefix.ENDPOINT)
    done = house.dcvd("operator-webhook", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_what_the_daemon_refuses_is_its_sentence(served: House) -> None:
    done = served.dcvd("operator-webhook", "create", URL, "--event", "system.unknown")
    assert done.returncode == 1
    assert "system.disk_low" in done.stderr
    assert "system.*" in done.stderr
