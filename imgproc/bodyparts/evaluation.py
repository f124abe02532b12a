"""How well parts and joints are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from .._core.errors import Got, wrong_value
from .._core.images import Array
from .._core.parameters import Range
from ..metrics import average_precision, precision_recall
from .joints import FOUND_JOINTS, JOINT_PARTS, Joints
from .render import Rendering
from .skeleton import JOINT

REACH = Range(above=0.0, high=10.0)


@dataclass(frozen=True, eq=False)
class JointScores:
    """What `score_joints` gives, for each joint of `FOUND_JOINTS`; NaN where no image shows it.

    Attributes
    ----------
    average_precision : (16,) array of float64
        Area under precision over recall of all proposals of all images, ranked by confidence.
    recall : (16,) array of float64
        Share of the joints in sight whose best place lies within reach.
    distance : (16,) array of float64
        Median distance in metres of the best places from the joints in sight.
    mean_average_precision : float
        Over the joints.
    """

    average_precision: Array
    recall: Array
    distance: Array
    mean_average_precision: float


def score_joints(
    found: Sequence[Joints], truth: Sequence[Rendering], *, reach: Annotated[float, REACH] = 0.1
) -> JointScores:
    """Compare the joints found in images with the true ones.

    Parameters
    ----------
    found : sequence of Joints
        One for each image.
    truth : sequence of Rendering
        The same images: their true joints, and the labels that tell which joints are in sight.
    reach : float, default 0.1
        Metres: how near a place must be.

    Returns
    -------
    JointScores

    Raises
    ------
    ValueError
        Not as many images of both, or a reach out of range.

    Notes
    -----
    A joint is in sight where a pixel shows one of its parts. Of the proposals for a joint the most confident one within
    reach is right and all others are wrong; near a joint that is out of sight they are neither, as in Shotton et al.

    References
    ----------
    J. Shotton et al., Real-time human pose recognition in parts from single depth images, CVPR 2011, section 5.

    Examples
    --------
    >>> import imgproc
    >>> imgproc.bodyparts.score_joints([], []).mean_average_precision
    nan
    """
    if len(found) != len(truth):
        raise wrong_value("score_joints", "found", f"as many as truth ({len(truth)})", Got(str(len(found))))
    limit = float(REACH.check("score_joints", "reach", reach))
    count = len(FOUND_JOINTS)
    matched: list[list[bool]] = [[] for _ in range(count)]
    scores: list[list[float]] = [[] for _ in range(count)]
    apart: list[list[float]] = [[] for _ in range(count)]
    for one, image in zip(found, truth, strict=True):
        for joint, name in enumerate(FOUND_JOINTS):
            place = image.joints[JOINT[name]]
            visible = bool(np.isin(image.labels, JOINT_PARTS[joint]).any())
            mine = one.proposal_joints == joint
            near = np.linalg.norm(one.proposals[mine] - place, axis=1) <= limit
            first = np.flatnonzero(near)[:1] if visible else np.flatnonzero(near)[:0]
            right = np.zeros(len(near), bool)
            right[first] = True
            counted = np.ones(len(near), bool) if visible else ~near
            matched[joint] += right[counted].tolist()
            scores[joint] += one.proposal_confidences[mine][counted].tolist()
            if visible:
                distance = float(np.linalg.norm(one.positions[joint] - place))
                apart[joint].append(distance if np.isfinite(distance) else np.inf)
    precision = np.full(count, np.nan)
    for joint in range(count):
        if apart[joint]:
            curve = precision_recall(
                np.array(matched[joint], bool), np.array(scores[joint], np.float64), len(apart[joint])
            )
            precision[joint] = average_precision(curve.recall, curve.precision, method="voc")
    measured = [np.array(distances) for distances in apart]
    return JointScores(
        precision,
        np.array([np.mean(d <= limit) if len(d) else np.nan for d in measured]),
        np.array([np.median(d) if len(d) else np.nan for d in measured]),
        float(np.nanmean(precision)) if np.isfinite(precision).any() else float("nan"),
    )
