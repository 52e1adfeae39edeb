"""The scripts in .ci that judge: how many tests have to pass, and which commands the README tells to run."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).parents[1] / ".ci"
MINIMUM = {
    kind: int(number)
    for kinds, number in re.findall(r"(?m)^  ([a-z |]+)\) minimum=(\d+) ;;$", (CI / "judge-tests").read_text())
    for kind in kinds.split(" | ")
}
KINDS = pytest.mark.parametrize("kind", ["suite", "bare", "sweeps", "attacks", "package", "units", "property"])


def judge(tmp_path: Path, kind: str, summary: str) -> subprocess.CompletedProcess[str]:
    """Lets the script judge a log that is long, as real ones are, and ends with a summary."""
    log = tmp_path / "tests.log"
    dots = "." * 72 + " [ 50%]\n"
    skipped = "SKIPPED [1] tests/dns/programs.py:25: knotd is not installed\n"
    log.write_text(f"2 workers [5000 items]\n\n{dots * 2000}{skipped * 2000}{summary}\n")
    return subprocess.run([CI / "judge-tests", kind, log], capture_output=True, text=True, check=False)


@KINDS
@pytest.mark.parametrize("time", ["in 59.21s", "in 152.33s (0:02:32)", "in 4210.07s (1:10:10)"])
def test_a_run_in_which_every_test_passed_is_well(tmp_path: Path, time: str, kind: str) -> None:
    done = judge(tmp_path, kind, f"===== {MINIMUM[kind]} passed {time} =====")
    assert (done.returncode, done.stderr) == (0, "")


@KINDS
def test_a_run_with_fewer_tests_than_there_are_fails(tmp_path: Path, kind: str) -> None:
    done = judge(tmp_path, kind, f"===== {MINIMUM[kind] - 1} passed in 59.21s =====")
    assert done.returncode == 1
    assert f"{MINIMUM[kind] - 1} tests ran" in done.stderr


@KINDS
@pytest.mark.parametrize("what", ["1 failed", "1 deselected", "1 xfailed", "1 xpassed", "1 warning", "2 errors"])
def test_a_run_with_a_test_that_proved_nothing_fails(tmp_path: Path, what: str, kind: str) -> None:
    done = judge(tmp_path, kind, f"===== {MINIMUM[kind]} passed, {what} in 59.21s =====")
    assert done.returncode == 1
    assert f"not every test passed: {what}" in done.stderr


@pytest.mark.parametrize("kind", ["suite", "sweeps", "property"])
def test_a_run_with_one_skipped_test_fails_and_says_which(tmp_path: Path, kind: str) -> None:
    done = judge(tmp_path, kind, f"===== {MINIMUM[kind]} passed, 1 skipped in 59.21s =====")
    assert done.returncode == 1
    assert "not every test passed: 1 skipped" in done.stderr
    assert "knotd is not installed" in done.stderr


def test_on_a_new_machine_a_skipped_test_counts_as_one_that_was_collected(tmp_path: Path) -> None:
    assert judge(tmp_path, "bare", f"===== {MINIMUM['bare'] - 9} passed, 9 skipped in 59.21s =====").returncode == 0
    assert judge(tmp_path, "bare", f"===== {MINIMUM['bare'] - 9} passed, 8 skipped in 59.21s =====").returncode == 1


@KINDS
@pytest.mark.parametrize("ending", ["", "===== no tests ran in 0.01s =====", "INTERNALERROR> KeyError"])
def test_a_run_that_came_to_no_end_or_ran_nothing_fails(tmp_path: Path, ending: str, kind: str) -> None:
    assert judge(tmp_path, kind, ending).returncode == 1


def test_a_kind_of_tests_that_does_not_exist_is_a_mistake(tmp_path: Path) -> None:
    assert judge(tmp_path, "sweep", "===== 9000 passed in 59.21s =====").returncode == 2


def test_the_readme_names_the_commands_that_are_run_on_a_new_machine() -> None:
    for name, end in [("demo", ".venv/bin/dcvd demo"), ("test", ".venv/bin/pytest")]:
        done = subprocess.run([CI / "readme-command", name], capture_output=True, text=True, check=True)
        assert done.stdout.startswith("python3 -m venv .venv && ")
        assert done.stdout.endswith(f" && {end}\n")


def test_a_command_that_the_readme_does_not_have_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    script = shutil.copy(CI / "readme-command", tmp_path / ".ci")
    (tmp_path / "README.md").write_text("<!-- test command -->\n```sh\nmake check\n```\n")
    found = subprocess.run([script, "test"], capture_output=True, text=True, check=True)
    assert found.stdout == "make check\n"
    missing = subprocess.run([script, "demo"], capture_output=True, text=True, check=False)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "no demo command" in missing.stderr
