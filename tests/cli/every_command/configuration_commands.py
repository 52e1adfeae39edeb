"""`dcvd config`, `version`, `export` and others about this installation."""

from typing import Final

from tests.cli.every_command.commands import tried

COMMANDS: Final = (
    tried("config show", is_prose=True, is_local=True),
    tried("config defaults", has_json=False, is_prose=True, is_local=True),
    tried("status", code=1),
    tried("version", is_local=True),
    tried("export", has_json=False, is_prose=True),
    tried("completion bash", has_json=False, is_prose=True, is_local=True),
)
