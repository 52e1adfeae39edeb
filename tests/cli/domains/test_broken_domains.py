"""A new operator has 500 domains, of which 12 are broken in 12 ways: three commands find and explain them."""

import asyncio
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from dcvd.cli.terminal.text import measure_width
from dcvd.config import Live, load
from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.domains.domain import (
    Certificate,
    DnsState,
    Domain,
    DomainError,
    DomainStatus,
    Finding,
    FindingActor,
    Record,
    new_domain,
)
from dcvd.core.instants import DAY, HOUR
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.store import domains as store
from dcvd.store.engine.database import Database
from tests.cli.processes import House
from tests.cli.serving import serving
from tests.cli.terminal.terminals import run_in_terminal

COUNT = 500
TARGET = "edge.sandbox.test"
_SETTINGS = '[dns]\nresolvers = ["127.0.0.1:9"]\nauthoritative = false'
_ZONE_HOLD = "The hostname is associated with a held zone. Please contact the owner to have the hold removed."
_TIMED_OUT = "validation_timed_out"
_OPERATORS: tuple[str, FindingActor] = ("target_unresolved", "operator")
_BLANKS = re.compile(" {2,}")


class _Way(NamedTuple):
    """A way to be broken: the reason that has to be shown, who has to act, and what is stored of the domain then."""

    reason: str
    actor: str
    members: dict[str, Any]


def _finding(code: str, actor: FindingActor, since: int, fix: Record | None = None) -> Finding:
    return Finding(code=code, severity="error", actor=actor, message="It is wrong.", since=since, fix=fix)


def _fail(code: str) -> dict[str, Any]:
    return {"status": DomainStatus.ERROR, "error": DomainError(code, "It does not go on by itself.")}


def _break_in_twelve_ways(domains: list[Domain], now: int) -> tuple[list[Domain], dict[str, tuple[str, str]]]:
    """Return the domains with twelve of them broken, and by name the reason of each and who has to act."""
    since = now - 3 * DAY
    cname = Record("CNAME", "x", TARGET)
    pending: dict[str, Any] = {"status": DomainStatus.PENDING_CNAME, "dns_state": DnsState.FAILED, "certificate": None}
    issuing: dict[str, Any] = {"status": DomainStatus.ISSUING, "certificate": None}
    by_dns = ("cname_missing", "cname_wrong_target", "domain_unregistered", "conflicting_records")
    ways: list[_Way] = [
        _Way(code, "customer", {**pending, "findings": (_finding(code, "customer", since, cname),)}) for code in by_dns
    ]
    ways += [
        _Way("caa_blocks", "customer", {**issuing, "findings": (_finding("caa_blocks", "customer", since),)}),
        _Way("target_unresolved", "operator", {**pending, "findings": (_finding(*_OPERATORS, since),)}),
        _Way("zone_hold", "customer", {**issuing, "cf_status": "pending", "cf_errors": (_ZONE_HOLD,)}),
        _Way("moved", "cloudflare", {**_fail("moved"), "cf_status": "moved"}),
        _Way("high_risk_domain", "operator", {**_fail("blocked"), "cf_status": "blocked"}),
        _Way("validation_timed_out", "cloudflare", {**_fail(_TIMED_OUT), "cf_ssl_status": _TIMED_OUT}),
        _Way(
            "certificate_expired",
            "cloudflare",
            {**_fail("certificate_expired"), "certificate": Certificate(expires_at=since)},
        ),
        _Way("domain_held", "tenant", _fail("domain_held")),
    ]
    broken = dict(zip(range(7, COUNT, 41), ways, strict=False))
    expected = {domains[at].name: (way.reason, way.actor) for at, way in broken.items()}
    changed = [
        replace(domain, ready_since=None, **broken[at].members) if at in broken else domain
        for at, domain in enumerate(domains)
    ]
    return changed, expected


async def _store(house: House) -> dict[str, tuple[str, str]]:
    database = await Database.open(house.database)
    context = Context(database, Live(load(house.config, os.environ, need_cloudflare=False).config))
    now = context.now()
    owners = [await organizations.create(context, name) for name in ("Acme", "Beta Pages", "Gamma")]
    healthy = [
        replace(
            new_domain(
                domain_id=f"dom_{number:026}",
                org_id=owners[number % 3].id,
                name=f"shop{number}.customer{number % 40}.com",
                cname_target=TARGET,
                now=now - 30 * DAY,
            ),
            status=DomainStatus.ACTIVE,
            dns_state=DnsState.VERIFIED,
            cf_id=f"{number:032x}",
            cf_status="active",
            cf_ssl_status="active",
            cf_changed_at=now - 29 * DAY,
            certificate=Certificate(serial=str(number), issued_at=now - 29 * DAY, expires_at=now + 61 * DAY),
            ready_since=now - 29 * DAY,
            dns_checked_at=now - HOUR,
            cf_checked_at=now - HOUR,
            next_check_at=now + DAY,
        )
        for number in range(COUNT)
    ]
    changed, expected = _break_in_twelve_ways(healthy, now)
    await database.write(lambda tx: store.insert_all(tx, changed))
    await database.close()
    return expected


