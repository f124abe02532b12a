"""WebP files as RIFF chunks: check them, read what they say, splice metadata in."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .errors import Defect
from .formats import Header, Metadata, Piece

_ANIMATION, _XMP, _EXIF, _ALPHA, _ICC = 0x02, 0x04, 0x08, 0x10, 0x20


def scan(data: bytes) -> Header:
    """Size and metadata, once the RIFF container is whole."""
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data):
        raise Defect(
            f"the WebP container says {size + 8} bytes and the file has {len(data)}; it is truncated"
        )
    header: Header | None = None
    exif = icc = xmp = None
    for name, body in _chunks(memoryview(data)[: size + 8]):
        if name == b"VP8X" and body[0] & _ANIMATION:
            raise Defect("animated WebP is not supported (it would lose frames); extract the frames first")
        if name in (b"VP8 ", b"VP8L"):
            header = Header(*_size(name, body))
        elif name == b"EXIF":
            exif = bytes(body).removeprefix(b"Exif\0\0")
        elif name == b"ICCP":
            icc = bytes(body)
        elif name == b"XMP ":
            xmp = bytes(body)
    if header is None:
        raise Defect("the WebP container holds no picture")
    header.exif, header.icc, header.xmp = exif, icc, xmp
    return header


def _size(name: bytes, body: memoryview) -> tuple[int, int]:
    """Height and width from the bit stream of a picture."""
    if name == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 1)
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", body, 6)
    if not width & 0x3FFF or not height & 0x3FFF:
        raise Defect("the WebP header gives no size")
    return height & 0x3FFF, width & 0x3FFF


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise Defect("the WebP data ends within a chunk; the file is damaged")
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def embed(encoded: memoryview, metadata: Metadata) -> list[Piece]:
    """The file in the extended layout, with its metadata chunks in the order that the format asks for."""
    exif, icc, xmp, _ = metadata  # there is no place for dpi
    if exif is None and icc is None and xmp is None:
        return [encoded]
    picture = [(name, body) for name, body in _chunks(encoded) if name in (b"ALPH", b"VP8 ", b"VP8L")]
    height, width = _size(*picture[-1])
    flags = (exif is not None) * _EXIF | (icc is not None) * _ICC | (xmp is not None) * _XMP
    if picture[0][0] == b"ALPH" or (picture[0][0] == b"VP8L" and picture[0][1][4] & 0x10):
        flags |= _ALPHA
    canvas = struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks: list[tuple[bytes, Piece | None]] = [(b"VP8X", canvas), (b"ICCP", icc), *picture]
    chunks += [(b"EXIF", exif), (b"XMP ", xmp)]
    pieces: list[Piece] = []
    for name, body in chunks:
        if body is not None:
            pieces += [name + struct.pack("<I", len(body)), body, b"\0" * (len(body) % 2)]
    return [b"RIFF" + struct.pack("<I", sum(map(len, pieces)) + 4) + b"WEBP", *pieces]
