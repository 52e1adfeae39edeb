"""AWS's answers in XML: without document types, and so without entities of anybody's making."""

from collections.abc import Iterator
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate

_MAX_DEPTH: Final = 24
_MOST_ELEMENTS: Final = 50_000


class BadXml(ValueError):
    """No XML that is taken; says nothing of the content, which may hold a credential."""


class Element:
    """An element by its local name; `text` is its own, without that of its children."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.text = ""
        self.children: list[Element] = []

    def find_all(self, *path: str) -> Iterator["Element"]:
        """All descendants at a path of tags."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.tag == path[0]:
                yield from child.find_all(*path[1:])

    def find(self, *path: str) -> "Element | None":
        """The first of them."""
        return next(self.find_all(*path), None)

    def find_text(self, *path: str) -> str:
        """The text of the first of them; empty where there is none."""
        found = self.find(*path)
        return "" if found is None else found.text.strip()


def parse_xml(body: bytes) -> Element:
    """The root. The caller bounds the size; depth and number of elements are bounded here. Raises BadXml."""
    builder = _TreeBuilder()
    parser = ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = builder.refuse_document_type
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(body, True)
    except ExpatError as error:
        raise BadXml(f"XML is malformed (error {error.code})") from None
    return builder.root


class _TreeBuilder:
    def __init__(self) -> None:
        self._document = Element("")
        self._open_elements = [self._document]
        self._element_count = 0

    @property
    def root(self) -> Element:
        return self._document.children[0]

    def refuse_document_type(self, *_: object) -> None:
        raise BadXml("XML has a document type, which is not taken")

    def start(self, tag: str, _: object) -> None:
        self._element_count += 1
        if len(self._open_elements) > _MAX_DEPTH or self._element_count > _MOST_ELEMENTS:
            raise BadXml("XML is too deep, or has too many elements")
        element = Element(tag.rpartition(" ")[2])
        self._open_elements[-1].children.append(element)
        self._open_elements.append(element)

    def end(self, _: str) -> None:
        self._open_elements.pop()

    def data(self, text: str) -> None:
        self._open_elements[-1].text += text
