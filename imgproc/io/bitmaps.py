"""BMP and the Netpbm family: headers that give the size of everything that follows."""

from __future__ import annotations

import re
import struct

from .errors import Defect
from .formats import Header, Metadata, Piece

_NETPBM_SPACE = rb"(?:[ \t\r\n\v\f]|#[^\r\n]*[\r\n])+"
_NETPBM = re.compile(rb"P([1-6])" + (_NETPBM_SPACE + rb"(\d{1,10})") * 2)
_NETPBM_TOP = re.compile(_NETPBM_SPACE + rb"(\d{1,10})")

_METRE = 0.0254  # metres per inch


def scan_bmp(data: bytes) -> Header:
    """Size and resolution; uncompressed pixels must all be there."""
    offset, size = struct.unpack_from("<II", data, 10)
    if size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = x = y = 0
    elif size >= 40:
        width, height, _, bits, compression, _, x, y = struct.unpack_from("<iiHHIIii", data, 18)
    else:
        raise Defect(f"the BMP header is of an unknown kind ({size} bytes)")
    if width <= 0 or height == 0 or bits not in (1, 4, 8, 16, 24, 32):
        raise Defect(f"the BMP header is invalid ({width} × {height}, {bits} bits)")
    height = abs(height)
    row = (width * bits + 31) // 32 * 4
    # the last row may lack its padding, which some writers leave out
    if compression in (0, 3, 6) and offset + row * (height - 1) + (width * bits + 7) // 8 > len(data):
        raise Defect("the BMP data holds fewer pixels than its header says; the file is truncated")
    if compression in (4, 5):
        raise Defect("BMP with JPEG or PNG inside is not supported; convert it first")
    return Header(height, width, dpi=(x * _METRE, y * _METRE) if x > 0 and y > 0 else None)


def embed_bmp(encoded: memoryview, metadata: Metadata) -> list[Piece]:
    """The file with its resolution fields set; nothing else has a place in it."""
    dpi = metadata.dpi
    if dpi is None:
        return [encoded]
    x, y = (min(max(round(value / _METRE), 1), 2**31 - 1) for value in dpi)
    return [encoded[:38], struct.pack("<ii", x, y), encoded[46:]]


def scan_netpbm(data: bytes) -> Header:
    """Size and range; the range is widened to all 8 or 16 bits by the caller."""
    match = _NETPBM.match(data)
    if not match:
        raise Defect("the Netpbm header is invalid or cut off")
    kind, width, height = map(int, match.groups())
    if not width or not height:
        raise Defect("the Netpbm header gives no size")
    header = Header(height, width)
    end = match.end()
    top = 1
    if kind in (1, 4):
        least = (width + 7) // 8 * height if kind == 4 else width * height
    else:
        match = _NETPBM_TOP.match(data, end)
        if not match or not 0 < (top := int(match[1])) < 65536:
            raise Defect("the Netpbm header gives no valid largest value (1 to 65535)")
        end = match.end()
        samples = width * height * (3 if kind in (3, 6) else 1)
        least = samples * (1 + (top > 255)) if kind > 3 else 2 * samples - 1
        whole = 255 if top < 256 else 65535
        if top != whole:  # decoders disagree about other ranges, so they get to see the whole one
            header.data = data[: match.start(1)] + str(whole).encode() + data[end:]
            header.hint["top"] = top
    if len(data) - end - 1 < least:
        raise Defect("the Netpbm data holds fewer pixels than its header says; the file is truncated")
    return header
