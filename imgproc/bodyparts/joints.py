"""Joints from part probabilities: modes of their density in space."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.parameters import Range
from .camera import Camera
from .features import prepare_depth
from .skeleton import PART, PARTS, SIDES

_OF_PARTS: dict[str, tuple[str, ...]] = {
    "head": tuple(f"head_{half}_{side}" for half in ("upper", "lower") for side in SIDES),
    "neck": ("neck",),
    **{
        f"{joint}_{side}": (f"{joint}_{side}",)
        for side in SIDES
        for joint in ("shoulder", "elbow", "wrist", "hand", "knee", "ankle", "foot")
    },
}

FOUND_JOINTS = tuple(_OF_PARTS)
"""The 16 joints that have a part of their own, in the order of `Joints`."""

JOINT_PARTS = tuple(tuple(PART[part] for part in parts) for parts in _OF_PARTS.values())
"""The labels of each one's parts."""

# Metres from the surface to the joint, along the ray: medians over rendered bodies (benchmarks/body_depths.py).
_DEPTHS = {
    "head": 0.075,
    "neck": 0.026,
    "shoulder": 0.047,
    "elbow": 0.035,
    "wrist": 0.023,
    "hand": 0.022,
    "knee": 0.049,
    "ankle": 0.042,
    "foot": 0.015,
}

BANDWIDTH = Range(low=0.005, high=1.0)
THRESHOLD = Range(low=0.0, below=1.0)

_MOST_POINTS = 400
_STARTS = 12
_STEPS = 30


class Joints(NamedTuple):
    """Joints in camera coordinates: metres, x right, y down, z ahead.

    Attributes
    ----------
    positions : (16, 3) array of float64
        The best place for each joint of `FOUND_JOINTS`; NaN where there is none.
    confidences : (16,) array of float64
        Weight of the pixels that lead there, in square metres of surface times probability; 0 where there is none.
    proposals : (K, 3) array of float64
        All places, for each joint from the most to the least confident.
    proposal_joints : (K,) array of int64
        Which joint of `FOUND_JOINTS` each is for.
    proposal_confidences : (K,) array of float64
        Their weights.
    """

    positions: Array
    confidences: Array
    proposals: Array
    proposal_joints: Array
    proposal_confidences: Array


