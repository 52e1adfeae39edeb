"""How Debian's Chromium is started: as root, without a screen, and without calling home."""

from typing import Final

OPTIONS: Final = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP *.provider.test 127.0.0.1",
]  # fmt: skip
