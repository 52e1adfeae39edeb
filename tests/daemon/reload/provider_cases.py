"""How records are written at providers: what the far server is asked, and what is made of its answers."""

import os
from collections.abc import Awaitable
from contextlib import nullcontext
from functools import partial

from click.testing import CliRunner

from dcvd.cli.domain_connect import domain_connect as command
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import ApiToken, AwsKeys, AwsRole, Credentials, OauthTokens
from dcvd.core.records.domain_connect_settings import ProviderSettings
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.dns import DnsObserver
from dcvd.errors import DcvdError
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.providers.domain_connect.discovery import DiscoveredProvider, DomainConnectDiscovery
from dcvd.providers.domain_connect.signing import sign
from dcvd.services.records import domain_connect
from tests.daemon.reload.cases import row
from tests.daemon.reload.place import ROLE, Place
from tests.providers.route53.aws import THEIR_KEY, THEIR_SECRET

NAME = "app.customer.com"
TOKENS = OauthTokens(access_token=Secret("access"))


async def outcome(call: Awaitable[object]) -> str:
    """What came of it, in a line."""
    try:
        return repr(await call)
    except DcvdError as error:
        return f"{error.code}: {error.message}"


async def write_records(place: Place) -> str:
    """All calls of a driver that the configuration describes."""
    place.far.calls.clear()
    driver = place.daemon.services.access.drivers.create_driver("org_a", Provider.OTHER, TOKENS)
    results = [await outcome(driver.check_credentials())]
    results += [await outcome(driver.find_zone(name)) for name in (NAME, "app.refused.com")]
    zone = Zone(id="z-id", name="customer.com")
    try:
        records = await driver.read(zone, NAME)
    except DcvdError as error:
        records = []
        results.append(f"{error.code}: {error.message}")
    results += map(repr, records)
    for kind, name, removed in (("CNAME", NAME, records[:1]), ("TXT", zone.name, [])):
        added = ZoneRecord(type=kind, name=name, value="edge.example")
        results.append(await outcome(driver.change(zone, removed, [added])))
    return "\n".join((*place.far.calls, *results))


async def check_credentials(place: Place, *, provider: Provider, credentials: Credentials) -> str:
    place.far.calls.clear()
    driver = place.daemon.services.access.drivers.create_driver("org_a", provider, credentials)
    result = await outcome(driver.check_credentials())
    return "\n".join((*place.far.calls, result))


async def assume_role(place: Place) -> str:
    """Our own AWS identity opens a role that it never opened before."""
    place.far.calls.clear()
    sessions = place.daemon.services.access.drivers.aws_sessions
    role = AwsRole(role_arn=ROLE, external_id=os.urandom(8).hex())
    result = await outcome(sessions.get_keys(place.context.config.providers_route53, role))
    return "\n".join((*place.far.calls, result))


for key, value, mark in (
    ("check_path", '"/check2"', "GET /check2"),
    ("account_name", '"owner.mail"', "ops@customer.example"),
    ("account_id", '"owner.id"', None),
    ("zone_path", '"/zones2/{zone}"', "GET /zones2/customer.com"),
    ("zone_name", '"alias"', "provider_unexpected"),
    ("zone_id", '"number"', "z-number"),
    ("records_path", '"/records2/{zone_id}"', "GET /records2/z-id"),
    ("records", '"others"', "listed-elsewhere.example"),
    ("record_id", '"key"', "DELETE /gone/key-1"),
    ("record_type", '"kind"', "type='TXT'"),
    ("record_name", '"label"', None),
    ("record_value", '"data"', "data.example"),
    ("record_ttl", '"seconds"', "ttl=777"),
    ("record_names", '"absolute"', None),
    ("apex", '""', '"n":""'),
    ("final_dot", "true", '"v":"edge.example."'),
    ("kept_members", '["priority"]', "priority"),
    ("lowest_ttl", "5000", '"s":5000'),
    ("next_page", '"follow"', "page=f1"),
    ("pages", '"total"', "page=2"),
    ("page_parameter", '"seite"', "seite=c1"),
    ("create_method", '"PUT"', "PUT /new/z-id"),
    ("create_path", '"/new2/{zone_id}"', "POST /new2/z-id"),
    ("create_body", """'{"t": "{type}", "content2": "{value}"}'""", '"content2":"edge.example"'),
    ("delete_method", '"PATCH"', "PATCH /gone/id-1"),
    ("delete_path", '"/gone2/{id}"', "DELETE /gone2/id-1"),
    ("error_message", '"reason"', "second reason"),
):
    row(f"providers.http.{key}", value, mark, write_records)
