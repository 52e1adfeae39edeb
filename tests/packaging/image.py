"""`python -m tests.packaging.image BASE DIRECTORY`: carries out the Dockerfile in roots below DIRECTORY, and tries it.

For machines on which no images can be built. BASE is the tree of a new Debian, in the place of the base image. Only
root may do this, and the mounts of its trial stay until the caller's namespace ends.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tests.packaging.conftest import ROOT
from tests.packaging.dockerfile import Stage, read_dockerfile

_TRIAL: Final = {
    "CLOUDFLARE_API_TOKEN": "a-token",
    "CLOUDFLARE_ZONE_ID": "0123456789abcdef0123456789abcdef",
    "SAAS_CNAME_TARGET": "edge.example.net",
}
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Where Debian has them: what is run gets the PATH of the image.
_CHROOT: Final = "/usr/sbin/chroot"
_UNSHARE: Final = "/usr/bin/unshare"
_BUILD_TOOLS: Final = ("pip", "pip3", "gcc", "cc", "make")
_STARTED_S: Final = 120
_STOPPED_S: Final = 10


class Image:
    """One stage that is carried out, in the order of its instructions."""

    def __init__(self, base: Path, root: Path, earlier: dict[str, Path]) -> None:
        self.root = root
        self.environ = {"PATH": _PATH}
        self.user = "0:0"
        self._earlier = earlier
        self._directory = "/"
        run("cp", "--archive", "--one-file-system", str(base), str(root))
        for mounted in _list_mounts_below(base):
            run("mount", "--bind", str(base / mounted), str(root / mounted))

    def build(self, stage: Stage) -> None:
        for each in stage.instructions:
            print(f"{each.word} {each.rest}", flush=True)
            match each.word:
                case "RUN":
                    self._run(each.rest)
                case "COPY":
                    self._copy(each.rest.split())
                case "WORKDIR":
                    self._directory = each.rest
                    self._place(each.rest).mkdir(parents=True, exist_ok=True)
                case "ENV":
                    self.environ |= dict(word.split("=", 1) for word in shlex.split(each.rest))
                case "USER":
                    self.user = each.rest
                case "VOLUME" | "EXPOSE" | "HEALTHCHECK" | "STOPSIGNAL" | "ENTRYPOINT" | "CMD":
                    pass
                case _:
                    raise AssertionError(f"nobody knows how to carry out {each.word}")

    def command(self, *words: str) -> list[str]:
        """That command in the image, by its user."""
        return [_CHROOT, f"--userspec={self.user}", str(self.root), *words]

    def _run(self, command: str) -> None:
        shell = f"cd {self._directory} && {command}"
        environ = {**self.environ, "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        for name in ("http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            environ |= {name: os.environ[name]} if name in os.environ else {}
        subprocess.run(self.command("/bin/sh", "-c", shell), env=environ, check=True)

    def _copy(self, words: list[str]) -> None:
        source_root = ROOT
        if words[0].startswith("--from="):
            source_root = self._earlier[words.pop(0).removeprefix("--from=")]
        *sources, target = words
        place = self._place(target)
        for source in sources:
            found = source_root / source.lstrip("/")
            to = place / found.name if target.endswith("/") else place
            if found.is_dir():
                shutil.copytree(found, to, symlinks=True, dirs_exist_ok=True)
            else:
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, to)

    def _place(self, path: str) -> Path:
        return self.root / os.path.join(self._directory, path).lstrip("/")


def _list_mounts_below(base: Path) -> list[Path]:
    """What the base has of the machine: its devices, and where pip finds packages."""
    points = [Path(line.split()[4]) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point.relative_to(base) for point in points if point != base and point.is_relative_to(base)]


def run(*words: str) -> None:
    subprocess.run(words, check=True)


def build(base: Path, directory: Path) -> tuple[Image, Stage]:
    """Carry out all stages; the last one."""
    built: dict[str, Path] = {}
    image: Image | None = None
    stages = read_dockerfile((ROOT / "Dockerfile").read_text())
    for number, stage in enumerate(stages):
        image = Image(base, directory / f"stage{number}", dict(built))
        image.build(stage)
        built[stage.name] = image.root
    assert image is not None
    return image, stages[-1]


def try_it(image: Image, stage: Stage) -> None:
    """Run the image as a container does: read-only but for its volume, and stopped by a signal."""
    for tool in _BUILD_TOOLS:
        assert shutil.which(tool, path=":".join(f"{image.root}{each}" for each in _PATH.split(":"))) is None, tool
        assert not (image.root / "opt/dcvd/bin" / tool).exists(), tool
    volume = image.root / stage.last("VOLUME").rest.lstrip("/")
    uid, _, gid = image.user.partition(":")
    run("mount", "--rbind", str(image.root), str(image.root))
    run("mount", "-o", "remount,bind,ro", str(image.root))
    run("mount", "-t", "tmpfs", "-o", f"uid={uid},gid={gid},mode=700", "none", str(volume))
    environ = {**image.environ, **_TRIAL}
    serve = [*stage.last("ENTRYPOINT").read_list(), *stage.last("CMD").read_list()]
    check = image.command(*stage.last("HEALTHCHECK").read_list())
    assert subprocess.run(check, env=environ, capture_output=True, check=False).returncode == 1
    # Without a network: it asks nobody of what it asks in production.
    daemon = subprocess.Popen([_UNSHARE, "--net", *image.command(*serve)], env=environ)
    try:
        began = time.monotonic()
        while subprocess.run(check, env=environ, capture_output=True, check=False).returncode != 0:
            assert daemon.poll() is None, "the daemon ended"
            assert time.monotonic() - began < _STARTED_S, "the image does not become healthy"
            time.sleep(0.5)
        print(f"healthy after {time.monotonic() - began:.1f} s", flush=True)
        status = Path(f"/proc/{daemon.pid}/status").read_text()
        assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}" in status
        assert {path.name for path in volume.iterdir()} >= {"dcvd.db", "dcvd.sock"}
        organization = subprocess.run(image.command("dcvd", "org", "create", "Acme"), env=environ, check=False)
        assert organization.returncode == 0
        began = time.monotonic()
        daemon.terminate()
        assert daemon.wait(_STOPPED_S) == 0
        print(f"stopped after {time.monotonic() - began:.1f} s", flush=True)
    finally:
        daemon.kill()
        daemon.wait()


def main() -> None:
    base, directory = map(Path, sys.argv[1:])
    image, stage = build(base, directory)
    try_it(image, stage)


if __name__ == "__main__":
    main()
