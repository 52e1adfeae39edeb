"""`dcvd webhook` and `dcvd delivery` find what they are to show among all organizations."""

import re
from collections.abc import Iterator

import pytest

from dcvd.api.webhooks.view import WebhookAnswer, WebhookView
from dcvd.core.ids import IdPrefix
from tests.cli.processes import House
from tests.cli.webhooks.stuck import URL, Stuck, add_deliveries, add_organization, make_id, stuck_deliveries


@pytest.fixture
def stuck(served: House) -> Iterator[Stuck]:
    with stuck_deliveries(served) as found:
        yield found


def add_webhook(served: House, org_id: str, url: str) -> WebhookView:
    """An endpoint that gets nothing by itself."""
    path, body = f"/operator/organizations/{org_id}/api/webhooks", {"url": url, "events": ["job.dlq"]}
    return served.given(lambda operations: operations.call("POST", path, WebhookAnswer, body=body)).webhook


def _disable(served: House, path: str) -> None:
    """Nothing is sent to it, whatever is due."""
    body = {"enabled": False}
    served.given(lambda operations: operations.call("PATCH", path, WebhookAnswer, body=body))


def test_webhooks_are_listed_and_one_is_shown_by_its_url(served: House, stuck: Stuck) -> None:
    assert stuck.webhook_id in [each["id"] for each in served.json("webhook", "list")["webhooks"]]
    assert served.json("webhook", "list", "--health", "disabled", "--org", stuck.organization.id)["webhooks"] == []
    shown = served.json("webhook", "show", URL, "--org", stuck.organization.name)["webhook"]
    assert (shown["id"], shown["organization"]["id"]) == (stuck.webhook_id, stuck.organization.id)
    text = served.dcvd("webhook", "show", stuck.webhook_id).stdout
    assert re.search(rf"^Organization +{stuck.organization.name}$", text, re.MULTILINE)
    assert re.search(r"^Last hour +0 delivered, 0 failed$", text, re.MULTILINE)
    missing = served.dcvd("webhook", "show", "https://nobody.example.net/", "--json")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert '"code":"not_found"' in missing.stderr


def test_a_url_of_several_webhooks_is_refused_and_names_them(served: House, stuck: Stuck) -> None:
    with stuck_deliveries(served) as other:
        refused = served.dcvd("webhook", "show", URL)
        assert refused.returncode == 1
        for each in (stuck, other):
            assert f"{each.webhook_id} ({each.organization.name})" in refused.stderr
        found = served.json("webhook", "show", URL, "--org", other.organization.name)["webhook"]
        assert found["id"] == other.webhook_id


def test_a_delivery_is_shown_by_its_id_alone(served: House, stuck: Stuck) -> None:
    shown = served.json("delivery", "show", stuck.second_id)
    assert shown["delivery"]["organization"]["name"] == stuck.organization.name
    assert (shown["url"], shown["domainName"], shown["attempts"]) == (URL, "app.customer.com", [])
    text = served.dcvd("delivery", "show", stuck.second_id).stdout
    assert re.search(rf"^Waits for +{stuck.first_id} \(domain.added\)$", text, re.MULTILINE)
    assert re.search(rf"^Webhook +{stuck.webhook_id} {URL}$", text, re.MULTILINE)
    missing = served.dcvd("delivery", "show", make_id(IdPrefix.DELIVERY, 1))
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("There is no delivery dlv_")
    assert served.dcvd("delivery", "show", stuck.second_id, "--org", "nobody").returncode == 1


def test_a_delivery_is_explained_by_commands_and_to_programs_by_calls(served: House) -> None:
    organization = add_organization(served)
    webhook = add_webhook(served, organization.id, "https://hooks.customer.com/dcvd")
    stuck = add_deliveries(served, organization, webhook.id)
    text = served.dcvd("delivery", "explain", stuck.second_id).stdout
    assert f"It waits until the delivery {stuck.first_id} of an earlier event of the same domain has ended." in text
    assert "To repeat it (receivers accept this until " in text
    answer = served.json("delivery", "explain", stuck.second_id, "--org", organization.name)
    assert answer["curl"].startswith("curl ")
    explanation = answer["explanation"]
    assert explanation["sentence"] in text
    assert f"`dcvd delivery explain {stuck.first_id}` says what that one waits for" in text
    assert f"`dcvd delivery cancel {stuck.first_id}` gives it up." in text
    assert "/api/" not in text
    assert f"POST /api/deliveries/{stuck.first_id}/retry sends it now" in explanation["fix"]
    assert "".join(part["text"] for part in explanation["fixParts"]) == explanation["fix"]
    assert {"retry_delivery", "cancel_delivery"} < {part["action"] for part in explanation["fixParts"]}


def test_deliveries_are_filtered_by_webhook_domain_event_and_time(served: House, stuck: Stuck) -> None:
    def ids(*arguments: str) -> list[str]:
        listed = served.json("delivery", "list", "--org", stuck.organization.id, *arguments)["deliveries"]
        return [each["id"] for each in listed]

    both = [stuck.second_id, stuck.first_id]
    assert ids("--webhook", URL, "--event", "domain.added", "--event", "domain.active", "--since", "1h") == both
    assert ids("--domain", stuck.domain_id) == both
    assert ids("--event", "domain.active") == []
    assert ids("--since", "2099-01-01T00:00:00Z") == []
    wrong = served.dcvd("delivery", "list", "--since", "yesterday")
    assert wrong.returncode == 2
    assert "neither an instant" in wrong.stderr


def test_all_dead_letters_are_sent_again_by_a_job_for_each_organization(served: House) -> None:
    first, second, idle = (add_organization(served) for _ in range(3))
    urls = {each.id: f"https://hooks.customer.com/{each.id}" for each in (first, second)}
    for organization in (first, second):
        webhook = add_webhook(served, organization.id, urls[organization.id])
        _disable(served, f"/operator/organizations/{organization.id}/api/webhooks/{webhook.id}")
        add_deliveries(served, organization, webhook.id, state="dead")
    (one,) = served.json("delivery", "retry", "--dead", "--webhook", urls[first.id])["replays"]
    assert (one["organization"]["name"], one["count"], one["job"]["replay"]["status"]) == (first.name, 2, "dead")
    replays = served.json("delivery", "retry", "--dead")["replays"]
    assert (second.name, 2) in [(each["organization"]["name"], each["count"]) for each in replays]
    assert idle.name not in [each["organization"]["name"] for each in replays]
    none = served.dcvd("delivery", "retry", "--dead", "--org", idle.name)
    assert (none.returncode, none.stdout) == (0, "")
    assert none.stderr == "There are no such dead letters: the list is filtered by --org.\n"
    jobs = served.json("job", "list", "--kind", "replay", "--org", first.name)["jobs"]
    assert one["job"]["id"] in [each["id"] for each in jobs]
    table = served.dcvd("job", "show", one["job"]["id"]).stdout
    assert re.search(r"^Replay +\d of 2 dead$", table, re.MULTILINE)
    delivery_id = make_id(IdPrefix.DELIVERY, 1)
    for wrong in ([], ["--dead", delivery_id], [delivery_id, "--webhook", URL]):
        assert served.dcvd("delivery", "retry", *wrong).returncode == 2


def test_what_needs_the_vault_of_a_daemon_says_so_without_one(house: House) -> None:
    with stuck_deliveries(house) as stuck:
        for command in (["webhook", "test", stuck.webhook_id], ["delivery", "explain", stuck.first_id]):
            refused = house.dcvd(*command, "--json")
            assert (refused.returncode, refused.stdout) == (1, "")
            assert '"code":"daemon_needed"' in refused.stderr
