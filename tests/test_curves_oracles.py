"""Curves against scikit-learn, and against the published numbers of a small VOC example."""

from __future__ import annotations

import numpy as np
import pytest
import reference.anchors as boxes

import imgproc


def test_points_and_steps_equal_scikit_learn(rng):
    """It ranks classifiers: what was not found is not there, the order is from the lowest threshold, and a point of
    recall 0 and precision 1 is added. Its average precision is the sum of steps below the curve itself; ours is below
    its envelope, and so at least as large."""
    metrics = pytest.importorskip("sklearn.metrics")
    for levels in (5, 10**6):
        matched = rng.random(300) < 0.4
        scores = (rng.random(300) + 0.4 * matched) // (1 / levels) / levels
        found = int(matched.sum())
        precision, recall, thresholds = metrics.precision_recall_curve(matched, scores)
        ours = imgproc.precision_recall(matched, scores, found, ties="group")
        np.testing.assert_allclose(ours.precision, precision[-2::-1], rtol=1e-15)
        np.testing.assert_allclose(ours.recall, recall[-2::-1], rtol=1e-15)
        np.testing.assert_array_equal(ours.thresholds, thresholds[::-1])
        steps = float(np.sum(np.diff(ours.recall, prepend=0) * ours.precision))
        theirs = metrics.average_precision_score(matched, scores)
        np.testing.assert_allclose(steps, theirs, rtol=1e-12)
        assert imgproc.average_precision(ours.recall, ours.precision, method="voc") >= theirs
        # Its false positive rate has the negatives below, where ours has the images.
        rate, hits, _ = metrics.roc_curve(matched, scores, drop_intermediate=False)
        roc = imgproc.roc_curve(matched, scores, found, 300 - found, ties="group")
        np.testing.assert_allclose(roc.detection_rate, hits[1:], rtol=1e-15)
        np.testing.assert_allclose(roc.false_positives, rate[1:], rtol=1e-15)


def read(path):
    rows = [line.split()[1:] for line in path.read_text("utf-8").splitlines()]
    table = np.array(rows, np.float64).reshape(len(rows), -1)
    corners = table[:, -4:].copy()
    # That evaluation counts pixels: a box reaches one further than its corners.
    corners[:, 2:] += corners[:, :2] + 1
    return corners, table[:, 0]


def test_voc_example(data):
    """7 images, 15 true boxes, 24 detections, IoU 0.3: 24.56 % over all points, cut and not rounded (it is 0.245687),
    and 26.84 % over 11."""
    folder = data / "metrics_coco" / "padilla_voc"
    truth = {path.name: read(path)[0] for path in sorted((folder / "groundtruths").iterdir())}
    found = [
        (score, path.name, box)
        for path in sorted((folder / "detections").iterdir())
        for box, score in zip(*read(path), strict=True)
    ]
    taken, matched = set(), []
    for _, name, box in sorted(found, key=lambda item: -item[0]):
        overlaps = [boxes.iou(box, other) for other in truth[name]]
        best = int(np.argmax(overlaps))
        matched.append(overlaps[best] >= 0.3 and (name, best) not in taken)
        taken |= {(name, best)} if matched[-1] else set()
    scores = np.array(sorted((score for score, _, _ in found), reverse=True))
    curve = imgproc.precision_recall(np.array(matched), scores, sum(map(len, truth.values())))
    assert len(matched) == 24 and sum(map(len, truth.values())) == 15
    area = imgproc.average_precision(curve.recall, curve.precision, method="voc")
    assert int(1e4 * area) == 2456 and round(area, 6) == 0.245687
    assert round(imgproc.average_precision(curve.recall, curve.precision, method="voc11"), 4) == 0.2684
