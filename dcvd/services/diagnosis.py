"""Diagnose a domain, or a name that nobody has added yet: what is wrong, who has to act, and what to type."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final, Literal, Protocol

from msgspec import Struct

from dcvd.core.addresses import MAX_NAME_CHARS
from dcvd.core.callers import DAEMON, Caller
from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.diagnosis.preview import build_check_request, diagnose_domain, sketch_domain, unusable_name_findings
from dcvd.core.diagnosis.summary import summarize_domain, summarize_preview
from dcvd.core.dns.facts import DnsCheckRequest, DnsObservation
from dcvd.core.dns.provider_table import DnsProvider
from dcvd.core.dns.refused_names import RefusedName
from dcvd.core.domains import targets
from dcvd.core.domains.additions import DomainRequest, ValidatedDomain, validate_request
from dcvd.core.domains.domain import DnsState, Domain, DomainError, Finding, RequiredRecord
from dcvd.core.sentences.rendering import Language
from dcvd.core.sentences.wording import word
from dcvd.core.text import make_printable
from dcvd.core.timeline import OPERATOR_ACTOR
from dcvd.errors import NotFound
from dcvd.kit.limits.admission_limit import AdmissionLimit
from dcvd.services import reach
from dcvd.services.context import Context
from dcvd.services.domains import queries
from dcvd.services.lifecycle.on_demand_checks import OnDemandChecks
from dcvd.services.lifecycle.remedy_jobs import REGISTER
from dcvd.store import cloudflare_zones
from dcvd.store import domains as stored_domains
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.jobs import jobs

MAX_AT_ONCE_PER_ORGANIZATION: Final = 2
MAX_AT_ONCE: Final = 8
"""Fresh diagnoses in flight at once, of one organization and of all: each sends dozens of DNS queries to whatever
servers a tenant's name leads to."""
MAX_PER_MINUTE: Final = 60
"""Fresh diagnoses of one organization: one of a domain also uses up a call to Cloudflare, whose budget all share."""

NameHolder = Literal["nobody", "yours"]
"""Who has added a name, as its organization may know: that others claim it, nobody learns here."""


class DnsObservationSource(Protocol):
    """Whoever can observe a name's DNS."""

    async def observe(self, question: DnsCheckRequest) -> DnsObservation:
        """Make one check, bounded in time; never raises."""


class Diagnosis(Struct, frozen=True, kw_only=True):
    """The diagnosis of a domain as it is stored, at an instant; findings are most severe first."""

    domain: Domain
    findings: tuple[Finding, ...]
    now: int

    def summarize(self, language: Language = "en") -> str:
        """Return the diagnosis in one sentence."""
        return summarize_domain(self.domain, self.findings, language, now=self.now)


class Preview(Struct, frozen=True, kw_only=True):
    """The diagnosis of a name as its DNS is now; nothing of it is stored.

    name: normalised, or as it was typed where it is no hostname (then DNS was not asked).
    holder: whether the caller has added the name; `domain_id` is its id then.
    target: where the name would have to point; with the label `{token}` where that is chosen only when it is added.
    state: None where DNS was not asked, or gave no answer.
    zone, provider: the zone in which the records are typed, and who runs it, as far as the check saw that.
    observation: what the check saw and asked, where that was to be explained.
    """

    name: str
    holder: NameHolder = "nobody"
    domain_id: str | None = None
    target: str
    state: DnsState | None = None
    findings: tuple[Finding, ...]
    records: tuple[RequiredRecord, ...] = ()
    zone: str = ""
    provider: DnsProvider | None = None
    observation: DnsObservation | None = None
    checked_at: int

    def summarize(self, language: Language = "en") -> str:
        """Return the diagnosis in one sentence."""
        return summarize_preview(
            self.name,
            self.state,
            self.findings,
            language,
            is_new=self.holder == "nobody",
            is_target_unknown=targets.is_target_template(self.target),
        )


class FreshDiagnosis(Struct, frozen=True):
    """A diagnosis of what is stored, and whether that is what a check of just now observed."""

    diagnosis: Diagnosis
    is_fresh: bool


async def diagnose_stored(context: Context, org_id: str, domain_id: str) -> Diagnosis:
    """Diagnose a domain from what is stored. Raises NotFound, also for another organization's."""

    def query(snapshot: Snapshot) -> Diagnosis:
        return diagnose_stored_domain(context, snapshot, queries.get_owned(snapshot, org_id, domain_id))

    return await context.database.read(query)


async def diagnose_by_name(context: Context, name: str) -> Diagnosis:
    """Diagnose the domain of a (normalised) name, of whichever organization; for operators. Raises NotFound."""

    def query(snapshot: Snapshot) -> Diagnosis:
        domain = stored_domains.find_by_name(snapshot, name)
        if domain is None:
            raise NotFound(word("domain_of_nobody", name=name))
        return diagnose_stored_domain(context, snapshot, domain)

    return await context.database.read(query)


def diagnose_stored_domain(context: Context, snapshot: Snapshot, domain: Domain) -> Diagnosis:
    """Diagnose a domain from what is stored, including why its registration has failed so far."""
    job = jobs.find_pending_of_domain(snapshot, domain.id, REGISTER.name)
    refusal = None
    if job is not None and job.last_error_code is not None:
        refusal = DomainError(job.last_error_code, job.last_error or "")
    now = context.now()
    findings = findings_of(domain, now, refusal, context.saas_zone.value)
    return Diagnosis(domain=domain, findings=findings, now=now)


