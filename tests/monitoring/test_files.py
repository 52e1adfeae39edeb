"""The alert rules, the dashboard and the scrape configuration are valid, and name nothing that dcvd does not show."""

import json
import re
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from dcvd.cli.main import commands
from tests.dns.programs import program
from tests.monitoring.files import (
    ALERTS,
    DASHBOARD,
    SCRAPE,
    find_definition,
    list_expressions,
    list_selectors,
    load_panels,
    load_rules,
)

_CASES = sorted(Path(__file__).parent.glob("*_test.yml"))
_COMMAND = re.compile(r"`dcvd ([^`]+)`")
_GROUPED = re.compile(r"\bby \(([^)]*)\)")
_SHOWN_LABEL = re.compile(r"\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}")


def run(*command: str, directory: Path | None = None) -> None:
    """Run a program, and show what it says where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=directory)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_the_rules_and_the_scrape_configuration(tmp_path: Path) -> None:
    promtool = program("promtool")
    run(promtool, "check", "rules", "--lint-fatal", str(ALERTS))
    run(promtool, "check", "config", "--syntax-only", "--lint-fatal", str(SCRAPE))


@pytest.mark.parametrize("cases", _CASES, ids=lambda path: path.stem)
def test_each_alert_fires_when_it_should_and_is_silent_before(cases: Path, tmp_path: Path) -> None:
    promtool = program("promtool")
    # Without the sentences, which would have to be repeated in each case.
    content = yaml.safe_load(ALERTS.read_text())
    for rule in content["groups"][0]["rules"]:
        del rule["annotations"]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(content))
    (tmp_path / "cases.yml").write_text(cases.read_text().replace("../../config/prometheus-alerts.yml", "rules.yml"))
    run(promtool, "test", "rules", "cases.yml", directory=tmp_path)


def test_alerts_that_wake_somebody_up_are_tried() -> None:
    tests = [test for path in _CASES for test in yaml.safe_load(path.read_text())["tests"]]
    tried = {each["alertname"] for test in tests for each in test["alert_rule_test"]}
    critical = {rule["alert"] for rule in load_rules() if rule["labels"]["severity"] == "critical"}
    assert critical - tried == {"DcvdCloudflareZoneFault"}  # which is as plain as can be


def test_every_alert_says_what_it_is_what_to_do_and_which_command_shows_more() -> None:
    rules = load_rules()
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule["labels"]) == {"severity"}, rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning", "none"), rule["alert"]
        texts = rule["annotations"]
        assert set(texts) == {"summary", "description"}, rule["alert"]
        assert "`dcvd " in texts["description"], rule["alert"]
        assert texts["description"].endswith("."), rule["alert"]
        assert not texts["summary"].endswith("."), rule["alert"]


def test_the_commands_that_alerts_name_are_there() -> None:
    for rule in load_rules():
        for line in _COMMAND.findall(rule["annotations"]["description"]):
            command: click.Command | None = commands
            for word in line.split():
                if isinstance(command, click.Group) and word.islower():
                    command = command.get_command(click.Context(command), word)
                    assert command is not None, f"{rule['alert']}: dcvd {line}"
            assert command is not None
            options = {each for option in command.params for each in option.opts}
            assert {word for word in line.split() if word.startswith("--")} <= options, f"{rule['alert']}: dcvd {line}"


def test_expressions_name_metrics_that_there_are_by_labels_that_they_have() -> None:
    for expression in list_expressions():
        selectors = list(list_selectors(expression))
        assert selectors or expression in ("vector(1)",) or expression.startswith("up{"), expression
        labels = {"instance", "job", "le"}
        for name, selected in selectors:
            definition = find_definition(name)
            assert definition is not None, f"{name} in {expression}"
            assert selected <= set(definition.labels), f"{name} in {expression}"
            labels |= set(definition.labels)
        for group in _GROUPED.findall(expression):
            assert {each.strip() for each in group.split(",")} <= labels, expression


def test_legends_and_sentences_show_labels_that_their_expressions_have() -> None:
    shown = [(target["expr"], target["legendFormat"]) for panel in load_panels() for target in panel["targets"]]
    shown += [(rule["expr"], text) for rule in load_rules() for text in rule["annotations"].values()]
    for expression, text in shown:
        labels = {label for name, _ in list_selectors(expression) for label in find_definition(name).labels}  # type: ignore[union-attr]
        groups = [{each.strip() for each in group.split(",")} for group in _GROUPED.findall(expression)]
        kept = labels if not groups else set.union(*groups)
        assert set(_SHOWN_LABEL.findall(text)) <= kept, (expression, text)


def test_the_dashboard_asks_the_data_source_that_its_reader_chooses() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert variables["instance"]["datasource"] == chosen
    for panel in load_panels():
        assert panel["datasource"] == chosen, panel["title"]
        assert panel["title"], panel["id"]
        for target in panel["targets"]:
            assert target["datasource"] == chosen, panel["title"]
            assert "$instance" in target["expr"], panel["title"]
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert (len(set(ids)), dashboard["id"], dashboard["__inputs"]) == (len(ids), None, [])


def test_panels_of_the_dashboard_do_not_cover_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert taken.isdisjoint(cells), panel["title"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells


def test_the_job_of_the_scrape_configuration_is_the_one_that_the_alerts_know() -> None:
    (job,) = yaml.safe_load(SCRAPE.read_text())["scrape_configs"]
    (down,) = [rule["expr"] for rule in load_rules() if rule["alert"] == "DcvdDown"]
    assert f'job="{job["job_name"]}"' in down
    assert job["static_configs"][0]["targets"] == ["127.0.0.1:9100"]
