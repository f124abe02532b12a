"""Masks of detected objects, packed: from the mask head of Mask R-CNN, and from prototypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from ..._core.box_arrays import FLOAT64, INT64
from ..._core.errors import Got, wrong_type
from ..._core.images import Array
from ..._core.packed_masks import Masks, PackedMasks, frozen_masks, word_offsets
from ..._core.parameters import Choice, Flag, Range
from ..._core.threads import run_bands
from ..._ext import paste as kernels
from ...detections import Detections
from ...segmentation.paste import cropped_masks, paste_mask
from ..errors import OutputMismatch
from ..geometry import Geometries, Geometry, geometry_of_each
from ..outputs import Keys, Outputs, reads, tensor
from .heads import sigmoid as sigmoid_of
from .mask_level import least_of_logits
from .records import check_detections

PROBABILITY = Range(low=0, high=1)
FLAG = Flag()
INTERPOLATE = Choice(("probabilities", "logits"))

# Nanoseconds for a word of 64 pixels, prototypes and all.
_WORD_COST = 40.0


@reads("masks")
def decode_mask_head(
    outputs: Outputs,
    detections: Sequence[Detections],
    geometries: Geometries,
    *,
    threshold: Annotated[float, PROBABILITY] = 0.5,
    sigmoid: Annotated[bool, FLAG] = True,
    keys: Keys = None,
) -> list[Detections]:
    """Give detections the masks that Mask R-CNN's mask head predicts for them.

    Parameters
    ----------
    outputs : mapping from str to array
        ``masks`` (or ``mask_logits``), (K, C, h, w): for each of all detections, image after image, a mask for each
        label; or one for all labels where C is 1. Floats, finite.
    detections : sequence of N Detections
        What was found in each image: boxes in the image, and labels from 0 to C - 1.
    geometries : Geometry, or sequence of N Geometry
        Where each image lies in the model's input; only the shape of the image is read.
    threshold : float, default 0.5
        Pixels with at least that probability are in the mask, 0 to 1.
    sigmoid : bool, default True
        Whether the masks are logits. False where the network gives probabilities.
    keys : mapping from str to str, optional
        Names of the outputs where they are others.

    Returns
    -------
    list of Detections
        The same with `PackedMasks` in the image, in place of any that they had.

    Raises
    ------
    TypeError
        Wrong kind of argument.
    OutputMismatch
        A tensor that is missing, not finite, or of another number of detections or labels.
    ValueError
        A number out of range, or another number of geometries.

    Notes
    -----
    The mask of the detection's label is taken, its probability stretched over the box by the rule of
    `imgproc.paste_mask`, which is torchvision's ``paste_masks_in_image``, and compared with the threshold. Labels are
    those of the head: torchvision's count the background as 0.

    Of N images of many objects, no array of H × W numbers for each object is made: masks are bits from the start.

    References
    ----------
    K. He, G. Gkioxari, P. Dollár, R. Girshick, Mask R-CNN, ICCV 2017, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import Detections
    >>> from imgproc.neural import Geometry, decode_mask_head
    >>> found = Detections(np.array([[2.0, 2, 10, 10]]), labels=np.array([1]))
    >>> logits = np.full((1, 2, 28, 28), 5.0, np.float32)
    >>> geometry = Geometry.stretched((16, 16), (32, 32))
    >>> decode_mask_head({"masks": logits}, [found], geometry)[0].masks.areas
    array([100])
    """
    name = "decode_mask_head"
    found = check_detections(name, detections)
    total = sum(map(len, found))
    logits = tensor(name, outputs, "masks", (total, "C", "h", "w"), aliases=("mask_logits",), keys=keys)
    places = geometry_of_each(name, geometries, len(found))
    threshold = PROBABILITY.check(name, "threshold", threshold)
    sigmoid = FLAG.check(name, "sigmoid", sigmoid)
    classes = logits.shape[1]
    labels = np.concatenate([np.empty(0, np.int32), *(one.labels for one in found)])
    if classes != 1 and total and not (labels.min() >= 0 and labels.max() < classes):
        wanted = f"of shape (K, C, h, w) with a mask for each label to {labels.max()}, all of them 0 or more"
        raise OutputMismatch(name, "masks", wanted, Got(f"{classes} masks, labels from {labels.min()}"))
    if total and 0 in logits.shape[1:]:
        raise OutputMismatch(
            name, "masks", "at least one mask of one pixel large", Got(f"shape {logits.shape}")
        )
    own = (
        logits[np.arange(total), labels if classes != 1 else 0] if total else np.zeros((0, 1, 1), np.float32)
    )
    masks = sigmoid_of(own) if sigmoid else own
    ends = np.cumsum([0, *map(len, found)])
    return [
        _with_masks(
            one,
            paste_mask(masks[start:end], one.boxes, geometry.image_shape, threshold=threshold, packed=True),
        )
        for one, geometry, start, end in zip(found, places, ends, ends[1:], strict=False)
    ]


def decode_prototype_masks(
    coefficients: Array,
    prototypes: Array,
    found: Detections,
    geometry: Geometry,
    *,
    threshold: Annotated[float, PROBABILITY] = 0.5,
    interpolate: Annotated[str, INTERPOLATE] = "probabilities",
) -> Detections:
    """Give detections of one image the masks that YOLACT and its heirs mix from prototypes.

    Parameters
    ----------
    coefficients : (N, P) array of floats
        What each prototype counts for each detection; finite.
    prototypes : (P, h, w) array of floats
        The maps of one image, over the whole input of the model; finite.
    found : Detections
        N boxes in the image.
    geometry : Geometry
        Where the image lies in the model's input.
    threshold : float, default 0.5
        Pixels with at least that probability are in the mask, 0 to 1.
    interpolate : {"probabilities", "logits"}, default "probabilities"
        What is enlarged to the image: the sigmoid of the sum, as in YOLACT, or the sum itself, as in the segmentation
        models of the YOLO family.

    Returns
    -------
    Detections
        The same with `PackedMasks` in the image, in place of any that they had.

    Raises
    ------
    TypeError
        Wrong kind of argument.
    OutputMismatch
        An array that is no float array, of another shape, or not finite.
    ValueError
        A number or word that is not allowed.

    Notes
    -----
    ``sigmoid(coefficients @ prototypes)``, linear between the centres of the prototypes' pixels and held beyond the
    outer ones, at the centres of the image's pixels that lie in the box. The sum is computed where a box needs it, and
    enlarged and compared 64 pixels at a time: beside the packed result there is one map of h × w numbers for each
    thread. All is float32; a value within some 1e-6 of the threshold may fall on its other side.

    References
    ----------
    D. Bolya, C. Zhou, F. Xiao, Y. J. Lee, YOLACT: Real-time instance segmentation, ICCV 2019, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import Detections
    >>> from imgproc.neural import Geometry, decode_prototype_masks
    >>> prototypes = np.stack([np.tri(8), 1 - np.tri(8)]).astype(np.float32) * 9 - 4
    >>> found = Detections(np.array([[0.0, 0, 8, 8], [4, 0, 8, 8]]))
    >>> geometry = Geometry.stretched((8, 8), (32, 32))
    >>> decode_prototype_masks(np.eye(2, dtype=np.float32), prototypes, found, geometry).masks.areas
    array([36, 22])
    """
    name = "decode_prototype_masks"
    if not isinstance(found, Detections):
        raise wrong_type(name, "found", "Detections", found)
    if not isinstance(geometry, Geometry):
        raise wrong_type(name, "geometry", "a Geometry", geometry)
    both = {"coefficients": coefficients, "prototypes": prototypes}
    weights = tensor(name, both, "coefficients", (len(found), "P"))
    maps = tensor(name, both, "prototypes", (weights.shape[1], "h", "w"))
    threshold = PROBABILITY.check(name, "threshold", threshold)
    probabilities = INTERPOLATE.check(name, "interpolate", interpolate) == "probabilities"
    if 0 in maps.shape:
        must = "of shape (P, h, w), at least one map of one pixel"
        raise OutputMismatch(name, "prototypes", must, Got(f"shape {maps.shape}"))
    bound = threshold if probabilities else least_of_logits(threshold)
    down, across = _places(geometry, maps.shape[1:])
    return _with_masks(found, _mixed(weights, maps, found.boxes, (down, across), probabilities, bound))


def _mixed(
    weights: Array, maps: Array, boxes: Array, places: tuple[Array, Array], probabilities: bool, bound: float
) -> PackedMasks:
    down, across = places
    parts = _centres_within(boxes, (len(down), len(across)))
    around = parts.copy()
    around[:, 2] >>= 6
    around[:, 3] = (around[:, 3] + 63) >> 6
    offsets = word_offsets(around)
    words = np.empty(offsets[-1], np.uint64)
    run_bands(
        lambda n0, n1: kernels.prototypes(
            weights, maps, down, across, parts, offsets, words, probabilities, bound, n0, n1
        ),
        len(boxes),
        _WORD_COST * words.size,
    )
    shape = (len(boxes), len(down), len(across))
    return frozen_masks(shape, *cropped_masks(words, offsets, around))


def _places(geometry: Geometry, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Where the centres of the image's rows and columns lie among those of the prototypes."""
    down, across = np.zeros((geometry.image_shape[0], 2)), np.zeros((geometry.image_shape[1], 2))
    down[:, 1] = np.arange(len(down)) + 0.5
    across[:, 0] = np.arange(len(across)) + 0.5
    rows = geometry.points_to_input(down)[:, 1] * (shape[0] / geometry.input_shape[0]) - 0.5
    columns = geometry.points_to_input(across)[:, 0] * (shape[1] / geometry.input_shape[1]) - 0.5
    return rows, columns


def _centres_within(boxes: Array, shape: tuple[int, int]) -> Array:
    """Rows y0, y1 and columns x0, x1 of the pixels whose centres lie in each box; zeros where there are none."""
    edges = np.clip(np.ceil(boxes.astype(FLOAT64) - 0.5), 0, [shape[1], shape[0]] * 2).astype(INT64)
    parts = np.ascontiguousarray(edges[:, [1, 3, 0, 2]])
    parts[(parts[:, 0] >= parts[:, 1]) | (parts[:, 2] >= parts[:, 3])] = 0
    return parts


def _with_masks(found: Detections, masks: Masks) -> Detections:
    return Detections(found.boxes, found.scores, found.labels, found.counts, masks, found.keypoints)
