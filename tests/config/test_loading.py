import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.config import Config, SocketAddress, find_path, load
from dcvd.config.key_annotations import ConfigKey, keys, sections
from dcvd.config.problems import describe_wrong_value
from dcvd.config.validators import InvalidValue, ValueFault
from dcvd.core.secret import Secret
from dcvd.errors import ConfigError
from tests.config.conftest import ENVIRON, ZONE, Problems, Write


def test_an_empty_file_and_the_required_variables_are_a_configuration_of_defaults(write: Write) -> None:
    loaded = load(write(""), ENVIRON)
    assert loaded.config.server == Config().server
    assert loaded.config.cloudflare.zone_id == ZONE
    assert loaded.config.cloudflare.cname_target == "edge.example.net"
    assert loaded.config.cloudflare.api_token == Secret("t0ken")
    assert loaded.warnings == ()


def test_values_come_in_the_units_that_the_program_uses(write: Write) -> None:
    config = load(
        write(
            """
            [server]
            listen = ["[::1]:0", "LocalHost:8081"]
            socket_mode = "0600"
            operators = ["deploy", 1001]
            request_body_limit = "64KiB"
            [dns]
            resolvers = ["1.1.1.1", "2606:4700::1111", "[::1]:5353"]
            stub_zones = { "Corp.Example." = ["10.0.0.53"] }
            [domains]
            expiring_soon = ["7d", "30d", "7d"]
            [webhooks]
            retry_schedule = ["0s", "250ms"]
            allow_private = ["10.0.0.0/8", "fd00::/8"]
            """
        ),
        ENVIRON,
    ).config
    assert config.server.listen == (SocketAddress("::1", 0), SocketAddress("localhost", 8081))
    assert config.server.socket_mode == 0o600
    assert config.server.operators == ("deploy", 1001)
    assert config.server.request_body_limit == 65_536
    assert config.dns.resolvers == (
        SocketAddress("1.1.1.1", 53),
        SocketAddress("2606:4700::1111", 53),
        SocketAddress("::1", 5353),
    )
    assert config.dns.stub_zones == {"corp.example": (SocketAddress("10.0.0.53", 53),)}
    assert config.domains.expiring_soon == (30 * 86_400_000, 7 * 86_400_000)
    assert config.webhooks.retry_schedule == (0, 250)
    assert config.webhooks.allow_private == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


def test_the_environment_wins_over_the_toml_and_is_listed_by_name(write: Write) -> None:
    path = write(f'[cloudflare]\nzone_id = "{"f" * 32}"\ncname_target = "other.example.net"\n')
    loaded = load(path, {"CLOUDFLARE_ZONE_ID": ZONE, "CLOUDFLARE_API_TOKEN": " t0ken\n", "SAAS_CNAME_TARGET": ""})
    assert loaded.config.cloudflare.zone_id == ZONE
    assert loaded.config.cloudflare.cname_target == "other.example.net"  # an empty variable is not set
    assert loaded.config.cloudflare.api_token == Secret("t0ken")
    assert set(loaded.from_environment) == {"CLOUDFLARE_ZONE_ID", "CLOUDFLARE_API_TOKEN"}


def test_a_wrong_variable_is_named_as_one(write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(""), ENVIRON | {"CLOUDFLARE_ZONE_ID": "xyz"})
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith('$CLOUDFLARE_ZONE_ID is "xyz": expected a Cloudflare zone id')


def test_what_is_required_and_missing_is_asked_for_with_both_its_places(write: Write) -> None:
    path = write("")
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    text = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 3
    assert f"cloudflare.zone_id is missing: set it in {path}, or set $CLOUDFLARE_ZONE_ID." in text
    assert "cloudflare.cname_target is missing" in text
    assert f"{path.parent / 'cloudflare-token'} (cloudflare.api_token_file) does not exist" in text


def test_a_command_for_the_database_alone_needs_nothing_of_cloudflare(write: Write) -> None:
    loaded = load(write('[database]\npath = "x.db"\n[vault]\nkey_file = "none"\n'), {}, need_cloudflare=False)
    assert loaded.config.database.path.name == "x.db"
    assert not loaded.config.cloudflare.api_token
    assert loaded.config.vault.key is None


def test_a_command_for_the_database_alone_still_refuses_what_is_wrong(write: Write) -> None:
    with pytest.raises(ConfigError, match=r'cloudflare\.zone_id is "xyz"'):
        load(write('[cloudflare]\nzone_id = "xyz"\n'), {}, need_cloudflare=False)