class Broken(msgspec.Struct):
    """A daemon with 500 domains, and what is wrong with twelve of them."""

    house: House
    expected: dict[str, tuple[str, str]]

    def dcvd(self, *arguments: str, columns: int) -> list[str]:
        run = run_in_terminal(
            *arguments, "--config", str(self.house.config), columns=columns, environ={"NO_COLOR": "1"}
        )
        assert (run.code, run.stderr) == (0, "")
        assert max(map(measure_width, run.lines)) <= columns
        return run.lines


@pytest.fixture(scope="module")
def broken() -> Iterator[Broken]:
    with tempfile.TemporaryDirectory(prefix="dcvd-test-") as directory:
        house = House(Path(directory), _SETTINGS)
        expected = asyncio.run(_store(house))
        with serving(house, {"CLOUDFLARE_API_TOKEN": "sandbox-token"}):
            yield Broken(house, expected)


@pytest.mark.parametrize("columns", [60, 120])
def test_one_command_lists_the_twelve_each_with_its_reason_and_who_has_to_act(broken: Broken, columns: int) -> None:
    head, *rows = broken.dcvd("domain", "list", "--not-ready", columns=columns)
    assert len(rows) == 12
    names = _BLANKS.split(head)
    shown = [dict(zip(names, _BLANKS.split(row.strip()), strict=False)) for row in rows]
    whole = {row["DOMAIN"]: (row["REASON"], row["TO ACT"]) for row in shown}
    assert whole == broken.expected


def test_programs_get_the_same(broken: Broken) -> None:
    listed = broken.house.json("domain", "list", "--not-ready")["domains"]
    assert {each["domainName"]: (each["reason"]["code"], each["reason"]["actor"]) for each in listed} == broken.expected
    assert all(each["stuck"] and each["summary"] for each in listed)
    assert len({each["organization"]["name"] for each in listed}) > 1


def test_a_second_command_explains_each_of_them(broken: Broken) -> None:
    turns = {"customer": "the customer has to act", "operator": "you, the operator, have to act"}
    turns |= {"tenant": "the organization has to act", "cloudflare": "Cloudflare, or the CA, has to act"}
    turns["nobody"] = "nobody has to act"
    for name, (code, actor) in broken.expected.items():
        text = "\n".join(broken.dcvd("domain", "show", name, columns=60))
        facts = " ".join(text.split())
        assert f"Reason {code}: {turns[actor]}" in facts
        assert re.search(r"^To do +\S+", text, re.MULTILINE)


def test_a_third_command_finds_those_that_wait_for_the_operator(broken: Broken) -> None:
    theirs = {name for name, (_, actor) in broken.expected.items() if actor == "operator"}
    stuck = broken.house.json("domain", "list", "--stuck", "--actor", "operator", "--all")["domains"]
    assert {each["domainName"] for each in stuck} == theirs
    for name, (code, _) in broken.expected.items():
        found = broken.house.json("domain", "list", "--reason", code)["domains"]
        assert [each["domainName"] for each in found] == [name]


def test_each_command_counts_them_by_the_same_rule(broken: Broken) -> None:
    """The overview, the metrics and the list say the same of who has to act."""
    expected = Counter(actor for _, actor in broken.expected.values())
    done = broken.house.dcvd("status", "--json")  # it fails where something needs the operator
    counted = msgspec.json.decode(done.stdout)["status"]["domains"]
    assert counted["waitingFor"] == expected
    by_actor = {
        actor: len(broken.house.json("domain", "list", "--not-ready", "--actor", actor)["domains"]) for actor in Awaited
    }
    assert by_actor == {actor: expected[actor] for actor in Awaited}
    summaries = broken.house.json("org", "list")["organizations"]
    assert sum(each["domains"] - each["readyDomains"] for each in summaries) == expected.total()


def test_the_other_488_are_counted_and_not_shown(broken: Broken) -> None:
    run = run_in_terminal("domain", "list", "--config", str(broken.house.config), columns=80)
    assert len(run.lines) == 51
    assert run.stderr == "450 more of 500: use --all, or a higher --limit.\n"
    of_one = broken.house.json("domain", "list", "--org", "Beta Pages", "--all", "--sort", "name")["domains"]
    names = [each["domainName"] for each in of_one]
    assert (len(names), names) == (167, sorted(names))
