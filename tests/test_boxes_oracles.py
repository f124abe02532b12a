"""Boxes against torchvision (what it gave is stored in goldens/), OpenCV, and the conformance data of ONNX.

Their faults are shown here beside what we do instead.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from box_samples import clustered, from_middles, scenes

import imgproc

SCENES = ("clustered", "lattice", "far", "huge")
KINDS = ("iou", "giou", "diou", "ciou")


@pytest.fixture(scope="module")
def torchvision():
    """Made by goldens/make_torchvision.py."""
    with np.load(Path(__file__).parent / "goldens" / "torchvision_boxes.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def cv2():
    module = pytest.importorskip("cv2", reason="OpenCV is not installed")
    if not hasattr(module.dnn, "softNMSBoxes"):
        pytest.skip("this OpenCV has no softNMSBoxes")
    return module


def as_xywh(boxes):
    return imgproc.convert_boxes(boxes, "xyxy", "xywh")


@pytest.mark.parametrize("scene", SCENES)
def test_torchvision_nms(scene, torchvision, level):
    """The same indices, ties included, at thresholds that many overlaps of the lattice equal; with areas that float32
    does not hold, too."""
    boxes, scores = torchvision[f"{scene}_boxes"], torchvision[f"{scene}_scores"]
    for threshold in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0):
        np.testing.assert_array_equal(
            imgproc.nms(boxes, scores, threshold), torchvision[f"{scene}_nms_{threshold}"], f"{threshold}"
        )
    kept = imgproc.nms(boxes, scores, labels=torchvision[f"{scene}_labels"])
    np.testing.assert_array_equal(np.sort(kept), torchvision[f"{scene}_kept_by_label"])


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("kind", KINDS)
def test_torchvision_overlap(scene, kind, torchvision, level):
    """IoU the same bits. GIoU too, but where rounding makes its penalty negative, which ours never is. DIoU and CIoU
    within the 1e-7 that torchvision adds to denominators, and its rounding of centres before it subtracts them."""
    boxes = torchvision[f"{scene}_boxes"]
    for dtype in (np.float32, np.float64):
        theirs = torchvision[f"{scene}_{kind}_{np.dtype(dtype).name}"]
        a, b = boxes[:24].astype(dtype), boxes[24:44].astype(dtype)
        ours = imgproc.iou_matrix(a, b, kind=kind)
        # Theirs is NaN for two boxes without area, and beyond the range.
        defined = np.isfinite(theirs)
        assert np.isfinite(ours).all() and (dtype == np.float64 or defined.mean() > 0.3 or scene == "huge")
        unit = np.finfo(dtype).eps
        if kind == "iou":
            np.testing.assert_array_equal(ours[defined], theirs[defined])
            assert (ours[~defined] == 0).all()
        elif kind == "giou":
            np.testing.assert_allclose(ours[defined], theirs[defined], rtol=0, atol=unit)
        else:
            low, high = np.minimum(a[:, None, :2], b[:, :2]), np.maximum(a[:, None, 2:], b[:, 2:])
            diagonal = np.hypot(*np.moveaxis((high - low).astype(np.float64), -1, 0))
            # A box without height, where alpha is the quotient of two small numbers, is theirs to define.
            defined &= (diagonal > 0) & (
                (a[:, 3] > a[:, 1])[:, None] & (b[:, 3] > b[:, 1]) | (kind == "diou")
            )
            bound = 16 * unit + 1e-7 + 8 * unit * np.abs(boxes).max() / diagonal[defined]
            assert (np.abs(ours - theirs)[defined] <= bound).all()


def test_torchvision_formats_and_clipping(torchvision):
    for source, target in (("xyxy", "xywh"), ("xyxy", "cxcywh"), ("xywh", "xyxy"), ("cxcywh", "xyxy")):
        given = torchvision[f"convert_{source}_{target}_in"]
        expected = torchvision[f"convert_{source}_{target}_out"]
        np.testing.assert_array_equal(imgproc.convert_boxes(given, source, target), expected)
    boxes = torchvision["clustered_boxes"]
    np.testing.assert_array_equal(imgproc.clip_boxes(boxes, (200, 150)), torchvision["clip"])


def test_torchvision_offsets_let_labels_meet(torchvision, level):
    """batched_nms moves labels apart by the largest coordinate + 1: left of zero that is too little, and of two equal
    boxes of different labels one is lost. Ours compares labels."""
    boxes = torchvision["offset_boxes"]
    assert torchvision["offset_kept"].tolist() == [0]
    assert imgproc.nms(boxes, np.array([0.9, 0.8]), labels=np.array([0, 1])).tolist() == [0, 1]


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9])
def test_opencv_nms(threshold, cv2, level, rng):
    """OpenCV computes with x, y, width and height in float64 boxes of its own; overlaps next to the threshold aside,
    which these boxes do not have, it keeps the same."""
    for boxes in (
        clustered(rng, 400, 40),
        scenes(rng, 400)["scattered"],
        scenes(rng, 300)["one place, one size"],
    ):
        scores = rng.permutation(len(boxes)).astype(np.float32) / len(boxes) + 0.5
        kept = cv2.dnn.NMSBoxes(as_xywh(boxes), scores, 0.0, threshold)
        np.testing.assert_array_equal(imgproc.nms(boxes, scores, threshold), np.ravel(kept))


def test_opencv_by_label(cv2, level, rng):
    boxes, labels = clustered(rng, 300, 20), rng.integers(0, 4, 300)
    scores = rng.permutation(300).astype(np.float32) / 300 + 0.5
    kept = cv2.dnn.NMSBoxesBatched(as_xywh(boxes), scores, labels.astype(np.int32), 0.0, 0.5)
    np.testing.assert_array_equal(
        np.sort(imgproc.nms(boxes, scores, 0.5, labels=labels)), np.sort(np.ravel(kept))
    )


def test_opencv_score_threshold_is_not_kept(cv2):
    """Its threshold leaves out scores that equal it; ours those below."""
    boxes, scores = np.array([[0, 0, 5, 5]], np.float32), np.array([0.5], np.float32)
    assert len(cv2.dnn.NMSBoxes(as_xywh(boxes), scores, 0.5, 0.5)) == 0
    assert len(imgproc.nms(boxes, scores, score_threshold=0.5)) == 1


def test_opencv_keeps_nan_and_gives_a_tuple_for_nothing(cv2):
    """A box of NaN goes through as if it were the best; no boxes give another type than some boxes."""
    boxes = np.array([[0, 0, 5, 5], [np.nan] * 4], np.float32)
    scores = np.array([0.5, 0.9], np.float32)
    assert 1 in np.ravel(cv2.dnn.NMSBoxes(boxes, scores, 0.0, 0.5))
    with pytest.raises(ValueError, match=r"^nms: boxes must be finite, got .* in row 1$"):
        imgproc.nms(boxes, scores)
    assert isinstance(cv2.dnn.NMSBoxes([], [], 0.0, 0.5), tuple)
    nothing = imgproc.nms(np.empty((0, 4), np.float32), np.empty(0, np.float32))
    assert nothing.shape == (0,) and nothing.dtype == np.int64


@pytest.mark.parametrize("method", ["linear", "gaussian"])
def test_opencv_soft_nms(method, cv2, level, rng):
    """The paper's loop too, on integer boxes and in float32: scores agree within its rounding."""
    boxes = np.rint(clustered(rng, 200, 20)).astype(np.float32)
    scores = rng.random(200).astype(np.float32)
    word = cv2.dnn.SOFT_NMSMETHOD_SOFTNMS_GAUSSIAN
    word = word if method == "gaussian" else cv2.dnn.SOFT_NMSMETHOD_SOFTNMS_LINEAR
    limit = 0.3217  # no overlap of these boxes is near it; equal ones OpenCV rounds to either side
    given = as_xywh(boxes).astype(int).tolist()
    values, kept = cv2.dnn.softNMSBoxes(given, scores, 0.01, limit, sigma=0.5, method=word)
    indices, result = imgproc.soft_nms(boxes, scores, limit, method=method, score_threshold=0.01)
    by_box = np.zeros(200)
    by_box[np.ravel(kept)] = np.ravel(values)
    assert set(np.ravel(kept).tolist()) == set(indices.tolist())
    np.testing.assert_allclose(result, by_box[indices], rtol=2e-5)