def test_relative_paths_start_at_the_toml_from_wherever_it_is_read(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write('[database]\npath = "data/x.db"\n[server]\nsocket = "./x.sock"\n')
    (tmp_path / "elsewhere").mkdir()
    for directory, path in ((tmp_path, "dcvd.toml"), (tmp_path / "elsewhere", "../dcvd.toml"), (Path("/"), tmp_path)):
        monkeypatch.chdir(directory)
        config = load(tmp_path / "dcvd.toml" if path is tmp_path else Path(path), ENVIRON).config
        assert config.database.path.is_absolute()
        assert config.database.path.resolve() == tmp_path / "data" / "x.db"
        assert config.server.socket.resolve() == tmp_path / "x.sock"


def test_an_absolute_path_stays_as_it_is(write: Write) -> None:
    assert load(write('[server]\nsocket = "/run/x.sock"\n'), ENVIRON).config.server.socket == Path("/run/x.sock")


def test_the_socket_path_must_fit_as_it_is_from_the_root_and_is_shown_whole(problems: Problems, tmp_path: Path) -> None:
    path = tmp_path / ("s" * 107)
    (problem,) = problems(f'[server]\nsocket = "{path.name}"\n')
    assert problem.startswith('server.socket is "sss')
    assert problem.endswith(f": expected a path of at most 107 bytes, but {path} has {len(bytes(path))}.")


def test_every_problem_is_reported_at_once_with_key_and_value(problems: Problems) -> None:
    found = problems(
        """
        [server]
        listen = ["127.0.0.1", "127.0.0.1:99999"]
        lissten = []
        [dns]
        stub_zones = { "corp.example" = ["10.0.0.1", "ns1.corp.example"] }
        [webhook]
        timeout = "5s"
        [webhooks]
        retry_schedule = ["0s", "5s", "5x"]
        concurrency = 0
        """
    )
    assert len(found) == 7
    text = "\n".join(found)
    assert 'server.listen[0] is "127.0.0.1": expected an address and a port' in text
    assert 'server.listen[1] is "127.0.0.1:99999": expected' in text
    assert "server.lissten is not a known key (did you mean server.listen?)." in text
    assert "[webhook] is not a known section (did you mean webhooks?)." in text
    assert 'dns.stub_zones."corp.example"[1] is "ns1.corp.example": expected an IP address' in text
    assert 'webhooks.retry_schedule[2] is "5x": expected a duration' in text
    assert "webhooks.concurrency is 0: expected an integer from 1" in text


def test_a_key_in_the_wrong_section_is_pointed_to_the_right_one(problems: Problems) -> None:
    assert problems('[webhooks]\nresolvers = ["1.1.1.1"]\n') == [
        "webhooks.resolvers is not a known key (did you mean dns.resolvers?)."
    ]
    assert problems('listen = ["127.0.0.1:80"]\n') == [
        "listen stands outside of any section, where no key belongs (did you mean server.listen?)."
    ]


def test_a_section_must_be_a_table(problems: Problems) -> None:
    assert problems("server = 5\n") == ["server is not a table: write its keys below a line [server]."]


def test_a_zone_written_without_quotes_is_explained(problems: Problems) -> None:
    (problem,) = problems('[dns]\nstub_zones = { corp.example = ["10.0.0.1"] }\n')
    assert problem.startswith("dns.stub_zones.corp is a table: expected a list; a name with dots stands in quotes")


@pytest.mark.parametrize(
    ("section", "line", "place"),
    [
        ("server", 'listen = "127.0.0.1:8080"', "server.listen"),
        ("server", f'socket = "/{"x" * 107}"', "server.socket"),
        ("server", 'socket = ""', "server.socket"),
        ("server", 'socket_mode = "0888"', "server.socket_mode"),
        ("server", "socket_mode = 660", "server.socket_mode"),
        ("server", "operators = [true]", "server.operators[0]"),
        ("server", 'operators = ["a b"]', "server.operators[0]"),
        ("server", 'public_url = "https://dcv.example.net/"', "server.public_url"),
        ("server", 'public_url = "dcv.example.net"', "server.public_url"),
        ("server", 'hosts = ["dcv.example.net:443"]', "server.hosts[0]"),
        ("server", 'hosts = ["*.example.net"]', "server.hosts[0]"),
        ("server", 'cors_origins = ["*"]', "server.cors_origins[0]"),
        ("server", 'cors_origins = ["https://app.example.net/app"]', "server.cors_origins[0]"),
        ("server", 'trusted_proxies = ["10.0.0.1/8"]', "server.trusted_proxies[0]"),
        ("server", "max_connections = -1", "server.max_connections"),
        ("server", "max_requests_per_address = 0", "server.max_requests_per_address"),
        ("server", 'request_body_limit = "0B"', "server.request_body_limit"),
        ("server", 'head_timeout = "0s"', "server.head_timeout"),
        ("server", "shutdown_timeout = 20", "server.shutdown_timeout"),
        ("database", "path = 1", "database.path"),
        ("database", "readers = true", "database.readers"),
        ("cloudflare", 'base_url = "ftp://x.example"', "cloudflare.base_url"),
        ("cloudflare", 'certificate_authorities = ["digicert"]', "cloudflare.certificate_authorities[0]"),
        ("cloudflare", "certificates_per_minute = -1", "cloudflare.certificates_per_minute"),
        ("cloudflare", "requests_per_5m = 1.5", "cloudflare.requests_per_5m"),
        ("cloudflare", "api_token_file = 5", "cloudflare.api_token_file"),
        ("dns", "resolvers = []", "dns.resolvers"),
        ("dns", 'resolvers = ["1.1.1.1:0"]', "dns.resolvers[0]"),
        ("dns", 'resolvers = ["dns.google"]', "dns.resolvers[0]"),
        ("dns", 'authoritative = "yes"', "dns.authoritative"),
        ("dns", "stub_zones = []", "dns.stub_zones"),
        ("dns", 'stub_zones = { "a..b" = ["10.0.0.1"] }', 'dns.stub_zones."a..b"'),
        ("domains", 'allow_reserved_tlds = ["com"]', "domains.allow_reserved_tlds[0]"),
        ("domains", 'expiring_soon = ["0s"]', "domains.expiring_soon[0]"),
        ("sync", 'tick = "0s"', "sync.tick"),
        ("jobs", "max_attempts = 0", "jobs.max_attempts"),
        ("webhooks", "retry_schedule = []", "webhooks.retry_schedule"),
        ("webhooks", f"retry_schedule = {['1s'] * 31}", "webhooks.retry_schedule"),
        ("webhooks", 'allow_private = ["10.0.0.1/8"]', "webhooks.allow_private[0]"),
        ("webhooks", "ports = [0]", "webhooks.ports[0]"),
        ("webhooks", 'deny = ["8.8.8.8/8"]', "webhooks.deny[0]"),
        ("webhooks", 'nat64_prefix = "64:ff9b::/97"', "webhooks.nat64_prefix"),
        ("webhooks", 'nat64_prefix = "10.0.0.0/8"', "webhooks.nat64_prefix"),
        ("retention", 'events = "-1d"', "retention.events"),
        ("log", 'level = "loud"', "log.level"),
        ("log", 'format = "xml"', "log.format"),
    ],
)
def test_each_key_refuses_what_does_not_fit(problems: Problems, section: str, line: str, place: str) -> None:
    (problem,) = problems(f"[{section}]\n{line}\n")
    assert problem.startswith(f"{place} is ")
    assert ": expected " in problem


def test_a_zero_is_a_duration_wherever_it_makes_sense(write: Write) -> None:
    config = load(
        write(
            '[server]\nshutdown_timeout = "0s"\n[database]\nlock_wait = "0s"\n[retention]\ntokens = "0s"\n'
            '[sync]\npending_interval = "0ms"\n[webhooks]\nretry_schedule = ["0s"]\n'
        ),
        ENVIRON,
    ).config
    assert config.server.shutdown_timeout == config.database.lock_wait == config.retention.tokens == 0
    assert config.sync.pending_interval == 0


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("[server]\nlisten = = 5\n", "line 2, column 10"),
        ("[server]\nlisten = [\n  1,\n", "line 4, column 1"),
        ("[server]\n[server]\n", "line 2"),
    ],
)
def test_a_syntax_error_is_told_with_its_line_and_column(problems: Problems, content: str, place: str) -> None:
    (problem,) = problems(content)
    assert "dcvd.toml is not valid TOML: " in problem
    assert f"(at {place}" in problem


