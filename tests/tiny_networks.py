"""Networks of one or two nodes, written as ONNX files: what they give is known for any image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx_files as onnx

STRIDE = onnx.field(1, "strides") + onnx.field(8, 4) * 2 + onnx.field(20, 7)
"""Of a convolution: 4 and 4."""


def brightness_detector(path: str | Path, boxes: np.ndarray, size: int = 32) -> Path:
    """Always the same boxes, (K, 4) in pixels of the input; score of each: the mean of the image's samples."""
    count = len(boxes)
    nodes = [
        onnx.node("GlobalAveragePool", ["images"], ["means"]),
        onnx.node("Conv", ["means", "weights"], ["spread"]),
        onnx.node("Reshape", ["spread", "shape"], ["scores"]),
        onnx.node("Conv", ["means", "none", "places"], ["numbers"]),
        onnx.node("Reshape", ["numbers", "corners"], ["boxes"]),
    ]
    tensors = [
        onnx.tensor("weights", np.full((count, 3, 1, 1), 1 / 3, np.float32)),
        onnx.tensor("shape", np.array([-1, count], np.int64)),
        onnx.tensor("none", np.zeros((4 * count, 3, 1, 1), np.float32)),
        onnx.tensor("places", boxes.astype(np.float32).ravel()),
        onnx.tensor("corners", np.array([-1, count, 4], np.int64)),
    ]
    outputs = [onnx.value_info("boxes", ("N", count, 4)), onnx.value_info("scores", ("N", count))]
    return _write(path, nodes, outputs, tensors, size)


def color_classifier(path: str | Path, size: int | None = 32, scale: float = 10.0) -> Path:
    """The means of red, green and blue, times a scale."""
    nodes = [
        onnx.node("GlobalAveragePool", ["images"], ["means"]),
        onnx.node("Mul", ["means", "scale"], ["scaled"]),
        onnx.node("Reshape", ["scaled", "shape"], ["logits"]),
    ]
    tensors = [
        onnx.tensor("scale", np.array([scale], np.float32)),
        onnx.tensor("shape", np.array([-1, 3], np.int64)),
    ]
    return _write(path, nodes, [onnx.value_info("logits", ("N", 3))], tensors, size)


def color_segmenter(path: str | Path, size: int | None = None) -> Path:
    """Red, green and blue themselves as logits: the class of a pixel is its strongest colour."""
    nodes = [onnx.node("Mul", ["images", "scale"], ["logits"])]
    tensors = [onnx.tensor("scale", np.array([10.0], np.float32))]
    return _write(path, nodes, [onnx.value_info("logits", ("N", 3, "h", "w"))], tensors, size)


def redness_depth(path: str | Path, size: int | None = None) -> Path:
    """The first channel as depth."""
    weights = np.array([1, 0, 0], np.float32).reshape(1, 3, 1, 1)
    nodes = [onnx.node("Conv", ["images", "weights"], ["predicted_depth"])]
    outputs = [onnx.value_info("predicted_depth", ("N", 1, "h", "w"))]
    return _write(path, nodes, outputs, [onnx.tensor("weights", weights)], size)


def spot_detector(path: str | Path, size: int | None = None) -> Path:
    """CenterNet's heads with a stride of 4: a box in each cell of 4 × 4 pixels that is bright, of the cell's size."""
    weights = np.full((1, 3, 4, 4), 4 / 48, np.float32)
    none = np.zeros((2, 3, 4, 4), np.float32)
    heads = (("heatmap", weights, [0]), ("offset", none, [0.5, 0.5]), ("size", none, [1, 1]))
    nodes, tensors = [], []
    for name, kernel, bias in heads:
        nodes.append(onnx.node("Conv", ["images", f"{name}_w", f"{name}_b"], [name], STRIDE))
        tensors += [onnx.tensor(f"{name}_w", kernel), onnx.tensor(f"{name}_b", np.array(bias, np.float32))]
    outputs = [onnx.value_info(name, ("N", len(kernel), "h", "w")) for name, kernel, _ in heads]
    return _write(path, nodes, outputs, tensors, size)


def _write(
    path: str | Path, nodes: list[bytes], outputs: list[bytes], tensors: list[bytes], size: int | None
) -> Path:
    sides = ("h", "w") if size is None else (size, size)
    content = onnx.graph(nodes, [onnx.value_info("images", ("N", 3, *sides))], outputs, tensors)
    path = Path(path)
    path.write_bytes(onnx.model(content))
    return path
