"""Zones that show a fault, zones beside them that do not, and what is to be said of each."""

from typing import Final

from msgspec import Struct

from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.domains.domain import Record
from tests.dns.served import TARGET

RIGHT: Final = f"app CNAME {TARGET}."
"""The record as it has to be."""


class Case(Struct, frozen=True):
    """A zone, its file's text, and a hostname in it. `says`: codes, each with what is to be typed."""

    zone: str
    text: str
    says: tuple[tuple[str, Record | None], ...] = ()
    hostname: str = "app"
    wanted: DnsRequirements = DnsRequirements()

    @property
    def name(self) -> str:
        """The whole hostname; "@" is the zone itself."""
        return self.zone if self.hostname == "@" else f"{self.hostname}.{self.zone}"


def typed(name: str, value: str = TARGET, kind: str = "CNAME") -> Record:
    return Record(kind, name, value)


_CLOUDFLARE: Final = """
    @ SOA ada.ns.cloudflare.com. dns.cloudflare.com. 1 3600 600 86400 60
    @ NS ada.ns.cloudflare.com.
    @ NS bob.ns.cloudflare.com.
"""
_HOPS: Final = "\n".join(f"hop{number} CNAME hop{number + 1}" for number in range(1, 20))
_EIGHT: Final = "\n".join(f"hop{number} CNAME hop{number + 1}" for number in range(1, 7)) + f"\nhop7 CNAME {TARGET}."
_DELEGATION: Final = "app.{}.0123456789abcdef.dcv.cloudflare.com"


def _delegated(zone: str, *, wildcard: bool = False) -> DnsRequirements:
    return DnsRequirements(validation="delegated", wildcard=wildcard, challenge_target=_DELEGATION.format(zone))


def _challenge(zone: str) -> Record:
    return typed(f"_acme-challenge.app.{zone}", _DELEGATION.format(zone))


ROUTING: Final = (
    Case("right.test", RIGHT),
    Case("alias.test", f"app CNAME www\nwww CNAME {TARGET}."),
    Case("missing.test", "www A 192.0.2.1", (("cname_missing", typed("app.missing.test")),)),
    Case("branch.test", "x.app A 192.0.2.1", (("cname_missing", typed("app.branch.test")),)),
    Case("gone.test", "", (("domain_unregistered", None),)),
    Case("wrong.test", "app CNAME old.vendor.test.", (("cname_wrong_target", typed("app.wrong.test")),)),
    Case("doubled.test", f"app.doubled.test CNAME {TARGET}.", (("name_doubled", typed("app")),)),
    Case("deep.test", f"app.eu.deep.test CNAME {TARGET}.", (("name_doubled", typed("app.eu")),), "app.eu"),
    Case("star.test", "* A 192.0.2.1\nx.eu A 192.0.2.2", (("cname_missing", typed("app.eu.star.test")),), "app.eu"),
    Case("below.test", "x.app.below.test A 192.0.2.1", (("cname_missing", typed("app.below.test")),)),
    Case("dotless.test", f"app CNAME {TARGET}", (("target_doubled", typed("app.dotless.test", f"{TARGET}.")),)),
    Case("dotted.test", f"app CNAME {TARGET}.vendor.test.", (("cname_wrong_target", typed("app.dotted.test")),)),
    Case("root.test", "@ A 192.0.2.1", (("apex_cname", typed("root.test", kind="ALIAS")),), "@"),
    Case("flat.test", "@ A 127.0.0.1\n@ AAAA ::1\n@ MX 10 mx.vendor.test.", (), "@"),
    Case("address.test", "app A 192.0.2.1", (("conflicting_records", typed("app.address.test")),)),
    Case("mail.test", "app MX 10 mx.vendor.test.", (("conflicting_records", typed("app.mail.test")),)),
    Case("text.test", 'app TXT "hi"', (("conflicting_records", typed("app.text.test")),)),
    Case("flatapp.test", "app A 127.0.0.1"),
    Case("six.test", "app A 127.0.0.1\napp AAAA 2001:db8::7", (("aaaa_elsewhere", None),)),
    Case("dual.test", "app A 127.0.0.1\napp AAAA ::1"),
    Case("proxied.test", _CLOUDFLARE + "app A 104.16.1.1\napp AAAA 2606:4700::1", (("proxied_unverifiable", None),)),
    Case("grey.test", _CLOUDFLARE + "app A 192.0.2.1", (("conflicting_records", typed("app.grey.test")),)),
    Case("loop.test", "app CNAME a\na CNAME app", (("cname_loop", typed("app.loop.test")),)),
    Case("long.test", f"app CNAME hop1\n{_HOPS}", (("chain_long", typed("app.long.test")),)),
    Case("eight.test", f"app CNAME hop1\n{_EIGHT}"),
    Case("wild.test", "* CNAME old.vendor.test.", (("wildcard_masks", typed("app.wild.test")),)),
    Case("wildaddress.test", "* A 192.0.2.1", (("wildcard_masks", typed("app.wildaddress.test")),)),
    Case("wildright.test", f"* CNAME {TARGET}."),
    Case("own.test", "* A 192.0.2.1\napp CNAME old.vendor.test.", (("cname_wrong_target", typed("app.own.test")),)),
    Case("parted.test", "shop NS ns.shop\nns.shop A 192.0.2.53", (("cname_missing", typed("app.parted.test")),)),
    Case("shop.parted.test", f"ok CNAME {TARGET}.", (("subdomain_delegated", typed("app.shop.parted.test")),)),
    Case("shop.parted.test", f"ok CNAME {TARGET}.", (), "ok"),
    Case("shop.parted.test", f"ok CNAME {TARGET}.", (("subdomain_delegated", typed("shop.parted.test")),), "@"),
)  # fmt: skip

