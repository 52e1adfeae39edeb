"""BIND: the other real server that takes dynamic updates."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from dcvd.config import SocketAddress
from dcvd.core.connections.credentials import TsigKey
from tests.dns.knot import whole
from tests.dns.programs import free_address, program, running


@asynccontextmanager
async def named(directory: Path, zone: str, text: str, *, updates: TsigKey) -> AsyncIterator[SocketAddress]:
    """Serves one zone (see `knot.whole`), which the key of `updates` may change: its CNAME, A, AAAA and TXT records."""
    daemon = program("named")
    address = free_address()
    home = directory / f"named-{address.port}"
    home.mkdir(parents=True)
    (home / "zone").write_text("$TTL 60\n" + whole(zone, text))
    configuration = home / "named.conf"
    configuration.write_text(f"""
        options {{
            directory "{home}";
            pid-file none;
            session-keyfile none;
            listen-on port {address.port} {{ {address.host}; }};
            listen-on-v6 {{ none; }};
            recursion no;
            dnssec-validation no;
            notify no;
        }};
        controls {{ }};
        key "{updates.key_name}" {{ algorithm {updates.algorithm}; secret "{updates.secret.reveal()}"; }};
        zone "{zone}" {{
            type primary;
            file "{home}/zone";
            update-policy {{ grant "{updates.key_name}" zonesub CNAME A AAAA TXT; }};
        }};
    """)
    # It limits how many refusals it sends, so it is asked for what it has.
    async with running([daemon, "-g", "-n", "1", "-c", str(configuration)], home, address, zone=zone):
        yield address
