"""How names, sizes and times are written for people."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .._core.images import GRAY, RGB, RGBA

KINDS = {GRAY: "gray", RGB: "RGB", RGBA: "RGBA"}


def shown(name: str | os.PathLike[str]) -> str:
    """A file name in which nothing can act on a terminal or a page: what does not print is escaped."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape", "surrogatepass").decode("ascii")
        for sign in os.fspath(name)
    )


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def in_bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"


def parse_bytes(text: str) -> float:
    """``4GB``, ``500 MB`` or a plain number as bytes; ValueError where it is neither."""
    number = text.strip().upper().removesuffix("B")
    powers = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
    unit = powers.get(number[-1:], 1.0)
    return float(number.rstrip("".join(powers))) * unit


def in_time(seconds: float) -> str:
    if seconds >= 60:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
