"""Weighted boxes fusion by ensemble-boxes 1.0.9, for tests/test_fusion_oracles.py.

    pip install --no-deps ensemble-boxes && pip install numpy && python tests/goldens/ensemble_boxes_fusion.py

Each case is three models' boxes in [0, 1] (the package clips to that), with scores that are all different.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ensemble_boxes.ensemble_boxes_wbf import weighted_boxes_fusion

MODELS = 3
CASES = [
    # boxes of a model, objects, labels, weights, IoU threshold, score threshold, confidence, overflow
    (40, 12, 1, (1, 1, 1), 0.55, 0.0, "avg", False),
    (60, 10, 3, (2, 1, 0.5), 0.55, 0.1, "avg", False),
    (60, 10, 3, (2, 1, 0.5), 0.4, 0.0, "avg", True),
    (60, 10, 2, (1, 3, 2), 0.55, 0.0, "max", False),
    (60, 10, 2, (1, 3, 2), 0.3, 0.05, "box_and_model_avg", False),
    (60, 10, 2, (1, 3, 2), 0.7, 0.0, "absent_model_aware_avg", False),
    (25, 3, 1, (1, 1, 1), 0.0, 0.0, "avg", False),
    (200, 40, 4, (1, 2, 1), 0.55, 0.0, "box_and_model_avg", False),
]


def main() -> None:
    rng = np.random.default_rng(1)
    found: dict[str, np.ndarray] = {}
    for number, (count, objects, classes, weights, iou, score, confidence, overflow) in enumerate(CASES):
        centers, sizes = rng.uniform(0.2, 0.8, (objects, 2)), rng.uniform(0.05, 0.3, (objects, 2))
        boxes, labels = [], []
        for _ in range(MODELS):
            which = rng.integers(0, objects, count)
            center = centers[which] + rng.normal(0, 0.01, (count, 2))
            size = sizes[which] * np.exp(rng.normal(0, 0.1, (count, 2)))
            boxes.append(np.hstack([center - size / 2, center + size / 2]).clip(0, 1).astype(np.float32))
            labels.append(which % classes)
        scores = np.split(rng.permutation(np.linspace(0.01, 0.99, MODELS * count)), MODELS)
        fused = weighted_boxes_fusion(
            boxes, scores, labels, list(weights), iou, score, confidence, allows_overflow=overflow
        )
        names = ("boxes", "scores", "labels", "fused_boxes", "fused_scores", "fused_labels")
        for name, value in zip(names, (boxes, scores, labels, *fused), strict=True):
            found[f"{number}_{name}"] = np.stack(value) if isinstance(value, list) else value
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **found)


if __name__ == "__main__":
    main()
