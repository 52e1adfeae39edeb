"""`dcvd config`, `version`, `export` and others about this installation."""

from typing import Final

from tests.cli.every_command.commands import NO_DAEMON, Failure, tried

_INSTALL: Final = "install --dry-run --root {new_path} --zone-id 5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c --cname-target e.com"

COMMANDS: Final = (
    tried("config show", is_prose=True),
    tried("config defaults", has_json=False, is_prose=True, is_local=True),
    tried("config check", is_local=True),
    tried("check-config", is_local=True),
    tried("check-config --online", is_local=True),
    tried("status", code=1),
    tried("top", has_json=False, is_endless=True, draws=True, is_local=True),
    tried("health", down=Failure("daemon_needed")),
    tried("dashboard", down=NO_DAEMON),
    tried("doctor", code=1, is_local=True),
    tried(f"{_INSTALL} --token-file {{directory}}/cloudflare-token", has_json=False, is_local=True),
    tried("version", is_local=True),
    tried("completion bash", has_json=False, is_prose=True, is_local=True),
    tried("bugreport --output {new_path}", is_local=True),
    tried("export", has_json=False, is_prose=True),
    tried("apply {directory}/organizations.toml --dry-run"),
    tried("apply {directory}/organizations.toml", down=Failure("daemon_needed", comes_late=True)),
    tried("mail test {new_address}", is_local=True),
    tried("event-schema", has_json=False, is_local=True),
    tried("event-schema domain.active", has_json=False, is_prose=True, is_local=True),
    tried("monitoring alerts", has_json=False, is_prose=True, is_local=True),
    tried("monitoring scrape", has_json=False, is_prose=True, is_local=True),
    tried("monitoring dashboard", has_json=False, is_prose=True, is_local=True),
    tried("domain-connect keygen", has_json=False, is_local=True),
    tried("domain-connect keygen --output {new_path}", has_json=False, is_local=True),
    tried("domain-connect txt", is_local=True),
    tried("domain-connect template", has_json=False, is_prose=True, is_local=True),
    tried("demo --once", has_json=False, is_prose=True, is_local=True),
)
