"""ONNX files written field by field, so that tests need no onnx, and can write what onnx would not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

DTYPES = {"float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9,
          "float16": 10, "float64": 11, "uint32": 12, "uint64": 13, "complex64": 14, "complex128": 15}  # fmt: skip


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def value_info(name: str, shape: Sequence[int | str | None] | None, dtype: str | int = "float32") -> bytes:
    kind = field(1, DTYPES[dtype] if isinstance(dtype, str) else dtype)
    if shape is not None:
        sizes = (b"" if n is None else field(1, n) if isinstance(n, int) else field(2, n) for n in shape)
        kind += field(2, b"".join(field(1, size) for size in sizes))
    return field(1, name) + field(2, field(1, kind))


def tensor(name: str, array: np.ndarray, external: Mapping[str, str] | None = None) -> bytes:
    """A TensorProto; with ``external`` its bytes lie elsewhere."""
    head = b"".join(field(1, n) for n in array.shape) + field(2, DTYPES[array.dtype.name]) + field(8, name)
    if external is None:
        return head + field(9, array.tobytes())
    entries = b"".join(field(13, field(1, key) + field(2, value)) for key, value in external.items())
    return head + entries + field(14, 1)


def attribute(name: str, **parts: int | bytes) -> bytes:
    """``t`` a tensor, ``g`` a graph, ``i`` an integer, ``tensors`` and ``graphs`` one of several."""
    numbers = {"i": 3, "t": 5, "g": 6, "tensors": 10, "graphs": 11, "sparse_tensor": 22, "sparse_tensors": 23}
    return field(1, name) + b"".join(field(numbers[part], value) for part, value in parts.items())


def node(
    operator: str, inputs: Sequence[str], outputs: Sequence[str], *attributes: bytes, domain: str = ""
) -> bytes:
    names = b"".join(field(1, name) for name in inputs) + b"".join(field(2, name) for name in outputs)
    return names + field(4, operator) + b"".join(field(5, a) for a in attributes) + field(7, domain)


def graph(
    nodes: Sequence[bytes],
    inputs: Sequence[bytes] = (),
    outputs: Sequence[bytes] = (),
    tensors: Sequence[bytes] = (),
    sparse: Sequence[bytes] = (),
) -> bytes:
    parts = ((1, nodes), (5, tensors), (15, sparse), (11, inputs), (12, outputs))
    return field(2, "g") + b"".join(field(number, one) for number, several in parts for one in several)


def model(content: bytes, *extra: bytes, opset: int = 17, ir_version: int = 8) -> bytes:
    opsets = field(8, field(1, "") + field(2, opset))
    return field(1, ir_version) + field(2, "tests") + field(7, content) + opsets + b"".join(extra)


def scaled(scale: float = 2.0, shape: Sequence[int | str | None] = ("N", 3), name: str = "x") -> bytes:
    """y = scale · x, in one node."""
    content = graph(
        [node("Mul", [name, "scale"], ["y"])],
        [value_info(name, shape)],
        [value_info("y", shape)],
        [tensor("scale", np.array([scale], np.float32))],
    )
    return model(content)


def dense(weights: np.ndarray, external: Mapping[str, str] | None = None) -> bytes:
    """y = x · weights, whose bytes may lie elsewhere."""
    content = graph(
        [node("MatMul", ["x", "w"], ["y"])],
        [value_info("x", ("N", weights.shape[0]))],
        [value_info("y", ("N", weights.shape[1]))],
        [tensor("w", weights, external)],
    )
    return model(content)
