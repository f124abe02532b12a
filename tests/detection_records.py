"""Records of detections that several tests share."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imgproc import Detections, DetectionSet, pack_masks

BOXES = np.array([[0, 0, 8, 9], [2, 3, 6, 6.1], [5, 5, 5, 7]], np.float32)
SCORES = np.array([0.5, 0.75, 0.25], np.float32)


def three(**changes: Any) -> Detections:
    values = {
        "boxes": BOXES,
        "scores": SCORES,
        "labels": np.array([2, 0, 2], np.int32),
        "counts": np.array([4, 1, 9], np.int32),
        "masks": np.arange(3 * 4 * 5).reshape(3, 4, 5) % 7 == 0,
    }
    return Detections(**(values | changes))


def small(**changes: Any) -> DetectionSet:
    found = Detections(np.array([[0.0, 0, 1, 1]]), np.array([0.5]))
    return DetectionSet.of({"a.jpg": found}, **({"image_sizes": {"a.jpg": (4, 5)}} | changes))


finite = st.floats(-1e6, 1e6, width=32)


@st.composite
def detections(draw: Any, masks: bool = True, keypoints: bool = False) -> Detections:
    n = draw(st.integers(0, 5))
    corners = draw(arrays(np.float32, (n, 2, 2), elements=finite))
    shape = (n, draw(st.integers(0, 4)), draw(st.integers(0, 4)))
    drawn = draw(arrays(np.bool_, shape)) if masks and draw(st.booleans()) else None
    points = (n, draw(st.integers(1, 3)), 3)
    return Detections(
        np.sort(corners, axis=1).reshape(n, 4),
        draw(arrays(np.float32, n, elements=finite)),
        draw(arrays(np.int32, n)),
        draw(arrays(np.int32, n, elements=st.integers(1, 2**31 - 1))),
        pack_masks(drawn) if drawn is not None and draw(st.booleans()) else drawn,
        draw(arrays(np.float32, points, elements=finite))
        if n and keypoints and draw(st.booleans())
        else None,
    )
