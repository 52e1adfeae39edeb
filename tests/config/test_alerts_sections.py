"""[mail] and [alerts]: what is refused, and what is warned of."""

import pytest

from dcvd.config import load
from dcvd.core.alerts.mail import Mailbox
from dcvd.core.secret import Secret
from dcvd.errors import ConfigError
from tests.config.conftest import ENVIRON, Write

MAIL = '[mail]\nhost = "smtp.example.net"\nfrom_address = "dcvd <Alerts@Example.net>"\n'


def problems_of(write: Write, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(write(text), ENVIRON)
    return caught.value.problems


def test_a_server_and_a_sender_are_enough(write: Write) -> None:
    loaded = load(write(f'[server]\npublic_url = "https://dcv.example.net"\n{MAIL}'), ENVIRON)
    assert loaded.config.mail.from_address == Mailbox("dcvd", "alerts@example.net")
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[mail]\nhost = "smtp.example.net"\n', "mail.from_address"),
        ('[alerts]\noperator_mail = ["ops@example.net"]\n', "mail.host"),
        ('[mail]\nhost = "smtp.example.net:25"\n', "mail.host"),
        ('[mail]\nfrom_address = "a@example.net\\nBcc: b@example.net"\n', "mail.from_address"),
        ('[mail]\ntls = "maybe"\n', "mail.tls"),
        ('[mail]\nuser = "a\\r\\nb"\n', "mail.user"),
        (f'{MAIL}[alerts]\noperator_mail = ["dcvd <ops@example.net>"]\n', "alerts.operator_mail[0]"),
        ('[alerts]\noperator_kinds = ["gossip"]\n', "alerts.operator_kinds[0]"),
        ("[alerts]\nper_hour = 0\n", "alerts.per_hour"),
        ('[mail]\npassword = "s3cret"\n', "mail.password_file"),
        ('[alerts]\nheartbeat_url = "https://user:s3cret@ping.example/"\n', "alerts.heartbeat_url"),
        ('[alerts]\nheartbeat_url = "ftp://ping.example/s3cret"\n', "alerts.heartbeat_url"),
        ('[alerts]\nheartbeat_url = "https://ping.example/s3cret#part"\n', "alerts.heartbeat_url"),
        ('[alerts]\nheartbeat_url = "https://ping.example/s3cret\\nHost: x"\n', "alerts.heartbeat_url"),
        ('[alerts]\nheartbeat_interval = "0s"\n', "alerts.heartbeat_interval"),
    ],
)
def test_what_cannot_work_is_refused_by_its_name(write: Write, text: str, key: str) -> None:
    (problem,) = problems_of(write, text)
    assert key in problem
    assert "s3cret" not in problem


def test_a_password_in_the_clear_and_missing_links_are_warned_of(write: Write) -> None:
    path = write(f'{MAIL}tls = "none"\nuser = "dcvd"\npassword_file = "password"\n')
    (path.parent / "password").write_text("p w\n")
    (path.parent / "password").chmod(0o600)
    loaded = load(path, ENVIRON)
    assert loaded.config.mail.password == Secret("p w")
    assert [warning.split(":")[0] for warning in loaded.warnings] == [
        'mail.tls is "none"',
        "server.public_url is empty",
    ]


def test_the_url_of_heartbeats_is_a_secret_wherever_it_stands(write: Write) -> None:
    url = "https://hc-ping.com/s3cret"
    path = write(f'[alerts]\nheartbeat_url = "{url}"\n')
    alerts = load(path, ENVIRON).config.alerts
    assert alerts.heartbeat == Secret(url)
    assert "s3cret" not in repr(alerts)
    path = write('[alerts]\nheartbeat_url_file = "heartbeat"\n')
    (path.parent / "heartbeat").touch(0o600)
    (path.parent / "heartbeat").write_text(f"{url}\n")
    alerts = load(path, ENVIRON).config.alerts
    assert alerts.heartbeat == Secret(url)
    assert "s3cret" not in repr(alerts)
    assert load(write(""), ENVIRON).config.alerts.heartbeat is None


def test_two_urls_of_heartbeats_are_one_too_many(write: Write) -> None:
    path = write('[alerts]\nheartbeat_url = "https://hc-ping.com/s3cret"\nheartbeat_url_file = "heartbeat"\n')
    (path.parent / "heartbeat").touch(0o600)
    (path.parent / "heartbeat").write_text("https://hc-ping.com/other")
    with pytest.raises(ConfigError) as caught:
        load(path, ENVIRON)
    (problem,) = caught.value.problems
    assert "both set" in problem
    assert "s3cret" not in problem
