"""`/operator/config`: what is in force, and where it comes from."""

from typing import Final

from litestar import get

from dcvd.api.operators.configuration_view import ConfigurationAnswer, configuration_view
from dcvd.http.request import ApiRequest


@get("/config", summary="Show the configuration that is in force")
async def show_configuration(request: ApiRequest) -> ConfigurationAnswer:
    """Show every key with its value and origin, of secrets only whether they are set, and how the file differs."""
    return ConfigurationAnswer(configuration_view(await request.services.configuration.report()))


HANDLERS: Final = (show_configuration,)
