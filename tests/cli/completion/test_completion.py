"""Completion, as the shells themselves do it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dcvd.cli.completion.shells import make_script
from dcvd.cli.completion.values import complete_findings
from dcvd.cli.main import DEFERRED_COMMANDS, run
from dcvd.core.diagnosis.codes import FindingCode
from tests.cli.completion.shell_terminal import in_shell
from tests.cli.processes import House, dcvd, environment

BIN = Path(sys.executable).parent
SHELLS = ("bash", "zsh", "fish")


def completions(words: str, *, shell: str = "bash", environ: Mapping[str, str] | None = None) -> list[str]:
    """What the script of a shell is answered; the last word is the one to complete."""
    parts = words.split(" ")
    variables = {"_DCVD_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(parts) - 1)}
    done = subprocess.run(
        [sys.executable, "-m", "dcvd"],
        env=environment({**variables, **(environ or {})}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not on this machine")
    return name


@pytest.fixture
def acme(house: House) -> House:
    """Its database has organizations, and its configuration is that of the environment."""
    for name in ("Acme", "Acme & Söhne", "Zebu"):
        house.given(lambda operations, name=name: operations.create_organization(name))  # type: ignore[misc]
    return house


def test_each_shells_script_is_printed(shell: str) -> None:
    done = dcvd("completion", shell)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", make_script(shell))
    assert f"_DCVD_COMPLETE={shell}_complete" in done.stdout


def test_the_script_has_no_mistake_that_the_shell_finds(shell: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(make_script(shell))
    done = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_unknown_shell_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "tcsh"]) == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in capsys.readouterr().err


def test_bash_completes_what_is_typed(acme: House) -> None:
    environ = {"PATH": f"{BIN}:{os.environ['PATH']}", "DCVD_CONFIG": str(acme.config), "PS1": "$ "}
    with in_shell(["bash", "--norc", "--noprofile", "-i"], environ) as terminal:
        terminal.type("source <(dcvd completion bash); echo re''ady\n")
        terminal.wait_for("ready")
        terminal.type("dcvd compl\t")
        terminal.wait_for("dcvd completion ")
        terminal.type("\x15dcvd token create --org Z\t--na\t")
        terminal.wait_for("dcvd token create --org Zebu --name ")
        terminal.type("\x15echo dcvd; dcvd org show Acme\\ \\&\t")
        terminal.wait_for("Acme\\ \\&\\ Söhne ")


def test_zsh_completes_what_is_typed(acme: House, tmp_path: Path) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not on this machine")
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "_dcvd").write_text(make_script("zsh"))
    environ = {"PATH": f"{BIN}:{os.environ['PATH']}", "DCVD_CONFIG": str(acme.config), "HOME": str(tmp_path)}
    with in_shell(["zsh", "-f", "-i"], environ) as terminal:
        terminal.type(f"PS1='$ '; fpath+=({tmp_path}/functions); autoload -U compinit; compinit -u; echo re''ady\n")
        terminal.wait_for("ready")
        terminal.type("dcvd compl\t")
        terminal.wait_for("dcvd completion ")
        terminal.type("\x15dcvd org show Z\t")
        terminal.wait_for("dcvd org show Zebu ")
        terminal.type("\x15source <(dcvd completion zsh); echo re''ady\n")
        terminal.wait_for("ready\n")
        terminal.type("dcvd org show Z\t")
        terminal.wait_for("dcvd org show Zebu ")


def test_fish_completes_what_is_typed(acme: House, tmp_path: Path) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not on this machine")
    environ = {"PATH": f"{BIN}:{os.environ['PATH']}", "DCVD_CONFIG": str(acme.config), "HOME": str(tmp_path)}
    script = "dcvd completion fish | source; complete -C 'dcvd compl'; complete -C 'dcvd org show Z'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], env=environ, capture_output=True, text=True, check=True
    )
    found = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert found == ["completion", "Zebu"]


def test_every_command_is_proposed_with_what_it_is_for() -> None:
    assert completions("dcvd ") == [f"plain,{name}" for name in DEFERRED_COMMANDS]
    assert "plain,create" in completions("dcvd org ")
    assert completions("dcvd org cr") == ["plain,create"]
    described = completions("dcvd vers", shell="zsh")
    assert described[:2] == ["plain", "version"]
    assert described[2].startswith("Say which dcvd this is")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("dcvd org create --js", ["plain,--json"]),
        ("dcvd token create --role ow", ["plain,owner"]),
        ("dcvd token create --role=ow", ["plain,owner"]),
        ("dcvd token create --role = ow", ["plain,owner"]),
        ("dcvd completion ", ["plain,bash", "plain,zsh", "plain,fish"]),
        ("dcvd serve --config ", ["file,"]),
        ("dcvd domain import ", ["file,"]),
        ("dcvd nonsense ", None),
        ("dcvd --help", ["plain,--help"]),
        ("dcvd org create --config /none/x --js", ["plain,--json"]),
    ],
)
def test_options_choices_and_files_are_proposed(words: str, expected: list[str] | None) -> None:
    found = completions(words)
    if expected is None:
        assert "plain,create" not in found
    else:
        assert found == expected


def test_organizations_are_proposed_by_name_and_by_id(acme: House) -> None:
    config = ["--config", str(acme.config)]
    by_name = completions(f"dcvd token list {' '.join(config)} --org A")
    assert by_name == ["plain,Acme", "plain,Acme\\ \\&\\ Söhne"]
    ids = completions("dcvd org show org_", environ={"DCVD_CONFIG": str(acme.config)})
    assert len(ids) == 3
    raw = completions("dcvd org show Ac", shell="fish", environ={"DCVD_CONFIG": str(acme.config), "COMP_CWORD": "Ac"})
    assert any("Acme & Söhne" in line for line in raw)


def test_organizations_come_from_the_daemon_that_runs(served: House) -> None:
    served.given(lambda operations: operations.create_organization("Yak"))
    assert completions("dcvd org show Ya", environ={"DCVD_CONFIG": str(served.config)}) == ["plain,Yak"]


@pytest.mark.parametrize("content", [None, "nonsense", "[log]\nlevel = 'loud'\n"])
def test_where_organizations_cannot_be_found_nothing_is_proposed(tmp_path: Path, content: str | None) -> None:
    config = tmp_path / "dcvd.toml"
    if content is not None:
        config.write_text(content)
    assert completions("dcvd org show A", environ={"DCVD_CONFIG": str(config)}) == [""]


def test_an_organizations_name_cannot_run_anything_in_bash(house: House, tmp_path: Path) -> None:
    house.given(lambda operations: operations.create_organization("Evil $(touch hacked); `touch hacked` *"))
    environ = {"PATH": f"{BIN}:{os.environ['PATH']}", "DCVD_CONFIG": str(house.config), "PS1": "$ "}
    with in_shell(["bash", "--norc", "--noprofile", "-i"], environ) as terminal:
        terminal.type(f"cd {tmp_path}; source <(dcvd completion bash); echo re''ady\n")
        terminal.wait_for("ready")
        terminal.type("dcvd org show Evil\t")
        terminal.wait_for("Evil\\ \\$\\(touch\\ hacked\\)\\;\\ \\`touch\\ hacked\\`\\ \\* ")
        terminal.type("\x01: \n")  # which makes the line one of a command that does nothing
        terminal.type("echo re''ady\n")
        terminal.wait_for("ready")
    assert not (tmp_path / "hacked").exists()


def test_codes_of_findings_are_proposed() -> None:
    found = complete_findings(None, None, "caa_")  # type: ignore[arg-type]
    assert [item.value for item in found] == [code.value for code in FindingCode if code.value.startswith("caa_")]


def test_names_and_options_need_neither_a_command_nor_a_framework() -> None:
    script = (
        "import os, sys\n"
        "os.environ.update(_DCVD_COMPLETE='bash_complete', COMP_WORDS='dcvd org create --', COMP_CWORD='3')\n"
        "import dcvd.__main__\n"
        "try: dcvd.__main__.main()\n"
        "except SystemExit: pass\n"
        "print({'litestar', 'aiohttp', 'cryptography', 'dcvd.config', 'dcvd.cli.main'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "plain,--json" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("instruction", ["bash_source", "tcsh_complete", "x", "zsh_"])
def test_any_other_instruction_says_nothing(instruction: str) -> None:
    done = dcvd("org", "list", environ={"_DCVD_COMPLETE": instruction})
    assert "plain" not in done.stdout
