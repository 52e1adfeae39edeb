"""Every stable code that the source gives to an error, a domain, a plan or a finding, collected from its syntax trees.

A code is an argument for a parameter or field that is called `code`, the class attribute `code` of an error, or a
member of an enumeration of codes, or it stands in a table beside its status. Where the argument is a name, everything
that the module assigns to that name counts, and so do a constant that it imports and the values of a table of its own.
Codes that others choose (Cloudflare's numbers, what an OAuth server says) are no literals of ours; docs/errors.md
describes them as groups.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from msgspec import Struct

from dcvd import errors
from dcvd.http.answers.problems import to_problem
from tests.docs.markdown import ROOT

_NOT_FOR_USERS: Final = {"sandbox", "cli", "daemon"}
"""What stands apart, and what only the operator's terminal shows, as a sentence and an exit code."""
_CODE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_KINDS: Final = {
    "DomainError": "domain",
    "RegistrationRefusal": "domain",
    "Obstacle": "plan",
    "Finding": "finding",
    "new_finding": "finding",
    "customer_error": "finding",
}
_ENUMERATIONS: Final = {"DomainErrorCode": "domain", "FindingCode": "finding"}
"""Closed sets of codes: each member counts, whether or not the source uses it."""


class CodeUse(Struct, frozen=True):
    """A code and what it is given to: a `request` or `remote` error with its HTTP status, a domain, plan or finding."""

    code: str
    kind: str
    status: int | None


@cache
def collect(package: Path = ROOT / "dcvd") -> frozenset[CodeUse]:
    """Collect the codes of the whole source."""
    modules = {
        ".".join(path.relative_to(package.parent).with_suffix("").parts): ast.parse(path.read_text())
        for path in package.rglob("*.py")
        if path.relative_to(package).parts[0] not in _NOT_FOR_USERS
    }
    source = _Source(modules)
    uses: set[CodeUse] = set()
    for name in modules:
        uses |= source.uses_in(name)
    return frozenset(uses)


class _Source:
    """All modules, with what each name stands for in them."""

    def __init__(self, modules: dict[str, ast.Module]) -> None:
        self._modules = modules
        nodes = [node for tree in modules.values() for node in ast.walk(tree)]
        classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
        self._bases = {node.name: ast.unparse(node.bases[0]) for node in classes if node.bases}
        # A function that returns an error counts as the error.
        self._bases |= {
            node.name: node.returns.id
            for node in nodes
            if isinstance(node, ast.FunctionDef) and isinstance(node.returns, ast.Name)
        }
        self._enumerations = {
            node.name: {key: ast.literal_eval(value) for key, value in _members(node)}
            for node in classes
            if node.name in _ENUMERATIONS
        }
        self._attributes = {id(each) for node in classes for each in node.body}
        self._positions = dict(_positions_of_fields(classes))
        self._positions |= dict(_positions_of_parameters(nodes))

    def uses_in(self, module: str) -> set[CodeUse]:
        """Every use of a code in one module."""
        uses: set[CodeUse] = set()
        for node in ast.walk(self._modules[module]):
            if isinstance(node, ast.Dict):
                uses |= set(_answers_by_status(node))
                continue
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name, values = node.func.id, self._code_arguments(node, node.func.id)
                explicit = _explicit_status(node)
            elif isinstance(node, ast.ClassDef) and node.name in _ENUMERATIONS:
                name, values, explicit = node.name, [value for _, value in _members(node)], None
            elif isinstance(node, ast.ClassDef) and self._root_of(node.name) is not None:
                name, values, explicit = node.name, [value for key, value in _members(node) if key == "code"], None
            else:
                continue
            codes = {code for value in values for code in self._resolve(module, value, set())}
            uses |= {CodeUse(code, self._kind_of(name), explicit or self._status_of(name)) for code in codes}
        return uses

    def _code_arguments(self, call: ast.Call, name: str) -> list[ast.expr]:
        position = self._positions.get(name)
        if position is None and self._root_of(name) is None:
            return []
        named = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
        return named or ([call.args[position]] if position is not None and position < len(call.args) else [])

    def _resolve(self, module: str, value: ast.expr, visited: set[str]) -> set[str]:
        """The codes that an expression may be: literals in it, and what its names and functions stand for."""
        match value:
            case ast.Constant(value=str() as text):
                return {text} if _CODE.fullmatch(text) else set()
            case ast.IfExp(body=body, orelse=orelse):
                return self._resolve(module, body, visited) | self._resolve(module, orelse, visited)
            case ast.BoolOp(values=values) | ast.Tuple(elts=values):
                return {code for part in values for code in self._resolve(module, part, visited)}
            case ast.Attribute(value=ast.Name(id=name), attr=member) if name in self._enumerations:
                return {self._enumerations[name][member]}
            case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)) if name not in visited:
                return self._resolve_name(module, name, visited | {name})
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get")):
                codes = _values_of_table(self._modules[module], name)
                return {code for each in codes for code in self._resolve(module, each, visited)}
            case _:
                return set()

    def _resolve_name(self, module: str, name: str, visited: set[str]) -> set[str]:
        found: set[str] = set()
        for node in ast.walk(self._modules[module]):
            match node:
                case ast.ImportFrom(module=str() as origin) if origin in self._modules:
                    if name in {alias.asname or alias.name for alias in node.names}:
                        found |= self._resolve_name(origin, name, visited)
                case ast.Assign(value=assigned, targets=[target]) if id(node) not in self._attributes:
                    for part, part_value in _unpacked(target, assigned):
                        if part == name:
                            found |= self._resolve(module, part_value, visited)
                case ast.AnnAssign(value=ast.expr() as given, target=ast.Name(id=target_name)):
                    if target_name == name:
                        found |= self._resolve(module, given, visited)
                case ast.FunctionDef(name=function) if function == name:
                    for each in ast.walk(node):
                        if isinstance(each, ast.Return) and each.value is not None:
                            found |= self._resolve(module, each.value, visited)
                case _:
                    pass
        return found

    def _root_of(self, name: str) -> type[errors.DcvdError] | None:
        """The class of the error tree that a class is, or descends from."""
        visited: set[str] = set()
        while name not in visited:
            visited.add(name)
            found = getattr(errors, name, None)
            if isinstance(found, type) and issubclass(found, errors.DcvdError):
                return found
            name = self._bases.get(name, name)
        return None

    def _kind_of(self, name: str) -> str:
        root = self._root_of(name)
        kind = _KINDS.get(name) or _ENUMERATIONS.get(name) or _KINDS.get(self._bases.get(name, name))
        return kind or ("remote" if root is not None and issubclass(root, errors.RemoteError) else "request")

    def _status_of(self, name: str) -> int | None:
        root = self._root_of(name)
        if root is None:
            return None
        error: errors.DcvdError
        if root is errors.ConfigError:
            error = errors.ConfigError(["wrong"])
        elif root is errors.InvalidInput:
            error = errors.InvalidInput("field", "wrong")
        elif root is errors.TooManyRequests:
            error = errors.TooManyRequests("wrong", retry_after_s=1)
        else:
            error = root("wrong")
        return to_problem(error, "req").problem.status