def test_onnxruntime(data, level):
    """Kept indices of onnxruntime for boxes without ties (README of the data set)."""
    path = data / "metrics_nms_roialign" / "nms_onnxruntime.npz"
    if not path.exists():
        pytest.skip("no ONNX results among the data sets")
    met = 0
    with np.load(path) as file:
        for key in (key for key in file if key.startswith("keep_")):
            _, count, threshold = key.split("_")
            boxes, scores = file[f"boxes_{count}"].astype(np.float32), file[f"scores_{count}"]
            np.testing.assert_array_equal(imgproc.nms(boxes, scores, float(threshold)), file[key])
            met += 1
    assert met >= 4


def test_onnx_conformance(data, level):
    """The standard's own cases of NonMaxSuppression: images, classes, and a limit for each."""
    cases = sorted((data / "metrics_nms_roialign" / "onnx").glob("*nonmaxsuppression*.json"))
    if not cases:
        pytest.skip("no ONNX cases among the data sets")
    for path in cases:
        case = json.loads(path.read_text("utf-8"))
        given = {name: np.array(value, np.float32) for name, value in case["inputs"].items()}
        most = int(given["max_output_boxes_per_class"][0])
        iou, least = float(given["iou_threshold"][0]), float(given["score_threshold"][0])
        found = []
        for batch, classes in enumerate(given["scores"]):
            boxes = given["boxes"][batch]
            if case["attributes"].get("center_point_box"):
                boxes = imgproc.convert_boxes(boxes, "cxcywh", "xyxy")
            else:  # y before x
                boxes = boxes[:, [1, 0, 3, 2]]
            for number, scores in enumerate(classes):
                kept = imgproc.nms(boxes, scores, iou, score_threshold=least, max_output=most)
                found += [[batch, number, index] for index in kept.tolist()]
        assert found == case["outputs"]["selected_indices"], path.name


def test_torchvision_gives_nan_without_area():
    """torchvision gives NaN for two boxes without area; ours is 0, and both are kept."""
    boxes = from_middles(np.zeros((2, 2)), np.zeros((2, 2)))
    assert imgproc.iou_matrix(boxes, boxes).tolist() == [[0, 0], [0, 0]]
    assert imgproc.nms(boxes, np.ones(2)).tolist() == [0, 1]
