"""The validators of dcvd's own kinds of value, such as paths, name servers and secrets."""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dcvd.config.addresses import SocketAddress, leads_to_loopback, parse_address, parse_base_url, parse_hostname
from dcvd.config.validators import Validator, duration, integer, invalid_value, list_of, one_of, text, text_matching
from dcvd.core.addresses import NAT64_PREFIX_LENGTHS, IpNetwork, is_public_network, parse_ip
from dcvd.core.alerts.mail import parse_mailbox
from dcvd.core.dns.top_level_domains import RESERVED_TLDS
from dcvd.core.domains.targets import TOKEN_LABEL
from dcvd.core.secret import Secret

_USER_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?", re.ASCII)
_GROUP_NAME: Final = re.compile(r"@[A-Za-z_][A-Za-z0-9_.-]{0,31}", re.ASCII)
_LARGEST_UID: Final = 4_294_967_294
_MIN_RSA_BITS: Final = 2048
_HEADER: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x21-\x2b\x2d-\x7e]+( [\x21-\x2b\x2d-\x7e]+)*"
_HEARTBEAT_URL: Final = re.compile(r"[\x21\x22\x24-\x5b\x5d-\x7e]{1,2048}")


def _parse_path(value: str) -> Path:
    if not value or "\0" in value:
        raise ValueError("an empty path, or one with a NUL")
    return Path(value)


def _parse_name_server(value: str) -> SocketAddress:
    address = parse_address(value, default_port=53, allow_names=False)
    if address.port == 0:
        raise ValueError("nobody answers on port 0")
    return address


def _parse_octal(value: str) -> int:
    if re.fullmatch("0?[0-7]{3}", value, re.ASCII) is None:
        raise ValueError("not three octal digits")
    return int(value, 8)


def _parse_host(value: str) -> str:
    address = parse_ip(value)
    if address is None:
        return parse_hostname(value)
    return f"[{address}]" if address.version == 6 else str(address)


def _parse_origin(value: str) -> str:
    parts = urlsplit(parse_base_url(value.lower()))
    if parts.path:
        raise ValueError(f'"{value}" has a path.')
    return f"{parts.scheme}://{parts.netloc}"


def _parse_proxy(value: str) -> str:
    parts = urlsplit(parse_base_url(value))
    if parts.path or parts.port is None:
        raise ValueError(f'"{value}" has a path, or no port.')
    return value


def _parse_public_network(value: str) -> IpNetwork:
    network = ipaddress.ip_network(value)
    if not is_public_network(network):
        raise ValueError(f'"{value}" is not public.')
    return network


def _parse_nat64_prefix(value: str) -> ipaddress.IPv6Network | None:
    if not value:
        return None
    prefix = ipaddress.IPv6Network(value)
    if prefix.prefixlen not in NAT64_PREFIX_LENGTHS:
        raise ValueError("no length that RFC 6052 has")
    return prefix


def _parse_mail_address(value: str) -> str:
    if "<" in value:
        raise ValueError("a name stands before the address")
    return parse_mailbox(value).address


def _allow_empty(parse: Callable[[str], str]) -> Callable[[str], str]:
    return lambda value: parse(value) if value else ""


def _validate_user_or_group(value: object) -> str | int:
    if isinstance(value, str) and (_USER_NAME.fullmatch(value) or _GROUP_NAME.fullmatch(value)):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_UID:
        return value
    raise invalid_value(
        value, 'a user name in quotes, such as "deploy", a group behind @, such as "@ops", or a numeric user id'
    )


def _validate_thresholds(value: object) -> tuple[int, ...]:
    return tuple(sorted(set(_threshold_list(value)), reverse=True))


def _parse_cname_target(value: str) -> str:
    """Parse a hostname, whose first label may be `{token}`; the rest must be a full hostname by itself."""
    rest = value.removeprefix(TOKEN_LABEL)
    return (TOKEN_LABEL if rest != value else "") + parse_hostname(rest, labels=2)


