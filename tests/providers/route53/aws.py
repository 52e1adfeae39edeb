"""A small AWS on loopback: STS and Route 53, which check every signature, every role's trust, and every change."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from aiohttp import web

from tests.providers.route53 import verify
from tests.providers.route53.zones import NS, FakeZone, Refusal, reversed_name, set_xml

OURS = "111111111111"
"""Our own account."""
THEIRS = "222222222222"
"""The customer's."""
KEY = "AKIAOURSELVES0000001"
SECRET = "tok-SECRET/ours+0000000000000000000000001"
THEIR_KEY = "AKIACUSTOMER00000001"
THEIR_SECRET = "tok-SECRET/theirs+00000000000000000000001"


class Held(NamedTuple):
    """What belongs to an access key."""

    secret: str
    token: str | None
    account: str
    arn: str


class FakeAws:
    """roles: by ARN, whether an ExternalId opens it. page: how many are on one, at most. expired: session tokens past
    their end. denied: actions that nobody may do."""

    def __init__(self) -> None:
        self.keys = {
            KEY: Held(SECRET, None, OURS, f"arn:aws:iam::{OURS}:user/dcvd"),
            THEIR_KEY: Held(THEIR_SECRET, None, THEIRS, f"arn:aws:iam::{THEIRS}:user/dns"),
        }
        self.roles: dict[str, Callable[[str | None], bool]] = {}
        self.zones: list[FakeZone] = []
        self.page = 100
        self.life = timedelta(seconds=900)
        self.expired: set[str] = set()
        self.denied: set[str] = set()

    def zone(self, name: str, **settings: object) -> FakeZone:
        made = FakeZone(f"Z{len(self.zones):08}", name, **settings)  # type: ignore[arg-type]  # FakeZone's own
        self.zones.append(made)
        return made

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        service = "sts" if request.path == "/" else "route53"
        try:
            held = self._who(request, body, service)
            text = self._sts(held, body) if service == "sts" else self._route53(request, body)
        except Refusal as refusal:
            error = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
            text = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>r</RequestId></ErrorResponse>"
            return web.Response(status=refusal.status, text=text, content_type="text/xml")
        return web.Response(text=text, content_type="text/xml")

    def _who(self, request: web.Request, body: bytes, service: str) -> Held:
        held = self.keys.get(verify.key_id(request.headers))
        if held is None:
            raise Refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        if not verify.is_right(
            request.method, request.raw_path, request.headers, body, held.secret, service, held.token
        ):
            quoted = f"The Canonical String should have been x-amz-security-token:{held.token}"
            raise Refusal(403, "SignatureDoesNotMatch", quoted)
        if held.token in self.expired:
            raise Refusal(403, "ExpiredToken", "The security token included in the request is expired")
        return held

    def _allow(self, action: str) -> None:
        if action in self.denied:
            raise Refusal(403, "AccessDenied", f"User: x is not authorized to perform: {action}")

    def _sts(self, held: Held, body: bytes) -> str:
        asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if asked["Action"] == "GetCallerIdentity":
            inner = f"<Arn>{held.arn}</Arn><UserId>u</UserId><Account>{held.account}</Account>"
            inner = f"<GetCallerIdentityResult>{inner}</GetCallerIdentityResult>"
            return f"<GetCallerIdentityResponse>{inner}</GetCallerIdentityResponse>"
        arn, name = asked["RoleArn"], asked["RoleSessionName"]
        opens = self.roles.get(arn)
        if opens is None or not opens(asked.get("ExternalId")):
            raise Refusal(
                403, "AccessDenied", f"User: {held.arn} is not authorized to perform: sts:AssumeRole on {arn}"
            )
        number = len(self.keys)
        key, secret, token = f"ASIA{number:016}", f"tok-SECRET+{number:030}", f"tok-SECRET/session=={number:04}"
        session = f"arn:aws:sts::{THEIRS}:assumed-role/{arn.rpartition('/')[2]}/{name}"
        self.keys[key] = Held(secret, token, arn.split(":")[4], session)
        end = (datetime.now(UTC) + self.life).strftime("%Y-%m-%dT%H:%M:%SZ")
        inner = f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
        inner += f"<SessionToken>{token}</SessionToken><Expiration>{end}</Expiration>"
        return (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            f"{inner}</Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )

    def _route53(self, request: web.Request, body: bytes) -> str:
        path, query = request.path, request.query
        if path == "/2013-04-01/hostedzonesbyname":
            self._allow("route53:ListHostedZonesByName")
            return self._list(query.get("dnsname", ""), query.get("hostedzoneid", ""), int(query["maxitems"]))
        if path.startswith("/2013-04-01/change/"):
            self._allow("route53:GetChange")
            return f'<GetChangeResponse xmlns="{NS}">{_change(path.rpartition("/")[2])}</GetChangeResponse>'
        found = re.fullmatch("/2013-04-01/hostedzone/([A-Z0-9]+)(/rrset/?)?", path)
        zone = next((zone for zone in self.zones if found and zone.id == found[1]), None)
        if zone is None or found is None:
            raise Refusal(404, "NoSuchHostedZone", "No hosted zone found")
        if request.method == "POST":
            self._allow("route53:ChangeResourceRecordSets")
            zone.change(body)
            return f'<ChangeResourceRecordSetsResponse xmlns="{NS}">{_change("C1")}</ChangeResourceRecordSetsResponse>'
        if found[2] is None:
            self._allow("route53:GetHostedZone")
            servers = "".join(f"<NameServer>{name}</NameServer>" for name in zone.name_servers)
            inner = f"<DelegationSet><NameServers>{servers}</NameServers></DelegationSet>"
            return f"<GetHostedZoneResponse>{inner}</GetHostedZoneResponse>"
        return self._sets(zone, query["name"], query.get("type", ""), query.get("identifier", ""))

    def _list(self, name: str, zone_id: str, most: int) -> str:
        start = (reversed_name(name) if name else "", zone_id)
        zones = sorted(self.zones, key=lambda zone: (reversed_name(zone.name), zone.id))
        zones = [zone for zone in zones if (reversed_name(zone.name), zone.id) >= start]
        most = min(most, self.page)
        text = "".join(
            f"<HostedZone><Id>/hostedzone/{zone.id}</Id><Name>{zone.name}.</Name>"
            f"<Config><PrivateZone>{str(zone.private).lower()}</PrivateZone></Config></HostedZone>"
            for zone in zones[:most]
        )
        more = ""
        if zones[most:]:
            more = (
                f"<NextDNSName>{zones[most].name}.</NextDNSName><NextHostedZoneId>{zones[most].id}</NextHostedZoneId>"
            )
        return (
            f'<ListHostedZonesByNameResponse xmlns="{NS}"><HostedZones>{text}</HostedZones>'
            f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}</ListHostedZonesByNameResponse>"
        )

    def _sets(self, zone: FakeZone, name: str, kind: str, identifier: str) -> str:
        sets = zone.from_start(name, kind, identifier)
        more = ""
        if sets[self.page :]:
            following = sets[self.page]
            more = f"<NextRecordName>{following['Name']}</NextRecordName>"
            more += f"<NextRecordType>{following['Type']}</NextRecordType>"
            if "SetIdentifier" in following:
                more += f"<NextRecordIdentifier>{following['SetIdentifier']}</NextRecordIdentifier>"
        return (
            f'<ListResourceRecordSetsResponse xmlns="{NS}"><ResourceRecordSets>'
            f"{''.join(map(set_xml, sets[: self.page]))}</ResourceRecordSets>"
            f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}</ListResourceRecordSetsResponse>"
        )


def _change(change_id: str) -> str:
    return f"<ChangeInfo><Id>/change/{change_id}</Id><Status>INSYNC</Status></ChangeInfo>"
