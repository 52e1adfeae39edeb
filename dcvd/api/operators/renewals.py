"""`/operator/renewals`: which certificates should have been renewed and were not."""

from litestar import get
from msgspec import Struct

from dcvd.api.http.request import ApiRequest
from dcvd.services.lifecycle import renewals
from dcvd.services.lifecycle.renewals import RenewalsView


class RenewalsAnswer(Struct, frozen=True):
    renewals: RenewalsView


@get("/renewals", summary="Renewals that are late")
async def list_renewals(request: ApiRequest) -> RenewalsAnswer:
    """List the late renewals of all organizations; the one that has been late for longest comes first."""
    return RenewalsAnswer(await renewals.summarize_renewals(request.context))