def _parse_endpoint_url(value: str) -> str:
    """Check a URL to which secrets are sent: plain http is allowed on loopback alone."""
    if re.fullmatch(r"[\x21-\x7e]+", value) is None or "#" in value or "\\" in value:
        raise ValueError("not visible ASCII, or a fragment")
    parts = urlsplit(value)
    parse_base_url(f"{parts.scheme}://{parts.netloc}")
    if parts.scheme != "https" and not leads_to_loopback(value):
        raise ValueError("plain http to another machine")
    return value


def _check_heartbeat_url(value: object) -> str:
    """Check a URL that is a secret by itself; plain http is allowed, as monitors may stand in the own network."""
    expected = "an http:// or https:// URL of at most 2048 characters, without user name or fragment"
    try:
        if not isinstance(value, str) or _HEARTBEAT_URL.fullmatch(value) is None:
            raise ValueError(expected)
        parts = urlsplit(value)
        parse_base_url(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        raise invalid_value("", expected) from None
    return value


def _parse_api_base_url(value: str) -> str:
    return _parse_endpoint_url(parse_base_url(value))


def _validate_optional_heartbeat_url(value: object) -> Secret | None:
    return None if value == "" else Secret(_check_heartbeat_url(value))


def _secret_matching(pattern: re.Pattern[str], expected: str) -> Validator[str]:
    def validate(value: object) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise invalid_value("", expected)
        return value

    return validate


def _validate_private_key(value: object) -> str:
    expected = "an RSA private key in PEM, of 2048 bits or more and without a passphrase"
    try:
        key = load_pem_private_key(str(value).encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise invalid_value("", expected) from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _MIN_RSA_BITS:
        raise invalid_value("", expected)
    return str(value)


_threshold_list: Final = list_of(duration(at_least_ms=1), at_most=10)

listen_address: Final = text(
    'an address and a port, such as "127.0.0.1:8080" or "[::1]:8080"', lambda value: parse_address(value)
)
optional_listen_address: Final = text(
    'an address and a port, such as "127.0.0.1:9100", or ""', lambda value: parse_address(value) if value else None
)
optional_fixed_address: Final = text(
    'an IP address and a port, such as "127.0.0.1:8443", or ""',
    lambda value: parse_address(value, allow_names=False) if value else None,
)
name_server: Final = text('an IP address, or one with a port, such as "1.1.1.1" or "[::1]:5353"', _parse_name_server)
path: Final = text('a path in quotes, such as "/var/lib/dcvd/dcvd.db"', _parse_path)
optional_path: Final = text(
    'a path in quotes, such as "/etc/dcvd/edge-ca.pem", or ""', lambda value: _parse_path(value) if value else None
)
file_mode: Final = text('an octal file mode in quotes, such as "0660"', _parse_octal)
user_or_group: Final[Validator[str | int]] = _validate_user_or_group
base_url: Final = text(
    "an http:// or https:// URL without user name, query or final slash, such as "
    '"https://api.cloudflare.com/client/v4"',
    parse_base_url,
)
public_url: Final = text(
    'an http:// or https:// URL without user name, query or final slash, such as "https://dcv.example.net", or ""',
    _allow_empty(parse_base_url),
)
host: Final = text('a hostname or an IP address without a port, such as "dcv.example.net"', _parse_host)
origin: Final = text(
    'an origin of web pages, http:// or https:// and a host, such as "https://app.example.net"', _parse_origin
)
zone_id: Final = text(
    'a Cloudflare zone id of 32 hexadecimal digits, such as "0123456789abcdef0123456789abcdef"',
    lambda value: text_matching("[0-9a-f]{32}", "32 hexadecimal digits")(value.lower()),
)
cname_target: Final = text(
    'a full hostname such as "edge.example.net", or one with a label of its own as in "{token}.edge.example.net"',
    _parse_cname_target,
)
zone_name: Final = text('a DNS zone such as "corp.example"', parse_hostname)
network: Final[Validator[IpNetwork]] = text(
    'a network such as "10.0.0.0/8" or "fd00::/8", with no bit set behind the prefix', ipaddress.ip_network
)
public_network: Final[Validator[IpNetwork]] = text(
    "an address or a network of the public Internet in quotes, with no bit set behind the prefix", _parse_public_network
)
optional_proxy: Final = text(
    'an http:// or https:// URL with a host and a port, and no path, such as "http://10.0.0.5:3128", or ""',
    _allow_empty(_parse_proxy),
)
optional_nat64_prefix: Final = text(
    f'a prefix of NAT64 such as "2001:db8:64::/96", {", ".join(map(str, NAT64_PREFIX_LENGTHS))} bits long, or ""',
    _parse_nat64_prefix,
)
reserved_tld: Final = one_of(*sorted(RESERVED_TLDS))
port: Final = integer(at_least=1, at_most=65535)
thresholds: Final[Validator[tuple[int, ...]]] = _validate_thresholds
# It travels in a header: anything but visible ASCII would break the request, or be cut off unseen.
secret_word: Final = _secret_matching(re.compile(r"[\x21-\x7e]+"), "one word of visible ASCII characters")
secret_line: Final = _secret_matching(re.compile(r"[^\x00-\x1f\x7f]+"), "one line of text")
user_and_password: Final = _secret_matching(
    re.compile(r"[^\x00-\x1f\x7f:]+:[^\x00-\x1f\x7f]+"), "a user name and a password with a colon between, in one line"
)
header_list: Final = _secret_matching(
    re.compile(rf"[\s,]*{_HEADER}(\s*[,\n]\s*{_HEADER})*[\s,]*"),
    'headers such as "authorization=Bearer 1234", with commas or line breaks between',
)
secret_text: Final = _secret_matching(re.compile(r".+", re.DOTALL), "a text that is not empty")
private_key: Final[Validator[str]] = _validate_private_key
secret_file: Final = text(
    'the path of a file in quotes, such as "cloudflare-token"',
    lambda value: "" if not value else str(_parse_path(value)),
)
client_id: Final = text(
    'a client id of visible ASCII characters, or ""', _allow_empty(text_matching(r"[\x21-\x7e]{1,512}", ""))
)
scope: Final = text_matching(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}", 'a scope such as "dns.write" (RFC 6749, section 3.3)')
display_name: Final = text_matching(r"[^\x00-\x1f\x7f]{0,60}", 'a name of at most 60 characters, or ""')
claim: Final = text_matching(r"[\x21-\x7e]{0,200}", 'the name of a claim such as "groups", or ""')
group: Final = text_matching(r"[^\x00-\x1f\x7f]{1,256}", "the name of a group")
redirect_uri: Final = text(
    'an https:// URL without a fragment, such as "https://dcv.example.net/oauth/callback/cloudflare", '
    "or http:// on loopback",
    _parse_endpoint_url,
)
return_url: Final = redirect_uri
endpoint_url: Final = text(
    'an https:// URL without a fragment, or ""; http:// on loopback alone, as secrets travel there',
    _allow_empty(_parse_endpoint_url),
)
api_base_url: Final = text(
    'an https:// URL without query or final slash, or ""; http:// on loopback alone, as secrets travel there',
    _allow_empty(_parse_api_base_url),
)
heartbeat_url: Final[Validator[str]] = _check_heartbeat_url
optional_heartbeat_url: Final[Validator[Secret | None]] = _validate_optional_heartbeat_url
template_id: Final = text(
    'an identifier such as "example.net", or ""', _allow_empty(text_matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", ""))
)
key_label: Final = text_matching(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", 'a DNS label such as "_dcpubkeyv1"')
optional_mail_host: Final = text(
    'a hostname or an IP address without a port, such as "smtp.example.net", or ""',
    _allow_empty(lambda value: _parse_host(value).strip("[]")),
)
mail_user: Final = text_matching(r"[^\x00-\x1f\x7f]{0,254}", 'a user name such as "dcvd@example.net", or ""')
mail_address: Final = text('an e-mail address such as "ops@example.net"', _parse_mail_address)
optional_mailbox: Final = text(
    'an e-mail address such as "alerts@example.net" or "dcvd <alerts@example.net>", or ""',
    lambda value: parse_mailbox(value) if value else None,
)
optional_hostname: Final = text(
    'a full hostname such as "example.net", or ""', _allow_empty(lambda value: parse_hostname(value, labels=2))
)
