"""An import of hostnames as lines of JSON, each with one member that names what it is."""

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import UNSET, Struct, UnsetType

from dcvd.api.domains.finding_view import ErrorView
from dcvd.api.domains.view import ReadOnlyView, read_only_view
from dcvd.api.operators.organization_reference import OrganizationReference
from dcvd.core.domains.domain import DomainStatus, ValidationMethod
from dcvd.errors import DcvdError, NotFound, RemoteError
from dcvd.services.domains.adoptions import Adoption, AdoptionOutcome
from dcvd.services.domains.cloudflare_import import ImportStep


class ImportedHostnameView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became, or would become, of a hostname, and the domain that is made of it.

    id, cf_status, cf_ssl_status: at Cloudflare; null for a name that the zone does not have. domain_id: null in a dry
    run too. owner: the organization that has it, where it is another's. error: why it is not adopted.
    """

    id: str | None
    hostname: str
    cf_status: str | None
    cf_ssl_status: str | None
    outcome: AdoptionOutcome
    domain_id: str | None
    status: DomainStatus | None
    validation: ValidationMethod | None
    wildcard: bool | None
    read_only: ReadOnlyView | None
    owner: OrganizationReference | None
    error: ErrorView | None


class ImportProgressView(Struct, frozen=True, kw_only=True):
    """The last page of Cloudflare's list that was read, of how many; null where it does not say that."""

    page: int
    pages: int | None


class ImportSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many hostnames had each outcome. read_only: how many of the adopted are only read.

    of_another: how many are other organizations'. left: how many were not meant. unreadable: how many entries of
    Cloudflare's list could not be read.
    """

    adopted: int
    would_adopt: int
    exists: int
    of_another: int
    refused: int
    read_only: int
    left: int
    unreadable: int


class ImportEndView(Struct, frozen=True, kw_only=True):
    """The end of an import; `error`: why it ended early, where what came before stays."""

    summary: ImportSummary
    error: ErrorView | None


class ImportLine(Struct, frozen=True, kw_only=True):
    """A line of the answer; exactly one member is there. The last line has `end`: without it the answer was cut off."""

    hostname: ImportedHostnameView | UnsetType = UNSET
    progress: ImportProgressView | UnsetType = UNSET
    end: ImportEndView | UnsetType = UNSET


class ImportReport:
    """Shows the steps of an import, and counts what it has shown."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    def show_step(self, step: ImportStep, names: Mapping[str, str]) -> Iterator[ImportLine]:
        """Show the hostnames of a step, and how far the import is. names: of their other owners, by id."""
        shown = (_show_adoption(each, names) for each in step.adoptions)
        for view in (*shown, *map(_show_missing, step.missing)):
            self._counts[view.outcome] += 1
            self._counts["read_only"] += view.read_only is not None and view.outcome in ("adopted", "would_adopt")
            yield ImportLine(hostname=view)
        self._counts["left"] += step.left
        self._counts["unreadable"] += step.unreadable
        yield ImportLine(progress=ImportProgressView(page=step.page, pages=step.pages))

    def show_end(self, error: DcvdError | None) -> ImportLine:
        """Show the end."""
        summary = ImportSummary(**{name: self._counts[name] for name in ImportSummary.__struct_fields__})
        # The import ends with it: nobody tries again but who asked for the import.
        why = None if error is None else ErrorView(error.code, _tell_fact(error))
        return ImportLine(end=ImportEndView(summary=summary, error=why))


def _show_adoption(adoption: Adoption, names: Mapping[str, str]) -> ImportedHostnameView:
    hostname, domain, owner_id = adoption.hostname, adoption.domain, adoption.owner_id
    return ImportedHostnameView(
        id=hostname.id,
        hostname=hostname.hostname,
        cf_status=hostname.status,
        cf_ssl_status=hostname.ssl_status,
        outcome=adoption.outcome,
        domain_id=None if domain is None or adoption.outcome == "would_adopt" else domain.id,
        status=None if domain is None else domain.status,
        validation=None if domain is None else domain.validation,
        wildcard=None if domain is None else domain.wildcard,
        read_only=None if domain is None else read_only_view(domain),
        owner=None if owner_id is None else OrganizationReference(owner_id, names.get(owner_id, owner_id)),
        error=None if adoption.error is None else ErrorView(adoption.error.code, adoption.error.message),
    )


def _show_missing(name: str) -> ImportedHostnameView:
    error = NotFound(f"The zone at Cloudflare has no hostname {name}.", code="not_in_zone")
    return ImportedHostnameView(
        id=None,
        hostname=name,
        cf_status=None,
        cf_ssl_status=None,
        outcome="refused",
        domain_id=None,
        status=None,
        validation=None,
        wildcard=None,
        read_only=None,
        owner=None,
        error=ErrorView(error.code, error.message),
    )


def _tell_fact(error: DcvdError) -> str:
    return error.fact if isinstance(error, RemoteError) else error.message
