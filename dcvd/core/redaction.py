"""Texts without what must not leave the machine: secrets are taken out, and names replaced by pseudonyms.

What looks like a secret is taken for one: a report that lacks a number is better than one that has a key.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from dcvd.core.dns.top_level_domains import RESERVED_TLDS, is_delegated
from dcvd.core.secret import REDACTED

_SHORTEST_SECRET: Final = 4  # characters; a shorter one would be found in every other word
_SHORTEST_NAME: Final = 2
_PEM: Final = re.compile(r"-----BEGIN [^-]+-----.*?(?:-----END [^-]+-----|\Z)", re.DOTALL)
_AUTHORIZATION: Final = re.compile(r"\b(bearer|basic)(\s+)[A-Za-z0-9+/=._~-]{6,}", re.IGNORECASE)
_ASSIGNMENT: Final = re.compile(
    r"""((?:token|secret|password|passwd|passphrase|authorization|api[_-]?key|access[_-]?key|credential|cookie|signature)s?
    ["']?\s*[:=]\s*["']?)([^\s"',;&<>{}\[\]]{4,})""",
    re.IGNORECASE | re.VERBOSE,
)
_KNOWN_FORMS: Final = re.compile(
    r"\bdcv_[a-z]+_[0-9A-Za-z]+|\bwhsec_[A-Za-z0-9+/=_-]+|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"
)
_LONG: Final = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_LONGEST_WORD: Final = 20
_WORD: Final = re.compile(r"[A-Z]?[a-z0-9_-]*|[A-Z0-9_-]+")
"""A part of a path: in base64, whose alphabet has the `/` too, capitals stand anywhere."""
_ID: Final = re.compile(r"[a-z]{2,8}_[0-9a-z]{26}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^{|}~-]+@[\w-]+(?:\.[\w-]+)*")
_URL: Final = re.compile(
    r"\b([a-z][a-z0-9+]{1,15}://)(?:[^/\s\"'<>\\@]*@)?([^/\s\"'<>\\?#:]+|\[[^\]]*\])(:[0-9]+)?([^\s\"'<>\\]*)"
)
_HOSTNAME: Final = re.compile(r"(?<![\w./-])(?:\*\.)?(?:[\w-]+\.)+[^\W\d_][\w-]*\.?(?![\w-])")
_PRIVATE_TLDS: Final = RESERVED_TLDS | {"lan", "intranet", "private", "localdomain"}
_PUBLIC_SERVICES: Final = (
    "cloudflare.com", "godaddy.com", "amazonaws.com", "letsencrypt.org", "pki.goog", "ssl.com",
)  # fmt: skip


class Redactor:
    """Redacts the texts of one report; the same name has the same pseudonym in all of them.

    `secrets`: texts that are known to be secret. `names`: those of customers, beside hostnames and mail addresses,
    which are found by their form. `words`: dotted names that are no hostnames, such as keys of the configuration.
    """

    def __init__(
        self, *, secrets: Iterable[str], names: Iterable[str], words: Collection[str] = (), with_names: bool = False
    ) -> None:
        known = {part.strip() for secret in secrets for part in _list_parts(secret)}
        self._secrets = _any_of(text for text in known if len(text) >= _SHORTEST_SECRET)
        self._names = (
            None if with_names else _any_of((name for name in names if len(name) >= _SHORTEST_NAME), whole=True)
        )
        self._words = frozenset(words)
        self._with_names = with_names
        self._pseudonyms: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        """How many different things were replaced, by their kinds."""
        return dict(self._numbers)

    def redact(self, text: str) -> str:
        """Return the text without secrets, and with pseudonyms for names."""
        if self._secrets is not None:
            text = self._secrets.sub(lambda _: self._hide(), text)
        text = _PEM.sub(lambda _: self._hide(), text)
        text = _AUTHORIZATION.sub(lambda match: f"{match[1]}{match[2]}{self._hide()}", text)
        text = _KNOWN_FORMS.sub(lambda _: self._hide(), text)
        text = _ASSIGNMENT.sub(lambda match: f"{match[1]}{self._hide_value(match[2])}", text)
        text = _URL.sub(self._replace_url, text)
        text = _LONG.sub(lambda match: match[0] if _is_harmless(match[0]) else self._name("hidden", match[0]), text)
        if self._with_names:
            return text
        text = _ADDRESS.sub(lambda match: self._name("mail", match[0].lower()), text)
        if self._names is not None:
            text = self._names.sub(lambda match: self._name("name", match[0]), text)
        return _HOSTNAME.sub(lambda match: self._replace_hostname(match[0]), text)

    def _hide(self) -> str:
        self._numbers["secret"] += 1
        return REDACTED

    def _hide_value(self, value: str) -> str:
        if value == REDACTED.strip("[]") or value in self._words:
            return value
        return self._hide()

    def _replace_url(self, match: re.Match[str]) -> str:
        """Keep scheme, host and port: the rest of a customer's URL may be what it is protected by."""
        scheme, host, port, rest = match[1], match[2], match[3] or "", match[4]
        if _is_public_service(host):
            return f"{scheme}{host}{port}{rest.partition('?')[0]}"
        shown = host if self._with_names else self._replace_hostname(host, is_certain=True)
        return f"{scheme}{shown}{port}{'/…' if len(rest) > 1 else rest}"

    def _replace_hostname(self, name: str, *, is_certain: bool = False) -> str:
        bare = name.lower().removesuffix(".").removeprefix("*.")
        top = bare.rpartition(".")[2]
        if bare in self._words or _is_public_service(bare) or bare.startswith(("dcvd.", "host-")):
            return name
        if is_certain:
            is_host = not re.fullmatch(r"[\d.]+|\[.*\]|localhost", bare)
        else:
            is_host = is_delegated(top) or top in _PRIVATE_TLDS
        return self._name("host", bare) if is_host else name

    def _name(self, kind: str, text: str) -> str:
        key = f"{kind}:{text}"
        if key not in self._pseudonyms:
            self._numbers[kind] += 1
            self._pseudonyms[key] = f"{kind}-{self._numbers[kind]}"
        return self._pseudonyms[key]


def _list_parts(secret: str) -> Iterator[str]:
    """Yield a secret, its lines, and the values of a list such as `name=value,name=value`."""
    yield secret
    for line in secret.splitlines():
        yield line
        yield from (pair.partition("=")[2] for pair in line.split(","))


def _is_harmless(text: str) -> bool:
    """Whether a long text is an id, a path of such or of short words, or is no mixture of letters and digits."""
    if "/" in text:
        return all(map(_is_harmless_part, text.split("/")))
    if _ID.fullmatch(text) or _UUID.fullmatch(text):
        return True
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    return letters == 0 or (digits == 0 and ("_" in text or "-" in text or text.islower()))


def _is_harmless_part(part: str) -> bool:
    return _WORD.fullmatch(part) is not None if len(part) < _LONGEST_WORD else _is_harmless(part)


def _is_public_service(host: str) -> bool:
    return host.lower().endswith(tuple(f".{service}" for service in _PUBLIC_SERVICES)) or host in _PUBLIC_SERVICES


def _any_of(texts: Iterable[str], *, whole: bool = False) -> re.Pattern[str] | None:
    """Compile a pattern that finds any of the texts, the longest first; `whole`: only as words."""
    alternatives = "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
    if not alternatives:
        return None
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)" if whole else alternatives)