def _positions_of_parameters(nodes: list[ast.AST]) -> Iterator[tuple[str, int]]:
    for node in nodes:
        match node:
            case ast.ClassDef(name=name, body=body):
                for each in body:
                    if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                        names = [argument.arg for argument in each.args.args]
                        if "code" in names:
                            yield name, names.index("code") - 1
            case ast.FunctionDef(name=name) if "code" in (names := [argument.arg for argument in node.args.args]):
                if name != "__init__":
                    yield name, names.index("code")
            case _:
                pass


def _positions_of_fields(classes: list[ast.ClassDef]) -> Iterator[tuple[str, int]]:
    for node in classes:
        if node.name in _KINDS:
            fields = [ast.unparse(each.target) for each in node.body if isinstance(each, ast.AnnAssign)]
            yield node.name, fields.index("code")


def _answers_by_status(table: ast.Dict) -> Iterator[CodeUse]:
    """The codes of a table of answers, in which a status stands for a code and a sentence."""
    for key, value in zip(table.keys, table.values, strict=True):
        match key, value:
            case ast.Constant(value=int() as status), ast.Tuple(elts=[ast.Constant(value=str() as code), _]):
                yield CodeUse(code, "request", status)
            case _:
                pass


def _values_of_table(tree: ast.Module, name: str) -> list[ast.expr]:
    """The values of a table of a module, with those of a `dict.fromkeys` that is spread into it."""
    tables = [
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name and isinstance(node.value, ast.Dict)
    ]
    values = [value for table in tables for value in table.values]
    return [value.args[1] if isinstance(value, ast.Call) and len(value.args) == 2 else value for value in values]


def _members(node: ast.ClassDef) -> list[tuple[str, ast.expr]]:
    """What a class's body assigns, by name."""
    return [(ast.unparse(each.targets[0]), each.value) for each in node.body if isinstance(each, ast.Assign)]


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The names of an assignment, each with its value."""
    match target, value:
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for each, part in zip(targets, values, strict=True):
                yield ast.unparse(each), part
        case ast.Tuple(), ast.IfExp(body=body, orelse=orelse):
            yield from _unpacked(target, body)
            yield from _unpacked(target, orelse)
        case ast.Tuple(), _:
            pass
        case _:
            yield ast.unparse(target), value


def _explicit_status(call: ast.Call) -> int | None:
    """The status that a call names itself, as in `HttpRefusal(HTTPStatus.CONFLICT, …)`."""
    for argument in call.args[:1]:
        if isinstance(argument, ast.Attribute) and ast.unparse(argument.value) == "HTTPStatus":
            return HTTPStatus[argument.attr].value
    return None
