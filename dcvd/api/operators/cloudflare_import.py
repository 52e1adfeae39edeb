"""`/operator/organizations/{id_or_name}/cloudflare-import`: adopts hostnames that the zone has already."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from dcvd.api.operators.cloudflare_import_view import ImportReport
from dcvd.core.dns.hostnames import is_cname_target
from dcvd.core.domains.adoption import HostnameSelection
from dcvd.core.timeline import OPERATOR_ACTOR
from dcvd.errors import InvalidInput, RemoteError, StoreError
from dcvd.http.bodies.ndjson import MEDIA_TYPE
from dcvd.http.bodies.stream import StreamingResponse
from dcvd.http.request import ApiRequest
from dcvd.services import organizations
from dcvd.services.domains.cloudflare_import import ImportRequest
from dcvd.store.organizations.organizations import Organization


class CloudflareImport(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which hostnames are adopted, and how; see `HostnameSelection`.

    target: where the customers' records lead; null for the configured target.
    """

    match: list[str] = []
    exclude: list[str] = []
    only: list[str] | None = None
    target: str | None = None
    dry_run: bool = False

    def to_request(self, org_id: str) -> ImportRequest:
        """Return what is asked for. Raises InvalidInput."""
        target = None if self.target is None else _normalise(self.target)
        if target is not None and not is_cname_target(target):
            raise InvalidInput("target", f"target is {self.target!r}; give a hostname such as edge.example.net.")
        return ImportRequest(
            org_id=org_id,
            actor=OPERATOR_ACTOR,
            selection=HostnameSelection(
                match=tuple(self.match),
                exclude=tuple(self.exclude),
                only=None if self.only is None else frozenset(map(_normalise, self.only)),
            ),
            target=target,
            dry_run=self.dry_run,
        )


@post("/cloudflare-import", summary="Adopt hostnames that the zone has already", status_code=200)
async def import_from_cloudflare(
    request: ApiRequest, organization: NamedDependency[Organization], data: JSONBody[CloudflareImport]
) -> Response[Any]:
    """Adopt hostnames of the zone as domains of an organization, as they are there; no event tells of it.

    The answer has a line of JSON for each hostname as it is done. It can be repeated: what is adopted is there already.
    """
    return StreamingResponse(_generate_lines(request, data.to_request(organization.id)), media_type=MEDIA_TYPE)


async def _generate_lines(request: ApiRequest, call: ImportRequest) -> AsyncGenerator[bytes, None]:
    encoder, report = msgspec.json.Encoder(), ImportReport()
    error: RemoteError | StoreError | None = None
    async with request.services.stream_slots.reserve(call.org_id):
        try:
            async with aclosing(request.services.importer.run(request.context, call)) as steps:
                async for step in steps:
                    owner_ids = {each.owner_id for each in step.adoptions if each.owner_id is not None}
                    names = await organizations.read_names(request.context, owner_ids) if owner_ids else {}
                    yield encoder.encode_lines(list(report.show_step(step, names)))
        except (RemoteError, StoreError) as failure:
            error = failure
        yield encoder.encode_lines([report.show_end(error)])


def _normalise(name: str) -> str:
    return name.strip().lower().removesuffix(".")
