"""`/operator/status`: the overview of the whole, for the operator."""

from litestar import get

from dcvd.api.operators.view import StatusAnswer
from dcvd.http.request import ApiRequest


@get("/status", summary="Show how all of it is doing")
async def show_status(request: ApiRequest) -> StatusAnswer:
    """Show what serves, what waits for whom, what broke, what is late, and what the operator has to do."""
    return StatusAnswer(await request.services.overview.read())
