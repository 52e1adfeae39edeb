"""The request as handlers see it: the caller, the services, and a decoded body."""

from contextlib import AbstractContextManager
from typing import Any, Final, cast

from litestar import Request
from litestar.datastructures import State
from litestar.typing import FieldDefinition

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.http.app_services import AppServices
from dcvd.http.bodies.body import decode, read_body
from dcvd.http.limits.client_requests import CLIENT_ADDRESS, CLIENT_CLAIMANT
from dcvd.kit.limits.byte_budget import ByteReservation
from dcvd.services.context import Context
from dcvd.services.tokens.authentication import act_as

BODY_RESERVATION: Final = "dcvd.body_reservation"
"""The key in the scope's state of the `ByteReservation` for the request's body, which ends with the request."""
SENT_METHOD: Final = "dcvd.method"
"""The key in the scope's state of the method that was sent: handlers see a HEAD as a GET."""


class ApiRequest(Request[None, Caller, State]):
    """A request; `auth` is the caller, once the guard has authenticated them."""

    __slots__ = ("_body_bytes", "_context")

    _body_bytes: bytes
    _context: Context

    @property
    def services(self) -> AppServices:
        """The services that the application was built with."""
        return cast(AppServices, self.scope["litestar_app"].state.parts)

    @property
    def context(self) -> Context:
        """The context in which the caller acts, for every use case; before they are authenticated, dcvd's own."""
        if self.scope.get("auth") is None:
            return self.services.context
        if not hasattr(self, "_context"):
            self._context = act_as(self.services.context, self.auth)
        return self._context

    @property
    def org_id(self) -> str:
        """The id of the caller's organization."""
        org_id = self.auth.org_id
        assert org_id is not None, "only a tenant's handler asks for it"
        return org_id

    @property
    def root(self) -> str:
        """Where the paths of the caller's objects begin: operators have them at other addresses than tenants."""
        if self.auth.kind is not CallerKind.OPERATOR:
            return "/api"
        if self.org_id == OPERATOR_ORG_ID:
            return "/operator"
        return f"/operator/organizations/{self.org_id}/api"

    @property
    def actor(self) -> str:
        """The caller, as a timeline names them."""
        return self.auth.actor

    def admit_download(self) -> AbstractContextManager[None]:
        """Hold a place for a download of the caller's organization. Raises TooManyRequests, Retryable."""
        return self.services.download_limit.admit(self.auth.claimant or f"{self.org_id} {self.actor}")

    @property
    def client_address(self) -> str | None:
        """The IP address of the client, behind trusted proxies too; None over the unix socket."""
        address: str | None = self.scope["state"][CLIENT_ADDRESS]
        return address

    @property
    def client_claimant(self) -> str | None:
        """What stands for the client, however many addresses it has; None where many may share its address."""
        claimant: str | None = self.scope["state"][CLIENT_CLAIMANT]
        return claimant

    @property
    def is_head(self) -> bool:
        """Whether the client sent HEAD, which must change nothing."""
        return self.scope["state"].get(SENT_METHOD) == "HEAD"

    async def body(self) -> bytes:
        """Read the whole body. Raises HttpRefusal or InvalidInput if it cannot be JSON, or is too large.

        It may be empty if the handler has a default for `data`.
        """
        if not hasattr(self, "_body_bytes"):
            limit = self.context.config.server.request_body_limit
            may_be_empty = self._body_field.has_default
            self._body_bytes = await self.read_body(limit, may_be_empty=may_be_empty)
        return self._body_bytes

    async def read_body(self, limit: int, *, may_be_empty: bool, any_media_type: bool = False) -> bytes:
        """Read the whole body as `body.read_body` does, within the budget of the caller's claimant.

        Callers without one share a budget for each route. Raises Retryable, too.
        """
        caller: Caller | None = self.scope.get("auth")
        claimant = (caller and caller.claimant) or self.scope["path_template"]
        reservation: ByteReservation = self.scope["state"][BODY_RESERVATION]
        return await read_body(
            self.scope["headers"],
            self.receive,
            limit,
            reserve=lambda size: reservation.grow_to(size, claimant),
            may_be_empty=may_be_empty,
            any_media_type=any_media_type,
        )

    async def json(self) -> Any:
        """Decode the body into the struct that the handler declares for `data`.

        Litestar would decode it less strictly, and with error messages of its own.
        """
        return decode(await self.body(), self._body_field.annotation)

    @property
    def has_body(self) -> bool:
        """Whether the handler has a body read."""
        return self.scope["route_handler"].parsed_data_field is not None

    @property
    def _body_field(self) -> FieldDefinition:
        field = self.scope["route_handler"].parsed_data_field
        assert field is not None, "only a handler with `data` has a body read"
        return field
