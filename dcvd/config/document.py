"""The TOML file: finding it, and reading its tables before they are checked."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dcvd.errors import ConfigError

DEFAULT_PATH: Final = Path("/etc/dcvd/dcvd.toml")
PATH_VARIABLE: Final = "DCVD_CONFIG"
_ENDS: Final = ("]", '"""', "'''")
"""What the last line has of a value that takes several."""


def find_path(option: str | None, environ: Mapping[str, str]) -> Path:
    """Find the file to read: `--config`, else $DCVD_CONFIG, else /etc/dcvd/dcvd.toml. It need not exist."""
    return Path(option or environ.get(PATH_VARIABLE) or DEFAULT_PATH)


def read_document(path: Path) -> dict[str, Any]:
    """Read the tables. Raises ConfigError if there is no such file, or it is not TOML (with line and column)."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(
            [
                f"There is no configuration file {path}: copy config/dcvd.toml there and edit it, or name another file "
                f"by --config or ${PATH_VARIABLE}. `dcvd demo` runs without one."
            ]
        ) from error
    except OSError as error:
        raise ConfigError([f"The configuration file {path} cannot be read: {error.strerror}."]) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _end_position(content[: error.start].decode())
        raise ConfigError(
            [f"{path} is not UTF-8 at line {line}, column {column}; TOML files are: save it as UTF-8."]
        ) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        end = "at line {}, column {}".format(*_end_position(text))
        complaint = str(error).replace("at end of document", end)  # Python's own message names the place otherwise
        raise ConfigError([f"{path} is not valid TOML: {complaint}."]) from error
    except (RecursionError, ValueError) as error:  # nested too deeply, or a number of thousands of digits
        raise ConfigError([f"{path} has a value that nobody can read: {error}."]) from error


def find_lines(path: Path) -> dict[str, int]:
    """Map the dotted name of each key and table to its line, from 1. The dots of a quoted name are as those between.

    Raises OSError, and ValueError for what is no text. What follows a fault of the TOML has no line.
    """
    lines: dict[str, int] = {}
    table: tuple[str, ...] = ()
    statement, first_line = "", 1
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
        goes_on = bool(statement)
        statement += f"{line}\n"
        if goes_on and not any(end in line for end in _ENDS):
            continue
        try:
            found = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # it goes on in the next line, since the whole document is known to be valid
        if statement.lstrip().startswith("["):
            table = tuple(_walk(found))[-1]
            names = [table]
        else:
            names = [(*table, *inner) for inner in _walk(found)]
        for name in names:
            lines.setdefault(".".join(name), first_line)
        statement, first_line = "", number + 1
    return lines


def _walk(table: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the names of all tables and keys, outer ones first."""
    for name, value in table.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *inner) for inner in _walk(value))


def _end_position(text: str) -> tuple[int, int]:
    """Return the line and column, from 1, of what follows the text."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")
