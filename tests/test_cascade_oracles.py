"""Detections of OpenCV 4: stored ones of random cascades, and its own cascades on photographs where it is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cascades import KINDS, image, random_cascade

import imgproc
from imgproc.cascade import Cascade
from imgproc.cascade.detection import find_windows, scales, window_boxes
from imgproc.compat.cv2 import CascadeClassifier, groupRectangles

cv2 = pytest.importorskip("cv2")
GOLDENS = Path(__file__).parent / "goldens" / "opencv4_cascade.npz"


def opencv_windows(
    c: Cascade, picture: np.ndarray, factor: float, low: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and margins of our windows, without the rows that OpenCV leaves out.

    It cuts the rows of windows into stripes of ``ceil(floor(rows / step) / stripes) step`` rows; rounded down so, they
    may end before the last row at scales below 2.
    """
    chosen = scales(c.window, picture.shape, factor, low, None)
    found = find_windows(c, picture, chosen)
    (height, width), across = c.window, round(float(np.float32(picture.shape[1]) / chosen[0]))
    stripes = -(-(across + 1 - width) // 32)
    ends = []
    for scale in chosen:
        step = 1 if scale >= 2 else 2
        rows = round(float(np.float32(picture.shape[0]) / scale)) + 1 - height
        ends.append(stripes * max((rows // step + stripes - 1) // stripes, 1) * step)
    found = found[found["y"] < np.array(ends)[found["scale"]]]
    return window_boxes(c, found, chosen), found["margin"]


def sized(boxes: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """As x, y, width, height, clipped to the image as OpenCV's are."""
    boxes = np.minimum(boxes, [*picture.shape[::-1]] * 2)
    boxes[:, 2:] -= boxes[:, :2]
    return boxes


@pytest.mark.parametrize("kind", KINDS)
def test_random_cascades_find_what_opencv_4_finds(kind: str, level: str) -> None:
    goldens = np.load(GOLDENS)
    total = 0
    for seed in range(3):
        c, picture, name = random_cascade(seed, **KINDS[kind]), image(seed + 10, 61, 83), f"{kind} {seed}"
        windows, _ = opencv_windows(c, picture, 1.2)
        np.testing.assert_array_equal(sized(windows, picture), goldens[f"{name} windows"])
        windows, margins = opencv_windows(c, picture, 1.1, (14, 14))
        boxes, counts, margins = imgproc.group_boxes(windows, 2, scores=margins)
        np.testing.assert_array_equal(sized(boxes, picture), goldens[f"{name} boxes"])
        np.testing.assert_array_equal(counts, goldens[f"{name} counts"])
        # Ours are kept as float32 margins.
        np.testing.assert_allclose(margins + c.stage_limits[-1], goldens[f"{name} sums"], atol=1e-5)
        total += len(windows)
    assert total > 20


def test_cascades_of_opencv_on_photographs(data: Path) -> None:
    files = sorted(Path(cv2.data.haarcascades).glob("*.xml"))
    if not files or not hasattr(cv2, "CascadeClassifier"):
        pytest.skip("this OpenCV has no cascades")
    photographs = (
        sorted((data / "faces_dlib").rglob("*.jpg"))[:2] + sorted((data / "photos_kodak").glob("*.png"))[:1]
    )
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # its order, and with it that of the groups, depends on threads
    for file in files:
        theirs, ours = cv2.CascadeClassifier(str(file)), CascadeClassifier(file)
        for photograph in photographs:
            picture = cv2.imread(str(photograph))
            for a, b in zip(theirs.detectMultiScale2(picture), ours.detectMultiScale2(picture), strict=True):
                np.testing.assert_array_equal(a, b)
    cv2.setNumThreads(threads)


def test_scikit_image_finds_the_same_face(data: Path) -> None:
    """Its detector has another grouping and scan: the same face at IoU 0.5, on an image that it ships."""
    skimage = pytest.importorskip("skimage")
    from skimage.feature import Cascade as Theirs

    file = Path(skimage.__file__).parent / "data" / "lbpcascade_frontalface_opencv.xml"
    picture = next(iter(sorted((data / "faces_caltech101").rglob("*.jpg"))), None)
    if picture is None:
        pytest.skip("no photographs of faces")
    rgb = cv2.imread(str(picture))[..., ::-1].copy()
    theirs = Theirs(str(file)).detect_multi_scale(rgb, 1.2, 1, (60, 60), (300, 300))
    ours = Cascade.load(file).detect(rgb, min_size=60)
    assert theirs and len(ours)
    boxes = np.array(
        [[d["c"], d["r"], d["c"] + d["width"], d["r"] + d["height"]] for d in theirs], np.float32
    )
    assert imgproc.iou_matrix(ours.boxes[:1], boxes).max() > 0.5


def test_empty_answers_have_opencvs_shape() -> None:
    ours: Any = CascadeClassifier()
    assert ours.empty() and not ours.load("no such file.xml")
    with pytest.raises(ValueError, match="must be loaded first"):
        ours.detectMultiScale(np.zeros((9, 9), np.uint8))
    assert groupRectangles([], 1) == ((), ())
    assert groupRectangles([(1, 2, 3, 4)], 1) == ((), ())
    boxes, counts = groupRectangles([(1, 2, 3, 4)] * 3, 1)
    assert boxes.tolist() == [[1, 2, 3, 4]] and counts.tolist() == [3]
    assert boxes.dtype == counts.dtype == np.int32
