"""The request as our handlers see it: who asks, with what, and a body that was checked."""

from typing import Any, Final, cast

from litestar import Request
from litestar.datastructures import State
from litestar.typing import FieldDefinition

from dcvd.api.http.app_services import AppServices
from dcvd.api.http.body import decode, read_body
from dcvd.core.timeline import token_actor
from dcvd.core.tokens import Token
from dcvd.services.context import Context

SENT_METHOD: Final = "dcvd.method"
"""Where the scope's state keeps the method that was sent: handlers see a HEAD as a GET."""


class ApiRequest(Request[None, Token, State]):
    """`auth` is the bearer token's, once the guard has let the request in."""

    __slots__ = ("_body_bytes",)

    _body_bytes: bytes

    @property
    def services(self) -> AppServices:
        """What the application was made with."""
        return cast(AppServices, self.scope["litestar_app"].state.parts)

    @property
    def context(self) -> Context:
        """For the use cases."""
        return self.services.context

    @property
    def org_id(self) -> str:
        """The organization on whose behalf the request is."""
        return self.auth.org_id

    @property
    def actor(self) -> str:
        """Who asks, as a timeline names him."""
        return token_actor(self.auth.id)

    @property
    def is_head(self) -> bool:
        """Whether HEAD was sent, which must change nothing."""
        return self.scope["state"].get(SENT_METHOD) == "HEAD"

    async def body(self) -> bytes:
        """The whole body. Raises HttpRefusal or InvalidInput for one that cannot be JSON, or is too large.

        It may be empty where the handler has a default for `data`.
        """
        if not hasattr(self, "_body_bytes"):
            limit = self.context.config.server.request_body_limit
            may_be_empty = self._body_field.has_default
            self._body_bytes = await read_body(self.scope["headers"], self.receive, limit, may_be_empty=may_be_empty)
        return self._body_bytes

    async def json(self) -> Any:
        """The body as the struct that the handler declares for `data`.

        Litestar would decode it loosely and say what is wrong in its own words.
        """
        return decode(await self.body(), self._body_field.annotation)

    @property
    def _body_field(self) -> FieldDefinition:
        declared = self.scope["route_handler"].parsed_data_field
        assert declared is not None, "only a handler with `data` has a body read"
        return declared
