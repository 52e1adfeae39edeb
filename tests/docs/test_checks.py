"""The commands of checks stand once, in .ci/check: the CI, the Makefile and the hooks of pre-commit all call it."""

import re
import subprocess

from tests.docs.markdown import ROOT

CHECK = ROOT / ".ci" / "check"
RUN = (ROOT / ".ci" / "run").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
HOOKS = (ROOT / ".pre-commit-config.yaml").read_text()
NAMES = set(re.findall(r"(?m)^    ([a-z]+)\)", CHECK.read_text()))


def test_the_usage_names_every_check() -> None:
    done = subprocess.run([CHECK], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert {line.split()[0] for line in done.stdout.splitlines()} == NAMES


def test_a_check_that_does_not_exist_is_a_mistake() -> None:
    done = subprocess.run([CHECK, "spelling"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "there is no check spelling\n")


def test_every_target_of_the_makefile_calls_the_check_of_its_name_or_all_of_the_ci() -> None:
    (rule,) = re.findall(r"(?m)^([a-z ]+):\n\t\.ci/check \$@\n", MAKEFILE)
    assert set(rule.split()) == NAMES
    assert "\nci:\n\t.ci/run\n" in MAKEFILE
    assert set(re.findall(r"(?m)^\t(\S+)", MAKEFILE)) == {".ci/check", ".ci/run"}
    (phony,) = re.findall(r"(?m)^\.PHONY: (.+)$", MAKEFILE)
    assert set(phony.split()) == NAMES | {"ci"}


def test_the_hooks_fetch_nothing_and_call_checks() -> None:
    assert re.findall(r"repo: (\S+)", HOOKS) == ["local"]
    entries = re.findall(r"entry: (.+)", HOOKS)
    assert entries == [f".ci/check {name}" for name in re.findall(r"- id: (\w+)", HOOKS)]
    assert {entry.split()[1] for entry in entries} <= NAMES


def test_the_ci_runs_the_checks_and_none_of_their_commands_by_itself() -> None:
    called = {name for names in re.findall(r"(?m)^\.ci/check ([a-z ]+?)(?: 2>.*)?$", RUN) for name in names.split()}
    assert called == {"sweep", "attacks", "floors", "package", "units", "property", "schema", "lint", "types", "layers"}
    for command in re.findall(r"\.venv/bin/(?!pip)[\w-]+", CHECK.read_text()):
        assert command not in RUN
