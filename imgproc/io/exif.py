"""EXIF blocks, kept byte for byte except for what turning the picture upright makes false."""

from __future__ import annotations

import re
import struct

from .directories import EXIF, ORIENTATION, Block, Entry
from .errors import Defect

_WIDTH, _HEIGHT = 0xA002, 0xA003
_TRANSPOSED = frozenset({5, 6, 7, 8})
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[2-8]")


def orientation(block: Block, entry: Entry | None) -> int:
    """The orientation flag that an entry holds: 1 to 8; 1 where it is absent or invalid."""
    values = block.numbers(entry)
    return values[0] if len(values) == 1 and 1 <= values[0] <= 8 else 1


def upright(exif: bytes) -> tuple[int, bytes]:
    """The orientation flag of an EXIF block, and the block as it holds for the picture turned by it.

    In the block returned the flag is 1, width and height are exchanged where the picture was transposed, and
    the embedded thumbnail, which shows the picture as it was, is unlinked. Nothing moves, so that maker
    notes, which point to absolute positions, stay whole. A block that cannot be understood comes back as it
    is, with flag 1.
    """
    changed = bytearray(exif)
    flag = 1
    try:
        block = Block(exif)
        entries, link, _ = block.directory(block.first)
        flag = orientation(block, entries.get(ORIENTATION))
        long = "Q" if block.big else "I"
        struct.pack_into(block.order + long, changed, link, 0)
        if ORIENTATION in entries:
            set_numbers(block, changed, entries[ORIENTATION], (1,))
        pointer = block.numbers(entries.get(EXIF))
        if flag in _TRANSPOSED and pointer:
            inner = block.directory(pointer[0])[0]
            width, height = (block.numbers(inner.get(tag)) for tag in (_WIDTH, _HEIGHT))
            if len(width) == len(height) == 1:
                set_numbers(block, changed, inner[_WIDTH], height)
                set_numbers(block, changed, inner[_HEIGHT], width)
    except (Defect, struct.error):
        pass
    return flag, bytes(changed)


def set_numbers(block: Block, changed: bytearray, entry: Entry, values: tuple[int, ...]) -> None:
    """Overwrite an entry's SHORT or LONG values in a copy of its block; one that has no such room stays."""
    form = {3: "H", 4: "I"}.get(entry.kind)
    if form is None or entry.count != len(values) or (form == "H" and max(values) > 0xFFFF):
        return
    struct.pack_into(f"{block.order}{len(values)}{form}", changed, entry.at, *values)


def upright_xmp(xmp: bytes) -> bytes:
    """The XMP packet with its copy of the orientation flag set to 1."""
    return _XMP_ORIENTATION.sub(rb"\g<1>1", xmp)
