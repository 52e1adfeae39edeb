"""Where the value of a key comes from, and how it was written there."""

from enum import StrEnum

from msgspec import Struct


class OriginKind(StrEnum):
    """Where a value stands. `secret_file`: in a file that a key names."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    SECRET_FILE = "secret_file"  # a kind of file


class Origin(Struct, frozen=True):
    """Where a value comes from.

    `where`: the path of the TOML or of the secret's file, which may not be there, or the name of the variable; empty
    for a default. `value`: as TOML has it; None for a default and for a secret.
    """

    kind: OriginKind
    where: str = ""
    value: object = None


DEFAULT_ORIGIN = Origin(OriginKind.DEFAULT)
