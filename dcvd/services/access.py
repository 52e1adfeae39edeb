"""The way to a provider with a connection's credentials, which are refreshed where they have to be."""

from dcvd.providers.driver import RecordDriver
from dcvd.providers.drivers import Drivers
from dcvd.services.context import Context


class Access:
    """One for the whole process: it lets a connection be refreshed once however many need it."""

    def __init__(self, context: Context, drivers: Drivers) -> None:
        self._context = context
        self._drivers = drivers

    async def driver(self, org_id: str, connection_id: str) -> RecordDriver:
        """A driver with credentials that work now.

        Raises NotFound (another organization's too), Unavailable without a configured key, Unauthorized with the code
        `reauth_required` where the owner has to connect anew, Retryable where the provider could not be asked.
        """
        raise NotImplementedError
