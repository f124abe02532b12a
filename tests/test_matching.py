"""Matching of detections: against its slow twin, laws, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import coco as slow

import imgproc

THRESHOLDS = np.array([0.0, 0.3, 0.5, 0.75, 1.0])


def random_case(rng: np.random.Generator, n: int, m: int) -> dict[str, Any]:
    """Boxes on a coarse grid, so that equal boxes, overlaps and scores are common."""

    def boxes(count: int) -> np.ndarray:
        corner, size = rng.integers(0, 6, (count, 2)), rng.integers(0, 5, (count, 2))
        return np.hstack([corner, corner + size]).astype(np.float32)

    return {
        "boxes": boxes(n),
        "scores": rng.integers(0, 4, n) / 4,
        "truth": boxes(m),
        "labels": rng.integers(0, 2, n),
        "truth_labels": rng.integers(0, 2, m),
        "crowd": rng.random(m) < 0.2,
        "ignore": rng.random(m) < 0.2,
    }


def expected(case: dict[str, Any], threshold: float, rule: str) -> tuple[Any, ...]:
    xywh = [np.hstack([b[:, :2], b[:, 2:] - b[:, :2]]).astype(float) for b in (case["boxes"], case["truth"])]
    n, m = len(xywh[0]), len(xywh[1])
    crowd = case.get("crowd", np.zeros(m, bool))
    ignore = case.get("ignore", np.zeros(m, bool))
    ious = [[slow.iou(d, g, c) for g, c in zip(xywh[1], crowd, strict=True)] for d in xywh[0]]
    if "labels" in case:
        for d in range(n):
            for g in range(m):
                if case["labels"][d] != case["truth_labels"][g]:
                    ious[d][g] = -1.0
    order = slow.by_score(case["scores"])
    if rule == "voc":
        return slow.match_voc(ious, order, ignore, threshold)
    return slow.match_coco(ious, order, crowd, crowd | ignore, threshold)


@pytest.mark.parametrize("rule", ["coco", "voc"])
@pytest.mark.parametrize("labelled", [False, True])
def test_twin(rule: str, labelled: bool, rng: np.random.Generator) -> None:
    for _ in range(60):
        case = random_case(rng, *rng.integers(0, 9, 2))
        if rule == "voc":
            del case["crowd"]
        if not labelled:
            del case["labels"], case["truth_labels"]
        found = imgproc.match_detections(**case, iou_threshold=THRESHOLDS, rule=rule)
        for t, threshold in enumerate(THRESHOLDS):
            wanted = expected(case, threshold, rule)
            for name, ours, theirs in zip(found._fields, found, wanted, strict=True):
                assert ours[t].tolist() == list(theirs), (name, threshold, case)
        single = imgproc.match_detections(**case, iou_threshold=0.5, rule=rule)
        for one, many in zip(single, found, strict=True):
            np.testing.assert_array_equal(one, many[2])


def test_more_thresholds_than_a_word_has_bits(rng: np.random.Generator) -> None:
    case = random_case(rng, 12, 9)
    thresholds = rng.random(150)
    found = imgproc.match_detections(**case, iou_threshold=thresholds)
    for t, threshold in enumerate(thresholds):
        single = imgproc.match_detections(**case, iou_threshold=threshold)
        for one, many in zip(single, found, strict=True):
            np.testing.assert_array_equal(one, many[t])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_laws(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = random_case(rng, *rng.integers(0, 12, 2))
    n, m = len(case["boxes"]), len(case["truth"])
    found = imgproc.match_detections(**case, iou_threshold=THRESHOLDS)
    assert [a.dtype for a in found] == [np.int64, bool, np.int64]
    assert [a.shape for a in found] == [(5, n), (5, n), (5, m)]
    for t in range(len(THRESHOLDS)):
        truth_of, ignored, detection_of = (array[t] for array in found)
        matched = truth_of >= 0
        taken, times = np.unique(truth_of[matched], return_counts=True)
        assert case["crowd"][taken[times > 1]].all(), "only a crowd is matched twice"
        assert (case["labels"][matched] == case["truth_labels"][truth_of[matched]]).all()
        np.testing.assert_array_equal(ignored[matched], (case["crowd"] | case["ignore"])[truth_of[matched]])
        assert not ignored[~matched].any()
        assert sorted(np.flatnonzero(detection_of >= 0)) == sorted(taken)
        assert (truth_of[detection_of[taken]] == taken).all()
    # A permutation of the detections changes nothing but their places, where no scores are equal.
    case["scores"] = rng.permutation(n).astype(np.float64)
    plain = imgproc.match_detections(**case)
    order = rng.permutation(n)
    shuffled = {k: v[order] if k in ("boxes", "scores", "labels") else v for k, v in case.items()}
    np.testing.assert_array_equal(
        imgproc.match_detections(**shuffled).truth_of_detection, plain.truth_of_detection[order]
    )


def test_the_two_rules_differ_where_two_detections_share_a_best_truth() -> None:
    truth = np.array([[0, 0, 10, 10], [4, 0, 14, 10]], np.float64)
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10]], np.float64)
    scores = np.array([0.9, 0.8])
    assert imgproc.match_detections(boxes, scores, truth).truth_of_detection.tolist() == [0, 1]
    voc = imgproc.match_detections(boxes, scores, truth, rule="voc")
    assert voc.truth_of_detection.tolist() == [0, -1]
    assert voc.detection_of_truth.tolist() == [0, -1]


def test_the_first_row_is_a_match_like_any_other() -> None:
    box = np.array([[0, 0, 1, 1]], np.float32)
    found = imgproc.match_detections(box, np.ones(1, np.float32), box, iou_threshold=1)
    assert (found.truth_of_detection[0], found.detection_of_truth[0]) == (0, 0)


def test_huge_boxes_do_not_match_by_overflow() -> None:
    box = np.array([[-1e308, -1e308, 1e308, 1e308]])
    found = imgproc.match_detections(box, np.ones(1), box)
    assert found.truth_of_detection.tolist() == [-1]


BOXES = np.array([[0, 0, 4, 4], [1, 1, 5, 5]], np.float32)
SCORES = np.array([0.5, 0.25])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("boxes", BOXES.tolist()),
        ("boxes", BOXES[:, :3]),
        ("boxes", BOXES[:, ::-1]),
        ("boxes", BOXES * np.float32(np.nan)),
        ("boxes", BOXES.astype(int)),
        ("scores", SCORES[:1]),
        ("scores", SCORES * np.nan),
        ("scores", None),
        ("truth", BOXES[0]),
        ("truth", None),
        ("iou_threshold", -0.1),
        ("iou_threshold", 1.1),
        ("iou_threshold", np.nan),
        ("iou_threshold", "0.5"),
        ("iou_threshold", True),
        ("iou_threshold", []),
        ("iou_threshold", [[0.5]]),
        ("iou_threshold", [0.5, [1]]),
        ("iou_threshold", [0.5, 2]),
        ("iou_threshold", ["a"]),
        ("labels", np.zeros(2, int)),
        ("labels", [0, 0]),
        ("truth_labels", np.zeros(2, int)),
        ("crowd", np.zeros(3, bool)),
        ("crowd", np.zeros(2, int)),
        ("ignore", [True, False]),
        ("rule", "pascal"),
        ("rule", None),
    ],
)
def test_bad_input(name: str, value: Any) -> None:
    arguments: dict[str, Any] = {"boxes": BOXES, "scores": SCORES, "truth": BOXES, name: value}
    with pytest.raises((TypeError, ValueError), match=r"^match_detections: \w+ must be .*, got "):
        imgproc.match_detections(**arguments)


def test_a_crowd_is_not_for_the_rule_of_voc() -> None:
    with pytest.raises(ValueError, match=r"^match_detections: crowd must be None with rule"):
        imgproc.match_detections(BOXES, SCORES, BOXES, crowd=np.zeros(2, bool), rule="voc")
