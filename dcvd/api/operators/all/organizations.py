"""`/operator/all/organizations`: how each organization stands."""

from typing import Final

from litestar import get
from litestar.handlers import HTTPRouteHandler

from dcvd.api.operators.view import OrganizationSummaryList, summary_view
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.services.organizations import summaries


@get("/organizations", summary="List how the organizations stand")
async def list_summaries(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> OrganizationSummaryList:
    """List what each organization has, what of it does not work, and when it last did something, by name."""
    await request.services.token_usage.try_to_store(request.context)
    page = await summaries.list_page(request.context, cursor=cursor, limit=parse_page_limit(limit))
    return OrganizationSummaryList(
        organizations=[summary_view(summary) for summary in page.items], next_cursor=page.next_cursor
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [list_summaries]
