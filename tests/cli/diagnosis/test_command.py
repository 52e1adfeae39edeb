"""`dcvd diagnose` against real DNS, and beside a daemon."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dcvd.cli.main import run
from dcvd.http.answers.problem_view import Problem
from dcvd.sandbox import Sandbox
from tests.cli.operations.test_remote import NO_OPERATOR, daemon, problem_response
from tests.typed import required, typed

NAME, TARGET = "app.customer.test", "edge.sandbox.test"


@pytest.fixture(autouse=True)
def _environment_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ZONE_ID", "SAAS_CNAME_TARGET"):
        monkeypatch.delenv(name, raising=False)


class Desk:
    """A configuration without a secret, a database or a daemon, and the command run beside it."""

    def __init__(self, directory: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        self.socket = directory / "d.sock"
        self.config = directory / "dcvd.toml"
        self.sandbox = sandbox
        self._capsys = capsys
        self.configure()

    def configure(self, target: str = f'cname_target = "{TARGET}"') -> None:
        self.config.write_text(
            f'[server]\nsocket = "{self.socket}"\n[database]\npath = "none.db"\n[cloudflare]\n{target}\n'
            f'[dns]\nresolvers = ["{self.sandbox.dns_address}"]\nauthoritative = false\n'
            '[domains]\nallow_reserved_tlds = ["test"]\n'
        )

    async def diagnose(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        code = await asyncio.to_thread(run, ["diagnose", *arguments, "--config", str(self.config)])
        told = self._capsys.readouterr()
        return code, told.out, told.err

    async def json(self, *arguments: str) -> dict[str, Any]:
        _, out, _ = await self.diagnose(*arguments, "--json")
        found: dict[str, Any] = json.loads(out)
        return found


@pytest.fixture
def desk(tmp_path: Path, quick_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> Desk:
    capsys.readouterr()
    return Desk(tmp_path, quick_sandbox, capsys)


async def test_a_missing_record_is_1_and_says_what_to_type(desk: Desk) -> None:
    code, out, err = await desk.diagnose(NAME)
    assert (code, err) == (1, "")
    assert out.startswith(f"{NAME} does not work yet: 1 problem.\n")
    assert f"Create: CNAME  app  {TARGET}  in the zone customer.test" in out
    assert "\x1b[" not in out
    assert not (desk.config.parent / "none.db").exists()


async def test_the_report_is_in_the_language_that_is_asked_for(desk: Desk) -> None:
    code, out, err = await desk.diagnose(NAME, "--lang", "de")
    assert (code, err) == (1, "")
    assert out.startswith(f"{NAME} funktioniert noch nicht: 1 Problem.\n")
    assert f"Für {NAME} gibt es keinen CNAME. Legen Sie diesen Eintrag an: Typ CNAME, Name `app`" in out
    for english in ("Create", "Found", "Records", "Asked", "Summary"):
        assert english not in out
    assert "funktioniert" not in (await desk.diagnose(NAME))[1]
    assert (await desk.json(NAME, "--lang", "de"))["diagnosis"]["summary"].startswith(
        "Der Inhaber der Domain ist am Zug"
    )
    code, _, err = await desk.diagnose(NAME, "--lang", "xx")
    assert code == 2
    assert "--lang" in err


async def test_a_right_record_is_0(desk: Desk) -> None:
    desk.sandbox.set_dns(NAME, "CNAME", [f"{TARGET}."])
    code, out, _ = await desk.diagnose("App.Customer.Test.")
    assert code == 0
    assert out.startswith(f"{NAME} is healthy.\n")


async def test_another_target_can_be_given(desk: Desk) -> None:
    desk.sandbox.set_dns(NAME, "CNAME", ["other.sandbox.test."])
    assert (await desk.diagnose(NAME))[0] == 1
    assert (await desk.diagnose(NAME, "--target", "Other.Sandbox.test."))[0] == 0
    code, _, err = await desk.diagnose(NAME, "--target", "not a name")
    assert code == 2
    assert "--target" in err


async def test_for_programs_it_is_one_line_of_json(desk: Desk) -> None:
    found = await desk.json(NAME, "--wildcard")
    assert set(found) == {"diagnosis", "dns", "source"}
    diagnosis = found["diagnosis"]
    assert (diagnosis["domainName"], diagnosis["dnsStatus"], diagnosis["status"]) == (NAME, "failed", None)
    assert [record["purpose"] for record in diagnosis["requiredRecords"]] == ["routing", "validation", "wildcard"]
    assert diagnosis["findings"][0]["fix"] == typed("CNAME", "app", "customer.test", TARGET)


@pytest.mark.parametrize("name", ["a_b.customer.test", "*.customer.test", "co.uk", TARGET])
async def test_a_name_that_cannot_have_a_certificate_is_1_with_the_reason(desk: Desk, name: str) -> None:
    code, out, _ = await desk.diagnose(name)
    assert code == 1
    assert "hostname_invalid" in out


async def test_without_a_target_it_says_how_to_give_one(desk: Desk) -> None:
    desk.configure(target="")
    code, out, err = await desk.diagnose(NAME)
    assert (code, out) == (78, "")
    assert "--target" in err


async def test_a_resolver_that_does_not_answer_is_neither_healthy_nor_broken(desk: Desk) -> None:
    desk.config.write_text(
        desk.config.read_text()
        .replace(desk.sandbox.dns_address, "127.0.0.1:9")
        .replace("[dns]", '[dns]\ntimeout = "300ms"')
    )
    code, out, _ = await desk.diagnose(NAME)
    assert code == 1
    assert f"{NAME} could not be checked.\n" in out
    assert "could not be reached" in out
    assert "WARNING  resolvers_failed  (you, the operator, have to act)\n" in out
    assert re.search(r"^CNAME +app.customer.test +app +\S+ +unknown$", out, re.MULTILINE)


STORED = {
    "domainId": "dom_1",
    "domainName": NAME,
    "status": "active",
    "ready": True,
    "dnsStatus": "verified",
    "error": None,
    "findings": [],
    "requiredRecords": [required("app", "customer.test", "own.edge.sandbox.test", verified=True)],
    "dnsProvider": None,
    "checkedAt": "2027-01-15T08:00:00Z",
    "nextCheckAt": "2027-01-16T08:00:00Z",
    "summary": f"{NAME} serves https and points here; there is nothing to do.",
}


async def test_a_daemon_that_has_the_name_is_asked(desk: Desk) -> None:
    asked: list[str] = []

    async def know(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({"diagnosis": STORED})

    async with daemon(desk.socket, know):
        code, out, err = await desk.diagnose(NAME)
        alone = await desk.json(NAME, "--target", TARGET)
    assert (code, err) == (0, "")
    assert "active, ready" in out
    assert str(desk.socket) in out
    assert asked == [f"/operator/domains/{NAME}/diagnosis"]
    assert alone["source"] == "DNS alone"


async def test_a_name_that_the_daemon_does_not_know_is_looked_up_in_dns_alone(desk: Desk) -> None:
    async def deny(request: web.Request) -> web.Response:
        return problem_response(Problem(title="Not Found", status=404, detail="Nobody.", code="not_found"))

    async with daemon(desk.socket, deny):
        code, out, err = await desk.diagnose(NAME)
    assert (code, err) == (1, "")
    assert "Asked: DNS alone" in out


async def test_a_daemon_that_refuses_is_told_beside_what_dns_says(desk: Desk) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return problem_response(NO_OPERATOR)

    async with daemon(desk.socket, refuse):
        code, out, err = await desk.diagnose(NAME)
    assert code == 1
    assert "cname_missing" in out
    assert err == "The daemon was not asked, so this is DNS alone. You are no operator.\n"


async def test_it_explains_which_queries_the_findings_follow_from(desk: Desk) -> None:
    desk.sandbox.set_dns(NAME, "CNAME", ["old.sandbox.test."])
    assert "Every query" not in (await desk.diagnose(NAME))[1]
    _, out, _ = await desk.diagnose(NAME, "--explain")
    assert "Every query that this command sent, in the order of the answers\n" in out
    line = rf"^{desk.sandbox.dns_address} +resolver +{NAME} CNAME +CNAME old.sandbox.test +\d+$"
    assert re.search(line, out, re.MULTILINE)
    found = await desk.json(NAME, "--explain")
    assert set(found) == {"diagnosis", "dns", "source", "explanation"}
    assert found["explanation"]["facts"]["chain"] == ["old.sandbox.test"]
    assert NAME in {query["name"] for query in found["explanation"]["queries"]}
