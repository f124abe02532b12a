"""Image files and blocks made by the letter of their specifications.

PNG: W3C Portable Network Graphics, third edition, sections 5 and 11. EXIF: CIPA DC-008, a TIFF 6.0 structure.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

ICC_RGB = (b"\0" * 16 + b"RGB XYZ ").ljust(70_000, b"p")
ICC_GRAY = (b"\0" * 16 + b"GRAYXYZ ").ljust(700, b"p")


def sample(dtype: Any, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Noise over the whole range of a dtype."""
    generator = np.random.default_rng(seed)
    if np.dtype(dtype) == np.float32:
        return generator.normal(size=shape).astype(np.float32)
    return generator.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def make_exif(order: str = "<", orientation: int = 6, size: tuple[int, int] = (90, 60)) -> bytes:
    """A block with a maker, an orientation, an EXIF directory with the size, and a thumbnail directory."""
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 8)
    inner_at = 8 + 2 + 3 * 12 + 4
    thumbnail_at = inner_at + 2 + 3 * 12 + 4
    maker_at = thumbnail_at + 2 + 12 + 4
    directory = struct.pack(order + "H", 3)
    directory += struct.pack(order + "HHII", 271, 2, 8, maker_at)
    directory += struct.pack(order + "HHIHH", 274, 3, 1, orientation, 0)
    directory += struct.pack(order + "HHII", 34665, 4, 1, inner_at)
    directory += struct.pack(order + "I", thumbnail_at)
    inner = struct.pack(order + "H", 3)
    inner += struct.pack(order + "HHIHH", 0x8827, 3, 1, 400, 0)
    inner += struct.pack(order + "HHII", 0xA002, 4, 1, size[0])
    inner += struct.pack(order + "HHII", 0xA003, 4, 1, size[1]) + struct.pack(order + "I", 0)
    thumbnail = struct.pack(order + "HHHIHHI", 1, 259, 3, 1, 6, 0, 0)
    return head + directory + inner + thumbnail + b"Toolkit\0"


def make_png(
    samples: np.ndarray,
    kind: int,
    depth: int,
    transparent: bytes = b"",
    extra: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    """A PNG made by the letter of the specification, unfiltered."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    height, width = samples.shape[:2]
    rows = []
    for row in samples.reshape(height, -1):
        bits = "".join(format(int(value), f"0{depth}b") for value in row)
        bits += "0" * (-len(bits) % 8)
        rows.append(b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big"))
    content = b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    )
    content += b"".join(chunk(name, body) for name, body in extra)
    if transparent:
        content += chunk(b"tRNS", transparent)
    return content + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")
