"""What models of the YOLO family give beside boxes: masks mixed from prototypes, and keypoints."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..._core.errors import Got
from ..._core.images import FLOAT32
from ..._core.parameters import Range
from ...detections import Detections
from ..errors import OutputMismatch
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, reads, tensor
from .heads import CLASSES, COUNT, SHARE
from .masks import PROBABILITY, decode_prototype_masks
from .yolo import CANDIDATES, LAYOUT, PREDICTIONS, read_exported

POINTS = Range(low=1, high=1000, integer=True)


@reads(PREDICTIONS[0], "prototypes")
def decode_yolo_masks(
    outputs: Outputs,
    geometries: Geometries,
    *,
    layout: Annotated[str, LAYOUT] = "classes",
    classes: Annotated[int | None, CLASSES] = None,
    score_threshold: Annotated[float, SHARE] = 0.25,
    iou_threshold: Annotated[float, SHARE] = 0.45,
    max_output: Annotated[int, COUNT] = 300,
    mask_threshold: Annotated[float, PROBABILITY] = 0.5,
    keys: Keys = None,
) -> list[Detections]:
    """Turn the two tensors of an exported YOLO for segmentation into detections with masks.

    Parameters
    ----------
    outputs : mapping
        ``predictions`` (or ``output0``) as `decode_yolo_extras` takes it, a coefficient for each prototype last, and
        ``prototypes`` (or ``output1``), (B, P, h, w).
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    layout, classes, score_threshold, iou_threshold, max_output
        As for `decode_yolo`.
    mask_threshold : float, default 0.5
        Pixels with at least that probability are in the mask, 0 to 1.
    keys : mapping, optional
        Names of the two tensors, where they are others.

    Returns
    -------
    list of Detections
        One for each image, best first, with packed masks in the image.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong kind or out of range.
    OutputMismatch
        A tensor is missing, of another rank or size, or not finite.

    Notes
    -----
    Masks are those of `decode_prototype_masks` with ``interpolate="logits"``.

    References
    ----------
    D. Bolya, C. Zhou, F. Xiao, Y. J. Lee, YOLACT: Real-time instance segmentation, ICCV 2019, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_yolo_masks
    >>> tensor = np.zeros((1, 4 + 1 + 2, 21), np.float32)
    >>> tensor[0, :, 5] = 32, 32, 32, 32, 0.75, 1, 0
    >>> prototypes = np.full((1, 2, 16, 16), 5, np.float32)
    >>> outputs = {"output0": tensor, "output1": prototypes}
    >>> decode_yolo_masks(outputs, Geometry((64, 64), (64, 64)))[0].masks.areas
    array([1024])
    """
    name = "decode_yolo_masks"
    mask_threshold = PROBABILITY.check(name, "mask_threshold", mask_threshold)
    prototypes = tensor(
        name, outputs, "prototypes", ("B", "P", "h", "w"), aliases=("output1", "proto", "protos"), keys=keys
    )
    if 0 in prototypes.shape[1:]:
        must = "of shape (B, P, h, w), at least one map of one pixel"
        raise OutputMismatch(name, "prototypes", must, Got(f"shape {prototypes.shape}"))
    each = geometry_of_each(name, geometries, len(prototypes))
    found = read_exported(
        name,
        outputs,
        each,
        prototypes.shape[1],
        layout=layout,
        classes=classes,
        multi_label=False,
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        candidates=CANDIDATES,
        max_output=max_output,
        keys=keys,
    )
    return [
        decode_prototype_masks(numbers, maps, boxes, geometry, threshold=mask_threshold, interpolate="logits")
        for (boxes, numbers), maps, geometry in zip(found, prototypes, each, strict=True)
    ]


@reads(PREDICTIONS[0])
def decode_yolo_points(
    outputs: Outputs,
    geometries: Geometries,
    *,
    points: Annotated[int, POINTS] = 17,
    layout: Annotated[str, LAYOUT] = "classes",
    classes: Annotated[int | None, CLASSES] = None,
    score_threshold: Annotated[float, SHARE] = 0.25,
    iou_threshold: Annotated[float, SHARE] = 0.45,
    max_output: Annotated[int, COUNT] = 300,
    keys: Keys = None,
) -> list[Detections]:
    """Turn the tensor of an exported YOLO for poses into detections with keypoints.

    Parameters
    ----------
    outputs : mapping
        ``predictions`` (or ``output0``) as `decode_yolo_extras` takes it: x, y in pixels of the input and score of
        each point last.
    geometries : Geometry or sequence of B
        How each image lies in the model's input.
    points : int, default 17
        Keypoints of each detection, at least 1; 17 are those of people in COCO.
    layout, classes, score_threshold, iou_threshold, max_output, keys
        As for `decode_yolo`.

    Returns
    -------
    list of Detections
        One for each image, best first, with keypoints ``x, y, score`` in the image, not clipped to it.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong kind or out of range.
    OutputMismatch
        The tensor is missing, of another rank or size, or not finite.

    Notes
    -----
    Points go through the inverse of the geometry, in float64, and are rounded to float32 once.

    References
    ----------
    D. Maji, S. Nagori, M. Mathew, D. Poddar, YOLO-Pose: enhancing YOLO for multi person pose estimation using object
    keypoint similarity loss, CVPR workshops 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_yolo_points
    >>> tensor = np.zeros((1, 4 + 1 + 3, 21), np.float32)
    >>> tensor[0, :, 5] = 40, 20, 16, 8, 0.75, 38, 22, 0.5
    >>> decode_yolo_points({"output0": tensor}, Geometry.stretched((128, 128), (64, 64)), points=1)[0].keypoints
    array([[[76. , 44. ,  0.5]]], dtype=float32)
    """
    name = "decode_yolo_points"
    points = POINTS.check(name, "points", points)
    found = read_exported(
        name,
        outputs,
        geometries,
        3 * points,
        layout=layout,
        classes=classes,
        multi_label=False,
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        candidates=CANDIDATES,
        max_output=max_output,
        keys=keys,
    )
    results = []
    for (boxes, numbers), geometry in zip(found, geometry_of_each(name, geometries, len(found)), strict=True):
        places = numbers.reshape(len(boxes), points, 3).astype(np.float64)
        places[..., :2] = geometry.points_to_image(np.ascontiguousarray(places[..., :2]))
        results.append(
            Detections(
                boxes.boxes, boxes.scores, boxes.labels, boxes.counts, keypoints=places.astype(FLOAT32)
            )
        )
    return results
