"""For each page and button of the dashboard, the call of the API that asks for the same rights."""

from typing import Final

OF_OWN_SESSION: Final = {
    "GET /dashboard",
    "POST /dashboard/sessions/{session_id}/end",
}
"""For everybody who is signed in: what they show or end is the caller's own, and what else they may see."""

PAGES: Final[dict[str, str]] = {}
