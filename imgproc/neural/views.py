"""Test-time augmentation: several views of one image, and the way back from each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Shape
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array, check_image
from .._core.parameters import Constraint, Flag, Range
from ..boxes.ranking import IOU
from ..detections.record import Detections
from ..filters.resize import resize
from .ensemble import METHOD, merge_detections
from .geometry import Geometry
from .mirror import mirrored
from .stable import softmax
from .training_checks import Axes, check_array

SHAPE = Shape()
SCALE = Range(above=0, high=100)
FLAG = Flag()


def make_views(
    shape: tuple[int, int], *, scales: Sequence[float] = (1.0,), flips: Sequence[bool] = (False, True)
) -> list[Geometry]:
    """Views of an image for test-time augmentation: scales, plain and mirrored.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the image.
    scales : sequence of float, default (1,)
        Sizes of the views over that of the image, above 0 and up to 100.
    flips : sequence of bool, default (False, True)
        Whether the view of each scale is mirrored left to right.

    Returns
    -------
    list of Geometry
        One for each scale and flip. Sides are rounded half to even to pixels, at least 1, and the scale of each axis is
        what comes of that, so that the way back is exact.

    Raises
    ------
    TypeError
        Wrong kind of sequence or number.
    ValueError
        No view, or a number out of range.

    Notes
    -----
    ``Geometry.stretched(shape, rint(scale · shape))`` with ``flip``.

    References
    ----------
    A. Krizhevsky, I. Sutskever, G. Hinton, ImageNet classification with deep convolutional neural networks, NIPS 2012,
    section 4.1: the mean over mirrored patches at test time.

    Examples
    --------
    >>> from imgproc.neural import views
    >>> [(one.input_shape, one.flip) for one in views.make_views((4, 6), scales=(0.5, 1))]
    [((2, 3), False), ((2, 3), True), ((4, 6), False), ((4, 6), True)]
    """
    height, width = SHAPE.check("make_views", "shape", shape)
    sizes = _listed("make_views", "scales", scales, SCALE)
    mirrors = _listed("make_views", "flips", flips, FLAG)
    found = []
    for scale in sizes:
        sides = (max(1, round(scale * height)), max(1, round(scale * width)))
        whole = Geometry.stretched((height, width), sides)
        found += [replace(whole, flip=flip) for flip in mirrors]
    return found


def _listed(function: str, argument: str, values: Any, member: Constraint) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise wrong_type(function, argument, f"a sequence, each {member}", values)
    if not values:
        raise wrong_value(function, argument, "of one or more", values)
    return [member.check(function, f"{argument}[{i}]", value) for i, value in enumerate(values)]


def view_image(image: Array, geometry: Geometry) -> Array:
    """An image as one of its views shows it.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA.
    geometry : Geometry
        One that `make_views` gives for its shape.

    Returns
    -------
    array
        Of the view's shape, resampled by `imgproc.resize`.

    Raises
    ------
    TypeError
        Wrong kind of array, or not a Geometry.
    ValueError
        The geometry is of another image, or not the whole of it.

    Notes
    -----
    Mirrored after it is resized, so that the views of one scale are exact mirrors.

    References
    ----------
    G. Wolberg, Digital Image Warping, IEEE Computer Society Press, 1990, chapter 5.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import views
    >>> image = np.array([[0, 1, 2]], np.uint8)
    >>> [views.view_image(image, view).tolist() for view in views.make_views((1, 3))]
    [[[0, 1, 2]], [[2, 1, 0]]]
    """
    name = "view_image"
    image = check_image(name, image)
    if not isinstance(geometry, Geometry):
        raise wrong_type(name, "geometry", "one that make_views gives", geometry)
    shape = image.shape[:2]
    whole = replace(Geometry.stretched(shape, geometry.input_shape), flip=geometry.flip)
    if geometry != whole:
        raise wrong_value(name, "geometry", f"of a whole image of shape {shape}", Got(repr(geometry)))
    view = image if geometry.input_shape == shape else resize(image, geometry.input_shape)
    return mirrored(view) if geometry.flip else view


def detect_in_views(
    image: Array,
    detect: Callable[[Array], Detections],
    *,
    scales: Sequence[float] = (1.0,),
    flips: Sequence[bool] = (False, True),
    method: Annotated[str, METHOD] = "wbf",
    iou_threshold: Annotated[float, IOU] = 0.55,
) -> Detections:
    """Detect in several views of an image, and merge what is found: test-time augmentation.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA.
    detect : callable
        Takes an image and gives Detections in its pixels.
    scales, flips : sequence of float, sequence of bool
        Which views, as in `make_views`.
    method : {"wbf", "nms"}, default "wbf"
        How they are merged, as in `merge_detections`.
    iou_threshold : float, default 0.55
        Boxes of one label belong together where their IoU is above it, 0 to 1.

    Returns
    -------
    Detections
        In pixels of the image, highest score first; boxes clipped to it, without counts or masks.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word, or ``detect`` gives no Detections.
    ValueError
        No view, or a number out of range.

    Notes
    -----
    Boxes come back through the geometry of each view, which is exact but for the rounding of float32. One call of
    ``detect`` for each view.

    References
    ----------
    R. Solovyev, W. Wang, T. Gabruseva, Weighted boxes fusion: ensembling boxes from different object detection models,
    Image and Vision Computing 107 (2021), section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import Detections
    >>> from imgproc.neural import views
    >>> def darkest_column(image):
    ...     x = float(image.sum(axis=0).argmin())
    ...     return Detections(np.array([[x, 0, x + 1, image.shape[0]]]))
    >>> views.detect_in_views(np.array([[9, 9, 0, 9]], np.uint8), darkest_column)
    <Detections: 1 box, score 1.0, label 0>
    """
    name = "detect_in_views"
    image = check_image(name, image)
    if not callable(detect):
        raise wrong_type(name, "detect", "a function of an image", detect)
    METHOD.check(name, "method", method)
    IOU.check(name, "iou_threshold", iou_threshold)
    parts = []
    for geometry in make_views(image.shape[:2], scales=scales, flips=flips):
        found = detect(view_image(image, geometry))
        if not isinstance(found, Detections):
            raise wrong_type(name, "what detect gives", "Detections", found)
        boxes = geometry.boxes_to_image(found.boxes)
        parts.append(Detections(boxes, found.scores, found.labels))
    return merge_detections(parts, method=method, iou_threshold=iou_threshold)


def segment_in_views(
    image: Array,
    segment: Callable[[Array], Array],
    *,
    scales: Sequence[float] = (1.0,),
    flips: Sequence[bool] = (False, True),
) -> Array:
    """Class probabilities of each pixel, averaged over several views of an image: test-time augmentation.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA.
    segment : callable
        Takes an image and gives (K, h, w) logits, float32 or float64, of any height and width, K the same for all.
    scales, flips : sequence of float, sequence of bool
        Which views, as in `make_views`.

    Returns
    -------
    (K, H, W) array of float32
        Probabilities; ``argmax(axis=0)`` of them is the label map.

    Raises
    ------
    TypeError
        Wrong kind of array or number, or ``segment`` gives no float array.
    ValueError
        No view, a number out of range, or logits that are not finite or of another number of classes.

    Notes
    -----
    The logits of each view are mirrored back, resampled to the image bilinearly with its pixel centres (as torch does
    with ``align_corners=False``), and made probabilities, whose mean is the result. Memory: two arrays of its size.

    References
    ----------
    L.-C. Chen, G. Papandreou, I. Kokkinos, K. Murphy, A. L. Yuille, DeepLab, IEEE TPAMI 40 (2018), section 4.1: the
    mean over scales and mirror images.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import views
    >>> def bright(image):
    ...     return np.stack([0 * image, image - 0.5])
    >>> views.segment_in_views(np.array([[0.0, 1.0]], np.float32), bright).argmax(axis=0)
    array([[0, 1]])
    """
    name = "segment_in_views"
    image = check_image(name, image)
    if not callable(segment):
        raise wrong_type(name, "segment", "a function of an image", segment)
    total = np.zeros(0)
    geometries = make_views(image.shape[:2], scales=scales, flips=flips)
    for geometry in geometries:
        shape: Axes = ("K", "h", "w") if not total.size else (len(total), "h", "w")
        given = check_array(name, "what segment gives", segment(view_image(image, geometry)), shape)
        if not given.size:
            raise wrong_value(name, "what segment gives", "of one class and pixel or more", given)
        # Far within float32, so that neither resampling nor softmax leaves it.
        logits = given.clip(-1e37, 1e37).astype(FLOAT32)[..., :: -1 if geometry.flip else 1]
        maps = np.stack([resize(one, image.shape[:2]) for one in logits])
        probabilities = softmax(maps, 0)
        total = total + probabilities if total.size else probabilities
    mean: Array = total / FLOAT32.type(len(geometries))
    return mean
