"""Makes effdet_heads.npz: `python tests/goldens/effdet_heads.py` where effdet, timm and torchvision are installed.

What effdet makes of drawn heads of an EfficientDet: anchors, and detections with hard and with soft suppression.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from effdet.anchors import Anchors, generate_detections
from effdet.bench import _post_process

SHAPE, CLASSES, CANDIDATES = (128, 128), 3, 400
ASPECTS = [(1.0, 1.0), (1.4, 0.7), (0.7, 1.4)]


def main() -> None:
    rng = np.random.default_rng(9)
    anchors = Anchors(3, 7, 3, ASPECTS, 4.0, SHAPE)
    grids = [(SHAPE[0] >> level, SHAPE[1] >> level) for level in range(3, 8)]
    orders, deltas = [], []
    total = sum(9 * CLASSES * rows * columns for rows, columns in grids)
    order = rng.permutation(total).astype(np.uint16)
    logits = (-6 + 9 * order.astype(np.int64) / total).astype(np.float32)
    start = 0
    for rows, columns in grids:
        count = 9 * CLASSES * rows * columns
        orders.append(torch.from_numpy(logits[start : start + count].reshape(1, 9 * CLASSES, rows, columns)))
        deltas.append(rng.normal(0, 0.1, (1, 36, rows, columns)).astype(np.float16))
        start += count
    moves = [torch.from_numpy(array.astype(np.float32)) for array in deltas]
    found = _post_process(orders, moves, 5, CLASSES, CANDIDATES)
    kept = {}
    for word, soft in (("hard", False), ("soft", True)):
        result = generate_detections(
            found[0][0],
            found[1][0],
            anchors.boxes,
            found[2][0],
            found[3][0],
            torch.tensor(1.0),
            torch.tensor([SHAPE[1], SHAPE[0]], dtype=torch.float32),
            60,
            soft,
        )
        kept[word] = result.numpy()
    np.savez_compressed(
        Path(__file__).with_suffix(".npz"),
        versions=np.array([torch.__version__, version("effdet")]),
        anchors=anchors.boxes.numpy()[::7],
        order=order,
        deltas=np.concatenate([array.ravel() for array in deltas]),
        **kept,
    )


if __name__ == "__main__":
    main()
