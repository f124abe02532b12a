"""Panoptic maps of a detector's masks and a semantic map: Panoptic FPN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import Array
from ..._core.packed_masks import as_packed
from ..._core.parameters import Range
from ...detections import Detections
from ...segmentation import PanopticSegments, merge_panoptic
from ..errors import OutputMismatch
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, reads, tensor
from .semantic import decode_semantic

SHARE = Range(low=0, high=1)
AREA = Range(low=1, high=2**62, integer=True)

_VOID = -1


@reads("semantic_logits")
def decode_panoptic_fpn(
    outputs: Outputs,
    geometries: Geometries,
    things: Sequence[Detections],
    *,
    stuff_labels: Sequence[int | None] | None = None,
    score_threshold: Annotated[float, SHARE] = 0.5,
    overlap_threshold: Annotated[float, SHARE] = 0.5,
    min_stuff_area: Annotated[int, AREA] = 4096,
    keys: Keys = None,
) -> list[PanopticSegments]:
    """Merge what a detector of masks found and a map of stuff into a panoptic map of each image.

    Parameters
    ----------
    outputs : mapping of str to array
        ``semantic_logits`` ``(B, C, h, w)``, also found as ``sem_seg`` and ``logits``: over the whole input. Floats.
    geometries : Geometry or sequence of Geometry
        Where each image lies in the input.
    things : sequence of Detections
        For each image, with masks in the image, as decoders of Mask R-CNN give them.
    stuff_labels : sequence of int or None, optional
        For each of the C channels its class, in one list with those of things: 0 to 65535, or None where it is no
        stuff, such as the one that stands for all things. By default channel c is class c.
    score_threshold : float, default 0.5
        Things with a lower score are left out; 0 to 1.
    overlap_threshold : float, default 0.5
        A thing of which a larger share is taken by surer ones is left out; 0 to 1.
    min_stuff_area : int, default 4096
        Stuff with fewer pixels left is left out; at least 1.
    keys : mapping of str to str, optional
        Names of the outputs, where they are others.

    Returns
    -------
    list of PanopticSegments
        What `merge_panoptic` gives for each image.

    Raises
    ------
    OutputMismatch
        The tensor is missing, of another shape or no float array, or has a number that is not finite.
    TypeError, ValueError
        An argument of the wrong kind or out of range, another number of geometries, Detections or channels, or
        Detections without masks.

    Notes
    -----
    Logits are interpolated linearly to the image and the greatest taken, as `decode_semantic` does; then things take
    their pixels by falling score, and stuff what is left, as `merge_panoptic` does. Pixels in no part of the input
    have no stuff.

    References
    ----------
    A. Kirillov, R. Girshick, K. He, P. Dollár, Panoptic feature pyramid networks, CVPR 2019, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import Detections
    >>> from imgproc.neural import Geometry, decode_panoptic_fpn
    >>> mask = np.array([[[True, True, False, False]]])
    >>> things = Detections(np.array([[0.0, 0, 2, 1]]), np.array([0.9]), np.array([17]), masks=mask)
    >>> logits = np.array([[[[5.0, -5]], [[-5, 5]]]], np.float32)
    >>> merged = decode_panoptic_fpn(
    ...     {"semantic_logits": logits}, Geometry.stretched((1, 4), (8, 8)), [things],
    ...     stuff_labels=[None, 40], min_stuff_area=1,
    ... )[0]
    >>> merged.ids, merged.classes
    (array([[1, 1, 2, 2]], dtype=int32), {1: 17, 2: 40})
    """
    name = "decode_panoptic_fpn"
    logits = tensor(
        name,
        outputs,
        "semantic_logits",
        ("B", "C", "h", "w"),
        aliases=("sem_seg", "logits"),
        keys=keys,
    )
    if 0 in logits.shape[1:]:
        wanted = "at least one channel and sample large"
        raise OutputMismatch(name, "semantic_logits", wanted, Got(f"shape {logits.shape}"))
    each = geometry_of_each(name, geometries, len(logits))
    _check_things(name, things, len(logits))
    table = _channel_labels(name, stuff_labels, logits.shape[1])
    score_threshold = SHARE.check(name, "score_threshold", score_threshold)
    overlap_threshold = SHARE.check(name, "overlap_threshold", overlap_threshold)
    min_stuff_area = AREA.check(name, "min_stuff_area", min_stuff_area)
    merged = []
    for labels, found, geometry in zip(decode_semantic({"logits": logits}, each), things, each, strict=True):
        if found.masks is None and not len(found):
            none = as_packed(name, "things", np.zeros((0, *geometry.image_shape), bool))
            found = Detections(found.boxes, found.scores, found.labels, masks=none)
        merged.append(
            merge_panoptic(
                found,
                table[labels],
                score_threshold=score_threshold,
                overlap_threshold=overlap_threshold,
                min_stuff_area=min_stuff_area,
                void=_VOID,
            )
        )
    return merged


def _check_things(function: str, things: object, count: int) -> None:
    must = f"a sequence of {count} Detections, one for each image"
    if isinstance(things, Detections) or not isinstance(things, Sequence):
        raise wrong_type(function, "things", must, things)
    if not all(isinstance(one, Detections) for one in things):
        raise wrong_type(function, "things", must, things)
    if len(things) != count:
        raise wrong_value(function, "things", must, Got(f"{len(things)}"))


def _channel_labels(function: str, labels: object, count: int) -> Array:
    """Class of each channel as int32, and at the end, for label -1, void."""
    must = f"None or a sequence of {count} integers from 0 to 65535 or None, one for each channel"
    table = np.append(np.arange(count, dtype=np.int32), np.int32(_VOID))
    if labels is None:
        return table
    flat = not isinstance(labels, np.ndarray) or labels.ndim == 1
    if isinstance(labels, str | bytes) or not isinstance(labels, Sequence | np.ndarray) or not flat:
        raise wrong_type(function, "stuff_labels", must, labels)
    if len(labels) != count:
        raise wrong_value(function, "stuff_labels", must, Got(f"{len(labels)}"))
    for channel, label in enumerate(labels):
        if label is not None and (not isinstance(label, int | np.integer) or isinstance(label, bool)):
            raise wrong_type(function, "stuff_labels", must, labels)
        if label is not None and not 0 <= label < 65536:
            raise wrong_value(function, "stuff_labels", must, Got(f"{label}"))
        table[channel] = _VOID if label is None else label
    return table
