"""Tests bend dcvd by the options of its parts, by stand-ins at its edges and by real faults.

A test that replaces or reads what stands inside a part breaks with every change of the inside, and passes where the
part is never asked for what was replaced.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

_TESTS: Final = Path(__file__).parent
_ALLOWED: Final = {
    ("store/engine/test_database.py", "aiosqlite.Connection._execute"): (
        "dcvd builds on this private call of another project's, and a test notices a change"
    ),
    ("providers/route53/moto_process.py", "IAMRequestBase._create_aws_request"): (
        "moto reads a request's query as a part of what was signed, and has no public call to have it otherwise"
    ),
}
"""Where a test reaches inside all the same, and why."""
_PUBLIC_IN_SPITE_OF_ITS_NAME: Final = {"_replace", "_asdict", "_fields", "_exit"}
"""What named tuples and `os` offer to everybody."""
_TELLING: Final = (ast.Import, ast.ImportFrom, ast.Attribute, ast.Assign, ast.Call)


def find_reaches(source: str) -> Iterator[str]:
    """Find what a test's source replaces, or takes by a private name; only what it has from outside dcvd is free."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, _TELLING)]
    outside = set(_list_outside_names(nodes))
    for node in nodes:
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                yield from (
                    f"{module}.{each.name}" for each in names if _is_private(each.name) or module == "unittest.mock"
                )
            case ast.Attribute(value=value, attr=attr) if _is_private(attr) and not _is_own(value):
                yield ast.unparse(node)
            case ast.Assign(targets=[ast.Attribute(attr=attr) as target]):
                if attr.isupper() and not _is_outside(target, outside):
                    yield ast.unparse(target)
            case ast.Call(func=ast.Name(id="getattr"), args=[held, ast.Constant(value=str(name)), *_]):
                if _is_private(name) and not _is_own(held):
                    yield f"{ast.unparse(held)}.{name}"
            case ast.Call(
                func=ast.Attribute(attr="setattr" | "delattr") | ast.Name(id="setattr" | "delattr" | "patch"),
                args=[target, *rest],
            ):
                if not _is_outside(target, outside):
                    path = [target] if isinstance(target, ast.Constant) else [target, *rest[:1]]
                    yield ".".join(ast.unparse(part).strip("'") for part in path)
            case _:
                pass
    yield from re.findall(r"(\S+) = .*# type: ignore\[.*\bmethod-assign\b", source)


def _list_outside_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """List the names under which a source has imported what is neither of dcvd nor of its tests."""
    for node in nodes:
        match node:
            case ast.Import(names=names):
                yield from (each.asname or each.name.partition(".")[0] for each in names if not _is_ours(each.name))
            case ast.ImportFrom(module=str(module), names=names) if not _is_ours(module):
                yield from (each.asname or each.name for each in names)
            case _:
                pass


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in ("dcvd", "tests")


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in _PUBLIC_IN_SPITE_OF_ITS_NAME


def _is_outside(target: ast.expr, outside: set[str]) -> bool:
    """Whether what is replaced, named as a string or by what was imported, is nobody's part."""
    match target:
        case ast.Constant(value=str(path)):
            return not _is_ours(path)
        case ast.Attribute(value=value):
            return _is_outside(value, outside)
        case _:
            return isinstance(target, ast.Name) and target.id in outside


def _is_own(value: ast.expr) -> bool:
    """Whether an object is a method's own."""
    return ast.unparse(value) in ("self", "cls", "super()")


def test_no_test_reaches_into_a_part() -> None:
    found = {
        (str(path.relative_to(_TESTS)), reach)
        for path in _TESTS.rglob("*.py")
        if path != Path(__file__)
        for reach in find_reaches(path.read_text())
    }
    assert found == _ALLOWED.keys()


@pytest.mark.parametrize(
    ("source", "reaches"),
    [
        ("monkeypatch.setattr('dcvd.kit.tasks.GRACE_S', 1)", ["dcvd.kit.tasks.GRACE_S"]),
        ("from dcvd.store import backup\nmonkeypatch.setattr(backup, 'STEP', 1)", ["backup.STEP"]),
        ("import dcvd.store\nmonkeypatch.setattr(dcvd.store, 'STEP', 1)", ["dcvd.store.STEP"]),
        ("monkeypatch.setattr(context.database, 'write', fail)", ["context.database.write"]),
        ("with patch('dcvd.kit.tasks.GRACE_S'): ...", ["dcvd.kit.tasks.GRACE_S"]),
        ("setattr(zone, 'read', fail)", ["zone.read"]),
        ("setattr(zone, name, fail)", ["zone.name"]),
        ("getattr(cache, '_entries')", ["cache._entries"]),
        ("from unittest.mock import AsyncMock", ["unittest.mock.AsyncMock"]),
        ("backup.STEP = 1", ["backup.STEP"]),
        ("cache._entries.clear()", ["cache._entries"]),
        ("cache._limit = 3", ["cache._limit"]),
        ("from dcvd.oauth.tokens import _encode", ["dcvd.oauth.tokens._encode"]),
        ("zone.read = fail  # type: ignore[method-assign]", ["zone.read"]),
        ("from moto import settings\nsettings.COUNT = 1", []),
        ("import dns.tsig\nmonkeypatch.setattr(dns.tsig, 'sign', sign)", []),
        ("key._replace(owner='b')", []),
        ("import os\nmonkeypatch.setattr(os, 'fsync', note)", []),
        ("monkeypatch.setattr('sys.argv', ['dcvd'])", []),
        ("monkeypatch.setenv('DCVD_CONFIG', 'x')", []),
        ("self._entries, super()._answer, part.entries, part.__class__", []),
        ("context.config = replace(context.config, sync=sync)", []),
    ],
)
def test_a_reach_is_told_from_a_use(source: str, reaches: list[str]) -> None:
    assert list(find_reaches(source)) == reaches
