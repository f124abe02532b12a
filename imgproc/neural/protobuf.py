"""Fields of a protobuf message, read where they lie: enough to look into a model file without its library."""

from __future__ import annotations

from collections.abc import Iterator

from .errors import ModelFormatError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Reader:
    """Walks over the messages of one file, and stops at what cannot be one.

    ``fields`` bounds the work: a hostile file of many tiny fields would take minutes.
    """

    def __init__(self, data: memoryview, what: str, fields: int = 4_000_000) -> None:
        self.data, self.what, self.left = data, what, fields

    def wrong(self, why: str) -> ModelFormatError:
        return ModelFormatError(f"{self.what}: not an ONNX file, or a damaged one: {why}")

    def fields(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Number, wire type, and either (value, 0) or where the bytes start and end."""
        data, at, left = self.data, start, self.left
        try:
            while at < end:
                left -= 1
                if left < 0:
                    raise ModelFormatError(f"{self.what}: more fields than a model has")
                self.left = left
                byte = data[at]
                at += 1
                if byte < 128:
                    key = byte
                else:
                    key, at = self._varint(at - 1, end)
                number, wire = key >> 3, key & 7
                if not 0 < number < 1 << 29:
                    raise self.wrong(f"field number {number}")
                if wire == BYTES:
                    size = data[at]
                    at += 1
                    if size >= 128:
                        size, at = self._varint(at - 1, end)
                    if size > end - at:
                        raise self.wrong("a field that is longer than what is left")
                    yield number, wire, at, at + size
                    at += size
                elif wire == VARINT:
                    value = data[at]
                    at += 1
                    if value >= 128:
                        value, at = self._varint(at - 1, end)
                    yield number, wire, value, 0
                elif wire in (FIXED64, FIXED32):
                    size = 8 if wire == FIXED64 else 4
                    if size > end - at:
                        raise self.wrong("a field that is longer than what is left")
                    yield number, wire, at, at + size
                    at += size
                else:
                    raise self.wrong(f"wire type {wire}")
                left = self.left  # what is inside a field counts too
        except IndexError:
            raise self.wrong("it ends within a field") from None
        if at != end:
            raise self.wrong("a field that is longer than what is left")

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            if at >= end or shift > 63:
                raise self.wrong("a number without an end")
            byte = self.data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value & (1 << 64) - 1, at
            shift += 7

    def text(self, wire: int, start: int, end: int) -> str:
        self.need(wire, BYTES)
        if end - start > 65536:
            raise self.wrong("a name of more than 64 kB")
        try:
            return str(self.data[start:end], "utf-8")
        except UnicodeDecodeError:
            raise self.wrong("a name that is not UTF-8") from None

    def need(self, wire: int, wanted: int) -> None:
        if wire != wanted:
            raise self.wrong(f"wire type {wire} where {wanted} stands")


def signed(value: int) -> int:
    """A varint as the int64 it stands for."""
    return value - (1 << 64) if value >> 63 else value
