"""JPEG files as a sequence of segments: read what they say, splice metadata in."""

from __future__ import annotations

import re
import struct

from .errors import Defect
from .formats import Header, Metadata, Piece

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_ICC = b"ICC_PROFILE\0"
_LONGEST = 65533  # bytes of one segment without its length field

_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_BETWEEN_SCANS = frozenset({0xC4, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD, 0xFE})  # segments that may follow a scan
_NEXT_PICTURE = frozenset({0xD8, *range(0xE0, 0xF0)}) | _FRAMES
_MARKER = re.compile(rb"\xff[^\0\xd0-\xd7\xff]")
"""What ends entropy-coded data: not a stuffed 0xFF, a restart marker or a fill byte."""


def scan(data: bytes) -> Header:
    """Size and metadata from the segments before the first scan; a file without an end marker is truncated.

    Entropy-coded data never contains a marker but restarts, so a search for the next one tells a truncated file
    without decoding it. A file cut off and closed again by a new end marker is not told from a whole one.
    """
    header: Header | None = None
    exif = xmp = dpi = None
    profile: dict[int, bytes] = {}
    parts = 0
    at = 2
    while True:
        at = data.find(b"\xff", at)  # decoders skip stray bytes between segments as well
        while 0 <= at < len(data) - 1 and data[at + 1] == 0xFF:
            at += 1
        if at < 0 or at + 4 > len(data):
            raise Defect("the JPEG data ends within its header; the file is truncated")
        code = data[at + 1]
        if code in _BARE or code == 0:
            at += 2
            continue
        if code == _END_OF_IMAGE:
            raise Defect("the JPEG data holds no picture")
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if len(body) != length - 2:
            raise Defect("the JPEG data ends within its header; the file is truncated")
        at += 2 + length
        if code == _START_OF_SCAN:
            break
        if code in _FRAMES:
            precision, height, width, components = struct.unpack_from(">BHHB", body)
            if precision != 8:
                raise Defect(
                    f"JPEG with {precision} bits per sample is not supported; convert it to PNG or TIFF first"
                )
            if components not in (1, 3):
                kind = "CMYK JPEG" if components == 4 else f"JPEG with {components} components"
                raise Defect(f"{kind} is not supported; convert it to RGB first, with its colour profile")
            if not height or not width:
                raise Defect("the JPEG header gives no size")
            header = Header(height, width, hint={"channels": components})
        elif code == 0xE0 and body[:5] == b"JFIF\0" and len(body) >= 12:
            unit, x, y = struct.unpack_from(">BHH", body, 7)
            scale = {1: 1.0, 2: 2.54}.get(unit)
            dpi = (x * scale, y * scale) if scale and x and y else None
        elif code == 0xE1 and body.startswith(_EXIF) and exif is None:
            exif = body[len(_EXIF) :]
        elif code == 0xE1 and body.startswith(_XMP) and xmp is None:
            xmp = body[len(_XMP) :]
        elif code == 0xE2 and body.startswith(_ICC) and len(body) > 14:
            parts = body[13]
            profile[body[12]] = body[14:]
    if header is None:
        raise Defect("the JPEG data holds no frame header")
    _check_end(data, at)
    header.exif, header.xmp, header.dpi = exif, xmp, dpi
    if profile and sorted(profile) == list(range(1, parts + 1)):
        header.icc = b"".join(profile[number] for number in range(1, parts + 1))
    return header


def _check_end(data: bytes, at: int) -> None:
    """The end marker stands after the last scan, and no other picture begins before it."""
    while (marker := _MARKER.search(data, at)) is not None:
        code = data[marker.end() - 1]
        if code == _END_OF_IMAGE:
            return
        at = marker.end()
        between = b""
        if code in _BETWEEN_SCANS and at + 2 <= len(data):
            (length,) = struct.unpack_from(">H", data, at)
            between = data[at : at + length]
            at += length
        if code in _NEXT_PICTURE or b"\xff\xd8\xff" in between:
            raise Defect(
                "another picture begins before the JPEG data's end marker; the file is truncated or damaged"
            )
    raise Defect("the JPEG data ends before its end marker; the file is truncated")


def embed(encoded: memoryview, metadata: Metadata) -> list[Piece]:
    """The file with metadata segments after its JFIF header, where readers look for them."""
    exif, icc, xmp, dpi = metadata
    start = 2
    parts: list[Piece] = [encoded[:2]]
    if bytes(encoded[2:4]) == b"\xff\xe0":
        start = 4 + struct.unpack_from(">H", encoded, 4)[0]
        jfif = bytes(encoded[2:start])
        if dpi is not None:
            x, y = (min(max(round(value), 1), 65535) for value in dpi)
            jfif = jfif[:11] + struct.pack(">BHH", 1, x, y) + jfif[16:]
        parts.append(jfif)
    if exif is not None:
        parts.append(_segment(0xE1, _EXIF + exif, "EXIF"))
    if xmp is not None:
        parts.append(_segment(0xE1, _XMP + xmp, "XMP"))
    if icc is not None:
        room = _LONGEST - len(_ICC) - 2
        pieces = [icc[at : at + room] for at in range(0, len(icc), room)]
        if len(pieces) > 255:
            raise Defect(
                "the ICC profile is longer than JPEG can hold (16 MB); set picture.icc to None or write PNG"
            )
        parts += [
            _segment(0xE2, _ICC + bytes((number, len(pieces))) + piece, "ICC")
            for number, piece in enumerate(pieces, 1)
        ]
    parts.append(encoded[start:])
    return parts


def _segment(code: int, body: bytes, title: str) -> bytes:
    if len(body) > _LONGEST:
        raise Defect(
            f"the {title} block of {len(body)} bytes is longer than one JPEG segment ({_LONGEST}); "
            f"set picture.{title.lower()} to None or write PNG"
        )
    return struct.pack(">BBH", 0xFF, code, len(body) + 2) + body