_CAA: Final = '@ CAA 0 issue "{}"\n' + RIGHT
_WILDCARDS_OWN: Final = f'@ CAA 0 issue "pki.goog"\n@ CAA 0 issuewild ";"\n{RIGHT}'
_GOOGLE: Final = DnsRequirements(certificate_authorities=("google",))
_WILD_GOOGLE: Final = DnsRequirements(validation="delegated", wildcard=True, certificate_authorities=("google",))

AUTHORITY: Final = (
    Case("caa.test", _CAA.format("digicert.com"), (("caa_blocks", typed("caa.test", '0 issue "pki.goog"', "CAA")),)),
    Case("nobody.test", _CAA.format(";"), (("caa_blocks", typed("nobody.test", '0 issue "pki.goog"', "CAA")),)),
    Case("allows.test", _CAA.format("PKI.goog; cansignhttpexchanges=yes")),
    Case("other.test", _CAA.format("letsencrypt.org")),
    Case("only.test", _CAA.format("letsencrypt.org"),
         (("caa_blocks", typed("only.test", '0 issue "pki.goog"', "CAA")),), wanted=_GOOGLE),
    Case("mailonly.test", '@ CAA 0 iodef "mailto:a@b.net"\n' + RIGHT),
    Case("closest.test", f'@ CAA 0 issue ";"\nshop CAA 0 issue "pki.goog"\napp.shop CNAME {TARGET}.', (), "app.shop"),
    Case("nowild.test", _WILDCARDS_OWN,
         (("caa_blocks", typed("nowild.test", '0 issuewild "pki.goog"', "CAA")),), wanted=_WILD_GOOGLE),
    Case("plain.test", _WILDCARDS_OWN, wanted=_GOOGLE),
    Case("both.test", '@ CAA 0 issue ";"\napp CNAME old.vendor.test.',
         (("cname_wrong_target", typed("app.both.test")),
          ("caa_blocks", typed("both.test", '0 issue "pki.goog"', "CAA")))),
    Case("oldtext.test", f'{RIGHT}\n_acme-challenge.app TXT "old"',
         (("challenge_txt_conflict", _challenge("oldtext.test")),), wanted=_delegated("oldtext.test")),
    Case("oldtexthttp.test", f'{RIGHT}\n_acme-challenge.app TXT "old"'),
    Case("starless.test", RIGHT, (("wildcard_needs_delegation", _challenge("starless.test")),),
         wanted=_delegated("starless.test", wildcard=True)),
    Case("undelegated.test", f"{RIGHT}\n_acme-challenge.app CNAME app.vendor.test.",
         (("delegation_missing", _challenge("undelegated.test")),), wanted=_delegated("undelegated.test")),
    Case("star.test", f"{RIGHT}\n_acme-challenge.app CNAME {_DELEGATION.format('star.test')}.",
         wanted=_delegated("star.test", wildcard=True)),
)  # fmt: skip

SURROUNDINGS: Final = {
    "vendor.test": "old A 192.0.2.9\nmx A 192.0.2.25",
    "0123456789abcdef.dcv.cloudflare.com": 'app.star.test TXT "a token of an open order"',
}
"""What the zones above lead to."""
