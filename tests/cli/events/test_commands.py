"""`dcvd event`, `dcvd job`, `dcvd connection` and `dcvd org` say what all organizations have."""

import json
import os
import re
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from dcvd.api.domains.view import DomainAnswer
from dcvd.api.operators.view import OrganizationView
from dcvd.core.ids import IdPrefix
from tests.cli.processes import House, environment
from tests.cli.webhooks.stuck import add_organization, make_id
from tests.warm.process import start


def add_domain(house: House, organization: OrganizationView, name: str) -> str:
    path, body = f"/operator/organizations/{organization.id}/api/domains", {"domainName": name}
    return house.given(lambda operations: operations.call("POST", path, DomainAnswer, body=body)).domain.id


def test_events_are_listed_shown_and_filtered(either: House) -> None:
    acme = add_organization(either)
    domain_id = add_domain(either, acme, f"{acme.id.lower().replace('_', '-')}.customer.com")
    added = ["event", "list", "--org", acme.name, "--type", "domain.added"]  # the daemon may have made others
    (listed,) = either.json(*added)["events"]
    assert (listed["event"], listed["organization"]["id"], listed["domainId"]) == ("domain.added", acme.id, domain_id)
    assert either.json("event", "list", "--type", "endpoint.*", "--org", acme.id)["events"] == []
    assert either.json(*added, "--domain", domain_id)["events"] == [listed]
    head, row = either.dcvd(*added).stdout.splitlines()
    assert head.split() == ["AT", "ORG", "EVENT", "ABOUT", "NO.", "ID"]
    assert row.endswith(f"{listed['data']['domain_name']}  1    {listed['id']}")
    text = either.dcvd("event", "show", listed["id"]).stdout
    assert re.search(r"^Deliveries +none$", text, re.MULTILINE)
    wrong = either.dcvd("event", "list", "--type", "no.event")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "no.event" in wrong.stderr


def test_a_dead_job_is_found_and_tried_again_by_its_id_alone(house: House) -> None:
    acme = add_organization(house)
    add_domain(house, acme, "app.customer.com")
    with closing(sqlite3.connect(house.database)) as connection, connection:
        connection.execute(
            "UPDATE jobs SET state = 'dead', next_attempt_at = NULL, last_error_code = 'refused',"
            " last_error = 'Cloudflare refuses.'"
        )
    (dead,) = house.json("job", "list", "--status", "dead", "--kind", "register")["jobs"]
    assert (dead["organization"]["name"], dead["domainName"]) == (acme.name, "app.customer.com")
    assert house.json("job", "list", "--status", "pending")["jobs"] == []
    text = house.dcvd("job", "show", dead["id"]).stdout
    assert re.search(r"^Error +refused: Cloudflare refuses.$", text, re.MULTILINE)
    (listed,) = house.json("org", "list")["organizations"]
    assert (listed["domains"], listed["readyDomains"], listed["deadJobs"]) == (1, 0, 1)
    shown = house.dcvd("org", "show", acme.name).stdout
    assert re.search(r"^Domains +1: 0 ready, 0 in error$", shown, re.MULTILINE)
    assert re.search(r"^Jobs +0 pending, 1 dead$", shown, re.MULTILINE)
    assert house.json("job", "retry", dead["id"])["job"]["status"] == "pending"
    assert house.dcvd("job", "retry", "dlv_1").returncode == 2


def test_a_connection_is_found_and_shown_by_its_id_alone(house: House) -> None:
    acme, connection_id = add_organization(house), make_id(IdPrefix.CONNECTION, 1)
    with closing(sqlite3.connect(house.database)) as connection, connection:
        connection.execute(
            "INSERT INTO oauth_connections (id, org_id, provider, method, status, encrypted_access_token, created_at,"
            " updated_at, last_error_code, last_error, last_error_at)"
            " VALUES (?, ?, 'cloudflare', 'api_token', 'reauth_required', x'00', 1, 1, 'refused', 'It is refused.', 1)",
            (connection_id, acme.id),
        )
    (listed,) = house.json("connection", "list", "--status", "reauth_required", "--provider", "cloudflare")[
        "connections"
    ]
    assert (listed["id"], listed["organization"]["name"]) == (connection_id, acme.name)
    assert house.json("connection", "list", "--status", "active")["connections"] == []
    text = house.dcvd("connection", "show", connection_id).stdout
    assert re.search(r"^Last error +refused at 1970-01-01T00:00:00.001Z: It is refused.$", text, re.MULTILINE)


