"""Weighted boxes fusion against ensemble-boxes, in goldens made by tests/goldens/ensemble_boxes_fusion.py."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import imgproc

HERE = Path(__file__).parent / "goldens"
WORDS = {
    "avg": "average",
    "max": "max",
    "box_and_model_avg": "box_and_model_average",
    "absent_model_aware_avg": "absent_model_aware_average",
}
# As in the script: IoU threshold, score threshold, weights, confidence, overflow.
CASES = [
    (0.55, 0.0, (1, 1, 1), "avg", False),
    (0.55, 0.1, (2, 1, 0.5), "avg", False),
    (0.4, 0.0, (2, 1, 0.5), "avg", True),
    (0.55, 0.0, (1, 3, 2), "max", False),
    (0.3, 0.05, (1, 3, 2), "box_and_model_avg", False),
    (0.7, 0.0, (1, 3, 2), "absent_model_aware_avg", False),
    (0.0, 0.0, (1, 1, 1), "avg", False),
    (0.55, 0.0, (1, 2, 1), "box_and_model_avg", False),
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_ensemble_boxes_alike(number: int) -> None:
    """Its sums are float32, so that its boxes are some units in the last place off; all else is the same."""
    iou, score, weights, confidence, overflow = CASES[number]
    with np.load(HERE / "ensemble_boxes_fusion.npz") as found:
        golden = {key.split("_", 1)[1]: found[key] for key in found.files if key.startswith(f"{number}_")}
    boxes, scores, labels = imgproc.weighted_boxes_fusion(
        list(golden["boxes"]),
        list(golden["scores"]),
        list(golden["labels"]),
        weights=weights,
        iou_threshold=iou,
        score_threshold=score,
        confidence=WORDS[confidence],
        allow_overflow=overflow,
    )
    assert len(boxes) == len(golden["fused_boxes"])
    np.testing.assert_allclose(scores, golden["fused_scores"], rtol=2e-6)
    # Scores closer than its rounding may stand in another order there.
    order = np.lexsort([golden["fused_boxes"][:, 0], np.round(golden["fused_scores"], 5)])
    ours = np.lexsort([boxes[:, 0], np.round(scores, 5)])
    np.testing.assert_allclose(boxes[ours], golden["fused_boxes"][order], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(labels[ours], golden["fused_labels"][order])


@pytest.mark.skipif(
    importlib.util.find_spec("ensemble_boxes") is None, reason="ensemble-boxes is not installed"
)
def test_ensemble_boxes_differs_where_it_clips_and_drops() -> None:
    from ensemble_boxes.ensemble_boxes_wbf import weighted_boxes_fusion

    boxes = np.array([[0.2, 0.2, 1.5, 1.5], [0.4, 0.4, 0.4, 0.9]])
    scores = np.array([0.9, 0.8])
    with pytest.warns(UserWarning):
        theirs = weighted_boxes_fusion([boxes], [scores], [np.zeros(2)])
    ours = imgproc.weighted_boxes_fusion([boxes], [scores])
    np.testing.assert_array_equal(theirs[0], [[0.2, 0.2, 1.0, 1.0]])
    np.testing.assert_array_equal(ours[0], boxes)
