"""Entity tags: which state of an object somebody has seen, so that nobody overwrites a change that they have not seen.

Source: RFC 9110, section 8.8.3 (ETag) and 13.1.1 (If-Match).
"""

import hashlib
import re
from typing import Final

from msgspec import Struct

from dcvd.core.sentences.sentence import Sentence
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput, PreconditionFailed

IF_MATCH_HEADER: Final = "If-Match"
_OPAQUE: Final = r'"[\x21\x23-\x7e\x80-\xff]*"'
_ENTRY: Final = rf"(?:(?:W/)?{_OPAQUE})?"
_LIST: Final = re.compile(rf"[ \t]*{_ENTRY}(?:[ \t]*,[ \t]*{_ENTRY})*[ \t]*")
IF_MATCH_PATTERN: Final = r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'
"""What a value of If-Match is like, as a schema can say it; RFC 9110 has more blanks and empty elements."""
_TAG: Final = re.compile(rf"(W/)?({_OPAQUE})")


def build_entity_tag(*parts: object) -> str:
    """Build the strong tag of a state, which is another one where any of the parts is."""
    return f'"{hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


class Precondition(Struct, frozen=True):
    """That the object has one of these tags; None: any one."""

    tags: frozenset[str] | None = None

    def check(self, tag: str, subject: Sentence) -> None:
        """Raise PreconditionFailed where the object's tag is another one; `subject` names the object."""
        if self.tags is not None and tag not in self.tags:
            raise PreconditionFailed(word("changed_since_read", subject=subject, tag=tag))


ANY_STATE: Final = Precondition()


def parse_precondition(text: str | None) -> Precondition:
    """Parse the value of If-Match; None where there is no such header.

    A weak tag matches nothing, as the comparison is a strong one. Raises InvalidInput for what is no list of tags.
    """
    if text is None or text.strip(" \t") == "*":
        return ANY_STATE
    if _LIST.fullmatch(text) is None or not (found := _TAG.findall(text)):
        raise InvalidInput(
            IF_MATCH_HEADER,
            word("tag_unusable", header=IF_MATCH_HEADER, text=repr(text)),
        )
    return Precondition(frozenset(opaque for weak, opaque in found if not weak))
