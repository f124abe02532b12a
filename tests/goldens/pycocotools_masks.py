"""IoU of masks by pycocotools 2.0.11 and mask NMS by supervision 0.31.2, for tests/test_masks_oracles.py.

pip install pycocotools supervision && python tests/goldens/pycocotools_masks.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pycocotools import mask as coco
from supervision.detection.utils.iou_and_nms import mask_non_max_suppression

SIZE = (70, 150)


def blobs(rng: np.random.Generator, count: int) -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    cy, cx = (rng.uniform(0, length, (count, 1, 1)) for length in SIZE)
    ry, rx = (rng.uniform(3, length / 3, (count, 1, 1)) for length in SIZE)
    return ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1


def main() -> None:
    rng = np.random.default_rng(5)
    a, b, many = blobs(rng, 12), blobs(rng, 15), blobs(rng, 60)
    a[3] = False
    b[7] = a[0]
    codes = [coco.encode(np.asfortranarray(masks.transpose(1, 2, 0).astype(np.uint8))) for masks in (a, b)]
    crowd = rng.random(len(b)) < 0.4
    scores = rng.permutation(np.linspace(0.1, 0.9, len(many)))
    labels = rng.integers(0, 2, len(many))
    rows = np.column_stack([np.zeros((len(many), 4)), scores, labels])
    kept = {
        f"kept_{percent}": mask_non_max_suppression(rows, many, percent / 100) for percent in (20, 50, 80)
    }
    np.savez_compressed(
        Path(__file__).with_suffix(".npz"),
        a=np.packbits(a, axis=2),
        b=np.packbits(b, axis=2),
        many=np.packbits(many, axis=2),
        size=np.array(SIZE),
        crowd=crowd,
        iou=coco.iou(codes[0], codes[1], [0] * len(b)),
        ioa=coco.iou(codes[0], codes[1], [1] * len(b)),
        mixed=coco.iou(codes[0], codes[1], crowd.astype(np.uint8).tolist()),
        scores=scores,
        labels=labels,
        **kept,
    )


if __name__ == "__main__":
    main()
