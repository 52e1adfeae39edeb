"""The quick start as a developer reads it: what its pieces of code are."""

import re
from html import unescape

Code = dict[tuple[str, str], str]
"""Each piece by its step and its language."""


def read_code(page: str) -> Code:
    """Read the pieces of code of a page."""
    found = re.findall(r'<code data-step="([\w-]+)" data-language="([\w-]+)">(.*?)</code>', page, re.DOTALL)
    return {(step, language): unescape(text) for step, language, text in found}


def read_states(page: str) -> list[str]:
    """Read which steps are done, in their order."""
    return re.findall(r'<li class="step (\w+)">', page)
