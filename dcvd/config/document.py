"""The TOML file: finding it, and reading its tables before they are checked."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dcvd.errors import ConfigError

DEFAULT_PATH: Final = Path("/etc/dcvd/dcvd.toml")
PATH_VARIABLE: Final = "DCVD_CONFIG"


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


def _end_position(text: str) -> tuple[int, int]:
    """Return the line and column, from 1, of what follows the text."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")
