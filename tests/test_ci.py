"""The scripts in .ci that judge: how many tests have to pass, and which commands the README tells to run."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).parents[1] / ".ci"
MINIMUM = int(re.findall(r"(?m)^minimum=(\d+)$", (CI / "judge-tests").read_text())[0])


def judge(tmp_path: Path, summary: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Lets the script judge a log that is long, as real ones are, and ends with a summary."""
    log = tmp_path / "tests.log"
    dots = "." * 72 + " [ 50%]\n"
    skipped = "SKIPPED [1] tests/dns/programs.py:25: knotd is not installed\n"
    log.write_text(f"2 workers [{MINIMUM} items]\n\n{dots * 2000}{skipped * 2000}{summary}\n")
    return subprocess.run([CI / "judge-tests", log, *options], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("time", ["in 59.21s", "in 152.33s (0:02:32)", "in 4210.07s (1:10:10)"])
@pytest.mark.parametrize("options", [(), ("--skips",)])
def test_a_run_in_which_every_test_passed_is_well(tmp_path: Path, time: str, options: tuple[str, ...]) -> None:
    done = judge(tmp_path, f"===== {MINIMUM} passed {time} =====", *options)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("options", [(), ("--skips",)])
def test_a_run_with_fewer_tests_than_there_are_fails(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = judge(tmp_path, f"===== {MINIMUM - 1} passed in 59.21s =====", *options)
    assert done.returncode == 1
    assert f"{MINIMUM - 1} tests ran" in done.stderr


@pytest.mark.parametrize("what", ["1 skipped", "1 deselected", "1 xfailed", "1 xpassed", "1 warning", "2 errors"])
def test_a_run_with_a_test_that_proved_nothing_fails(tmp_path: Path, what: str) -> None:
    done = judge(tmp_path, f"===== {MINIMUM} passed, {what} in 59.21s =====")
    assert done.returncode == 1
    assert f"not every test passed: {what}" in done.stderr


def test_a_run_that_was_only_skips_says_which(tmp_path: Path) -> None:
    done = judge(tmp_path, f"===== {MINIMUM} skipped in 59.21s =====")
    assert done.returncode == 1
    assert "knotd is not installed" in done.stderr


def test_where_programs_are_missing_a_skipped_test_counts_as_one_that_was_collected(tmp_path: Path) -> None:
    assert judge(tmp_path, f"===== {MINIMUM - 9} passed, 9 skipped in 59.21s =====", "--skips").returncode == 0
    assert judge(tmp_path, f"===== {MINIMUM - 9} passed, 8 skipped in 59.21s =====", "--skips").returncode == 1
    assert judge(tmp_path, f"===== {MINIMUM} passed, 1 deselected in 59.21s =====", "--skips").returncode == 1
    assert judge(tmp_path, f"===== 1 failed, {MINIMUM} passed in 59.21s =====", "--skips").returncode == 1


@pytest.mark.parametrize("ending", ["", "===== no tests ran in 0.01s =====", "INTERNALERROR> KeyError"])
def test_a_run_that_came_to_no_end_or_ran_nothing_fails(tmp_path: Path, ending: str) -> None:
    assert judge(tmp_path, ending).returncode == 1
    assert judge(tmp_path, ending, "--skips").returncode == 1


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
