"""Every provider as the contract sees it: a zone that its owner looks after, and drivers for it."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
from aiohttp import web
from msgspec.structs import replace
from yarl import URL

from dcvd.config import Config
from dcvd.config.http_api_section import HttpApiDescription
from dcvd.core.connections.credentials import ApiToken, AwsKeys, TsigKey
from dcvd.core.secret import Secret
from dcvd.dns import DnsObserver
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.domain_connect.records import TemplateRecords
from dcvd.providers.godaddy.budgets import GodaddyBudgets
from dcvd.providers.godaddy.records import GodaddyRecords
from dcvd.providers.http.records import HttpRecords
from dcvd.providers.record_provider import RecordProvider
from dcvd.providers.rfc2136.records import Rfc2136Records
from dcvd.providers.rfc2136.server import UpdateServers
from dcvd.providers.route53.records import Route53Records
from dcvd.sandbox import Sandbox
from dcvd.sandbox.customers.model import NAME_SERVERS
from tests.marked import marked
from tests.providers.cloudflare.customer import Customer
from tests.providers.domain_connect.server import TOKEN, DomainConnectProvider
from tests.providers.godaddy.server import OWN_NAME_SERVERS, PAT, GodaddyServer, problem
from tests.providers.godaddy.server import TOKEN as GODADDY_TOKEN
from tests.providers.http.servers import TOKEN as HTTP_TOKEN
from tests.providers.http.servers import DescribedServer
from tests.providers.rfc2136.server import UpdateServer
from tests.providers.route53.aws import SECRET, FakeAws
from tests.providers.route53.conftest import Place

WRONG = marked("wrong-credential")


class ContractPlace(ABC):
    """One provider. `zone_name` is the customer's; `secrets` are in no message."""

    zone_name = "customer.test"
    secrets: tuple[str, ...] = (WRONG,)

    @property
    @abstractmethod
    def port(self) -> int:
        """Where the provider's server listens."""

    @abstractmethod
    def driver(self, *, port: int | None = None, wrong: bool = False, deadline_s: float = 60) -> RecordProvider:
        """A driver; `port` leads it to another server on loopback, `wrong` gives it a credential that is refused."""

    @abstractmethod
    async def put(self, label: str, kind: str, value: str) -> None:
        """Put a record in the place of what stands at a label, as the owner does it by hand."""

    @abstractmethod
    async def refuse_additions(self, *, once: bool) -> None:
        """Refuse every call that would bring a record in, or only the next one."""

    @abstractmethod
    async def serve_from(self, names: tuple[str, str]) -> tuple[str, ...]:
        """Have the zone served by these name servers, or those that it has in any case; return their names."""

    async def add_zone(self, label: str) -> None:
        """Add a zone below the customer's."""
        raise AssertionError(f"{type(self).__name__} has one zone")

    def name(self, label: str) -> str:
        return f"{label}.{self.zone_name}"


class CloudflarePlace(ContractPlace):
    def __init__(self, customer: Customer) -> None:
        self._customer = customer
        self._zones = [self.zone_name]

    @property
    def port(self) -> int:
        return port_of(self._customer.sandbox.api_url)

    def driver(self, *, port: int | None = None, wrong: bool = False, deadline_s: float = 60) -> RecordProvider:
        token = WRONG if wrong else self._customer.token(zones=self._zones)
        return self._customer.driver_with(token, port=port, deadline_s=deadline_s)

    async def put(self, label: str, kind: str, value: str) -> None:
        for record in await self._customer.driver.read(self._customer.zone, self.name(label)):
            await self._customer.api.delete_record(self._customer.zone, str(record.id))
        await self._customer.add(kind, value, name=self.name(label))

    async def refuse_additions(self, *, once: bool) -> None:
        await self._customer.fails("POST", kind="status", status=400, times=1 if once else None)

    async def serve_from(self, names: tuple[str, str]) -> tuple[str, ...]:
        del names
        return NAME_SERVERS

    async def add_zone(self, label: str) -> None:
        await self._customer.control("POST", "/zones", {"name": self.name(label)})
        self._zones.append(self.name(label))


