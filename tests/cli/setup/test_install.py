"""`dcvd install` into the tree of another system; tests/systemd has the whole of it on a system that runs."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dcvd.cli.setup.installation import Installation, read_units
from tests.cli.processes import dcvd

ROOT = Path(__file__).parents[3]
ZONE = "0123456789abcdef0123456789abcdef"
GIVEN = ("--zone-id", ZONE, "--cname-target", "edge.example.net", "--token-file", "-")


def install(root: Path, *arguments: str, stdin: str = "s3cret-token\n") -> "subprocess.CompletedProcess[str]":
    """The command, as an administrator gives it."""
    return dcvd("install", "--root", str(root), *arguments, stdin=stdin)


def files(root: Path) -> dict[str, str]:
    """Every file below a root."""
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if not path.is_dir()}


def test_everything_is_put_where_it_belongs(tmp_path: Path) -> None:
    done = install(tmp_path, *GIVEN)
    assert (done.returncode, done.stderr) == (0, "")
    assert "s3cret" not in done.stdout
    program = Path(sys.executable).parent / "dcvd"
    link = tmp_path / "usr/local/bin/dcvd"
    assert link.readlink() == program
    link.unlink()
    placed = files(tmp_path)
    units = {f"etc/systemd/system/{name}" for name in read_units()}
    assert set(placed) == {"etc/dcvd/dcvd.toml", "etc/dcvd/cloudflare-token", *units}
    assert placed["etc/dcvd/cloudflare-token"] == "s3cret-token\n"
    assert (tmp_path / "etc/dcvd/cloudflare-token").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "etc/dcvd/dcvd.toml").stat().st_mode & 0o777 == 0o644
    config = tomllib.loads(placed["etc/dcvd/dcvd.toml"])
    assert config["cloudflare"]["zone_id"] == ZONE
    assert config["cloudflare"]["cname_target"] == "edge.example.net"
    service = placed["etc/systemd/system/dcvd.service"]
    assert f"ExecStart={program} serve --config /etc/dcvd/dcvd.toml" in service
    assert "/opt/dcvd" not in service


def test_a_program_inside_the_tree_is_found_there_once_it_runs() -> None:
    made = Installation(Path("/build/image"), Path("/opt/dcvd/bin/dcvd")).list_files({}, None)
    texts = {file.path: file.text for file in made}
    assert texts[Path("/build/image/etc/systemd/system/dcvd.service")] == (ROOT / "systemd/dcvd.service").read_text()


def test_a_second_run_asks_nothing_and_changes_nothing(tmp_path: Path) -> None:
    install(tmp_path, *GIVEN)
    (tmp_path / "etc/dcvd/dcvd.toml").write_text("# mine\n")
    unit = tmp_path / "etc/systemd/system/dcvd.socket"
    unit.write_text(unit.read_text() + "Backlog=9\n")
    before = files(tmp_path)
    done = install(tmp_path, stdin="")
    assert (done.returncode, done.stderr) == (0, "")
    assert files(tmp_path) == before
    assert done.stdout.count("kept: it is yours") == 2
    assert done.stdout.count("as it should be") == len(read_units())


def test_what_is_given_for_a_file_that_stays_is_said_not_to_be_used(tmp_path: Path) -> None:
    install(tmp_path, *GIVEN)
    before = files(tmp_path)
    done = install(tmp_path, "--cname-target", "other.example.net", "--token-file", "-", stdin="other-token\n")
    assert (done.returncode, files(tmp_path)) == (0, before)
    config, token = tmp_path / "etc/dcvd/dcvd.toml", tmp_path / "etc/dcvd/cloudflare-token"
    assert done.stderr.splitlines() == [
        f"Warning: {config} is there already and stays as it is: --cname-target not used.",
        f"Warning: {token} is there already and stays as it is: --token-file not used.",
    ]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(tmp_path: Path) -> None:
    done = install(tmp_path, *GIVEN, "--dry-run")
    assert done.returncode == 0
    assert done.stdout.count(": would be written\n") == len(read_units()) + 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        ((), "", "Give --zone-id"),
        (("--zone-id", ZONE), "", "Give --cname-target"),
        (GIVEN[:4], "", "Give --token-file"),
        (("--zone-id", "zone", *GIVEN[2:]), "t\n", "--zone-id 'zone' is no value for it"),
        (("--zone-id", ZONE, "--cname-target", "edge", *GIVEN[4:]), "t\n", "--cname-target 'edge'"),
        (GIVEN, "two words\n", "--token-file is no value for it"),
        (GIVEN, "", "--token-file is no value for it"),
    ],
)
def test_what_is_missing_or_wrong_is_named_and_nothing_is_done(
    tmp_path: Path, arguments: tuple[str, ...], stdin: str, says: str
) -> None:
    done = install(tmp_path, *arguments, stdin=stdin)
    assert done.returncode == 2
    assert says in done.stderr
    assert "two words" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_unit_of_the_repository_is_installed() -> None:
    assert read_units() == {path.name: path.read_text() for path in (ROOT / "systemd").iterdir()}
