"""Reading secrets from the environment, else from the file that the TOML names."""

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
    """The trimmed text of a file that holds a secret.

    `is_exposed`: its mode lets group or others read or change it.
    """

    path: Path
    text: str
    is_exposed: bool

    def __repr__(self) -> str:
        return f"SecretFile({self.path})"


class SecretSource(msgspec.Struct, frozen=True, kw_only=True):
    """Reads the secrets of one configuration.

    `directory` holds the TOML. `environ` is the process's environment, in which systemd sets $CREDENTIALS_DIRECTORY.
    """

    directory: Path
    environ: Mapping[str, str]

    def read_variable(self, declaration: ConfigSecret) -> str:
        """Read the trimmed value of the secret's variable; empty if it is not set."""
        return self.environ.get(declaration.environment, "").strip() if declaration.environment else ""

    def resolve_path(self, name: str) -> Path:
        """Resolve a relative name: below $CREDENTIALS_DIRECTORY if that is set, else beside the TOML."""
        return Path(self.environ.get(_CREDENTIALS_VARIABLE) or self.directory) / name

    def read_file(self, path: Path) -> SecretFile:
        """Read the file. Raises ValueError with the end of a sentence that begins with the path."""
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
        is_guarded = bool(credentials and path.is_relative_to(credentials))  # systemd keeps others out by the directory
        return SecretFile(path=path, text=text, is_exposed=bool(mode & _OTHERS_MODE) and not is_guarded)


def validate_secret(declaration: ConfigSecret, text: str) -> Secret:
    """Check the text and return the secret. Raises ValueError saying what was expected, without the text."""
    try:
        return Secret(declaration.validate(text))
    except InvalidValue as error:
        raise ValueError(f"does not hold {error.faults[0].expected}") from None
