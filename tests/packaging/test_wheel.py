"""The wheel has the whole program, and nothing but the program."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from dcvd import __version__
from tests.packaging.conftest import ROOT

pytestmark = pytest.mark.sweep

_SHIPPED = "dcvd/cli/setup/files/"
_MONITORING = "dcvd/cli/monitoring/files/"
_LIST_FILES = """
import json, pathlib
from importlib import resources
root = resources.files("dcvd")
migrations = sorted(entry.name for entry in root.joinpath("store/migrations").iterdir() if entry.name.endswith(".sql"))
shipped = sorted(entry.name for entry in root.joinpath("cli/setup/files").iterdir())
print(json.dumps({"at": str(root), "migrations": migrations, "shipped": shipped}))
"""


def _program() -> dict[str, bytes]:
    """What the tree has of the program, by the names in a wheel."""
    files = [
        path
        for path in (ROOT / "dcvd").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
    ]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}


def _run(installed: Path, directory: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command of the installed program, in a directory that has none of the tree."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return subprocess.run(
        [installed / "bin" / arguments[0], *arguments[1:]],
        cwd=directory,
        env={**kept, "HOME": str(directory), **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_wheel_has_every_file_of_the_program_as_it_is_in_the_tree_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            info.filename: archive.read(info) for info in archive.infolist() if ".dist-info/" not in info.filename
        }
    assert packed == _program()


def test_units_and_configuration_in_the_wheel_are_those_of_systemd_and_config(wheel: Path) -> None:
    sources = list((ROOT / "systemd").iterdir())
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name: archive.read(name) for name in archive.namelist() if name.startswith(_SHIPPED)}
    assert shipped == {f"{_SHIPPED}{path.name}": path.read_bytes() for path in sources}


def test_the_files_for_monitoring_in_the_wheel_are_those_of_config(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name: archive.read(name) for name in archive.namelist() if name.startswith(_MONITORING)}
    sources = [path for path in (ROOT / "config").iterdir() if path.name.startswith(("prometheus-", "grafana-"))]
    assert len(sources) == 3
    assert shipped == {f"{_MONITORING}{path.name}": path.read_bytes() for path in sources}


def test_an_sdist_has_the_program_and_no_tests(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
        links = [member.name for member in archive if member.issym() or member.islnk()]
    assert _program().keys() <= inside
    assert [name for name in inside if name.startswith(("tests", ".ci"))] == []
    assert links == []


def test_what_is_installed_is_the_wheel_and_lists_its_migrations_and_units(installed: Path, tmp_path: Path) -> None:
    done = _run(installed, tmp_path, "python", "-c", _LIST_FILES)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert Path(found["at"]).is_relative_to(installed)
    assert found["migrations"] == sorted(path.name for path in (ROOT / "dcvd/store/migrations").glob("*.sql"))
    assert found["shipped"] == sorted(path.name for path in (ROOT / "systemd").iterdir())


def test_the_installed_command_says_its_version(installed: Path, tmp_path: Path) -> None:
    done = _run(installed, tmp_path, "dcvd", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"dcvd {__version__}\n", "")


def test_the_installed_program_has_the_documented_defaults(installed: Path, tmp_path: Path) -> None:
    done = _run(installed, tmp_path, "dcvd", "config", "defaults")
    assert (done.returncode, done.stdout, done.stderr) == (0, (ROOT / "config" / "dcvd.toml").read_text(), "")


def test_the_installed_demo_shows_it_all(installed: Path, tmp_path: Path) -> None:
    done = _run(installed, tmp_path, "dcvd", "demo", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "domain.active" in done.stdout


def test_the_installed_program_judges_a_configuration(installed: Path, tmp_path: Path) -> None:
    config = tmp_path / "dcvd.toml"
    config.write_text((ROOT / "config" / "dcvd.toml").read_text())
    refused = _run(installed, tmp_path, "dcvd", "check-config", "--config", str(config))
    assert refused.returncode == 78
    assert "cloudflare.zone_id" in refused.stderr
    text = config.read_text()
    for shipped, own in (
        ("/var/lib/dcvd/", f"{tmp_path}/"),
        ("/run/dcvd.sock", f"{tmp_path}/dcvd.sock"),
        ('listen = ["127.0.0.1:8080"]\n', "listen = []\n"),  # whoever else uses this port is no matter of this test
    ):
        assert shipped in text
        text = text.replace(shipped, own)
    config.write_text(text)
    accepted = _run(
        installed,
        tmp_path,
        "dcvd",
        *("check-config", "--config", str(config)),
        CLOUDFLARE_API_TOKEN="a-token",
        CLOUDFLARE_ZONE_ID="0123456789abcdef0123456789abcdef",
        SAAS_CNAME_TARGET="edge.example.net",
    )
    assert accepted.returncode == 0, accepted.stderr


def test_the_environment_has_the_locked_versions_and_nothing_for_tests(installed: Path, tmp_path: Path) -> None:
    listing = (
        "from importlib.metadata import distributions as d; print(*(f'{x.name.lower()}=={x.version}' for x in d()))"
    )
    present = set(_run(installed, tmp_path, "python", "-c", listing).stdout.replace("_", "-").split())
    locked = {line.partition(" ;")[0] for line in (ROOT / "requirements.lock").read_text().lower().splitlines() if line}
    own = {f"dcvd=={__version__}"}
    tools = {each for each in present if each.startswith(("pip==", "setuptools=="))}
    assert present - own - tools <= locked
    assert not {each.partition("==")[0] for each in present} & {"pytest", "mypy", "ruff", "hypothesis"}
    assert sys.version_info >= (3, 11)
