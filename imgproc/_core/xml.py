"""XML from strangers: elements with their lines, and nothing that a document could unfold into.

A document type declaration, the only place where entities are made, ends the reading where it begins; size, depth and
number of elements are bounded, so that memory stays within a known multiple of the file's size.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element
from xml.parsers import expat

from .errors import Got, wrong_value

MAX_BYTES = 1 << 26
MAX_DEPTH = 64
MAX_ELEMENTS = 1 << 20
MAX_ATTRIBUTES = 64
"""Of one element."""


class _Refusal(Exception):
    """What a handler says of a document: what it must be, what it is."""


class XmlElement(Element):
    """An element of ``xml.etree`` that knows the line it begins in."""

    line: int = 0


def parse_xml(
    function: str,
    name: str,
    data: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_elements: int = MAX_ELEMENTS,
) -> XmlElement:
    """The root element of an XML document.

    ``function`` and ``name``, that of the file, begin the sentence of every error. Comments and processing
    instructions are left out. ``text`` is all that stands between an element's tags outside of inner elements, or
    None where there is nothing; ``tail`` stays empty.

    Raises ValueError where the document is not well-formed, declares a document type or is larger, deeper or of
    more elements than allowed.
    """

    if len(data) > max_bytes:
        must = f"at most {max_bytes:,} bytes of XML"
        raise wrong_value(function, f"file {name}", must, Got(f"{len(data):,} bytes"))
    parser = expat.ParserCreate()
    parser.buffer_text = True  # one call for the text between two tags
    roots: list[XmlElement] = []
    open_elements: list[XmlElement] = []
    texts: list[list[str]] = []
    count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > max_elements:
            raise _Refusal(f"among the first {max_elements:,} elements", f"<{tag[:40]}>")
        if len(open_elements) >= max_depth:
            raise _Refusal(f"at most {max_depth} elements deep", f"<{tag[:40]}>")
        if len(attributes) > MAX_ATTRIBUTES:
            raise _Refusal(f"an element of at most {MAX_ATTRIBUTES} attributes", f"{len(attributes)}")
        element = XmlElement(tag, attributes)
        element.line = parser.CurrentLineNumber
        (open_elements[-1].append if open_elements else roots.append)(element)
        open_elements.append(element)
        texts.append([])

    def end(_: str) -> None:
        open_elements.pop().text = "".join(texts.pop()) or None

    def characters(text: str) -> None:
        texts[-1].append(text)

    def doctype(*_: Any) -> None:
        raise _Refusal("free of document type declarations and entities", "<!DOCTYPE")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except (_Refusal, expat.ExpatError, LookupError, ValueError) as error:
        must, got = "well-formed XML", str(error)
        if isinstance(error, _Refusal):
            must, got = error.args
        elif isinstance(error, expat.ExpatError):
            got = expat.errors.messages[error.code]
        # Others come from Python's codecs, of a declared encoding that is unknown or of several bytes a sign.
        line = f"file {name}: line {parser.CurrentLineNumber}"
        raise wrong_value(function, line, must, Got(got)) from None
    return roots[0]
