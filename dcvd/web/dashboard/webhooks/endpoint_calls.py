"""`/dashboard/webhooks/{endpoint_id}/…`: the buttons of the page of an endpoint."""

from typing import Any

from litestar import Response, post
from litestar.params import FromPath
from msgspec.structs import replace

from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.core.webhooks.signing import to_standard_secret
from dcvd.errors import InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.parameters import parse_choice
from dcvd.http.request import ApiRequest
from dcvd.services.webhooks import endpoint_tests, endpoints, secret_rotation
from dcvd.services.webhooks.endpoints import EndpointChange, HeldDeliveries
from dcvd.web.dashboard.navigation import DELIVERIES
from dcvd.web.dashboard.visit import open_visit
from dcvd.web.dashboard.webhooks.endpoint_form import find_faults, read_endpoint_form
from dcvd.web.dashboard.webhooks.endpoint_page import show_page


@post("/{endpoint_id:str}/change", status_code=200)
async def change_endpoint(request: ApiRequest, endpoint_id: FromPath[str]) -> Response[Any]:
    """Change where an endpoint is, what it is called, and which events it gets."""
    visit = await open_visit(request)
    form = read_endpoint_form(await read_form(request))
    change = EndpointChange(name=form.name_or_none, url=form.url, events=form.events)
    try:
        await endpoints.change(request.context, request.org_id, endpoint_id, change)
    except InvalidInput as error:
        return await show_page(visit, endpoint_id, form=replace(form, faults=find_faults(error)))
    return visit.go_to(f"/webhooks/{endpoint_id}", done="done_webhook_changed")


@post("/{endpoint_id:str}/disable", status_code=200)
async def disable_endpoint(request: ApiRequest, endpoint_id: FromPath[str]) -> Response[Any]:
    """Hold the deliveries of an endpoint until somebody enables it."""
    visit = await open_visit(request)
    await endpoints.change(request.context, request.org_id, endpoint_id, EndpointChange(enabled=False))
    return visit.go_to(f"/webhooks/{endpoint_id}", done="done_webhook_disabled")


@post("/{endpoint_id:str}/enable", status_code=200)
async def enable_endpoint(request: ApiRequest, endpoint_id: FromPath[str]) -> Response[Any]:
    """Send to an endpoint again, with what was held for it or without."""
    visit = await open_visit(request)
    held = parse_choice("replay", (await read_form(request)).get("replay"), HeldDeliveries) or HeldDeliveries.HELD
    change = EndpointChange(enabled=True, replay=held)
    await endpoints.change(request.context, request.org_id, endpoint_id, change)
    return visit.go_to(f"/webhooks/{endpoint_id}", done="done_webhook_enabled")


@post("/{endpoint_id:str}/remove", status_code=200)
async def remove_endpoint(request: ApiRequest, endpoint_id: FromPath[str]) -> Response[Any]:
    """Remove an endpoint with all its deliveries."""
    visit = await open_visit(request)
    await endpoints.remove(request.context, request.org_id, endpoint_id)
    return visit.go_to("/webhooks", done="done_webhook_removed")


@post("/{endpoint_id:str}/rotate-secret", status_code=200)
async def rotate_secret(request: ApiRequest, endpoint_id: FromPath[str]) -> Response[Any]:
    """Make a new secret and show it, which nobody sees again."""
    visit = await open_visit(request)
    rotation = await secret_rotation.rotate(request.context, request.org_id, endpoint_id)
    return visit.show(
        "webhooks/secret",
        {
            "endpoint": rotation.endpoint,
            "secret": rotation.secret.reveal(),
            "standard_secret": to_standard_secret(rotation.secret).reveal(),
            "previous_expires_at": rotation.previous_expires_at,
        },
    )


@post("/{endpoint_id:str}/test", status_code=200)
async def test_endpoint(request: ApiRequest, endpoint_id: FromPath[str]) -> Response[Any]:
    """Send a test now, and lead to its delivery, which explains itself."""
    visit = await open_visit(request)
    result = await endpoint_tests.run_test(request.context, request.services.tester, request.org_id, endpoint_id)
    if visit.may(DELIVERIES):
        return visit.go_to(f"/deliveries/{result.summary.delivery.id}", done="done_webhook_tested")
    is_delivered = result.attempt.attempt.outcome is AttemptOutcome.DELIVERED
    done = "done_webhook_test_delivered" if is_delivered else "done_webhook_test_failed"
    return visit.go_to(f"/webhooks/{endpoint_id}", done=done)


@post("/{endpoint_id:str}/conformance", status_code=200)
async def check_conformance(request: ApiRequest, endpoint_id: FromPath[str]) -> Response[Any]:
    """Send good, repeated, forged and old deliveries, and show which of them the receiver got wrong."""
    visit = await open_visit(request)
    endpoint = await endpoints.get(request.context, request.org_id, endpoint_id)
    report = await request.services.tester.check_conformance(request.org_id, endpoint_id)
    return visit.show("webhooks/conformance", {"endpoint": endpoint, "report": report})


HANDLERS = (
    change_endpoint,
    disable_endpoint,
    enable_endpoint,
    remove_endpoint,
    rotate_secret,
    test_endpoint,
    check_conformance,
)
