"""A file of named arrays: safe to open, whole or not there, and mapped into memory rather than read."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from .files import write_file
from .images import Array

_MAGIC = b"imgproc arrays\n\x00"
_ALIGNMENT = 64
_MAX_HEADER = 2**24
_DTYPES = {
    name: np.dtype(name).newbyteorder("<") for name in ("u1", "i2", "i4", "u4", "i8", "u8", "f4", "f8")
}


def write_arrays(
    path: str | os.PathLike[str],
    kind: str,
    version: int,
    arrays: Mapping[str, Array],
    values: Mapping[str, Any],
    *,
    overwrite: bool = False,
) -> None:
    """Write arrays, and values that JSON can hold, in one step.

    The file is 16 bytes that name the format, the header's length as 8 bytes, the header as JSON, then the arrays,
    little endian and C-contiguous, each at a multiple of 64 bytes.
    """
    entries: dict[str, Any] = {}
    pieces: list[bytes | memoryview] = []
    offset = 0
    for name, array in arrays.items():
        code = f"{array.dtype.kind}{array.dtype.itemsize}"
        data = np.ascontiguousarray(array, _DTYPES[code])
        entries[name] = {"dtype": code, "shape": list(array.shape), "offset": offset}
        padding = -data.nbytes % _ALIGNMENT
        pieces += [data.tobytes(), bytes(padding)]
        offset += data.nbytes + padding
    header = json.dumps(
        {"kind": kind, "version": version, "values": dict(values), "arrays": entries}
    ).encode()
    header += b" " * (-(len(_MAGIC) + 8 + len(header)) % _ALIGNMENT)
    write_file(path, _MAGIC, len(header).to_bytes(8, "little"), header, *pieces, overwrite=overwrite)


def read_arrays(
    path: str | os.PathLike[str], kind: str, version: int
) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays, mapped read-only, and the values of a file of one kind and version; ValueError where it is none."""
    name = os.path.basename(os.fspath(path))

    def wrong(what: str) -> ValueError:
        return ValueError(f"{name}: must be a file of {kind}, version {version}: {what}")

    with open(path, "rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise wrong("it begins otherwise")
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        start = len(_MAGIC) + 8 + length
        if length > _MAX_HEADER or start > size:
            raise wrong("it ends within its header")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError):
            raise wrong("its header is no JSON") from None
    if not isinstance(header, dict) or header.get("kind") != kind:
        raise wrong(f"it holds {str(header.get('kind') if isinstance(header, dict) else header)[:40]!r}")
    if header.get("version") != version:
        raise wrong(f"it is of version {str(header.get('version'))[:20]}")
    entries, values = header.get("arrays"), header.get("values")
    if not isinstance(entries, dict) or not isinstance(values, dict):
        raise wrong("its header lacks arrays or values")
    arrays = {}
    for key, entry in entries.items():
        dtype, shape, offset = _placed(entry)
        if dtype is None or offset % _ALIGNMENT:
            raise wrong(f"array {key[:40]!r} has a wrong dtype, shape or offset")
        if start + offset + math.prod(shape) * dtype.itemsize > size:
            raise wrong(f"it ends within array {key[:40]!r}")
        if math.prod(shape) == 0:
            arrays[key] = np.zeros(shape, dtype)
        else:
            arrays[key] = np.memmap(path, dtype, "r", start + offset, shape)
    return arrays, values


def _placed(entry: object) -> tuple[np.dtype[Any] | None, tuple[int, ...], int]:
    """Dtype, shape and offset of an entry of a header; no dtype where one of them is wrong."""
    if not isinstance(entry, dict):
        return None, (), 0
    dtype, shape, offset = _DTYPES.get(str(entry.get("dtype"))), entry.get("shape"), entry.get("offset")
    if not isinstance(shape, list) or len(shape) > 8:
        return None, (), 0
    if not all(type(count) is int and 0 <= count < 2**48 for count in [offset, *shape]):
        return None, (), 0
    return dtype, tuple(shape), int(offset or 0)
