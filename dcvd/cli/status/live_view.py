"""What `dcvd top` shows at a moment: the part of the overview for which the terminal has room."""

from collections.abc import Sequence
from typing import Final

from dcvd.cli.status.keys import Request
from dcvd.cli.status.lines import Line
from dcvd.cli.status.screen import format_screen
from dcvd.cli.terminal.text import make_harmless, shorten, wrap
from dcvd.core.system.overview import SystemOverview

_FOOT_LINES: Final = 1


class LiveView:
    """Holds the last overview, and from which line on it is shown. `fault`: why there is no newer one."""

    def __init__(self) -> None:
        self.overview: SystemOverview | None = None
        self.fault: str | None = None
        self._offset = 0

    def scroll(self, request: Request, width: int, height: int) -> None:
        """Move to where a key asks for."""
        page = max(height - _FOOT_LINES, 1)
        last = max(len(self._format(width)) - page, 0)
        steps = {
            Request.UP: -1,
            Request.DOWN: 1,
            Request.PAGE_UP: -page,
            Request.PAGE_DOWN: page,
            Request.TOP: -last,
            Request.BOTTOM: last,
        }
        self._offset = min(max(self._offset + steps.get(request, 0), 0), last)

    def format(self, width: int, height: int) -> list[Line]:
        """Return the lines to show, at most `height`; the last one says what the keys do."""
        lines, page = self._format(width), max(height - _FOOT_LINES, 1)
        # A screen that is larger now, or an overview that is shorter, leaves no blank below.
        self._offset = min(self._offset, max(len(lines) - page, 0))
        shown = lines[self._offset : self._offset + page]
        below = len(lines) - self._offset - len(shown)
        foot = "q quits, r refreshes, arrows scroll"
        foot = f"{foot}; {below} more below" if below else foot
        return [*shown, *[Line("")] * (page - len(shown)), Line(shorten(foot, width), "dim")][:height]

    def _format(self, width: int) -> Sequence[Line]:
        head: list[Line] = []
        if self.fault is not None:
            head = [Line(shorten(text, width), "bad") for text in wrap(make_harmless(self.fault), width)]
        if self.overview is None:
            return head or [Line(shorten("Asking the daemon …", width), "dim")]
        lines = format_screen(self.overview, width)
        if self.fault is not None:
            # What is known is old, and must not look like the present.
            return [*head, Line(shorten(f"As it was at {self.overview.at}:", width)), *(_dim(line) for line in lines)]
        return lines


def _dim(line: Line) -> Line:
    return Line(line.text, "dim")
