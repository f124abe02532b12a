"""Pooling that remembers where its maxima were, and its inverse: the classical side of SegNet and DeconvNet."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.array_parameters import Shape
from .._core.box_arrays import INT64, check_floats
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Range

SIZE = Range(low=1, integer=True)
SHAPE = Shape()


def max_pool_indices(maps: Array, size: Annotated[int, SIZE] = 2) -> tuple[Array, Array]:
    """Take the maximum of each square of a map, and remember its place.

    Parameters
    ----------
    maps : (..., H, W) array of float32 or float64
        Feature maps.
    size : int, default 2
        Sides of the squares, beside each other; 1 to H and W. Rows and columns that fill none are left out.

    Returns
    -------
    maxima : (..., H // size, W // size) array
        Of the maps' dtype; NaN where one is in the square.
    indices : (..., H // size, W // size) array of int64
        Where each was: ``row W + column`` in its map. Of equal ones the first in reading order.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, or squares that do not fit.

    Notes
    -----
    torch's ``max_pool2d(maps, size, return_indices=True)``, but that it takes the last of several NaN. O(H W).

    References
    ----------
    V. Badrinarayanan, A. Kendall, R. Cipolla, SegNet: a deep convolutional encoder-decoder architecture for image
    segmentation, PAMI 39 (2017) 2481-2495.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import max_pool_indices
    >>> max_pool_indices(np.array([[1.0, 5, 2, 2], [3, 4, 2, 2]]))
    (array([[5., 2.]]), array([[1, 2]]))
    """
    name = "max_pool_indices"
    maps = check_floats(name, "maps", maps, "(..., H, W)")
    size = SIZE.check(name, "size", size)
    if maps.ndim < 2:
        raise wrong_value(name, "maps", "of shape (..., H, W)", Got(f"shape {maps.shape}"))
    *lead, height, width = maps.shape
    if size > height or size > width:
        raise wrong_value(name, "size", f"at most {min(height, width)}, as large as the maps", size)
    rows, columns = height // size, width // size
    squares = maps[..., : rows * size, : columns * size].reshape(*lead, rows, size, columns, size)
    squares = np.moveaxis(squares, -3, -2).reshape(*lead, rows, columns, size * size)
    first = squares.argmax(axis=-1)  # of NaN too
    maxima = np.take_along_axis(squares, first[..., None], axis=-1)[..., 0]
    down, across = first // size, first % size
    row = np.arange(rows)[:, None] * size + down
    column = np.arange(columns) * size + across
    return maxima, (row * width + column).astype(INT64)


def max_unpool(maxima: Array, indices: Array, shape: Annotated[tuple[int, int], SHAPE]) -> Array:
    """Put maxima back where they were, and zeros everywhere else.

    Parameters
    ----------
    maxima : (..., h, w) array of float32 or float64
        What is to be put there: maxima, or maps that a decoder made of them.
    indices : (..., h, w) array of integers
        Where, as `max_pool_indices` gives them.
    shape : (int, int)
        Height and width of the maps.

    Returns
    -------
    (..., H, W) array
        Of the dtype of the maxima.

    Raises
    ------
    TypeError
        Wrong kind of array.
    ValueError
        Arrays of different shapes, or an index beyond the map.

    Notes
    -----
    torch's ``max_unpool2d``. Where one place is named twice the last one in reading order stays.

    References
    ----------
    H. Noh, S. Hong, B. Han, Learning deconvolution network for semantic segmentation, ICCV 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import max_unpool
    >>> max_unpool(np.array([[5.0, 2]]), np.array([[1, 2]]), (2, 4))
    array([[0., 5., 2., 0.],
           [0., 0., 0., 0.]])
    """
    name = "max_unpool"
    maxima = check_floats(name, "maxima", maxima, "(..., h, w)")
    height, width = SHAPE.check(name, "shape", shape)
    if maxima.ndim < 2:
        raise wrong_value(name, "maxima", "of shape (..., h, w)", Got(f"shape {maxima.shape}"))
    must = f"an integer array of shape {maxima.shape}, as maxima"
    masked = isinstance(indices, np.ma.MaskedArray)
    if not isinstance(indices, np.ndarray) or masked or indices.dtype.kind not in "iu":
        raise wrong_type(name, "indices", must, indices)
    if indices.shape != maxima.shape:
        raise wrong_value(name, "indices", must, Got(f"shape {indices.shape}"))
    if indices.size and not (int(indices.min()) >= 0 and int(indices.max()) < height * width):
        wrong = int(indices.min()) if int(indices.min()) < 0 else int(indices.max())
        raise wrong_value(name, "indices", f"places 0 to {height * width - 1} of the map", Got(f"{wrong}"))
    out = np.zeros((*maxima.shape[:-2], height * width), maxima.dtype)
    for index in np.ndindex(maxima.shape[:-2]):
        out[index][indices[index].ravel()] = maxima[index].ravel()
    return out.reshape(*maxima.shape[:-2], height, width)
