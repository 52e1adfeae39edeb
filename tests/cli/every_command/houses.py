"""Houses whose configuration has all that a command may need; nobody asks anything beyond loopback."""

from functools import cache
from pathlib import Path
from typing import Final

from dcvd.providers.domain_connect.signing import generate_key
from tests.cli.every_command.outside import Outside
from tests.cli.processes import House
from tests.cli.sandbox_house import use_sandbox
from tests.predecessor.dumps import full_dump

ENVIRON: Final = {"CLOUDFLARE_API_TOKEN": "sandbox-token"}
_SETTINGS: Final = """
[dns]
resolvers = ["127.0.0.1:9"]
authoritative = false
[domains]
allow_reserved_tlds = ["test"]
[webhooks]
allow_http = true
allow_private = ["127.0.0.0/8"]
ports = [9]
retry_schedule = ["0s"]
[mail]
host = "localhost"
port = {mail_port}
tls = "none"
from_address = "dcvd <alerts@saas.example>"
timeout = "5s"
[vault]
key_file = "vault-key"
[providers.domain_connect]
provider_id = "example.net"
service_id = "domain"
private_key_file = "connect.pem"
"""
"""No resolver answers, and no receiver: a delivery is dead after one attempt."""
_DECLARED: Final = """
[[organizations]]
name = "Declared"
[[organizations.endpoints]]
url = "http://127.0.0.1:9/declared"
events = ["domain.active"]
"""


def make_house(directory: Path, outside: Outside) -> House:
    """Make a configuration, and the files that commands are given."""
    files = {
        "names.txt": "one.customer.com\nno name\n",
        "organizations.toml": _DECLARED,
        "dump.sql": full_dump().replace("customer.test", "customer-e.com"),
        "cloudflare-token": "sandbox-token\n",
        "vault-key": "11" * 32 + "\n",
        "connect.pem": _private_key(),
    }
    for name, text in files.items():
        path = directory / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
    house = House(directory, _SETTINGS.format(mail_port=outside.mail.port))
    text = house.config.read_text().replace("[server]", '[server]\npublic_url = "https://localhost:9"')
    house.config.write_text(text)
    use_sandbox(house, outside.sandbox)
    return house


@cache
def _private_key() -> str:
    return generate_key().reveal()
