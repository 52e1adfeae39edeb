"""Secrets: from the environment, else from the file that the TOML names."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from dcvd.config.key_annotations import ConfigSecret
from dcvd.config.validators import InvalidValue
from dcvd.core.secret import Secret

_CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"
_MAX_BYTES: Final = 64 * 1024
_OTHERS_MODE: Final = stat.S_IRWXG | stat.S_IRWXO


class SecretFile(msgspec.Struct, frozen=True, kw_only=True):
    """The trimmed text of a file.

    `is_exposed` is true where group or others may touch what only its owner should read.
    """

    path: Path
    text: str
    is_exposed: bool

    def __repr__(self) -> str:
        return f"SecretFile({self.path})"


class SecretSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where secrets may come from in one load.

    `directory` holds the TOML. `environ` is the process's environment, of which $CREDENTIALS_DIRECTORY is systemd's.
    """

    directory: Path
    environ: Mapping[str, str]

    def read_variable(self, declaration: ConfigSecret) -> str:
        """The trimmed value of the secret's variable; empty where it is not set."""
        return self.environ.get(declaration.environment, "").strip() if declaration.environment else ""

    def resolve_path(self, name: str) -> Path:
        """The file of that name: relative ones below $CREDENTIALS_DIRECTORY where that is set, else by the TOML."""
        return Path(self.environ.get(_CREDENTIALS_VARIABLE) or self.directory) / name

    def read_file(self, path: Path) -> SecretFile:
        """What the file holds. Raises ValueError with the end of a sentence that begins with the path."""
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                content = file.read(_MAX_BYTES + 1)
        except FileNotFoundError as error:
            raise ValueError("does not exist") from error
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror}") from error
        if len(content) > _MAX_BYTES:
            raise ValueError("is larger than 64KiB, so it is no secret of ours")
        try:
            text = content.decode().strip()
        except UnicodeDecodeError as error:
            raise ValueError("is not UTF-8 text") from error
        credentials = self.environ.get(_CREDENTIALS_VARIABLE)
        guarded = bool(credentials and path.is_relative_to(credentials))  # systemd keeps others out by the directory
        return SecretFile(path=path, text=text, is_exposed=bool(mode & _OTHERS_MODE) and not guarded)


def validate_secret(declaration: ConfigSecret, text: str) -> Secret:
    """The secret, if its check accepts the text. Raises ValueError saying what was expected, without the text."""
    try:
        return Secret(declaration.validate(text))
    except InvalidValue as error:
        raise ValueError(f"does not hold {error.faults[0].expected}") from None