ALL_ZONES = {"providers.http.zone_path": '"/zones/all"'}
row("providers.http.zones", '"listed"', "z-listed", write_records, given=ALL_ZONES)
row("providers.other.api_base_url", '"{far}/elsewhere"', "GET /elsewhere/check", write_records)
row("providers.other.write_driver", '"digitalocean"', "GET /v2/account", write_records)

API_TOKEN = ApiToken(token=Secret("token"))
for provider in (Provider.CLOUDFLARE, Provider.GODADDY):
    row(
        f"providers.{provider.value}.api_base_url",
        '"{far}/elsewhere"',
        "GET /elsewhere/",
        partial(check_credentials, provider=provider, credentials=API_TOKEN),
    )
AWS_KEYS = AwsKeys(access_key_id=THEIR_KEY, secret_access_key=Secret(THEIR_SECRET))
row(
    "providers.route53.api_base_url",
    '"{far}/route53"',
    "GET /route53/",
    partial(check_credentials, provider=Provider.ROUTE53, credentials=AWS_KEYS),
)
row("providers.route53.sts_url", '"{far}/refused"', "POST /refused", assume_role)
row("providers.route53.access_key_id", '"AKIANOBODY0000000001"', "aws_identity_refused", assume_role)
row("providers.route53.secret_access_key_file", '"two"', "aws_identity_refused", assume_role)


class KnownProvider(DomainConnectDiscovery):
    """Finds the same provider for every name, and it has every template."""

    async def discover_provider(self, org_id: str, hostname: str) -> DiscoveredProvider:
        settings = ProviderSettings(
            provider_id="dns.example",
            name="DNS",
            api_url="https://api.dns.example",
            sync_url="https://dns.example",
        )
        return DiscoveredProvider(zone="customer.test", provider=settings)

    async def has_template(self, org_id: str, discovery: DiscoveredProvider, provider_id: str, service_id: str) -> bool:
        return True


async def build_link(place: Place) -> str:
    """The link to the customer's provider, and whose signature it has."""
    domain = await place.new_domain()
    discovery = KnownProvider(DnsObserver(place.context.config).zones, GuardedFetcher(EgressPolicy()))
    link = await domain_connect.build_apply_url(
        place.context, discovery, lambda *_: nullcontext(), domain.org_id, domain.id, redirect_uri=None
    )
    url, _, query = link.url.partition("?")
    signed, _, rest = query.partition("&key=")
    keys = {name: sign(signed, Secret((place.directory / name).read_text())) for name in ("first.pem", "second.pem")}
    (signer,) = [name for name, signature in keys.items() if _unquoted(rest).endswith(signature)]
    return f"{url} signed by {signer} at {rest.partition('&')[0]}"


def _unquoted(text: str) -> str:
    return text.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=")


TEMPLATE = {
    "providers.domain_connect.provider_id": '"example.net"',
    "providers.domain_connect.service_id": '"domain"',
    "providers.domain_connect.private_key_file": '"first.pem"',
}
for key, value, mark in (
    ("provider_id", '"other.example"', "/other.example/"),
    ("service_id", '"second"', "/second/"),
    ("private_key_file", '"second.pem"', "signed by second.pem"),
    ("key", '"_second"', "at _second"),
):
    row(f"providers.domain_connect.{key}", value, mark, build_link, given=TEMPLATE)


async def print_records(place: Place) -> str:
    """What the command tells the operator to publish."""
    return CliRunner().invoke(command, ["txt", "--config", str(place.directory / "dcvd.toml")]).output


KEY_DOMAIN = "providers.domain_connect.key_domain"
row(KEY_DOMAIN, '"keys.example.net"', "_dcpubkeyv1.keys.example.net", print_records, given=TEMPLATE)
