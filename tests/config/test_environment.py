"""Every key of the configuration also stands in the environment."""

from collections.abc import Mapping
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from dcvd.config import Config, SocketAddress, load
from dcvd.config.defaults import read_default_document
from dcvd.config.environment import variable_of
from dcvd.config.key_annotations import ConfigKey, attribute_of, keys, secret_keys, sections
from dcvd.config.origins import Origin, OriginKind
from dcvd.config.validators import InvalidValue
from dcvd.core.secret import Secret
from dcvd.errors import ConfigError
from tests.config.conftest import ENVIRON, ZONE, Write

KEYS = {f"{name}.{key}": mark for name, section in sections(Config).items() for key, mark in keys(section).items()}
SCALARS: list[Any] = [
    *(
        "",
        "a",
        "1",
        "true",
        "0660",
        "660",
        "inf",
        "'a'",
        '"a"',
        "a # b",
        "[a]",
        "{a}",
        "1.5",
        "2026-01-15",
        "@ops",
        "@",
    ),
    *(
        "0s",
        "250ms",
        "30s",
        "4h",
        "7d",
        "90d",
        "512B",
        "64KiB",
        "1MiB",
        "127.0.0.1",
        "127.0.0.1:8080",
        "[::1]:53",
        "::1",
    ),
    *("10.0.0.0/8", "192.0.2.0/24", "203.0.113.7/32", "fd00::/8", "64:ff9b::/96", "1.1.1.0/24", "edge.example.net"),
    *(
        "https://dcv.example.net",
        "http://127.0.0.1:3128",
        "https://dcv.example.net/a",
        "ops@example.net",
        "x/y z",
        "ä\tö",
    ),
    *(
        "dcvd <a@example.net>",
        "{token}.edge.example.net",
        ZONE,
        "google",
        "info",
        "json",
        "auto",
        "http",
        "test",
        "never",
    ),
    *(
        "/v2/domains",
        "/domains/{zone}",
        "POST",
        "DELETE",
        "links.next",
        "domain.active",
        "implicit",
        "relative",
        "always",
    ),
    '{ "type": "{type}", "data": "{value}" }',
    *(0, 1, 2, 53, 64, 1000, 65535, -1, True, False, 1.5),
    *({}, {"corp.example": ["10.0.0.53"]}, {"a": ["10.0.0.1", "[::1]:53"], "b.test": ["127.0.0.1:1"]}),
]


def accepts(mark: ConfigKey, value: object) -> bool:
    try:
        mark.validate(value)
    except InvalidValue:
        return False
    return True


def default_of(key: str) -> object:
    found: Any = read_default_document()
    for part in key.split("."):
        found = found.get(part, {}) if isinstance(found, dict) else {}
    return found


def valid_values(key: str, mark: ConfigKey) -> list[Any]:
    """Some that the key takes, lists of them, and its default."""
    items = [[value] for value in SCALARS]
    return [value for value in [*SCALARS, *items, [], default_of(key)] if accepts(mark, value)]


VALUES = {key: valid_values(key, mark) for key, mark in KEYS.items()}
CHOICES = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in VALUES.items()})


def in_tables(values: Mapping[str, object]) -> str:
    document: dict[str, Any] = {}
    for key, value in values.items():
        *path, name = key.split(".")
        table = document
        for part in path:
            table = table.setdefault(part, {})
        table[name] = value
    return tomli_w.dumps(document)


