"""DNS providers by the names of their name servers: who runs a zone, and where its records are typed there.

The name servers are those that the providers' own documentation tells customers to set.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct


class DnsProvider(Struct, frozen=True):
    """A company that runs zones. `records_page`: where in its dashboard records are typed, in its own words."""

    name: str
    records_page: str


_CLOUDFLARE: Final = DnsProvider("Cloudflare", "DNS › Records")
_GODADDY: Final = DnsProvider("GoDaddy", "My Products › DNS")
_PROVIDERS: Final[tuple[tuple[str, DnsProvider], ...]] = (
    (r"ns\.cloudflare\.com|foundationdns\.(com|net|org)|secondary\.cloudflare\.com", _CLOUDFLARE),
    (r"domaincontrol\.com", _GODADDY),
    (r"awsdns-\d+\.(com|net|org|co\.uk)", DnsProvider("Amazon Route 53", "Hosted zones")),
    (r"registrar-servers\.com", DnsProvider("Namecheap", "Domain List › Manage › Advanced DNS")),
    (r"googledomains\.com", DnsProvider("Google Cloud DNS or Squarespace", "its DNS settings")),
    (r"squarespacedns\.com", DnsProvider("Squarespace", "Domains › DNS Settings")),
    (r"azure-dns\.(com|net|org|info)", DnsProvider("Azure DNS", "DNS zones › Recordsets")),
    (r"digitalocean\.com", DnsProvider("DigitalOcean", "Networking › Domains")),
    (r"gandi\.net", DnsProvider("Gandi", "Domain › DNS Records")),
    (r"ovh\.(net|ca)|anycast\.me", DnsProvider("OVHcloud", "Domain names › DNS zone")),
    (r"ns\.hetzner\.(com|de)|first-ns\.de|second-ns\.(de|com)", DnsProvider("Hetzner", "DNS Console › Records")),
    (r"ui-dns\.(com|de|org|biz)", DnsProvider("IONOS", "Domains & SSL › DNS")),
    (r"wixdns\.net", DnsProvider("Wix", "Domains › Manage DNS Records")),
    (r"name-services\.com", DnsProvider("Enom", "Domains › Host Records")),
    (r"worldnic\.com", DnsProvider("Network Solutions", "Manage Domain › Advanced DNS")),
    (r"porkbun\.com", DnsProvider("Porkbun", "Domain Management › DNS")),
    (r"dnsmadeeasy\.com", DnsProvider("DNS Made Easy", "DNS › Managed DNS")),
    (r"dnsimple(-edge)?\.(com|net|org|io)", DnsProvider("DNSimple", "Domain › DNS › Records")),
    (r"nsone\.net", DnsProvider("NS1 or Netlify", "its DNS records")),
    (r"ultradns\.(com|net|org|info|biz|co\.uk)", DnsProvider("UltraDNS", "Zones › Records")),
    (r"akam\.net", DnsProvider("Akamai Edge DNS", "DNS › Zones")),
    (r"vercel-dns\.com", DnsProvider("Vercel", "Domains › DNS Records")),
    (r"wordpress\.com", DnsProvider("WordPress.com", "Domains › DNS records")),
    (r"dns-parking\.com", DnsProvider("Hostinger", "Domains › DNS / Nameservers")),
    (r"siteground\.net", DnsProvider("SiteGround", "Domain › DNS Zone Editor")),
    (r"bluehost\.com", DnsProvider("Bluehost", "Domains › DNS")),
    (r"hostgator\.com", DnsProvider("HostGator", "Domains › DNS")),
    (r"dreamhost\.com", DnsProvider("DreamHost", "Websites › DNS")),
    (r"linode\.com", DnsProvider("Akamai Cloud (Linode)", "Domains")),
    (r"vultr\.com", DnsProvider("Vultr", "Network › DNS")),
    (r"he\.net", DnsProvider("Hurricane Electric", "Edit Zone")),
    (r"cloudns\.net", DnsProvider("ClouDNS", "DNS Zones")),
    (r"inwx\.(de|com|eu)", DnsProvider("INWX", "Nameserver")),
    (r"netcup\.net", DnsProvider("netcup", "Domains › DNS")),
    (r"transip\.(net|nl|eu)", DnsProvider("TransIP", "Domain › DNS")),
    (r"infomaniak\.(ch|com)", DnsProvider("Infomaniak", "Domain › DNS Zone")),
    (r"alidns\.com|hichina\.com", DnsProvider("Alibaba Cloud DNS", "DNS Settings")),
    (r"dnspod\.net", DnsProvider("DNSPod", "Records")),
    (r"loopia\.se", DnsProvider("Loopia", "DNS Editor")),
    (r"simply\.com", DnsProvider("Simply.com", "DNS")),
    (r"one\.com", DnsProvider("one.com", "DNS settings")),
    (r"strato\.(de|com)", DnsProvider("STRATO", "Domains › DNS")),
    (r"hover\.com", DnsProvider("Hover", "Domain › DNS")),
    (r"name\.com", DnsProvider("Name.com", "Manage DNS Records")),
    (r"shopify\.com", DnsProvider("Shopify", "Domains › DNS settings")),
)
_BY_PATTERN: Final = tuple((re.compile(rf"(?:.+\.)?(?:{pattern})"), provider) for pattern, provider in _PROVIDERS)

_SUSPENSION: Final = re.compile(
    r"(?:.+\.)?(?:suspended-domain\.com|failed-whois-verification\.namecheap\.com|verify-contact-details\.namecheap\.com"
    r"|pendingrenewaldeletion\.com|renewyourname\.net|expirationwarning\.net|emailverification\.info"
    r"|expired\.[a-z0-9-]+\.[a-z]+)"
)
"""The name servers that registrars set where a registrant's address is not confirmed, or a domain has expired."""


def find_provider(nameservers: Sequence[str]) -> DnsProvider | None:
    """Return who runs a zone with these name servers; None where that is not known, or several do."""
    found = {_find_by_server(nameserver) for nameserver in nameservers}
    return found.pop() if len(found) == 1 else None


def is_at_cloudflare(nameservers: Sequence[str]) -> bool:
    """Whether Cloudflare runs a zone with these name servers, as far as their names show."""
    return find_provider(nameservers) == _CLOUDFLARE


def is_at_godaddy(nameserver: str) -> bool:
    """Whether a name server is one of GoDaddy's, as far as its name shows."""
    return _find_by_server(nameserver) == _GODADDY


def is_suspended(nameservers: Sequence[str]) -> bool:
    """Whether a registrar has put its own servers in place of a domain's, until its registrant does something."""
    return bool(nameservers) and all(_SUSPENSION.fullmatch(nameserver) for nameserver in nameservers)


def _find_by_server(nameserver: str) -> DnsProvider | None:
    name = nameserver.lower().removesuffix(".")
    return next((provider for pattern, provider in _BY_PATTERN if pattern.fullmatch(name)), None)
