"""Label maps without the specks that a network leaves."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Range
from ..segmentation import connected_components, watershed
from .decode.label_axes import INT32

AREA = Range(low=1, high=2**31 - 1, integer=True)

_DTYPES = tuple(np.dtype(name) for name in ("uint8", "uint16", "int32"))


def clean_labels(
    labels: Array,
    min_area: Annotated[int, AREA],
    *,
    relief: Array | None = None,
) -> Array:
    """Give small regions of a label map to the regions around them.

    Parameters
    ----------
    labels : (H, W) array of uint8, uint16 or int32
        A label for each pixel, as `label_map` and `decode_semantic` give them.
    min_area : int
        Regions of fewer pixels are given away; at least 1. Pixels of one label that touch at a side or a corner are a
        region.
    relief : (H, W) array of uint8, uint16, int32 or float32, optional
        What is flooded by the labels around: the gradient of the image, so that regions grow up to its edges. Flat by
        default, so that the nearest label wins.

    Returns
    -------
    (H, W) array
        A copy of the labels' dtype. As they were where all regions are small.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, or a number out of range.

    Notes
    -----
    Regions are found by `connected_components`, label by label; the pixels of small ones are flooded by `watershed`
    from all others. O(K H W) for K labels.

    References
    ----------
    R. Adams, L. Bischof, Seeded region growing, PAMI 16 (1994) 641-647.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import clean_labels
    >>> labels = np.zeros((3, 6), np.int32)
    >>> labels[1, 1], labels[:, 3:] = 5, 7
    >>> clean_labels(labels, 2)
    array([[0, 0, 0, 7, 7, 7],
           [0, 0, 0, 7, 7, 7],
           [0, 0, 0, 7, 7, 7]], dtype=int32)
    """
    name = "clean_labels"
    must = "a uint8, uint16 or int32 array of shape (H, W)"
    if (
        not isinstance(labels, np.ndarray)
        or isinstance(labels, np.ma.MaskedArray)
        or labels.dtype not in _DTYPES
    ):
        raise wrong_type(name, "labels", must, labels)
    if labels.ndim != 2 or not labels.size:
        raise wrong_value(name, "labels", must, Got(f"shape {labels.shape}"))
    min_area = AREA.check(name, "min_area", min_area)
    if relief is not None:
        if not isinstance(relief, np.ndarray):
            raise wrong_type(name, "relief", f"None or an array of shape {labels.shape}", relief)
        if relief.shape != labels.shape:
            raise wrong_value(
                name, "relief", f"of shape {labels.shape}, as labels is", Got(f"shape {relief.shape}")
            )
    values, numbers = np.unique(labels, return_inverse=True)
    numbers = numbers.reshape(labels.shape)
    markers = (numbers + 1).astype(INT32)
    for number in range(1, len(values) + 1):
        found = connected_components(numbers == number - 1, statistics=True)
        assert found.statistics is not None
        small = found.statistics.areas < min_area
        small[0] = False  # the background
        markers[small[found.labels]] = 0
    if markers.all() or not markers.any():
        return labels.copy()
    flooded = watershed(np.zeros(labels.shape, np.uint8) if relief is None else relief, markers)
    return np.asarray(values[flooded - 1])