def as_toml(value: object) -> str:
    """A value alone, as it stands behind the equals sign; a table in one line, as it has to be there."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{name}" = {as_toml(item)}' for name, item in value.items()) + " }"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").strip()


def problems(toml: str, environ: Mapping[str, str], write: Write) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(write(toml), environ)
    return caught.value.problems


def test_each_key_has_two_values_to_try_at_least() -> None:
    assert [key for key, values in VALUES.items() if not values] == []


@given(values=CHOICES, data=st.data())
def test_values_written_as_toml_mean_the_same_in_the_file_and_in_the_environment(
    values: dict[str, Any], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.getbasetemp() / "same"
    directory.mkdir(exist_ok=True)
    (directory / "secret").write_text("secret")
    values = {key: value for key, value in values.items() if not key.endswith(("_file", "_files"))}
    path = directory / "dcvd.toml"
    moved = data.draw(st.sets(st.sampled_from(sorted(values)))) if values else set()

    def outcome(toml: Mapping[str, Any], environ: Mapping[str, str]) -> object:
        path.write_text(in_tables(toml), encoding="utf-8")
        try:
            return load(path, {**environ, "CLOUDFLARE_API_TOKEN": "t0ken"}).config
        except ConfigError as error:
            return len(error.problems)  # such as what is missing beside another key

    required = {"cloudflare.zone_id": ZONE, "cloudflare.cname_target": "edge.example.net"}
    in_file = {key: value for key, value in (required | values).items() if key not in moved}
    environ = {variable_of(key): as_toml(values[key]) for key in moved}
    assert outcome(in_file, environ) == outcome(required | values, {})


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("DCVD_SERVER__LISTEN", '["127.0.0.1:9000"]', "server.listen", (SocketAddress("127.0.0.1", 9000),)),
        ("DCVD_SERVER__LISTEN", "[]", "server.listen", ()),
        ("DCVD_SERVER__SOCKET_MODE", "0600", "server.socket_mode", 0o600),
        ("DCVD_SERVER__SOCKET_MODE", "660", "server.socket_mode", 0o660),
        ("DCVD_SERVER__METRICS_LISTEN", "[::1]:9100", "server.metrics_listen", SocketAddress("::1", 9100)),
        ("DCVD_SERVER__PUBLIC_URL", "https://dcv.example.net", "server.public_url", "https://dcv.example.net"),
        ("DCVD_SERVER__HEAD_TIMEOUT", " 3s\n", "server.head_timeout", 3000),
        ("DCVD_SERVER__HEAD_TIMEOUT", '"3s"', "server.head_timeout", 3000),
        ("DCVD_DATABASE__LITESTREAM", "true", "database.litestream", True),
        ("DCVD_JOBS__CONCURRENCY", "3", "jobs.concurrency", 3),
        ("DCVD_MAIL__USER", "12345", "mail.user", "12345"),
        ("DCVD_MAIL__USER", "true", "mail.user", "true"),
        ("DCVD_MAIL__USER", "'a b'", "mail.user", "a b"),
        ("DCVD_MAIL__USER", "\"'a'\"", "mail.user", "'a'"),
        ("DCVD_MAIL__USER", 'a"b', "mail.user", 'a"b'),
        ("DCVD_PROVIDERS__ROUTE53__ACCESS_KEY_ID", "AKIA1", "providers.route53.access_key_id", "AKIA1"),
        ("DCVD_PROVIDERS__DOMAIN_CONNECT__KEY", "_key", "providers.domain_connect.key", "_key"),
        ("DCVD_OAUTH__OTHER__CLIENT_ID", "client", "oauth.other.client_id", "client"),
        ("DCVD_DNS__STUB_ZONES", '{ "a.test" = ["::1"] }', "dns.stub_zones", {"a.test": (SocketAddress("::1", 53),)}),
    ],
)  # fmt: skip
def test_a_variable_sets_its_key(variable: str, text: str, key: str, value: object, write: Write) -> None:
    loaded = load(write(""), ENVIRON | {variable: text})
    section, _, name = key.rpartition(".")
    assert getattr(getattr(loaded.config, attribute_of(section)), name) == value
    assert variable in loaded.from_environment


def test_a_variable_wins_over_the_file_and_an_empty_one_is_not_set(write: Write) -> None:
    path = write('[log]\nlevel = "debug"\nformat = "json"\n[server]\npublic_url = "https://a.example.net"\n')
    given = {"DCVD_LOG__LEVEL": "error", "DCVD_LOG__FORMAT": " ", "DCVD_SERVER__PUBLIC_URL": '""'}
    loaded = load(path, ENVIRON | given)
    assert (loaded.config.log.level, loaded.config.log.format) == ("error", "json")
    assert loaded.config.server.public_url == ""
    assert set(loaded.from_environment) == {*ENVIRON, "DCVD_LOG__LEVEL", "DCVD_SERVER__PUBLIC_URL"}


def test_a_keys_own_variable_wins_over_that_of_the_predecessor_which_is_warned_of(write: Write) -> None:
    loaded = load(write(""), ENVIRON | {"DCVD_CLOUDFLARE__ZONE_ID": "f" * 32})
    assert loaded.config.cloudflare.zone_id == "f" * 32
    assert "CLOUDFLARE_ZONE_ID" not in loaded.from_environment
    assert loaded.warnings == (
        "$CLOUDFLARE_ZONE_ID has no effect, because $DCVD_CLOUDFLARE__ZONE_ID is set too: unset one of them.",
    )


def test_a_secrets_file_is_named_by_a_variable_and_the_secrets_own_variable_wins(write: Write) -> None:
    path = write("")
    (path.parent / "elsewhere").write_text("from the file\n".replace(" ", "-"))
    (path.parent / "elsewhere").chmod(0o600)
    given = {name: value for name, value in ENVIRON.items() if name != "CLOUDFLARE_API_TOKEN"}
    given["DCVD_CLOUDFLARE__API_TOKEN_FILE"] = "elsewhere"
    loaded = load(path, given)
    assert loaded.config.cloudflare.api_token == Secret("from-the-file")
    assert loaded.origins["cloudflare.api_token"] == Origin(OriginKind.SECRET_FILE, str(path.parent / "elsewhere"))
    assert load(path, given | ENVIRON).config.cloudflare.api_token == Secret("t0ken")


def test_a_secrets_file_that_a_variable_names_in_vain_is_reported_with_the_variable(write: Write) -> None:
    given = {**ENVIRON, "CLOUDFLARE_API_TOKEN": "", "DCVD_CLOUDFLARE__API_TOKEN_FILE": "none"}
    (problem,) = problems("", given, write)
    assert "none ($DCVD_CLOUDFLARE__API_TOKEN_FILE) does not exist: " in problem


def test_all_faults_of_variables_are_told_at_once_with_their_names_and_values(write: Write) -> None:
    found = problems(
        "[jobs]\nconcurrency = 0\n",
        ENVIRON
        | {
            "DCVD_LOG__LEVEL": "loud",
            "DCVD_SERVER__LISTEN": "127.0.0.1:80",
            "DCVD_SERVER__HOSTS": '["a.example", "b..example"]',
            "DCVD_DATABASE__READERS": "99",
            "DCVD_DNS__RESOLVERS": '["1.1.1.1"',
            "DCVD_SYNC__TICK": "\udcff",
            "DCVD_SERVER__LISTEM": "x",
            "DCVD_NOSUCH__KEY": "x",
            "DCVD_server__socket": "x",
            "DCVD_SERVER_SOCKET": "x",
            "DCVD_MAIL__PASSWORD": "hunter2",
        },
        write,
    )
    text = "\n".join(found)
    assert "jobs.concurrency is 0: expected an integer" in text
    assert '$DCVD_LOG__LEVEL is "loud": expected one of "debug"' in text
    assert '$DCVD_SERVER__LISTEN is "127.0.0.1:80": expected a list as TOML writes it, such as ["a", "b"] (' in text
    assert '$DCVD_SERVER__HOSTS[1] is "b..example": expected a hostname' in text
    assert "$DCVD_DATABASE__READERS is 99: expected an integer from 1 to 64." in text
    assert '$DCVD_DNS__RESOLVERS is "[\\"1.1.1.1\\"": expected a list as TOML writes it' in text
    assert "$DCVD_SYNC__TICK is no UTF-8." in text
    assert "$DCVD_SERVER__LISTEM is not the variable of a known key (did you mean $DCVD_SERVER__LISTEN?)." in text
    assert "$DCVD_NOSUCH__KEY is not the variable of a known key" in text
    assert "$DCVD_server__socket is not the variable of a known key (did you mean $DCVD_SERVER__SOCKET?)." in text
    assert "$DCVD_SERVER_SOCKET is not the variable of a known key (did you mean $DCVD_SERVER__SOCKET?): two" in text
    assert "$DCVD_MAIL__PASSWORD would hold a secret: write it to a file of its own with mode 0600 and" in text
    assert "as $DCVD_MAIL__PASSWORD_FILE." in text
    assert "hunter2" not in text
    assert len(found) == 12


@pytest.mark.parametrize(
    ("variable", "way"),
    [
        ("DCVD_CLOUDFLARE__API_TOKEN", "$DCVD_CLOUDFLARE__API_TOKEN_FILE, or set $CLOUDFLARE_API_TOKEN."),
        ("DCVD_VAULT__OLD_KEYS", "as $DCVD_VAULT__OLD_KEY_FILES."),
    ],
)
def test_a_secret_has_no_variable_of_its_own_and_the_way_is_told(variable: str, way: str, write: Write) -> None:
    (problem,) = problems("", ENVIRON | {variable: "hunter2"}, write)
    assert problem.endswith(way)
    assert "hunter2" not in problem


def test_every_secret_is_refused_in_a_variable_of_its_name(write: Write) -> None:
    variables = {
        variable_of(f"{name}.{key}") for name, section in sections(Config).items() for key in secret_keys(section)
    }
    found = problems("", ENVIRON | dict.fromkeys(variables, "hunter2"), write)
    assert len(found) == len(variables) > 5
    assert all(" would hold a secret: " in problem for problem in found)


def test_variables_of_others_are_left_alone(write: Write) -> None:
    """What Kubernetes sets for a service that is called dcvd, and what dcvd's other commands read."""
    others = {
        "DCVD_PORT": "tcp://10.0.0.1:80",
        "DCVD_SERVICE_HOST": "10.0.0.1",
        "DCVD_PORT_8080_TCP_ADDR": "10.0.0.1",
        "DCVD_CONFIG": "x",
        "DCVD_DEBUG": "1",
        "DCVD_TOKEN": "t",
        "DCVD_URL": "u",
        "dcvd_log__level": "loud",
    }
    assert load(write(""), ENVIRON | others).from_environment == load(write(""), ENVIRON).from_environment


def test_no_two_keys_have_the_same_variable() -> None:
    assert len({variable_of(key) for key in KEYS}) == len(KEYS)


def test_more_than_one_value_in_a_variable_is_a_text(write: Write) -> None:
    (problem,) = problems("", ENVIRON | {"DCVD_JOBS__CONCURRENCY": "1\n[log]\nlevel = 1"}, write)
    assert problem.startswith('$DCVD_JOBS__CONCURRENCY is "1\\n[log]')


def test_a_value_that_is_nested_too_deeply_is_told(write: Write) -> None:
    (problem,) = problems("", ENVIRON | {"DCVD_SERVER__LISTEN": "[" * 5000}, write)
    assert "expected a list as TOML writes it" in problem
