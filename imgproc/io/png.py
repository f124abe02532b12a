"""PNG files as a sequence of chunks: check them, read what they say, splice metadata in."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from .errors import Defect
from .formats import Header, Metadata, Piece

_SIGNATURE = 8
_XMP = b"XML:com.adobe.xmp\0"
_MOST_METADATA = 2**26  # bytes that one compressed block may unfold to
# all that the pixels depend on; the decoder sees nothing else that it could unfold or complain about
_ESSENTIAL = frozenset({b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_DEFLATE_RATIO = 1032  # no deflate stream unfolds further

# colour type: (samples per pixel, permitted bit depths)
_KINDS = {0: (1, (1, 2, 4, 8, 16)), 2: (3, (8, 16)), 3: (1, (1, 2, 4, 8)), 4: (2, (8, 16)), 6: (4, (8, 16))}


def scan(data: bytes) -> Header:
    """Size and metadata, once every chunk up to IEND is whole by its checksum."""
    chunks = _chunks(data)
    name, body, _ = next(chunks, (b"", memoryview(b""), 0))
    if name != b"IHDR" or len(body) != 13:
        raise Defect("the PNG data does not begin with its header")
    width, height, depth, kind, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
    if kind not in _KINDS or depth not in _KINDS[kind][1] or compression or filtering or interlace > 1:
        raise Defect(f"the PNG header is invalid (colour type {kind}, {depth} bits)")
    if not 0 < width < 2**31 or not 0 < height < 2**31:
        raise Defect(f"the PNG header gives an invalid size, {width} × {height}")
    header = Header(height, width)
    compressed = 0
    essential: list[bytes | memoryview] = [data[: _SIGNATURE + 25]]
    extras = False
    ended = palette = False
    for name, body, checksum in chunks:
        if name == b"IDAT":
            compressed += len(body)
        elif name == b"PLTE":
            palette = True
        elif name == b"tRNS":
            header.hint["transparent"] = bytes(body)
        elif name == b"eXIf":
            header.exif = bytes(body)
        elif name == b"iCCP":
            header.icc = _unfold(bytes(body).partition(b"\0")[2][1:])
        elif name == b"iTXt" and bytes(body[: len(_XMP)]) == _XMP:
            header.xmp = _international_text(bytes(body[len(_XMP) :]))
        elif name == b"pHYs" and len(body) == 9:
            x, y, unit = struct.unpack(">IIB", body)
            header.dpi = (x * 0.0254, y * 0.0254) if unit == 1 and x and y else None
        elif name == b"acTL" and len(body) == 8 and struct.unpack_from(">I", body)[0] > 1:
            raise Defect("animated PNG is not supported (it would lose frames); extract the frames first")
        if name in _ESSENTIAL:
            essential += [struct.pack(">I4s", len(body), name), body, struct.pack(">I", checksum)]
        else:
            extras = True
        ended = name == b"IEND"
    if not ended:
        raise Defect("the PNG data ends before its last chunk; the file is truncated")
    if kind == 3 and not palette:
        raise Defect("the PNG data lacks the palette")
    row = 1 + (width * depth * _KINDS[kind][0] + 7) // 8
    if compressed * _DEFLATE_RATIO < row * height:
        raise Defect("the PNG data holds fewer pixels than its header says; the file is damaged")
    header.hint |= {"kind": kind, "depth": depth}
    if extras:
        header.data = b"".join(essential)
    return header


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, int]]:
    view = memoryview(data)
    at = _SIGNATURE
    while at < len(data):
        if at + 12 > len(data):
            raise Defect("the PNG data ends within a chunk; the file is truncated")
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        title = name.decode("latin-1") if name.isalpha() else repr(name)
        if end + 4 > len(data):
            raise Defect(f"the PNG data ends within its chunk {title}; the file is truncated")
        checksum = zlib.crc32(view[at + 4 : end])
        if checksum != struct.unpack_from(">I", data, end)[0]:
            raise Defect(f"the PNG chunk {title} does not match its checksum; the file is damaged")
        yield name, view[at + 8 : end], checksum
        if name == b"IEND":
            return
        at = end + 4


def _unfold(packed: bytes) -> bytes | None:
    """A zlib stream's content; None where it is broken or bursts the limit."""
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(packed, _MOST_METADATA)
    except zlib.error:
        return None
    return content if stream.eof else None


def _international_text(body: bytes) -> bytes | None:
    packed = body[:1] == b"\1"
    text = body[2:].split(b"\0", 2)  # language, translated keyword, text
    if len(text) != 3:
        return None
    return _unfold(text[2]) if packed else text[2]


def embed(encoded: memoryview, metadata: Metadata) -> list[Piece]:
    """The file with metadata chunks between its header and its pixels."""
    exif, icc, xmp, dpi = metadata
    start = _SIGNATURE + 25
    parts: list[Piece] = [encoded[:start]]
    if icc is not None:
        parts.append(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc)))
    if dpi is not None:
        x, y = (min(max(round(value / 0.0254), 1), 2**31 - 1) for value in dpi)
        parts.append(_chunk(b"pHYs", struct.pack(">IIB", x, y, 1)))
    if exif is not None:
        parts.append(_chunk(b"eXIf", exif))
    if xmp is not None:
        parts.append(_chunk(b"iTXt", _XMP + b"\0\0\0\0" + xmp))
    parts.append(encoded[start:])
    return parts


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