def test_an_id_that_nothing_has_is_said_with_the_command_that_lists_those_that_exist(house: House) -> None:
    house.given_a_database()
    for noun, prefix in (("connection", IdPrefix.CONNECTION), ("job", IdPrefix.JOB), ("event", IdPrefix.EVENT)):
        unknown = house.dcvd(noun, "show", make_id(prefix, 1))
        assert unknown.stderr.endswith(f"; `dcvd {noun} list` shows those that exist.\n")
        wrong = house.dcvd(noun, "show", "x y")
        assert (wrong.returncode, f"`dcvd {noun} list` shows them." in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("event", "list", "--type", "nope"), "--type"),
        (("delivery", "list", "--event", "nope"), "--event"),
        (("link", "create", "--new", "--org", "{org}", "--return-to", "https://nobody.example"), "--return-to"),
        (("token", "create", "--name", "ci", "--org", "{org}", "--network", "nope"), "--network"),
        (("token", "create", "--name", "ci", "--org", "{org}", "--scope", "nope"), "--scope"),
    ],
)
def test_what_the_api_refuses_is_told_with_the_option_that_sent_it(
    house: House, arguments: tuple[str, ...], said: str
) -> None:
    org = add_organization(house).name
    done = house.dcvd(*(argument.format(org=org) for argument in arguments))
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(rf"(^|\s){said}\b", done.stderr)


def test_an_empty_list_says_whether_it_is_filtered(house: House) -> None:
    house.given_a_database()
    for noun, things in (("event", "events"), ("job", "jobs"), ("connection", "connections"), ("webhook", "webhooks")):
        assert house.dcvd(noun, "list", "--limit", "5").stderr == f"There are no {things} yet.\n"
        org = add_organization(house).name
        filtered = house.dcvd(noun, "list", "--org", org)
        assert filtered.stderr == f"There are no such {things}: the list is filtered by --org.\n"


@contextmanager
def daemon_of(house: House) -> Iterator[None]:
    """A daemon that runs there."""
    reader, writer = os.pipe()
    with open(reader) as said, open(writer, "wb") as log:
        environ = environment({"CLOUDFLARE_API_TOKEN": "sandbox-token"})
        daemon = start(["serve", "--config", str(house.config)], environ=environ, stdout=log, stderr=log)
        log.close()
        while '"daemon.started"' not in (line := said.readline()):
            assert line, "the daemon did not start"
        yield
        daemon.send_signal(signal.SIGTERM)
        said.read()
        assert daemon.wait(60) == 0


def test_events_are_followed_across_a_restart_of_the_daemon_until_ctrl_c() -> None:
    # A socket's path is short by law, which pytest's own directories may not be.
    with tempfile.TemporaryDirectory(prefix="dcvd-test-") as directory:
        house = House(Path(directory))
        acme = add_organization(house)
        add_domain(house, acme, "before.customer.com")
        reader, writer = os.pipe()
        with open(reader) as said, open(writer, "wb") as output:
            arguments = ["event", "list", "--follow", "--type", "domain.added", "--last", "1", "--json"]
            with daemon_of(house):
                follower = start(
                    [*arguments, "--config", str(house.config)], environ=environment(), stdout=output, stderr=output
                )
                output.close()
                names = [_read_name(said)]
                add_domain(house, acme, "during.customer.com")
                names.append(_read_name(said))
            with daemon_of(house):
                add_domain(house, acme, "after.customer.com")
                names.append(_read_name(said))
                follower.send_signal(signal.SIGINT)
                assert follower.wait(60) == 0
                assert said.read() == ""
        assert names == ["before.customer.com", "during.customer.com", "after.customer.com"]


def _read_name(said: TextIO) -> str:
    event = json.loads(said.readline())
    assert event["organization"]["name"].startswith("Acme")
    name: str = event["data"]["domain_name"]
    return name


def test_following_needs_a_daemon_and_takes_no_limit(house: House) -> None:
    house.given_a_database()
    refused = house.dcvd("event", "list", "--follow")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "No daemon listens" in refused.stderr
    for wrong in (["--follow", "--limit", "3"], ["--follow", "--since", "1h"], ["--last", "3"]):
        assert house.dcvd("event", "list", *wrong).returncode == 2
