"""`dcvd monitoring`: the files for Prometheus and Grafana come with the program, as they are in the repository."""

from pathlib import Path

import pytest

from dcvd.cli.main import run
from tests.monitoring.files import ALERTS, DASHBOARD, SCRAPE


@pytest.mark.parametrize(("name", "path"), [("alerts", ALERTS), ("scrape", SCRAPE), ("dashboard", DASHBOARD)])
def test_a_file_is_printed_as_it_is(name: str, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["monitoring", name]) == 0
    assert capsys.readouterr().out == path.read_text()


def test_another_word_is_refused_naming_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["monitoring", "grafana"]) == 2
    assert "dashboard" in capsys.readouterr().err
