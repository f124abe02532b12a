"""Augmentations that move pixels, and boxes, masks and keypoints along with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from ..._core.array_parameters import Shape
from ..._core.borders import BORDER
from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import FLOAT32, Array
from ..._core.neighbors import FILL, check_fill
from ..._core.parameters import Choice, Range
from ..._core.seeds import check_seed, generator
from ...filters.resize import METHOD
from ...filters.resize import resize as resize_image
from ...filters.warp import warp_backward
from ..mirror import mirrored
from .drawn import Drawn
from .masks import turned_masks
from .sample import VISIBLE, Sample, check_sample, moved_boxes, moved_points, placed

AXIS = Choice(("horizontal", "vertical"))
DEGREES = Drawn(Range(low=-360, high=360))
SHAPE = Shape()
PLACE = Range(low=0, high=2**40, integer=True)


def flip(
    sample: Sample,
    seed: Any = 0,
    *,
    axis: Annotated[str, AXIS] = "horizontal",
    pairs: Sequence[tuple[int, int]] = (),
) -> Sample:
    """Mirror an image, its boxes, masks and keypoints.

    Parameters
    ----------
    sample : Sample
        Not changed.
    seed : int or numpy.random.Generator, default 0
        Draws nothing: `sometimes` makes it happen by chance.
    axis : {"horizontal", "vertical"}, default "horizontal"
        Left to right, or top to bottom.
    pairs : sequence of (int, int), default ()
        Keypoints that are the left and right of one thing, such as both eyes: they change places.

    Returns
    -------
    Sample

    Raises
    ------
    TypeError
        Not a sample, or wrong kind of word or pairs.
    ValueError
        An unknown axis, or pairs of keypoints that there are not.

    Notes
    -----
    ``x`` becomes ``W - x``. A mirrored left hand is a right hand, whichever the axis, so that both swap the pairs.
    Twice gives the sample back, but for coordinates whose difference from W is rounded.

    References
    ----------
    A. Krizhevsky, I. Sutskever, G. Hinton, ImageNet classification with deep convolutional neural networks, NIPS 2012,
    section 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> points = np.array([[[1.0, 1.0, 2.0], [3.0, 1.0, 2.0]]])
    >>> found = augment.flip(augment.Sample(np.array([[1, 2, 3, 4]], np.uint8), keypoints=points), pairs=[(0, 1)])
    >>> found.image, found.keypoints[0, :, 0]
    (array([[4, 3, 2, 1]], dtype=uint8), array([1., 3.]))
    """
    name = "flip"
    check_sample(name, sample)
    check_seed(name, seed)
    across = AXIS.check(name, "axis", axis) == "horizontal"
    swapped = _swapped(name, sample, pairs)
    length = sample.image.shape[1 if across else 0]
    column = 0 if across else 1
    boxes, masks, keypoints = sample.boxes, sample.masks, sample.keypoints
    if boxes is not None:
        boxes = boxes.copy()
        boxes[:, column], boxes[:, column + 2] = length - boxes[:, column + 2], length - boxes[:, column]
    if masks is not None:
        masks = (
            mirrored(masks.reshape(-1, masks.shape[2])).reshape(masks.shape)
            if across
            else masks[:, ::-1].copy()
        )
    if keypoints is not None:
        keypoints = keypoints[:, swapped]
        known = keypoints[..., 2] > 0
        keypoints[known, column] = length - keypoints[known, column]
    image = mirrored(sample.image) if across else np.ascontiguousarray(sample.image[::-1])
    return replace(sample, image=image, boxes=boxes, masks=masks, keypoints=keypoints)


def _swapped(function: str, sample: Sample, pairs: Any) -> Array:
    """Which keypoint stands where each stood."""
    count = 0 if sample.keypoints is None else sample.keypoints.shape[1]
    must = "a sequence of pairs of keypoints"
    if isinstance(pairs, str) or not isinstance(pairs, Sequence):
        raise wrong_type(function, "pairs", must, pairs)
    order = np.arange(count)
    member = Range(low=0, high=max(count - 1, 0), integer=True)
    for pair in pairs if sample.keypoints is not None else ():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise wrong_type(function, "pairs", must, pairs)
        first, second = (member.check(function, "a keypoint of pairs", point) for point in pair)
        if first == second or order[first] != first or order[second] != second:
            raise wrong_value(function, "pairs", "pairs in which no keypoint stands twice", pairs)
        order[first], order[second] = second, first
    return order


def rotate(
    sample: Sample,
    seed: Any = 0,
    *,
    degrees: Any = (-15.0, 15.0),
    border: Annotated[str, BORDER] = "constant",
    fill: Annotated[float, FILL] = 0.0,
    min_visible: Annotated[float, VISIBLE] = 0.0,
) -> Sample:
    """Turn an image around its centre, with its boxes, masks and keypoints; its shape stays.

    Parameters
    ----------
    sample : Sample
        Not changed.
    seed : int or numpy.random.Generator, default 0
        Draws the angle; the same seed turns alike.
    degrees : float or (float, float), default (-15, 15)
        The angle, counter-clockwise as seen, or the two between which it is drawn evenly: -360 to 360.
    border : str, default "constant"
        What lies outside the image, as in `warp_backward`; masks and boxes have nothing there.
    fill : float, default 0
        Value outside for "constant".
    min_visible : float, default 0
        Objects of which a smaller share lies in the image are dropped, 0 to 1; those of which nothing does always are.

    Returns
    -------
    Sample
        The image sampled bilinearly by `warp_backward`. Masks are sampled alike and true from one half on. Boxes are
        the smallest around their turned corners, clipped: each side up to the square root of two too long.

    Raises
    ------
    TypeError
        Not a sample, or wrong kind of seed, number or word.
    ValueError
        A number out of range, an unknown border, or a ``fill`` that the image's dtype does not hold.

    Notes
    -----
    With the angle a, ``x' = W/2 + cos a (x - W/2) + sin a (y - H/2)`` and
    ``y' = H/2 - sin a (x - W/2) + cos a (y - H/2)``.
    Multiples of 90 degrees have a sine and cosine without rounding: on a square image they move pixels bit for bit.
    What is left of an object is measured by the area of its clipped box (of its mask where there are no boxes).

    References
    ----------
    G. Wolberg, Digital Image Warping, IEEE Computer Society Press, 1990, chapter 3.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> sample = augment.Sample(np.array([[1, 2], [3, 4]], np.uint8), np.array([[0.0, 0.0, 1.0, 1.0]]))
    >>> found = augment.rotate(sample, degrees=90)
    >>> found.image.tolist(), found.boxes
    ([[2, 4], [1, 3]], array([[0., 1., 1., 2.]]))
    """
    name = "rotate"
    check_sample(name, sample)
    rng = generator(name, seed)
    angle = DEGREES.draw(name, "degrees", degrees, rng)
    border = BORDER.check(name, "border", border)
    fill = check_fill(name, fill, sample.image.dtype)
    min_visible = VISIBLE.check(name, "min_visible", min_visible)
    height, width = sample.image.shape[:2]
    c, s = _turn(angle)
    matrix = np.array([[c, s, 0.0], [-s, c, 0.0]])
    middle = np.array([width / 2, height / 2])
    matrix[:, 2] = middle - matrix[:, :2] @ middle
    coordinates = _sources(height, width, c, s)
    return placed(
        sample,
        warp_backward(sample.image, coordinates, border=border, fill=fill),
        moved_boxes(sample.boxes, matrix),
        turned_masks(sample.masks, coordinates, matrix),
        moved_points(sample.keypoints, matrix, sample.image.shape),
        min_visible,
    )


def _turn(degrees: float) -> tuple[float, float]:
    """Cosine and sine, exact for multiples of a right angle."""
    quarter, rest = divmod(degrees, 90)
    c, s = math.cos(math.radians(rest)), math.sin(math.radians(rest))
    return [(c, s), (-s, c), (-c, -s), (s, -c)][int(quarter) % 4]


def _sources(height: int, width: int, c: float, s: float) -> Array:
    """Where each pixel of the turned image comes from: row and column."""
    down = np.arange(height) + 0.5 - height / 2
    across = np.arange(width) + 0.5 - width / 2
    # Rows and columns side by side as complex numbers, so that one sum writes them as they lie.
    places = ((c * down + height / 2 - 0.5) + 1j * (-s * down + width / 2 - 0.5))[:, None]
    steps = s * across + 1j * (c * across)
    sources: Array = np.add(places.astype(np.complex64), steps.astype(np.complex64))
    return sources.view(FLOAT32).reshape(height, width, 2)


def crop(
    sample: Sample,
    seed: Any = 0,
    *,
    shape: Annotated[tuple[int, int], SHAPE],
    place: tuple[int, int] | None = None,
    min_visible: Annotated[float, VISIBLE] = 0.0,
) -> Sample:
    """Cut a part out of an image, and of its boxes, masks and keypoints.

    Parameters
    ----------
    sample : Sample
        Not changed.
    seed : int or numpy.random.Generator, default 0
        Draws the place; the same seed cuts alike.
    shape : (int, int)
        Height and width of the part, at most those of the image.
    place : (int, int), optional
        Row and column of its upper left pixel; drawn evenly by default.
    min_visible : float, default 0
        Objects of which a smaller share lies in the part are dropped, 0 to 1; those of which nothing does always are.

    Returns
    -------
    Sample
        Boxes are clipped to the part. A keypoint outside has visibility 0.

    Raises
    ------
    TypeError
        Not a sample, or wrong kind of seed or number.
    ValueError
        A part that is not inside the image, or a number out of range.

    Notes
    -----
    ``x' = x - column``, ``y' = y - row``. The share is that of the box's area (of the mask's where there are no boxes).

    References
    ----------
    A. Krizhevsky, I. Sutskever, G. Hinton, ImageNet classification with deep convolutional neural networks, NIPS 2012,
    section 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> sample = augment.Sample(np.arange(12, dtype=np.uint8).reshape(3, 4), np.array([[0.0, 0.0, 3.0, 2.0]]))
    >>> found = augment.crop(sample, shape=(2, 2), place=(1, 1))
    >>> found.image.tolist(), found.boxes
    ([[5, 6], [9, 10]], array([[0., 0., 2., 1.]]))
    """
    name = "crop"
    check_sample(name, sample)
    check_seed(name, seed)
    height, width = SHAPE.check(name, "shape", shape)
    min_visible = VISIBLE.check(name, "min_visible", min_visible)
    rows, columns = sample.image.shape[0] - height, sample.image.shape[1] - width
    if rows < 0 or columns < 0:
        raise wrong_value(name, "shape", f"at most that of the image, {sample.image.shape[:2]}", shape)
    if place is None:
        rng = generator(name, seed)
        top, left = int(rng.integers(rows + 1)), int(rng.integers(columns + 1))
    else:
        top, left = _placed(name, place, rows, columns)
    part = np.s_[top : top + height, left : left + width]
    matrix = np.array([[1.0, 0, -left], [0, 1, -top]])
    return placed(
        sample,
        np.ascontiguousarray(sample.image[part]),
        moved_boxes(sample.boxes, matrix),
        None if sample.masks is None else np.ascontiguousarray(sample.masks[:, *part]),
        moved_points(sample.keypoints, matrix, (height, width)),
        min_visible,
    )


def _placed(function: str, place: Any, rows: int, columns: int) -> tuple[int, int]:
    must = f"None or a pair (row, column) of integers up to ({rows}, {columns})"
    if not isinstance(place, tuple | list) or len(place) != 2:
        raise wrong_type(function, "place", must, place)
    top, left = (PLACE.check(function, f"place[{i}]", value) for i, value in enumerate(place))
    if top > rows or left > columns:
        raise wrong_value(function, "place", must, Got(f"{(top, left)}"))
    return top, left


def resize(
    sample: Sample,
    seed: Any = 0,
    *,
    shape: Annotated[tuple[int, int], SHAPE],
    method: Annotated[str, METHOD] = "linear",
) -> Sample:
    """Resample an image to another shape, with its boxes, masks and keypoints.

    Parameters
    ----------
    sample : Sample
        Not changed.
    seed : int or numpy.random.Generator, default 0
        Draws nothing.
    shape : (int, int)
        Height and width of the result, each at least 1.
    method : {"linear", "nearest", "area"}, default "linear"
        How pixels are made, as in `imgproc.resize`; masks take the nearest.

    Returns
    -------
    Sample
        With all objects, however small.

    Raises
    ------
    TypeError
        Not a sample, or wrong kind of number or word.
    ValueError
        A number out of range, or an unknown method.

    Notes
    -----
    ``x' = x w / W``, ``y' = y h / H``.

    References
    ----------
    G. Wolberg, Digital Image Warping, IEEE Computer Society Press, 1990, chapter 5.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> sample = augment.Sample(np.zeros((2, 4), np.uint8), np.array([[1.0, 0.0, 2.0, 2.0]]))
    >>> augment.resize(sample, shape=(6, 8)).boxes
    array([[2., 0., 4., 6.]])
    """
    name = "resize"
    check_sample(name, sample)
    check_seed(name, seed)
    height, width = SHAPE.check(name, "shape", shape)
    image = resize_image(sample.image, (height, width), method=METHOD.check(name, "method", method))
    factors = np.array([width / sample.image.shape[1], height / sample.image.shape[0]])
    boxes, masks, keypoints = sample.boxes, sample.masks, sample.keypoints
    if boxes is not None:
        boxes = (boxes * np.tile(factors, 2)).astype(boxes.dtype)
    if masks is not None:
        masks = np.empty((len(masks), height, width), np.bool_)
        for mask, out in zip(sample.masks if sample.masks is not None else (), masks, strict=True):
            resize_image(mask.view(np.uint8), (height, width), method="nearest", out=out.view(np.uint8))
    if keypoints is not None:
        keypoints = keypoints.copy()
        keypoints[..., :2] = np.where(
            keypoints[..., 2:] > 0, keypoints[..., :2] * factors, keypoints[..., :2]
        )
    return replace(sample, image=image, boxes=boxes, masks=masks, keypoints=keypoints)