def estimate_joints(
    depth: Array,
    proba: Array,
    camera: Camera | None = None,
    *,
    bandwidth: Annotated[float, BANDWIDTH] = 0.065,
    threshold: Annotated[float, THRESHOLD] = 0.14,
) -> Joints:
    """Find joints in space from the probabilities of parts.

    Parameters
    ----------
    depth : (H, W) array of float32 or uint16
        Metres or millimetres.
    proba : (H, W, 31) array of float32
        From `DepthForest.predict_proba`, of the parts of `PARTS`; 0 off the body.
    camera : Camera, optional
        By default the first Kinect at 320 x 240.
    bandwidth : float, default 0.065
        Metres: of the Gaussian that weighs pixels around a place.
    threshold : float, default 0.14
        Pixels of a smaller probability have no say.

    Returns
    -------
    Joints
        ``positions``, ``confidences`` and all ``proposals``.

    Raises
    ------
    TypeError, ValueError
        Wrong kinds or shapes, or a number out of range.

    Notes
    -----
    Each pixel weighs its probability times the square of its depth: the area of surface that it shows. Of the parts of
    a joint, mean shift climbs from the heaviest pixels to the modes of their density in space; where several end in
    one, it is a proposal, and its confidence the sum of the weights of the pixels within one bandwidth of it. Modes lie
    on the surface and are pushed back along the ray by the mean distance from surface to joint. At most 400 pixels
    of a joint are used. Some 15 ms for a body.

    References
    ----------
    J. Shotton et al., Real-time human pose recognition in parts from single depth images, CVPR 2011, section 4.
    D. Comaniciu, P. Meer, Mean shift: a robust approach toward feature space analysis, PAMI 24(5), 2002.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> bodyparts = imgproc.bodyparts
    >>> seen = bodyparts.render_body(bodyparts.sample_poses(1)[0])
    >>> sure = (seen.labels[..., None] == np.arange(31)).astype(np.float32)
    >>> found = bodyparts.estimate_joints(seen.depth, sure)
    >>> head = bodyparts.JOINTS.index("head")
    >>> bool(np.linalg.norm(found.positions[0] - seen.joints[head]) < 0.1)
    True
    """
    name = "estimate_joints"
    camera = Camera() if camera is None else camera
    if not isinstance(camera, Camera):
        raise wrong_type(name, "camera", "a Camera", camera)
    prepared, seen = prepare_depth(name, depth)
    if seen.shape != camera.shape:
        raise wrong_value(name, "depth", f"of the camera's shape {camera.shape}", Got(f"shape {seen.shape}"))
    if not isinstance(proba, np.ndarray) or proba.dtype != FLOAT32:
        raise wrong_type(name, "proba", "an array of float32", proba)
    if proba.shape != (*seen.shape, len(PARTS)):
        must = f"of shape {(*seen.shape, len(PARTS))}"
        raise wrong_value(name, "proba", must, Got(f"shape {proba.shape}"))
    width = float(BANDWIDTH.check(name, "bandwidth", bandwidth))
    least = float(THRESHOLD.check(name, "threshold", threshold))
    metres = prepared[1:].reshape(seen.shape)
    rows, columns = np.nonzero(seen)
    chances = proba[rows, columns]
    row, column = camera.axis
    rays = np.stack(
        [(columns - column) / camera.focal, (rows - row) / camera.focal, np.ones(len(rows))], axis=1
    )
    z = metres[rows, columns].astype(np.float64)
    points = rays * z[:, None]
    areas = (z / camera.focal) ** 2
    positions, confidences = np.full((len(FOUND_JOINTS), 3), np.nan), np.zeros(len(FOUND_JOINTS))
    found: list[tuple[int, Array, float]] = []
    for joint, parts in enumerate(JOINT_PARTS):
        chance = chances[:, list(parts)].sum(axis=1)
        use = np.flatnonzero(chance > least)
        if len(use) > _MOST_POINTS:
            use = use[np.linspace(0, len(use) - 1, _MOST_POINTS).astype(np.intp)]
        if not len(use):
            continue
        share = np.count_nonzero(chance > least) / len(use)
        modes, sums = _modes(points[use], chance[use] * areas[use] * share, width)
        back = _DEPTHS[FOUND_JOINTS[joint].partition("_")[0]]
        modes = modes * (1.0 + back / np.linalg.norm(modes, axis=1))[:, None]
        positions[joint], confidences[joint] = modes[0], sums[0]
        found += [(joint, mode, total) for mode, total in zip(modes, sums.tolist(), strict=True)]
    numbers, places, weights = (
        (list(column) for column in zip(*found, strict=True)) if found else ([], [], [])
    )
    return Joints(
        positions,
        confidences,
        np.array(places, np.float64).reshape(-1, 3),
        np.array(numbers, np.int64),
        np.array(weights, np.float64),
    )


def _modes(points: Array, weights: Array, bandwidth: float) -> tuple[Array, Array]:
    """Modes of a weighted density and the weights around them, the heaviest first."""
    scale, reach = -0.5 / bandwidth**2, bandwidth**2
    starts = points[_apart(points, weights, reach, _STARTS)]
    squares = (points**2).sum(axis=1)

    def distances(places: Array) -> Array:
        return np.asarray((places**2).sum(axis=1)[:, None] + squares - 2.0 * (places @ points.T))

    at = starts
    for _ in range(_STEPS):
        pull = np.exp(distances(at) * scale) * weights
        moved = (pull @ points) / pull.sum(axis=1, keepdims=True)
        still = float(np.abs(moved - at).max()) < 1e-3
        at = moved
        if still:
            break
    sums = (weights * (distances(at) <= reach)).sum(axis=1)
    kept = _apart(at, sums, reach, len(at))
    return at[kept], sums[kept]


def _apart(points: Array, weights: Array, reach: float, most: int) -> list[int]:
    """The heaviest points of which none lies within reach (squared) of one chosen before."""
    left = weights.astype(np.float64)
    chosen: list[int] = []
    while len(chosen) < most:
        number = int(left.argmax())
        if left[number] < 0:
            break
        chosen.append(number)
        left[((points - points[number]) ** 2).sum(axis=1) <= reach] = -1.0
    return chosen