class Diagnoser:
    """Checks names that may not be registered, and bounds how many such checks run at once; built once."""

    def __init__(
        self, context: Context, observer: DnsObservationSource, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`monotonic` is in seconds."""
        self._context = context
        self._observer = observer
        self._admission_limit = AdmissionLimit(
            "work_diagnoses",
            max_per_caller=MAX_AT_ONCE_PER_ORGANIZATION,
            max_total=MAX_AT_ONCE,
            max_per_minute=MAX_PER_MINUTE,
            monotonic=monotonic,
        )

    def admit(self, org_id: str, link_id: str | None = None) -> AbstractContextManager[None]:
        """Hold a slot while a fresh diagnosis runs, for the customer with a link if one asks.

        Raises TooManyRequests, or Retryable where others use all slots.
        """
        return self._admission_limit.admit(org_id, link_id)

    async def refresh(self, checks: OnDemandChecks, org_id: str, domain_id: str, *, caller: Caller) -> FreshDiagnosis:
        """Check an organization's domain now if the limits and the time allow, then diagnose it. Raises NotFound."""
        admission = self.admit(org_id, caller.link_id)
        return await self._refresh(
            checks,
            lambda: diagnose_stored(self._context, org_id, domain_id),
            admission,
            caller.actor,
            request_id=caller.request_id,
        )

    async def refresh_by_name(self, checks: OnDemandChecks, name: str) -> FreshDiagnosis:
        """Like `refresh`, for an operator and the domain of a (normalised) name, of whichever organization."""
        return await self._refresh(
            checks, lambda: diagnose_by_name(self._context, name), self.admit(OPERATOR_ACTOR), OPERATOR_ACTOR
        )

    async def _refresh(
        self,
        checks: OnDemandChecks,
        diagnose: Callable[[], Awaitable[Diagnosis]],
        admission: AbstractContextManager[None],
        actor: str,
        *,
        request_id: str | None = None,
    ) -> FreshDiagnosis:
        domain = (await diagnose()).domain
        is_fresh = await checks.check(
            domain, admission, request="diagnosis", actor=actor, request_id=request_id, is_thorough=True
        )
        return FreshDiagnosis(await diagnose(), is_fresh)

    async def preview(
        self, org_id: str, request: DomainRequest, *, caller: Caller = DAEMON, is_explained: bool = False
    ) -> Preview:
        """Check a name thoroughly for a caller, and store nothing of it. is_explained: tell what DNS was asked too.

        A name that cannot be used is a finding. Raises InvalidInput for a request that contradicts itself, and whatever
        `admit` raises, and Forbidden for a name outside of what the caller is limited to.
        """
        context, limited_to = self._context, caller.domains
        template, allowed = context.config.cloudflare.cname_target, context.config.domains.allow_reserved_tlds
        try:
            candidate = validate_request(request, target=template, allowed_tlds=allowed)
        except RefusedName as refusal:
            findings = unusable_name_findings(request.domain_name, refusal, allowed_tlds=allowed)
            name = make_printable(request.domain_name)[:MAX_NAME_CHARS]
            return Preview(name=name, target=template, findings=findings, checked_at=context.now())
        reach.check_name(limited_to, candidate.name)
        # Whoever may ask about any name learns no more of one that is there than of any other.
        is_known = limited_to is None or limited_to.covers_name(candidate.name)
        own, suffix = await context.database.read(
            lambda snapshot: (
                stored_domains.find_owned_by_names(snapshot, org_id, [candidate.name] if is_known else []).get(
                    candidate.name
                ),
                cloudflare_zones.find_delegation_suffix(snapshot, context.config.cloudflare.zone_id),
            )
        )
        domain = own or sketch_domain(candidate, template=template, suffix=suffix, now=context.now())
        with self.admit(org_id, caller.link_id):
            check_request = build_check_request(domain, context.random_bytes, is_explained=is_explained)
            observation = await self._observer.observe(check_request)
        now = context.now()
        result = diagnose_domain(
            domain,
            observation.facts,
            certificate_authorities=context.certificate_authorities,
            allowed_tlds=allowed,
            now=now,
        )
        findings = result.findings if own else (*_find_obstacles(candidate, suffix), *result.findings)
        return Preview(
            name=candidate.name,
            holder="yours" if own else "nobody",
            domain_id=own.id if own else None,
            target=domain.cname_target,
            state=result.state,
            findings=findings,
            records=result.records,
            zone=result.zone,
            provider=result.provider,
            observation=observation if is_explained else None,
            checked_at=now,
        )


def _find_obstacles(candidate: ValidatedDomain, suffix: str | None) -> Iterator[Finding]:
    """Find what would keep a name from being added, whatever its DNS says."""
    if candidate.validation == "delegated":
        try:
            targets.validate_delegable(candidate.name, suffix)
        except RefusedName as refusal:
            yield Finding(
                code=refusal.code,
                severity="error",
                actor="customer",
                message=refusal.message,
                sentences=refusal.sentences,
            )
