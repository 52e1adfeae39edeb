"""What DNS answered about a hostname, before it is diagnosed.

Names are lower case without the trailing dot, addresses are text, times to live are in seconds.
"""

from typing import Final, Literal

from msgspec import Struct

QueryOutcome = Literal["answered", "servfail", "refused", "not_authoritative", "timeout", "unreachable", "malformed"]
"""The outcome of a DNS query: `answered` is NOERROR or NXDOMAIN from a server that may say so."""

SILENT_OUTCOMES: Final[frozenset[QueryOutcome]] = frozenset({"timeout", "unreachable"})
"""Those of queries to which nothing came back, which may be a fault of our own network."""


class ServerAnswer(Struct, frozen=True, kw_only=True):
    """The answer of one authoritative server of the zone to a query for the hostname's CNAME.

    name: the server's name in the zone's NS records; for a stub zone's server, which has no name, its address.
    address: with its port where that is not 53.
    exists: False is NXDOMAIN. ttl: that of the CNAME, or of the negative answer. serial: that of the zone's SOA, where
        the answer has it.
    """

    name: str
    address: str
    outcome: QueryOutcome
    exists: bool = False
    cname: str | None = None
    ttl: int | None = None
    serial: int | None = None


class ResolverAnswer(Struct, frozen=True, kw_only=True):
    """The answer of one validating resolver to a query for the hostname's CNAME.

    outcome: that of the query with validation. outcome_with_cd: that of a second query with the CD bit, sent only where
        `outcome` is `servfail`; `exists`, `cname` and `ttl` are then of the second answer.
    ttl: seconds for which the resolver's cache keeps the answer, also a negative one.
    nameservers, nameservers_ttl: the zone's name servers as its cache has them, and for how many seconds; queried where
        its answer is another than that of the zone's servers.
    """

    address: str
    outcome: QueryOutcome
    outcome_with_cd: QueryOutcome | None = None
    exists: bool = False
    cname: str | None = None
    ttl: int | None = None
    nameservers: tuple[str, ...] = ()
    nameservers_ttl: int | None = None


def describe_answer(answer: ServerAnswer | ResolverAnswer) -> str:
    """Return what a server or resolver answered to the query for the CNAME, or why it did not."""
    if answer.outcome != "answered":
        return answer.outcome
    if answer.cname is not None:
        return f"CNAME {answer.cname}"
    return "no CNAME" if answer.exists else "NXDOMAIN"


