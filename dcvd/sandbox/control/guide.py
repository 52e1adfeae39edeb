"""Explain the control API: each call with an example, for `dcvd sandbox --help` and `GET /sandbox`."""

from collections.abc import Iterable
from textwrap import fill
from typing import Final, get_args

from msgspec import Struct

from dcvd.sandbox.consent.requests import SCOPES
from dcvd.sandbox.customers.model import ZoneStatus
from dcvd.sandbox.edge.states import EdgeState
from dcvd.sandbox.faults import ApiFaultKind, DnsFaultKind
from dcvd.sandbox.hostnames.statuses import Authority, HostnameStatus, SslStatus

_WIDTH: Final = 78  # a terminal of 80 columns, less the indentation of a help text
_INDENT: Final = 8


class ControlCall(Struct, frozen=True):
    """One call with an example; paths are below /sandbox, `path` is a template, and `body` is JSON or empty."""

    method: str
    path: str
    meaning: str
    example: str
    body: str = ""

    def __str__(self) -> str:
        lines = [f"{self.method:<{_INDENT}}/sandbox{self.path}", self.meaning]
        if self.example != self.path:
            lines.append(f"/sandbox{self.example}")
        if self.body:
            lines.append(self.body)
        return f"\n{' ' * _INDENT}".join(lines)


CALLS: Final = (
    ControlCall(
        "PUT",
        "/dns/{name}/{type}",
        "set the records of that name and type; ttl in seconds, else 60",
        example="/dns/app.customer.test/CNAME",
        body='{"values":["edge.sandbox.test."],"ttl":60}',
    ),
    ControlCall(
        "DELETE",
        "/dns/{name}/{type}",
        "remove the records of that name and type",
        example="/dns/app.customer.test/CNAME",
    ),
    ControlCall(
        "POST", "/clock", "advance the sandbox's clock: ms, s, m, h or d", example="/clock", body='{"advance":"2d"}'
    ),
    ControlCall(
        "PATCH",
        "/hostnames/{hostname}",
        "force what Cloudflare says: any of these members; null releases one,\n"
        "        and so does an edit at Cloudflare, unless it is sticky",
        example="/hostnames/app.customer.test",
        body='{"status":"moved","sslStatus":"validation_timed_out","sticky":false,\n'
        '         "expiresOn":"2030-01-01T00:00:00Z","validationErrors":["SERVFAIL"]}',
    ),
    ControlCall(
        "POST",
        "/hostnames/{hostname}/renew",
        "renew its certificates; without a body for 90 days",
        example="/hostnames/app.customer.test/renew",
        body='{"days":180}',
    ),
    ControlCall(
        "DELETE",
        "/hostnames/{hostname}",
        "delete the hostname as if at Cloudflare",
        example="/hostnames/app.customer.test",
    ),
    ControlCall(
        "PUT",
        "/authorities/{authority}",
        "make a CA refuse all hostnames, or that one, for this reason",
        example="/authorities/google",
        body='{"refuses":"The authority has rate limited these domains.",\n         "hostname":"app.customer.test"}',
    ),
    ControlCall("DELETE", "/authorities/{authority}", "end all refusals of that CA", example="/authorities/google"),
    ControlCall(
        "POST",
        "/faults",
        "make calls fail; the answer names the fault's id",
        example="/faults",
        body='{"kind":"status","status":503,"path":"/zones/","times":2}',
    ),
    ControlCall(
        "POST",
        "/faults",
        "make DNS queries fail, at a name and below it",
        example="/faults",
        body='{"target":"dns","kind":"servfail","name":"customer.test"}',
    ),
    ControlCall(
        "POST",
        "/faults",
        "make DNS queries of one type slow: each answer takes that long",
        example="/faults",
        body='{"target":"dns","kind":"slow","delay":"2s","type":"CAA"}',
    ),
    ControlCall("DELETE", "/faults/{id}", "end one fault", example="/faults/fault-2"),
    ControlCall("DELETE", "/faults", "end all faults", example="/faults"),
    ControlCall(
        "PUT",
        "/plan",
        "give the operator's zone that plan, and at most so many hostnames;\n"
        "        0: Cloudflare for SaaS is not enabled",
        example="/plan",
        body='{"plan":"free","hardCap":100}',
    ),
    ControlCall(
        "PUT",
        "/edge/{hostname}",
        "force how the edge answers for that name over https",
        example="/edge/app.customer.test",
        body='{"state":"expired"}',
    ),
    ControlCall(
        "DELETE",
        "/edge/{hostname}",
        "let it serve the name again if Cloudflare says active",
        example="/edge/app.customer.test",
    ),
    ControlCall(
        "POST",
        "/zones",
        "create a customer's zone; account, status and type can be left out;\n"
        "        DNS serves only active and full zones, as a new zone is by default",
        example="/zones",
        body='{"name":"shop.test","account":"Shop Ltd.","status":"active"}',
    ),
    ControlCall(
        "POST",
        "/tokens",
        "issue an API token that sees these zones alone, with all permissions",
        example="/tokens",
        body='{"zones":["shop.test"]}',
    ),
    ControlCall(
        "POST",
        "/tokens",
        "issue one with less: it can read, and change nothing",
        example="/tokens",
        body='{"zones":["shop.test"],"permissions":["zone.read","dns.read"]}',
    ),
    ControlCall(
        "DELETE",
        "/tokens/{id}",
        "revoke one, an access token too; GET /sandbox/state has the ids",
        example="/tokens/token-1",
    ),
    ControlCall("DELETE", "/zones/{name}", "remove a zone, with its records", example="/zones/shop.test"),
    ControlCall(
        "GET", "/state", "all of it: time, hostnames, zones, records, refusals, faults, counts", example="/state"
    ),
    ControlCall("GET", "", "this text", example=""),
)