class GodaddyPlace(ContractPlace):
    zone_name = "customer.com"
    secrets = (WRONG, GODADDY_TOKEN)

    def __init__(self, server: GodaddyServer, port: int, fetcher: Fetcher) -> None:
        self._server = server
        self._port = port
        self._fetcher = fetcher

    @property
    def port(self) -> int:
        return self._port

    def driver(self, *, port: int | None = None, wrong: bool = False, deadline_s: float = 60) -> RecordProvider:
        credentials = ApiToken(token=Secret(WRONG)) if wrong else PAT
        url = f"http://127.0.0.1:{port or self._port}"
        return GodaddyRecords(self._fetcher, url, credentials, GodaddyBudgets(limit=1_000_000), deadline_s=deadline_s)

    async def put(self, label: str, kind: str, value: str) -> None:
        entries = self._server.zones[self.zone_name]
        self._server.zones[self.zone_name] = [entry for entry in entries if entry["name"] != label]
        self._server.has(kind, label, value)

    async def refuse_additions(self, *, once: bool) -> None:
        self._server.fault = refusals("PUT", lambda: problem(422, "INVALID", "no"), once=once)

    async def serve_from(self, names: tuple[str, str]) -> tuple[str, ...]:
        del names
        return OWN_NAME_SERVERS

    async def add_zone(self, label: str) -> None:
        self._server.zones[self.name(label)] = []


class DescribedPlace(ContractPlace):
    """A provider of JSON over HTTP."""

    zone_name = "customer.com"
    secrets = (WRONG, HTTP_TOKEN.reveal())

    def __init__(self, server: DescribedServer, description: HttpApiDescription, port: int, fetcher: Fetcher) -> None:
        self._server = server
        self._description = description
        self._port = port
        self._fetcher = fetcher

    @property
    def port(self) -> int:
        return self._port

    def driver(self, *, port: int | None = None, wrong: bool = False, deadline_s: float = 60) -> RecordProvider:
        token = Secret(WRONG) if wrong else HTTP_TOKEN
        url = f"http://127.0.0.1:{port or self._port}"
        return HttpRecords(self._fetcher, url, self._description, token, deadline_s=deadline_s)

    async def put(self, label: str, kind: str, value: str) -> None:
        entries = self._server.zones[self.zone_name]
        self._server.zones[self.zone_name] = [entry for entry in entries if entry["name"] != label]
        self._server.has(kind, label, value)

    async def refuse_additions(self, *, once: bool) -> None:
        self._server.fault = refusals("POST", lambda: self._server.problem(422, "no"), once=once)

    async def serve_from(self, names: tuple[str, str]) -> tuple[str, ...]:
        for name in names:
            self._server.has("NS", self._server.apex, f"{name.upper()}.", ttl=1800)
        return names

    async def add_zone(self, label: str) -> None:
        self._server.zones[self.name(label)] = []


class Route53Place(ContractPlace):
    zone_name = "customer.example"
    secrets = (WRONG, SECRET)

    def __init__(self, place: Place, aws: FakeAws) -> None:
        self._place = place
        self._aws = aws

    @property
    def port(self) -> int:
        return port_of(self._place.config.api_base_url)

    def driver(self, *, port: int | None = None, wrong: bool = False, deadline_s: float = 60) -> RecordProvider:
        keys = self._place.keys
        if wrong:
            keys = AwsKeys(access_key_id=keys.access_key_id, secret_access_key=Secret(WRONG))
        config = self._place.config
        if port is not None:
            config = replace(config, api_base_url=f"http://127.0.0.1:{port}", sts_url=f"http://127.0.0.1:{port}")
        return Route53Records(config, keys, self._place.sessions, deadline_s=deadline_s, sync_s=0.1)

    async def put(self, label: str, kind: str, value: str) -> None:
        zone = self._aws.zones[0]
        zone.sets = [each for each in zone.sets if each["Name"] != f"{self.name(label)}."]
        zone.put(f"{self.name(label)}.", kind, value)

    async def refuse_additions(self, *, once: bool) -> None:
        times = 1 if once else 9
        self._place.front.fail("ChangeResourceRecordSets", "InvalidChangeBatch", "not valid", times=times)

    async def serve_from(self, names: tuple[str, str]) -> tuple[str, ...]:
        self._aws.zones[0].name_servers = names
        return names

    async def add_zone(self, label: str) -> None:
        self._aws.zone(self.name(label))


