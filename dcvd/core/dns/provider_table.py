"""The DNS providers that dcvd knows by the names of their name servers.

The name servers are those that the providers' own documentation tells customers to set. Which providers have a type for
the top of a zone is as in the table of features of dnscontrol (StackExchange/dnscontrol, documentation/provider) and
the providers' own documentation.
"""

from typing import Final, Literal

from msgspec import Struct

ApexRecord = Literal["CNAME", "ALIAS", "ANAME", "APEXALIAS", "none"]
"""The type by which the top of a zone leads to another name: `CNAME` where the provider flattens it there; `none` where
there is no way, or only one to targets of the provider's own."""


class DnsProvider(Struct, frozen=True):
    """A company that runs zones. What is not known is None.

    records_page: where in its dashboard records are typed, in its own words. url: where one signs in to it.
    name_field, value_field: its words for the name and the value in the form for a CNAME.
    """

    name: str
    records_page: str
    url: str | None = None
    name_field: str | None = None
    value_field: str | None = None
    apex: ApexRecord | None = None


CLOUDFLARE: Final = DnsProvider(
    "Cloudflare",
    "DNS › Records",
    "https://dash.cloudflare.com/?to=/:account/:zone/dns/records",
    "Name",
    "Target",
    "CNAME",
)
GODADDY: Final = DnsProvider(
    "GoDaddy", "My Products › DNS", "https://dcc.godaddy.com/control/portfolio", "Name", "Value", "none"
)
ROUTE_53: Final = DnsProvider(
    "Amazon Route 53",
    "Hosted zones",
    "https://console.aws.amazon.com/route53/v2/hostedzones",
    "Record name",
    "Value",
    "none",
)
PROVIDERS: Final[tuple[tuple[str, DnsProvider], ...]] = (
    (r"ns\.cloudflare\.com|foundationdns\.(com|net|org)|secondary\.cloudflare\.com", CLOUDFLARE),
    (r"domaincontrol\.com", GODADDY),
    (r"awsdns-\d+\.(com|net|org|co\.uk)", ROUTE_53),
    (r"registrar-servers\.com", DnsProvider(
        "Namecheap", "Domain List › Manage › Advanced DNS",
        "https://ap.www.namecheap.com/domains/list/", "Host", "Value", "ALIAS")),
    (r"googledomains\.com", DnsProvider("Google Cloud DNS or Squarespace", "its DNS settings")),
    (r"squarespacedns\.com", DnsProvider(
        "Squarespace", "Domains › DNS Settings", "https://account.squarespace.com/domains", "Name", "Data")),
    (r"azure-dns\.(com|net|org|info)", DnsProvider(
        "Azure DNS", "DNS zones › Recordsets", "https://portal.azure.com/", "Name", "Alias", "none")),
    (r"digitalocean\.com", DnsProvider(
        "DigitalOcean", "Networking › Domains",
        "https://cloud.digitalocean.com/networking/domains", "Hostname", "Is an alias of", "none")),
    (r"gandi\.net", DnsProvider(
        "Gandi", "Domain › DNS Records", "https://admin.gandi.net/domain/", "Name", "Hostname", "ALIAS")),
    (r"ovh\.(net|ca)|anycast\.me", DnsProvider(
        "OVHcloud", "Domain names › DNS zone", "https://www.ovh.com/manager/", "Sub-domain", "Target", "none")),
    (r"ns\.hetzner\.(com|de)|first-ns\.de|second-ns\.(de|com)", DnsProvider(
        "Hetzner", "DNS Console › Records", "https://console.hetzner.com/", "Name", "Value", "none")),
    (r"ui-dns\.(com|de|org|biz)", DnsProvider(
        "IONOS", "Domains & SSL › DNS", "https://my.ionos.com/domains", "Host name", "Points to", "none")),
    (r"wixdns\.net", DnsProvider(
        "Wix", "Domains › Manage DNS Records", "https://manage.wix.com/account/domains", "Host name", "Value", "none")),
    (r"name-services\.com", DnsProvider("Enom", "Domains › Host Records", "https://www.enom.com/")),
    (r"worldnic\.com", DnsProvider(
        "Network Solutions", "Manage Domain › Advanced DNS", "https://www.networksolutions.com/")),
    (r"porkbun\.com", DnsProvider(
        "Porkbun", "Domain Management › DNS", "https://porkbun.com/account/domains", "Host", "Answer", "ALIAS")),
    (r"dnsmadeeasy\.com", DnsProvider(
        "DNS Made Easy", "DNS › Managed DNS", "https://cp.dnsmadeeasy.com/", "Name", "Alias to", "ANAME")),
    (r"dnsimple(-edge)?\.(com|net|org|io)", DnsProvider(
        "DNSimple", "Domain › DNS › Records", "https://dnsimple.com/dashboard", "Name", "Content", "ALIAS")),
    (r"nsone\.net", DnsProvider("NS1 or Netlify", "its DNS records", None, None, None, "ALIAS")),
    (r"ultradns\.(com|net|org|info|biz|co\.uk)", DnsProvider(
        "UltraDNS", "Zones › Records", "https://portal.ultradns.com/", None, None, "APEXALIAS")),
    (r"akam\.net", DnsProvider("Akamai Edge DNS", "DNS › Zones", "https://control.akamai.com/")),
    (r"vercel-dns\.com", DnsProvider(
        "Vercel", "Domains › DNS Records", "https://vercel.com/dashboard/domains", "Name", "Value", "ALIAS")),
    (r"wordpress\.com", DnsProvider(
        "WordPress.com", "Domains › DNS records", "https://wordpress.com/domains/manage", "Name", "Alias of")),
    (r"dns-parking\.com", DnsProvider(
        "Hostinger", "Domains › DNS / Nameservers", "https://hpanel.hostinger.com/domains", "Name", "Target", "ALIAS")),
    (r"siteground\.net", DnsProvider(
        "SiteGround", "Domain › DNS Zone Editor", "https://my.siteground.com/", "Name", "Resolves to")),
    (r"bluehost\.com", DnsProvider("Bluehost", "Domains › DNS", "https://my.bluehost.com/")),
    (r"hostgator\.com", DnsProvider("HostGator", "Domains › DNS", "https://portal.hostgator.com/")),
    (r"dreamhost\.com", DnsProvider("DreamHost", "Websites › DNS", "https://panel.dreamhost.com/")),
    (r"linode\.com", DnsProvider(
        "Akamai Cloud (Linode)", "Domains", "https://cloud.linode.com/domains", "Hostname", "Alias to", "none")),
    (r"vultr\.com", DnsProvider("Vultr", "Network › DNS", "https://my.vultr.com/dns/", "Name", "Data", "none")),
    (r"he\.net", DnsProvider("Hurricane Electric", "Edit Zone", "https://dns.he.net/", "Name", "Hostname", "ALIAS")),
    (r"cloudns\.net", DnsProvider("ClouDNS", "DNS Zones", "https://www.cloudns.net/", "Host", "Points to", "ALIAS")),
    (r"inwx\.(de|com|eu)", DnsProvider(
        "INWX", "Nameserver", "https://www.inwx.com/en/nameserver2", "Name", "Value", "ALIAS")),
    (r"netcup\.net", DnsProvider(
        "netcup", "Domains › DNS", "https://www.customercontrolpanel.de/", "Host", "Destination")),
    (r"transip\.(net|nl|eu)", DnsProvider(
        "TransIP", "Domain › DNS", "https://www.transip.nl/cp/", "Name", "Value", "ALIAS")),
    (r"infomaniak\.(ch|com)", DnsProvider(
        "Infomaniak", "Domain › DNS Zone", "https://manager.infomaniak.com/", "Source", "Target")),
    (r"alidns\.com|hichina\.com", DnsProvider(
        "Alibaba Cloud DNS", "DNS Settings", "https://dns.console.aliyun.com/", "Hostname", "Record Value")),
    (r"dnspod\.net", DnsProvider("DNSPod", "Records", "https://console.dnspod.cn/", "Host", "Value")),
    (r"loopia\.se", DnsProvider("Loopia", "DNS Editor", "https://customerzone.loopia.com/", None, None, "none")),
    (r"simply\.com", DnsProvider("Simply.com", "DNS", "https://www.simply.com/en/controlpanel/")),
    (r"one\.com", DnsProvider("one.com", "DNS settings", "https://www.one.com/admin/")),
    (r"strato\.(de|com)", DnsProvider("STRATO", "Domains › DNS", "https://www.strato.de/apps/CustomerService")),
    (r"hover\.com", DnsProvider(
        "Hover", "Domain › DNS", "https://www.hover.com/control_panel/domains", "Hostname", "Target name")),
    (r"name\.com", DnsProvider(
        "Name.com", "Manage DNS Records", "https://www.name.com/account/domain", "Host", "Answer", "ANAME")),
    (r"shopify\.com", DnsProvider(
        "Shopify", "Domains › DNS settings", "https://admin.shopify.com/", "Name", "Points to")),
)  # fmt: skip
"""Patterns of name servers, without what stands before them, and whose they are."""