def format_guide() -> str:
    """Return the guide as plain text in paragraphs, with lines of at most 78 columns."""
    return "\n\n".join(
        [
            fill(
                "The control API is on the port of the Cloudflare API, below /sandbox. It asks for no token. Bodies "
                'are JSON: curl -X POST http://127.0.0.1:8787/sandbox/clock -d \'{"advance":"2d"}\'',
                _WIDTH,
                break_on_hyphens=False,
            ),
            "\n".join(str(call) for call in CALLS),
            "\n".join(
                [
                    _format_choices("kind of a fault with target api (which is the default)", get_args(ApiFaultKind)),
                    "    and with it: method, path (what follows /client/v4, a prefix or a glob);",
                    "    for kind status also status (300 to 599) and headers",
                    _format_choices("kind of a fault with target dns", get_args(DnsFaultKind)),
                    "    and with it: name, type (only queries for that type);",
                    "    for kind slow also delay. bogus is SERVFAIL unless the CD bit is set,",
                    "    truncate affects UDP only, lame answers without AA and refers to the root",
                    "times of a fault: how often it applies; without it until it is deleted",
                ]
            ),
            fill(
                "A customer, Customer Inc., has the zone customer.test at this Cloudflare, with its DNS records below "
                "/client/v4/zones. It consents to OAuth at /oauth2/auth (PKCE, S256): on the page that a browser "
                "shows, or at once where &auto=allow or &auto=deny follows the URL. /oauth2/token and /oauth2/revoke "
                "take the client sandbox-client with the secret sandbox-client-secret. The redirect URI is "
                "/oauth/callback/cloudflare at 127.0.0.1, on any port. Faults with a path that begins with "
                "/oauth2 apply there.",
                _WIDTH,
                break_on_hyphens=False,
                break_long_words=False,
            ),
            "\n".join(
                [
                    _format_choices("status of a hostname", HostnameStatus),
                    _format_choices("sslStatus of a hostname", SslStatus),
                    _format_choices("state of the edge", EdgeState),
                    _format_choices("authority, of which google is the default", get_args(Authority)),
                    _format_choices("status of a zone", get_args(ZoneStatus)),
                    _format_choices("permission of a token, and scope", SCOPES),
                ]
            ),
            fill(
                "A hostname points here by a CNAME to the target or to any name below it, so that a target may have a "
                "token of its own. Only the sandbox's clock moves, which stands for Cloudflare's; the daemon's goes on "
                "as before. The sandbox forgets everything when it ends.",
                _WIDTH,
            ),
        ]
    )


def _format_choices(what: str, choices: Iterable[str]) -> str:
    return fill(f"{what}: {', '.join(choices)}", _WIDTH, subsequent_indent="    ")