class Rfc2136Place(ContractPlace):
    def __init__(self, server: UpdateServer, tsig: TsigKey, servers: UpdateServers) -> None:
        self._server = server
        self._tsig = tsig
        self._servers = servers
        self.secrets = (WRONG, tsig.secret.reveal())

    @property
    def port(self) -> int:
        return self._server.address.port

    def driver(self, *, port: int | None = None, wrong: bool = False, deadline_s: float = 60) -> RecordProvider:
        tsig = replace(self._tsig, port=port or self._server.address.port)
        if wrong:
            tsig = replace(tsig, key_name="nobody.")
        return Rfc2136Records(tsig, self._servers, "org_a", deadline_s=deadline_s)

    async def put(self, label: str, kind: str, value: str) -> None:
        name = dns.name.from_text(self.name(label))
        rdata = dns.rdata.from_text(dns.rdataclass.IN, kind, value)
        self._server.zone.delete_node(name)
        self._server.zone.find_rdataset(name, rdata.rdtype, create=True).add(rdata, 60)

    async def serve_from(self, names: tuple[str, str]) -> tuple[str, ...]:
        apex = dns.name.from_text(self.zone_name)
        rdatas = [dns.rdata.from_text(dns.rdataclass.IN, "NS", f"{name}.") for name in names]
        self._server.zone.replace_rdataset(apex, dns.rdataset.from_rdata_list(60, rdatas))
        return names

    async def refuse_additions(self, *, once: bool) -> None:  # an update is one call
        self._server.refuses_changes = True


class DomainConnectPlace(ContractPlace):
    secrets = (WRONG, TOKEN)

    def __init__(
        self, provider: DomainConnectProvider, sandbox: Sandbox, config: Config, fetcher: Fetcher, observer: DnsObserver
    ) -> None:
        self._provider = provider
        self._sandbox = sandbox
        self._config = config
        self._fetcher = fetcher
        self._observer = observer

    @property
    def port(self) -> int:
        return self._provider.port

    def driver(self, *, port: int | None = None, wrong: bool = False, deadline_s: float = 60) -> RecordProvider:
        url = URL(f"https://{self._provider.prefix}").with_port(port or self._provider.port)
        other = replace(self._config.providers_other, api_base_url=str(url))
        return TemplateRecords(
            self._fetcher,
            replace(self._config, providers_other=other),
            Secret(WRONG if wrong else TOKEN),
            self._observer.zones,
            deadline_s=deadline_s,
        )

    async def put(self, label: str, kind: str, value: str) -> None:
        self._provider.clear(self.name(label))
        self._sandbox.set_dns(self.name(label), kind, [value])

    async def serve_from(self, names: tuple[str, str]) -> tuple[str, ...]:
        del names
        return ()  # the zone is found in DNS itself

    async def refuse_additions(self, *, once: bool) -> None:  # a template is applied by one call
        self._provider.spoil = lambda request: web.Response(status=403)


def port_of(url: str) -> int:
    port = URL(url).port
    assert port is not None
    return port


def refusals(
    method: str, refuse: Callable[[], web.Response], *, once: bool
) -> Callable[[str, str], web.StreamResponse | None]:
    """Return the fault of a server that refuses a method."""
    refused: list[str] = []

    def fault(asked: str, path: str) -> web.StreamResponse | None:
        if asked != method or (once and refused):
            return None
        refused.append(path)
        return refuse()

    return fault
