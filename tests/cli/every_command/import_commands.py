"""`dcvd import-cloudflare`, `import-predecessor` and `orphans`."""

from typing import Final

from tests.cli.every_command.commands import tried

COMMANDS: Final = (
    tried("import-cloudflare --org {org} --match n1.* --match n2.* --dry-run"),
    tried("import-cloudflare --org {org} --match n3.* --match *.customer.com"),
    tried("import-predecessor {directory}/dump.sql --dry-run", code=1),
    tried("import-predecessor {directory}/dump.sql", code=1, needs_daemon=True),
    tried("orphans list", is_local=True),
    tried("orphans adopt {new_orphan} --org {org}"),
    tried("orphans remove {new_orphan} --yes", is_local=True),
)
