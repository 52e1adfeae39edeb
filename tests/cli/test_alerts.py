"""`dcvd alerts` and `dcvd mail`: contacts over the socket and on the database, and a mail for trying."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.processes import House, dcvd
from tests.messaging.mail_server import MailServer, serving_mail

MAIL = """
            [mail]
            host = "localhost"
            port = {port}
            tls = "none"
            from_address = "alerts@example.net"
"""


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server in a thread of its own, because commands are waited for."""
    server, ready, over = MailServer(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving_mail(server):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(30)
    yield server
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@pytest.fixture
def mailing(tmp_path: Path) -> House:
    house = House(tmp_path, MAIL.format(port=25))
    text = house.config.read_text().replace("[database]", 'public_url = "https://dcv.example.net"\n[database]')
    house.config.write_text(text)
    return house


def test_contacts_are_added_listed_and_removed(mailing: House) -> None:
    mailing.given(lambda operations: operations.create_organization("Acme"))
    added = mailing.json("alerts", "contacts", "add", "--org", "Acme", "P@example.com", "--kind", "job_dead")["contact"]
    assert (added["address"], added["status"], added["kinds"]) == ("p@example.com", "unconfirmed", ["job_dead"])
    said = mailing.dcvd("alerts", "contacts", "add", "--org", "Acme", "q@example.com").stdout
    assert said.startswith("q@example.com is asked by mail, and told of alerts once they agree. (con_")
    lines = mailing.dcvd("alerts", "contacts", "list", "--org", "Acme").stdout.splitlines()
    assert ["everything" in line or "job_dead" in line for line in lines] == [False, True, True]
    assert mailing.dcvd("alerts", "contacts", "remove", "--org", "Acme", added["id"]).returncode == 0
    left = mailing.json("alerts", "contacts", "list", "--org", "Acme")["contacts"]
    assert [each["address"] for each in left] == ["q@example.com"]


def test_without_a_mail_server_the_setting_is_named(either: House) -> None:
    either.given_a_database()
    either.dcvd("org", "create", "Mailless")
    for command in (["add", "p@example.com"], ["list"]):
        done = either.dcvd("alerts", "contacts", *command, "--org", "Mailless")
        assert (done.returncode, "mail.host" in done.stderr) == (1, True)


def test_a_mail_is_handed_over_for_trying(tmp_path: Path, mail_server: MailServer) -> None:
    house = House(tmp_path, MAIL.format(port=mail_server.port))
    done = house.dcvd("mail", "test", "Person@example.com")
    assert (done.returncode, done.stdout) == (0, "localhost took the mail to person@example.com.\n")
    assert mail_server.recipients == ["person@example.com"]
    mail_server.on_recipient = lambda _: "550 5.1.1 no such user"
    refused = house.dcvd("mail", "test", "person@example.com")
    assert refused.returncode == 1
    assert "localhost did not take the mail: 550 5.1.1 no such user" in refused.stderr


def test_trying_needs_an_address_and_a_server(house: House) -> None:
    assert house.dcvd("mail", "test", "nobody").returncode == 2
    done = house.dcvd("mail", "test", "person@example.com")
    assert (done.returncode, "mail.host" in done.stderr) == (1, True)
    assert dcvd("mail", "--help").returncode == 0
