"""Every page that somebody may see, by a name."""

from typing import Final

from tests.web.browser.scenes import (
    audit,
    connect,
    connections,
    domains,
    events,
    jobs,
    members,
    operator,
    overview,
    quick_start,
    sign_in,
    tokens,
    webhooks,
)
from tests.web.browser.scenes.stage import Scene

SCENES: Final[dict[str, Scene]] = {
    **connect.SCENES,
    **overview.SCENES,
    **sign_in.SCENES,
    **domains.SCENES,
    **webhooks.SCENES,
    **events.SCENES,
    **connections.SCENES,
    **jobs.SCENES,
    **tokens.SCENES,
    **members.SCENES,
    **audit.SCENES,
    **quick_start.SCENES,
    **operator.SCENES,
}
WIDTHS: Final = (360, 1440)
SCHEMES: Final = ("light", "dark")
