"""The image is made in two stages, runs as a user of its own, and is asked after by the program itself."""

import fnmatch
import os
import subprocess
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT
from tests.packaging.dockerfile import read_dockerfile

BUILD, RESULT = read_dockerfile((ROOT / "Dockerfile").read_text())


def test_both_stages_are_of_one_slim_debian_whose_name_has_no_host() -> None:
    assert BUILD.base == RESULT.base
    assert BUILD.base.startswith("debian:")
    assert BUILD.base.endswith("-slim")


def test_no_build_tool_is_in_the_result_and_versions_are_those_of_the_lock() -> None:
    (packages,) = (each.rest for each in RESULT.list_of("RUN"))
    assert "--no-install-recommends ca-certificates python3 &&" in packages
    assert not any(word in packages for word in ("pip", "venv", "gcc", "build-essential", "-dev"))
    (installation,) = (each.rest for each in BUILD.list_of("RUN") if " install --no-cache-dir" in each.rest)
    assert "-c requirements.lock" in installation
    assert "--without-pip /opt/dcvd" in installation


def test_it_runs_as_a_user_of_its_own_and_writes_into_a_volume_that_is_theirs() -> None:
    user = RESULT.last("USER").rest
    uid, _, gid = user.partition(":")
    assert int(uid) > 0
    (account,) = (each.rest for each in RESULT.list_of("RUN"))
    assert f"--uid {uid}" in account
    assert f"--gid {gid}" in account
    (volume,) = (each.rest for each in RESULT.list_of("VOLUME"))
    assert f"install -d -o dcvd -g dcvd -m 700 {volume}" in account
    after_user = RESULT.instructions[RESULT.instructions.index(RESULT.last("USER")) :]
    assert not any(each.word in ("RUN", "COPY", "ADD") for each in after_user)


def test_the_program_is_the_first_process_and_is_stopped_and_asked_after_without_a_shell() -> None:
    assert RESULT.last("ENTRYPOINT").read_list() == ["dcvd"]
    assert RESULT.last("CMD").read_list() == ["serve"]
    assert RESULT.last("HEALTHCHECK").read_list() == ["dcvd", "health"]
    assert RESULT.last("STOPSIGNAL").rest == "SIGTERM"


def test_what_is_copied_is_there_and_nothing_else_is_sent_to_the_builder() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for copy in BUILD.list_of("COPY"):
        *sources, _ = copy.rest.split()
        for source in sources:
            assert (ROOT / source).exists()
            assert any(fnmatch.fnmatch(name, source) or Path(name).is_relative_to(source) for name in allowed), source
    assert all("--from=build" in copy.rest for copy in RESULT.list_of("COPY"))
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


@pytest.mark.sweep
def test_hadolint_has_nothing_to_say(hadolint: Path) -> None:
    done = subprocess.run(
        [hadolint, "Dockerfile"], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
