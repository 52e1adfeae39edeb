"""What DNS said of a hostname, without judgement.

Names are lower case without the trailing dot, addresses as text, times to live in seconds.
"""

from typing import Literal

from msgspec import Struct

QueryOutcome = Literal["answered", "servfail", "refused", "not_authoritative", "timeout", "unreachable", "malformed"]
"""What became of a question: `answered` is NOERROR or NXDOMAIN of somebody entitled to say so."""


class ServerAnswer(Struct, frozen=True, kw_only=True):
    """One authoritative server of the zone, asked for the hostname's CNAME.

    name: as the zone's NS records have it; the address again for a stub zone's server, which has no name.
    address: with its port where that is not 53.
    exists: False is NXDOMAIN. ttl: of the CNAME, or of the negative answer. serial: of the zone's SOA, where told.
    """

    name: str
    address: str
    outcome: QueryOutcome
    exists: bool = False
    cname: str | None = None
    ttl: int | None = None
    serial: int | None = None


class ResolverAnswer(Struct, frozen=True, kw_only=True):
    """One validating resolver, asked for the hostname's CNAME.

    outcome: with validation. outcome_with_cd: the same with the CD bit, asked only where `outcome` is `servfail`; what
    it said then stands in exists, cname and ttl. ttl: seconds for which its cache keeps the answer, also a negative
    one.
    """

    address: str
    outcome: QueryOutcome
    outcome_with_cd: QueryOutcome | None = None
    exists: bool = False
    cname: str | None = None
    ttl: int | None = None


class CaaPolicy(Struct, frozen=True, kw_only=True):
    """The end of the climb of RFC 8659 §3 that began at `start_name`.

    owner_name: the name whose CAA records decide, which is the end of the chain where the climb passed a CNAME; None
        when no name up to the root has any.
    failed_name: the name whose CAA question was not answered (then `owner_name` is None), with `outcome` saying how.
    issue, issuewild: the values of those properties as they stand in the zone (`pki.goog; cansignhttpexchanges=yes`);
        None where there is no such property at all, which allows every CA.
    critical_tags: tags marked critical that RFC 8659 and 8657 do not define; no CA that keeps to them may issue.
    """

    start_name: str
    outcome: QueryOutcome
    owner_name: str | None = None
    failed_name: str | None = None
    issue: tuple[str, ...] | None = None
    issuewild: tuple[str, ...] | None = None
    critical_tags: tuple[str, ...] = ()


class ChallengeAnswer(Struct, frozen=True, kw_only=True):
    """What stands at `_acme-challenge.` before the hostname. chain: of its CNAMEs, empty without one."""

    outcome: QueryOutcome
    chain: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


class OtherNameAnswer(Struct, frozen=True, kw_only=True):
    """What another name answered: a random sibling of the hostname, or the hostname with its zone appended."""

    name: str
    exists: bool
    cname: str | None = None
    addresses: tuple[str, ...] = ()


class ObservedRecord(Struct, frozen=True):
    """A record that stands at the hostname itself, of another type than CNAME."""

    type: str
    value: str


class DnsFacts(Struct, frozen=True, kw_only=True):
    """Everything that one check of a hostname saw. What was not asked for is None, or empty.

    outcome: `answered` (somebody entitled to it gave an answer, NXDOMAIN included) or `unanswered`: what the record is
        was not seen. Where `servers` is empty too, that says something of our resolvers and nothing of the domain.
    is_incomplete: whether the chain may go on after its last name, or addresses may be missing, because somebody gave
        no answer or time ran out. What is there was seen; what is not there may exist.
    exists: whether the name exists at all (False = NXDOMAIN).
    chain: the targets of the CNAME chain in order, empty when there is no CNAME.
    has_loop: whether the chain came back to a name that it had passed.
    addresses, target_addresses: A and AAAA of the hostname (through its chain), and of our target.
    is_apex: whether a zone begins at the hostname (it has an SOA of its own).
    zone, nameservers: the zone that holds the hostname, and its NS records.
    is_delegated: whether that zone is a part, below the registrable name, that was delegated away from it.
    is_registered: False where the parent of the registrable name (public suffix + 1) denies that it exists.
    has_ds: whether the parent has a DS for the zone.
    servers, resolvers: each of those that were asked.
    other_records: what stands at the hostname beside, or instead of, a CNAME (A, AAAA, MX, TXT).
    doubled_answer: the hostname with its zone appended, as providers do to whoever types a whole name.
    doubled_sibling_answer: a random name right below the zone, which tells whether a wildcard answers for
        `doubled_answer`; asked for where the hostname is further down, otherwise `sibling_answer` tells it.
    sibling_answer: a random name beside the hostname, which only a wildcard can answer.
    caa, target_caa: the policies for the hostname and for the end of its CNAME chain.
    challenge: at `_acme-challenge`. ownership_texts: the TXT values at `_cf-custom-hostname`.
    """

    hostname: str
    target: str
    outcome: Literal["answered", "unanswered"]
    is_incomplete: bool = False
    exists: bool = False
    chain: tuple[str, ...] = ()
    has_loop: bool = False
    addresses: tuple[str, ...] = ()
    target_addresses: tuple[str, ...] = ()
    is_apex: bool = False
    zone: str | None = None
    nameservers: tuple[str, ...] = ()
    is_delegated: bool = False
    is_registered: bool | None = None
    has_ds: bool | None = None
    servers: tuple[ServerAnswer, ...] = ()
    resolvers: tuple[ResolverAnswer, ...] = ()
    other_records: tuple[ObservedRecord, ...] = ()
    doubled_answer: OtherNameAnswer | None = None
    doubled_sibling_answer: OtherNameAnswer | None = None
    sibling_answer: OtherNameAnswer | None = None
    caa: CaaPolicy | None = None
    target_caa: CaaPolicy | None = None
    challenge: ChallengeAnswer | None = None
    ownership_texts: tuple[str, ...] = ()


class DnsCheckRequest(Struct, frozen=True, kw_only=True):
    """What is to be looked up.

    with_challenge: whether `_acme-challenge` matters (delegated validation). is_thorough: ask everything that there is
    to know, also where the record is right; otherwise what explains a wrong record is asked only where it is wrong.
    """

    hostname: str
    target: str
    with_challenge: bool = False
    is_thorough: bool = False


class DnsObservation(Struct, frozen=True):
    """One check of DNS."""

    facts: DnsFacts
