"""The request as our handlers see it: who asks, with what, and a body that was checked."""

from typing import Any, Final, cast

from litestar import Request
from litestar.datastructures import State
from litestar.typing import FieldDefinition

from dcvd.api.http.app_services import Parts
from dcvd.api.http.body import decoded, read_body
from dcvd.core.timeline import token_actor
from dcvd.core.tokens import Token
from dcvd.services.context import Context

METHOD: Final = "dcvd.method"
"""Where the scope's state keeps the method that was sent: handlers see a HEAD as a GET."""


class ApiRequest(Request[None, Token, State]):
    """`auth` is the bearer token's, once the guard has let the request in."""

    __slots__ = ("_received",)

    _received: bytes

    @property
    def parts(self) -> Parts:
        """What the application was made with."""
        return cast(Parts, self.scope["litestar_app"].state.parts)

    @property
    def context(self) -> Context:
        """For the use cases."""
        return self.parts.context

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
        return self.scope["state"].get(METHOD) == "HEAD"

    async def body(self) -> bytes:
        """The whole body. Raises HttpRefusal or InvalidInput for one that cannot be JSON, or is too large.

        It may be empty where the handler has a default for `data`.
        """
        if not hasattr(self, "_received"):
            limit = self.context.config.server.request_body_limit
            may_be_empty = self._declared.has_default
            self._received = await read_body(self.scope["headers"], self.receive, limit, may_be_empty=may_be_empty)
        return self._received

    async def json(self) -> Any:
        """The body as the struct that the handler declares for `data`.

        Litestar would decode it loosely and say what is wrong in its own words.
        """
        return decoded(await self.body(), self._declared.annotation)

    @property
    def _declared(self) -> FieldDefinition:
        declared = self.scope["route_handler"].parsed_data_field
        assert declared is not None, "only a handler with `data` has a body read"
        return declared
