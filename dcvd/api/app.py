"""The Litestar application: all routes, and what every request passes through."""

import asyncio
from typing import Any

from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.types import LifeSpanReceive, LifeSpanScope, LifeSpanSend, Receive, Scope, Send

from dcvd.api import event_schemas, meta
from dcvd.api.branding import routes as branding
from dcvd.api.domains import cloudflare_notifications
from dcvd.api.health.health import get_health
from dcvd.api.health.readiness import get_readiness
from dcvd.api.members import acceptance
from dcvd.api.openapi.configuration import openapi_config
from dcvd.api.openapi.served import ServedDocuments
from dcvd.api.operators import routes as operator_calls
from dcvd.api.routers import TENANT_ROUTERS
from dcvd.http.access.authentication import authenticate_tenant
from dcvd.http.answers.problems import handle_exception
from dcvd.http.app_services import AppServices
from dcvd.http.documentation import BEARER
from dcvd.http.etag import check_if_match
from dcvd.http.idempotency import check_idempotency_key
from dcvd.http.page_routes import FailureHandler, PageEntrance, PageRoutes
from dcvd.http.parameters import refuse_unknown_parameters
from dcvd.http.request import ApiRequest
from dcvd.http.request_envelope import RequestEnvelope
from dcvd.http.router import Router
from dcvd.kit.tasks import run_to_end


async def _check_request(request: Request[Any, Any, Any]) -> None:
    """Refuse what no handler has to see."""
    await refuse_unknown_parameters(request)
    await check_idempotency_key(request)
    await check_if_match(request)


class Api(Litestar):
    """The Litestar application inside the request envelope."""

    def __init__(self, services: AppServices, pages: PageEntrance | None = None) -> None:
        """`pages`: what people see in a browser, loaded with the first request for it."""
        self._pages = pages
        self._pages_lock = asyncio.Lock()
        self._handle_exception: FailureHandler = handle_exception
        documents = ServedDocuments()

        async def prepare(request: Request[Any, Any, Any]) -> Response[bytes] | None:
            await _check_request(request)
            return await documents.find_answer(request)

        super().__init__(
            [
                get_health,
                get_readiness,
                Router(
                    "/api",
                    route_handlers=TENANT_ROUTERS,
                    guards=[authenticate_tenant],
                    security=BEARER,
                ),
                acceptance.ROUTER,
                event_schemas.ROUTER,
                meta.ROUTER,
                branding.LOGO_ROUTER,
                cloudflare_notifications.ROUTER,
                operator_calls.ROUTER,
                operator_calls.show_metrics,
            ],
            before_request=prepare,
            exception_handlers={Exception: lambda request, error: self._handle_exception(request, error)},
            logging_config=None,
            openapi_config=openapi_config(services.context.config.server.public_url, documents.plugins),
            request_class=ApiRequest,
            # The limit comes from the configuration and is enforced where the body is read.
            request_max_body_size=None,
            state=State({"parts": services}),
        )
        self.services = services
        self._methods: dict[str, set[str]] = {}
        self._note_methods()
        self._envelope = RequestEnvelope(self._answer, services, self._methods)

    def load_pages(self) -> None:
        """Load the pages now."""
        if self._pages is not None:
            self._add_pages(self._pages.load())

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        """Serve one request."""
        if scope["type"] == ScopeType.HTTP:
            await self._envelope(scope, receive, send)  # type: ignore[arg-type]  # HTTP's own by its type
        else:
            await super().__call__(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._pages is not None and self._pages.leads_to(scope["path"]):
            try:
                await self._load_first_page(self._pages)
            except Exception as error:  # noqa: BLE001  # whatever an import raises; the next request tries again
                request = ApiRequest(scope, receive, send)
                answer = handle_exception(request, error).to_asgi_response(app=None, request=request)
                await answer(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def _load_first_page(self, entrance: PageEntrance) -> None:
        """Load the pages while others are served, for all who ask at once."""
        async with self._pages_lock:
            if self._pages is not None:
                # Whoever leaves does not have a second thread import the same.
                self._add_pages(await run_to_end("api.pages", asyncio.to_thread(entrance.load)))

    def _add_pages(self, pages: PageRoutes) -> None:
        self.register(Router("/", route_handlers=pages.routers))
        self.template_engine = pages.template_config.engine_instance
        self._handle_exception = pages.with_missing_shown(handle_exception)
        self._note_methods()
        self._pages = None

    def _note_methods(self) -> None:
        for route in self.routes:
            self._methods.setdefault(route.path_format, set()).update(getattr(route, "methods", ()))
