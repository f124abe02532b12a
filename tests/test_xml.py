"""The XML parser: elements with their lines, and one sentence for everything hostile or broken."""

from __future__ import annotations

import re

import numpy as np
import pytest

from imgproc._core.xml import MAX_ATTRIBUTES, XmlElement, parse_xml


def parse(data: bytes | str, **limits: int) -> XmlElement:
    return parse_xml("f", "a.xml", data.encode() if isinstance(data, str) else data, **limits)


def test_elements_lines_text_and_attributes() -> None:
    root = parse(
        "<?xml version='1.0'?>\n<a x='&lt;'>\n one <!-- two -->three\n<b> 4 </b><?pi?><b/>&#x41;&amp;</a>\n"
    )
    assert (root.tag, root.attrib, root.line) == ("a", {"x": "<"}, 2)
    assert root.text == "\n one three\nA&"
    children = list(root.iterfind("b"))
    assert [(child.text, child.line) for child in children if isinstance(child, XmlElement)] == [
        (" 4 ", 4),
        (None, 4),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_encodings(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    assert parse(f"<?xml version='1.0' encoding='{declared}'?><a>é</a>".encode(encoding)).text == "é"


BOMB = (
    '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">'
    + "".join(f'<!ENTITY b{n} "{f"&b{n - 1 if n else str()};" * 10}">' for n in range(9))
    + "]><a>&b8;</a>"
)


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        "<!DOCTYPE a><a/>",
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x "y"> %x;]><a/>',
        "\n<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>",
    ],
)
def test_document_types_and_entities_are_refused_before_they_unfold(document: str) -> None:
    with pytest.raises(ValueError, match=r"^f: file a\.xml: line \d must be free of document type decl"):
        parse(document)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (b"", "line 1 must be well-formed XML, got no element found"),
        (b"\n\n<a>\n", "line 4 must be well-formed XML, got no element found"),
        (b"<a>&x;</a>", "line 1 must be well-formed XML, got undefined entity"),
        (b"<a>\n</b>", "line 2 must be well-formed XML, got mismatched tag"),
        (b"<a/>\n<a/>", "line 2 must be well-formed XML, got junk after document element"),
        (b"<a>\xff</a>", "line 1 must be well-formed XML, got not well-formed (invalid token)"),
        (b"<a>&#0;</a>", "line 1 must be well-formed XML, got reference to invalid character number"),
        (b"<a b='1' b='2'/>", "line 1 must be well-formed XML, got duplicate attribute"),
        (b"\0\0\0\0", "line 1 must be well-formed XML, got "),
        (b"<?xml version='1.0' encoding='nonsense'?><a/>", "line 1 must be well-formed XML, got unknown enc"),
        (b"<?xml version='1.0' encoding='rot13'?><a/>", "line 1 must be well-formed XML, got "),
        (b"<?xml version='1.0' encoding='gb2312'?><a/>", "line 1 must be well-formed XML, got multi-byte"),
    ],
)
def test_broken_documents_are_one_sentence(document: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(f"f: file a.xml: {sentence}")) as caught:
        parse(document)
    assert type(caught.value) is ValueError


def test_limits() -> None:
    nested = "<a>" * 5 + "</a>" * 5
    assert parse(nested, max_depth=5).find("a/a/a/a") is not None
    with pytest.raises(ValueError, match=r"line 1 must be at most 4 elements deep, got <a>$"):
        parse(nested, max_depth=4)
    many = "<a>" + "<b/>" * 9 + "</a>"
    assert len(parse(many, max_elements=10)) == 9
    with pytest.raises(ValueError, match=r"must be among the first 9 elements, got <b>$"):
        parse(many, max_elements=9)
    assert parse("<a/>", max_bytes=4).tag == "a"
    with pytest.raises(ValueError, match=r"^f: file a\.xml must be at most 3 bytes of XML, got 4 bytes$"):
        parse("<a/>", max_bytes=3)
    with pytest.raises(ValueError, match=rf"an element of at most {MAX_ATTRIBUTES} attributes, got "):
        parse("<a " + " ".join(f"b{n}=''" for n in range(MAX_ATTRIBUTES + 1)) + "/>")


def test_hostile_depth_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="at most 64 elements deep"):
        parse("<a>" * 1_000_000)


def test_mutations_give_elements_or_value_errors() -> None:
    seed = b"<?xml version='1.0'?><annotation a='b'><size><width>3</width></size>&lt;<c/></annotation>"
    rng = np.random.default_rng(7)
    refused = 0
    for _ in range(2000):
        data = bytearray(seed)
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(len(data)))
            match rng.integers(3):
                case 0:
                    data[at] = int(rng.integers(256))
                case 1:
                    del data[at : at + int(rng.integers(1, 9))]
                case _:
                    data[at:at] = data[int(rng.integers(len(data))) :][:9]
            data = data or bytearray(b"<")
        try:
            parse(bytes(data))
        except ValueError as error:
            assert str(error).startswith("f: file a.xml")
            refused += 1
    assert 500 < refused < 2000
