"""The application."""

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.types import LifeSpanReceive, LifeSpanScope, LifeSpanSend, Receive, Scope, Send
from prometheus_client import CollectorRegistry

from dcvd.api import connections, diagnosis, domains, events, jobs, records, timeline, tokens, webhooks
from dcvd.api.connections import oauth_callback
from dcvd.api.domains import cloudflare_notifications
from dcvd.api.http.app_services import Looker, Parts, Prober
from dcvd.api.http.authentication import bearer
from dcvd.api.http.documentation import BEARER, openapi
from dcvd.api.http.health import health
from dcvd.api.http.problems import answer
from dcvd.api.http.request import ApiRequest
from dcvd.api.http.request_envelope import Edge
from dcvd.api.operators import routes as operator_calls
from dcvd.api.records import domain_connect_page
from dcvd.dns import DnsObserver
from dcvd.kit.http.fetch import Fetcher
from dcvd.oauth.tokens import TokenClient
from dcvd.providers.drivers import Drivers
from dcvd.services.connections.provider_access import Access
from dcvd.services.context import Context
from dcvd.services.diagnosis import Diagnoser
from dcvd.services.events.feed import Feed
from dcvd.services.lifecycle.cloudflare_notifications import Hints
from dcvd.services.tokens import LastUse


class Api(Litestar):
    """Litestar within our edge; `parts.operators` may be replaced while it serves."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(
            [
                health,
                Router(
                    "/api",
                    route_handlers=[
                        tokens.ROUTER,
                        *domains.ROUTERS,
                        *diagnosis.ROUTERS,
                        *records.ROUTERS,
                        *timeline.ROUTERS,
                        *webhooks.ROUTERS,
                        events.ROUTER,
                        *jobs.ROUTERS,
                        *connections.ROUTERS,
                    ],
                    guards=[bearer],
                    security=BEARER,
                ),
                cloudflare_notifications.ROUTER,
                domain_connect_page.ROUTER,
                oauth_callback.ROUTER,
                operator_calls.ROUTER,
                operator_calls.metrics,
            ],
            exception_handlers={Exception: answer},
            logging_config=None,
            openapi_config=openapi(parts.context.config.server.public_url),
            request_class=ApiRequest,
            # The limit is the configuration's, and enforced where the body is read.
            request_max_body_size=None,
            state=State({"parts": parts}),
        )
        self.parts = parts
        methods: dict[str, set[str]] = {}
        for route in self.routes:
            methods.setdefault(route.path_format, set()).update(getattr(route, "methods", ()))
        self._edge = Edge(super().__call__, parts, methods)

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        """One request."""
        if scope["type"] == ScopeType.HTTP:
            await self._edge(scope, receive, send)  # type: ignore[arg-type]  # HTTP's own by its type
        else:
            await super().__call__(scope, receive, send)


def create_app(
    *,
    context: Context,
    last_use: LastUse,
    looker: Looker,
    operators: frozenset[int],
    registry: CollectorRegistry,
    feed: Feed,
    hints: Hints,
    diagnoser: Diagnoser,
    prober: Prober,
    access: Access,
    drivers: Drivers,
    token_client: TokenClient,
    fetcher: Fetcher,
    guarded: Fetcher,
    observer: DnsObserver,
) -> Api:
    """The whole HTTP interface; `operators` are the uids that may use operator calls over the unix socket."""
    parts = Parts(
        context=context,
        last_use=last_use,
        looker=looker,
        operators=operators,
        registry=registry,
        feed=feed,
        hints=hints,
        diagnoser=diagnoser,
        prober=prober,
        access=access,
        drivers=drivers,
        token_client=token_client,
        fetcher=fetcher,
        guarded=guarded,
        observer=observer,
    )
    return Api(parts)