class CaaPolicy(Struct, frozen=True, kw_only=True):
    """The CAA policy that a CA finds by climbing the DNS tree from `start_name` (RFC 8659 §3).

    owner_name: the name whose CAA records decide, which is the end of the chain where the climb passed a CNAME; None
        when no name up to the root has any.
    failed_name: the name whose CAA query was not answered, as `outcome` says; `owner_name` is then None.
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


class OtherNameAnswer(Struct, frozen=True, kw_only=True):
    """The answer for another name: a random sibling of the hostname, or the hostname with its zone appended.

    cname: the first of its CNAMEs. chain: all of them, where they were followed.
    """

    name: str
    exists: bool
    cname: str | None = None
    chain: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


class ChallengeAnswer(Struct, frozen=True, kw_only=True):
    """The CNAME chain and TXT records at `_acme-challenge` below the hostname; `chain` is empty without a CNAME.

    hidden_chain: the CNAMEs that a query for CNAME shows, where a query for TXT shows texts in their place.
    target_texts: the TXT values at the target, queried where texts stand at the name and no CNAME.
    addresses, doubled_answer: those of the name, and that for the name with its zone appended, queried where the name
        has neither a CNAME nor texts.
    is_bare: whether the name exists by itself, and shows nothing of all that.
    """

    outcome: QueryOutcome
    chain: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    hidden_chain: tuple[str, ...] = ()
    target_texts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    doubled_answer: OtherNameAnswer | None = None
    is_bare: bool = False


class ObservedRecord(Struct, frozen=True):
    """A record at the hostname itself, of another type than CNAME."""

    type: str
    value: str


class DnsFacts(Struct, frozen=True, kw_only=True):
    """Everything that one check of a hostname found in DNS. What was not queried is None, or empty.

    outcome: `answered` (a server that may say so answered, NXDOMAIN included) or `unanswered` (the record was not
        seen). That says nothing about the domain where `servers` is empty too.
    is_incomplete: whether the chain may go on after its last name, or addresses may be missing, because a server gave
        no answer or time ran out. What is listed was seen; what is not listed may exist.
    exists: whether the name exists at all (False = NXDOMAIN).
    chain: the targets of the CNAME chain in order, empty when there is no CNAME. cname_targets: those of all CNAMEs at
        the hostname, where it has several.
    has_loop: whether the chain returned to a name that it had passed.
    addresses, target_addresses: A and AAAA of the hostname (through its chain), and of our target.
    is_apex: whether a zone begins at the hostname (it has an SOA of its own).
    zone, nameservers: the zone that holds the hostname, and its NS records.
    is_delegated: whether that zone lies below the registrable name and was delegated from there.
    is_registered: False where the parent of the registrable name (public suffix + 1) denies that it exists.
    own_nameservers: those in the zone itself, which may be others than those in its parent. own_servers: the answers of
        those that are not in its parent.
    unresolved_nameservers: those of the zone's name servers that have no address in DNS.
    has_ds: whether the parent has a DS for the zone. has_matching_key: whether the zone's servers have a DNSKEY to
        which one of these leads; None where that was not queried, or cannot be told.
    servers, resolvers: the answer of each one that was asked. have_resolvers_failed: whether no resolver answers about
        anything, which is no fault of the domain's.
    other_records: the records at the hostname beside, or instead of, a CNAME (A, AAAA, MX, TXT).
    doubled_answer: that for the hostname with its zone appended, which is where providers put the record when a
        customer types the whole name.
    doubled_sibling_answer: that for a random name directly below the zone, which shows whether `doubled_answer` comes
        from a wildcard. It is queried where the hostname is further down; otherwise `sibling_answer` shows it.
    sibling_answer: that for a random name beside the hostname, which only a wildcard can answer. below_answer: that for
        a random name below the hostname, queried where such names have to lead to the target, and where a wildcard
        answers beside it: it answers there too unless the hostname has a record of its own (RFC 4592 section 2.2.1).
    caa, target_caa: the policies for the hostname and for the end of its CNAME chain.
    challenge: the answer at `_acme-challenge`. proof_texts: the TXT values at `_dcvd` (see `domains.claims`).
    """

    hostname: str
    target: str
    outcome: Literal["answered", "unanswered"]
    is_incomplete: bool = False
    exists: bool = False
    chain: tuple[str, ...] = ()
    cname_targets: tuple[str, ...] = ()
    has_loop: bool = False
    addresses: tuple[str, ...] = ()
    target_addresses: tuple[str, ...] = ()
    is_apex: bool = False
    zone: str | None = None
    nameservers: tuple[str, ...] = ()
    is_delegated: bool = False
    is_registered: bool | None = None
    own_nameservers: tuple[str, ...] = ()
    own_servers: tuple[ServerAnswer, ...] = ()
    unresolved_nameservers: tuple[str, ...] = ()
    has_ds: bool | None = None
    has_matching_key: bool | None = None
    servers: tuple[ServerAnswer, ...] = ()
    resolvers: tuple[ResolverAnswer, ...] = ()
    have_resolvers_failed: bool = False
    other_records: tuple[ObservedRecord, ...] = ()
    doubled_answer: OtherNameAnswer | None = None
    doubled_sibling_answer: OtherNameAnswer | None = None
    sibling_answer: OtherNameAnswer | None = None
    below_answer: OtherNameAnswer | None = None
    caa: CaaPolicy | None = None
    target_caa: CaaPolicy | None = None
    challenge: ChallengeAnswer | None = None
    proof_texts: tuple[str, ...] = ()


class DnsCheckRequest(Struct, frozen=True, kw_only=True):
    """What a check of DNS has to query.

    with_challenge: whether `_acme-challenge` matters (delegated validation). challenge_target: where it has to lead;
        None while that is not known.
    with_proof: whether the TXT record that proves a claim matters. with_names_below: whether names below the hostname
        have to lead to the target too.
    is_thorough: whether to query everything even if the record is right; otherwise what explains a wrong record is
        queried only where it is wrong. is_explained: whether to keep what was asked and what came.
    """

    hostname: str
    target: str
    with_challenge: bool = False
    challenge_target: str | None = None
    with_proof: bool = False
    with_names_below: bool = False
    is_thorough: bool = False
    is_explained: bool = False


class SentQuery(Struct, frozen=True, kw_only=True):
    """A query that a check sent, and what came.

    server: the address of the server or resolver, with its port where that is not 53. recursive: whether the server was
        asked as a resolver. type: of the records asked for.
    answer: the records, or what came in their place, in a line; empty where nothing came. duration_ms: until then.
    """

    server: str
    recursive: bool
    name: str
    type: str
    outcome: QueryOutcome
    answer: str
    duration_ms: int


class DnsObservation(Struct, frozen=True):
    """What one check of DNS observed, and what it asked where that was to be kept."""

    facts: DnsFacts
    queries: tuple[SentQuery, ...] = ()
