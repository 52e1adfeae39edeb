"""`dcvd backup`, `restore`, `check` and `vault`."""

from typing import Final

from tests.cli.every_command.commands import Failure, tried

COMMANDS: Final = (
    tried("backup {new_path}", is_local=True),
    tried("check", is_local=True),
    tried("restore {backup}", Failure("database_locked", 75), down=0, silent=0, forbidden=0),
    tried("vault keygen", is_local=True),
    tried("vault keygen --output {new_path}", is_local=True),
    tried("vault rotate", is_local=True),
    tried("vault rotate --drop-old", is_local=True),
    tried("vault status", is_local=True),
)
