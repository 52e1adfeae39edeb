"""docs/operations.md says what the metrics, the log, the limits and the exit codes are."""

import re

from click.testing import CliRunner

from dcvd.cli.main import commands
from dcvd.config import CloudflareConfig, Config
from dcvd.core.domains import bulk
from dcvd.core.events import EventType
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.http.bodies import ndjson
from dcvd.http.limits import admission_limits
from dcvd.http.preferences import MAX_WAIT_S
from dcvd.metrics.catalogue import CATALOGUE
from dcvd.services import diagnosis
from tests.docs.markdown import ROOT, read_page
from tests.monitoring.files import find_definition

OPERATIONS = read_page(ROOT / "docs" / "operations.md")


def rows(section: str) -> list[list[str]]:
    """The rows of the tables below a heading, without their heads."""
    lines = [line for line in OPERATIONS.section(section).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_metric_that_a_page_names_is_one_of_the_catalogue() -> None:
    known = {definition.name for definition in CATALOGUE}
    for path in (ROOT / "docs").glob("*.md"):
        named = set(re.findall(r"`(dcvd_[a-z0-9_]+)", path.read_text()))
        unknown = {name for name in named - known if find_definition(name) is None and not name.endswith("_")}
        assert unknown == set(), path.name


def test_every_event_of_the_log_is_one_that_the_source_writes() -> None:
    source = "".join(path.read_text() for path in (ROOT / "dcvd").rglob("*.py"))
    described = [name for row in rows("Logs") for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", row[0])]
    assert len(described) > 10
    assert [name for name in described if f'"{name}"' not in source] == []


def test_the_exit_codes_are_those_of_the_commands_help() -> None:
    text = CliRunner().invoke(commands, ["--help"]).output
    named = set(re.findall(r"(?<![\w-])(\d+) [a-z]", text.split("Exit codes:")[1].split("\n\n")[0]))
    assert named | {"130"} == {row[0] for row in rows("Exit codes") if row[0].isdigit()}


def test_the_limits_are_those_of_the_code() -> None:
    limits = dict(rows("Limits")[1:])
    assert f"{bulk.MAX_LINES_AT_ONCE:,} as JSON, {bulk.MAX_LINES:,} as lines" in limits["domains in one bulk call"]
    assert f"{ndjson.MAX_LINE_BYTES >> 10} KiB each" in limits["a request body"]
    assert f"{Config().server.request_body_limit >> 20} MiB;" in limits["a request body"]
    syncs = (
        f"{admission_limits.MAX_SYNCS_PER_MINUTE} a minute and {admission_limits.MAX_SYNCS_PER_ORGANIZATION} at once"
    )
    assert syncs in limits["`POST …/sync`"]
    checks = f"{diagnosis.MAX_PER_MINUTE} a minute and {diagnosis.MAX_AT_ONCE_PER_ORGANIZATION} at once"
    assert checks in limits["a diagnosis with a fresh check"]
    assert f"{MAX_WAIT_S} seconds each" in limits["waiting requests of the event feed"]


def test_every_key_that_a_page_names_exists() -> None:
    text = "\n".join(OPERATIONS.lines.values())
    sections = Config.__struct_fields__
    for section, key in re.findall(r"`(\w+)\.(\w+)(?: = [^`]*)?`", text):
        if section in sections:
            assert key in getattr(Config(), section).__struct_fields__, f"{section}.{key}"
    assert CloudflareConfig().certificates_per_minute == 15


def test_every_event_that_only_operators_get_stands_in_the_page() -> None:
    described = {row[0].strip("`") for row in rows("Events for your own programs") if row[0].startswith("`system.")}
    assert described == set(EventType) - set(TENANT_TYPES)