def test_a_file_that_is_not_utf8_is_told_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.toml"
    path.write_bytes('# ü\n# "caf\xe9"\n'.encode("latin-1").replace(b"\xfc", "ü".encode()))
    with pytest.raises(ConfigError, match=r"is not UTF-8 at line 2, column 7"):
        load(path, ENVIRON)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"copy config/dcvd\.toml there .* --config or \$DCVD_CONFIG"):
        load(tmp_path / "none.toml", ENVIRON)


def test_a_directory_is_no_configuration_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, ENVIRON)


def test_the_path_is_the_option_else_the_variable_else_the_usual_place() -> None:
    assert find_path("a.toml", {"DCVD_CONFIG": "b.toml"}) == Path("a.toml")
    assert find_path(None, {"DCVD_CONFIG": "b.toml"}) == Path("b.toml")
    assert find_path(None, {"DCVD_CONFIG": ""}) == Path("/etc/dcvd/dcvd.toml")


def test_plain_http_to_another_machine_warns_that_the_token_is_readable(write: Write) -> None:
    def warnings(url: str) -> tuple[str, ...]:
        return load(write(f'[cloudflare]\nbase_url = "{url}"\n'), ENVIRON).warnings

    assert "unencrypted" in warnings("http://api.example.net/v4")[0]
    assert warnings("http://127.0.0.1:8787/client/v4") == warnings("http://[::1]:8787") == ()


def test_a_long_value_is_cut_in_the_message(problems: Problems) -> None:
    (problem,) = problems(f'[log]\nlevel = "{"x" * 5000}"\n')
    assert len(problem) < 250


ANYTHING = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["1s", "::1", "a.b", "1MiB"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(ANYTHING, st.sampled_from([mark for section in sections(Config).values() for mark in keys(section).values()]))
def test_a_check_accepts_any_value_or_says_what_it_expected(value: object, mark: ConfigKey) -> None:
    try:
        mark.validate(value)
        faults: tuple[ValueFault, ...] = ()
    except InvalidValue as error:
        faults = error.faults or pytest.fail("an error without a fault")
    for sentence in (describe_wrong_value("a.b", fault) for fault in faults):
        assert sentence.startswith("a.b")
        assert "\n" not in sentence
