"""Image file directories, the structure that TIFF files and EXIF blocks share: read, patch and write them.

Entries are carried as they are, byte for byte, unknown tags and types included; a library that decodes and
encodes the values would guess types and lose what it does not know.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import Defect
from .formats import Piece

ORIENTATION = 274
EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965
SUBDIRECTORIES = frozenset({EXIF, GPS, INTEROPERABILITY})

_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_WORDS = {
    3: 2,
    4: 4,
    5: 4,
    8: 2,
    9: 4,
    10: 4,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}  # what byte order turns
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_LONG = 4
_DEEPEST = 4


@dataclass(frozen=True)
class Entry:
    """One tag: its type, how many values, and where they lie in the block."""

    kind: int
    count: int
    at: int


@dataclass(frozen=True)
class Value:
    """One tag's type, count and bytes in little-endian order."""

    kind: int
    count: int
    content: bytes


Tree = dict[int, "Value | Tree"]
"""A directory with its subdirectories in place."""


class Block:
    """A TIFF structure: classic or BigTIFF, of either byte order."""

    def __init__(self, data: Piece) -> None:
        self.data = data
        if data[:2] not in (b"II", b"MM"):
            raise Defect("the TIFF structure has no byte order")
        self.order = "<" if data[:2] == b"II" else ">"
        (magic,) = struct.unpack_from(self.order + "H", data, 2)
        if magic not in (42, 43):
            raise Defect("the TIFF structure has no version")
        self.big = magic == 43
        (self.first,) = struct.unpack_from(
            self.order + ("Q" if self.big else "I"), data, 8 if self.big else 4
        )

    def directory(self, at: int) -> tuple[dict[int, Entry], int, int]:
        """The entries at a position, the position of the pointer to the next directory, and that pointer."""
        count_form, entry_form, pointer_form = ("Q", "HHQ", "Q") if self.big else ("H", "HHI", "I")
        width = 20 if self.big else 12
        (count,) = struct.unpack_from(self.order + count_form, self.data, at)
        start = at + struct.calcsize("=" + count_form)
        after = start + width * count
        (following,) = struct.unpack_from(self.order + pointer_form, self.data, after)
        entries: dict[int, Entry] = {}
        for slot in range(start, after, width):
            tag, kind, length = struct.unpack_from(self.order + entry_form, self.data, slot)
            value = slot + (12 if self.big else 8)
            if _SIZES.get(kind, 1) * length > (8 if self.big else 4):
                (value,) = struct.unpack_from(self.order + pointer_form, self.data, value)
            entries.setdefault(tag, Entry(kind, length, value))
        return entries, after, following

    def content(self, entry: Entry) -> bytes:
        """The bytes of an entry's values as they lie in the block."""
        end = entry.at + _SIZES.get(entry.kind, 1) * entry.count
        if end > len(self.data):
            raise Defect("a TIFF tag points behind the end")
        return bytes(self.data[entry.at : end])

    def numbers(self, entry: Entry | None) -> tuple[int, ...]:
        """The values of an unsigned integer entry; none for another kind or no entry."""
        if entry is None or entry.kind not in _INTEGERS:
            return ()
        return struct.unpack(f"{self.order}{entry.count}{_INTEGERS[entry.kind]}", self.content(entry))

    def ratio(self, entry: Entry | None) -> float:
        """The value of an unsigned rational entry; 0 where it has none."""
        if entry is None or entry.kind != 5 or entry.count != 1:
            return 0.0
        above, below = struct.unpack(self.order + "II", self.content(entry))
        return above / below if below else 0.0

    def value(self, entry: Entry) -> Value:
        """An entry's values in little-endian order."""
        content = self.content(entry)
        word = _WORDS.get(entry.kind, 1)
        if self.order == ">" and word > 1:
            content = b"".join(content[at : at + word][::-1] for at in range(0, len(content), word))
        return Value(entry.kind, entry.count, content)

    def tree(self, at: int, *, strict: bool = False, deep: int = 0) -> Tree:
        """The directory at a position with the EXIF, GPS and interoperability directories below it.

        Broken entries are left out, or raise a Defect where ``strict``.
        """
        result: Tree = {}
        for tag, entry in self.directory(at)[0].items():
            try:
                if tag in SUBDIRECTORIES:
                    pointer = self.numbers(entry)
                    if len(pointer) == 1 and deep < _DEEPEST:
                        result[tag] = self.tree(pointer[0], strict=strict, deep=deep + 1)
                elif entry.kind in _SIZES:
                    result[tag] = self.value(entry)
            except (Defect, struct.error):
                if strict:
                    raise Defect("a TIFF tag points behind the end of the file; it is truncated") from None
        return result


def serialize(tree: Tree, offset: int) -> bytes:
    """A directory and all that it holds as classic little-endian bytes that will lie at ``offset``."""
    table = 2 + 12 * len(tree) + 4
    entries = [struct.pack("<H", len(tree))]
    tail = b""
    for tag, value in sorted(tree.items()):
        here = offset + table + len(tail)
        if isinstance(value, dict):
            entries.append(struct.pack("<HHII", tag, _LONG, 1, here))
            tail += serialize(value, here)
        elif len(value.content) <= 4:
            entries.append(struct.pack("<HHI", tag, value.kind, value.count) + value.content.ljust(4, b"\0"))
        else:
            entries.append(struct.pack("<HHII", tag, value.kind, value.count, here))
            tail += value.content
        tail += b"\0" * (len(tail) % 2)
    return b"".join(entries) + struct.pack("<I", 0) + tail
