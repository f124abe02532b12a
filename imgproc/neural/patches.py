"""What a vision transformer sees: patches, how alike their places are, and what its answer hangs on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array, check_image
from .._core.parameters import Pair, Range
from .errors import OutputMismatch

SIDE = Range(low=1, integer=True)
GRID = Pair(SIDE, ("height", "width"))
FILL = Range()
BATCH = Range(low=1, integer=True)


def image_to_patches(images: Array, patch: Annotated[int, SIDE]) -> Array:
    """Cut images into square patches and lay each out as a row, as a vision transformer embeds them.

    Parameters
    ----------
    images : (B, C, H, W) array
        Any dtype; height and width multiples of ``patch``.
    patch : int
        Side P of a patch in pixels, at least 1.

    Returns
    -------
    (B, N, P · P · C) array of the same dtype
        N = H W / P² patches in the order of reading; in each, pixels in the order of reading, and of each pixel its
        channels.

    Raises
    ------
    TypeError
        Not an array, or not an integer.
    ValueError
        Not four axes, or a height or width that ``patch`` does not divide.

    Notes
    -----
    ``out[b, i W / P + j, (y P + x) C + c] = images[b, c, i P + y, j P + x]``. One copy, which `patches_to_image`
    undoes. The convolution of stride P that networks use in its place has the same weights in another order.

    References
    ----------
    A. Dosovitskiy et al., An image is worth 16×16 words: transformers for image recognition at scale, ICLR 2021,
    section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import image_to_patches
    >>> image_to_patches(np.arange(16).reshape(1, 1, 4, 4), 2)[0]
    array([[ 0,  1,  4,  5],
           [ 2,  3,  6,  7],
           [ 8,  9, 12, 13],
           [10, 11, 14, 15]])
    """
    name = "image_to_patches"
    images = _array(name, "images", images, 4, "(B, C, H, W)")
    patch = SIDE.check(name, "patch", patch)
    count, channels, height, width = images.shape
    if height % patch or width % patch:
        must = f"of a height and width that {patch} divides"
        raise wrong_value(name, "images", must, Got(f"shape {images.shape}"))
    down, across = height // patch, width // patch
    cut = images.reshape(count, channels, down, patch, across, patch).transpose(0, 2, 4, 3, 5, 1)
    return np.ascontiguousarray(cut).reshape(count, down * across, patch * patch * channels)


def patches_to_image(
    patches: Array, patch: Annotated[int, SIDE], grid: Annotated[tuple[int, int], GRID]
) -> Array:
    """Put the patches of `image_to_patches` together again.

    Parameters
    ----------
    patches : (B, N, P · P · C) array
        Any dtype.
    patch : int
        Side P of a patch in pixels, at least 1.
    grid : (int, int)
        How many patches lie down and across; their product is N.

    Returns
    -------
    (B, C, H, W) array of the same dtype

    Raises
    ------
    TypeError
        Not an array, or not integers.
    ValueError
        Not three axes, or lengths that do not fit.

    Notes
    -----
    What a masked autoencoder gives for each patch becomes a picture so.

    References
    ----------
    K. He et al., Masked autoencoders are scalable vision learners, CVPR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import image_to_patches, patches_to_image
    >>> images = np.random.default_rng(0).random((2, 3, 8, 12))
    >>> np.array_equal(patches_to_image(image_to_patches(images, 4), 4, (2, 3)), images)
    True
    """
    name = "patches_to_image"
    patches = _array(name, "patches", patches, 3, "(B, N, P * P * C)")
    patch = SIDE.check(name, "patch", patch)
    down, across = GRID.check(name, "grid", grid)
    count, number, length = patches.shape
    if number != down * across or length % patch**2:
        must = f"of shape (B, {down * across}, {patch**2} * C)"
        raise wrong_value(name, "patches", must, Got(f"shape {patches.shape}"))
    channels = length // patch**2
    laid = patches.reshape(count, down, across, patch, patch, channels).transpose(0, 5, 1, 3, 2, 4)
    return np.ascontiguousarray(laid).reshape(count, channels, down * patch, across * patch)


def position_similarity(embeddings: Array, grid: Annotated[tuple[int, int], GRID]) -> Array:
    """Tell how alike the position embeddings of all pairs of patches are.

    Parameters
    ----------
    embeddings : (N, D) array of float32 or float64
        One row for each patch, in the order of reading; without those of class tokens.
    grid : (int, int)
        How many patches lie down and across; their product is N.

    Returns
    -------
    (down, across, down, across) array of float32
        ``out[i, j]`` is the map for the patch in row i and column j: cosines from -1 to 1, 0 where an embedding is 0.

    Raises
    ------
    TypeError
        Not such an array, or not integers.
    ValueError
        Another shape, or a number that is not finite.

    Notes
    -----
    ``a · b / (|a| |b|)``, in float64 and rounded once; O(N² D).

    References
    ----------
    A. Dosovitskiy et al., An image is worth 16×16 words: transformers for image recognition at scale, ICLR 2021,
    figure 7.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import position_similarity
    >>> position_similarity(np.array([[1.0, 0], [0, 2], [3, 3]]), (1, 3))[0, 0].round(3)
    array([[1.   , 0.   , 0.707]], dtype=float32)
    """
    name = "position_similarity"
    embeddings = _array(name, "embeddings", embeddings, 2, "(N, D)")
    if embeddings.dtype not in (FLOAT32, np.dtype(np.float64)):
        raise wrong_type(name, "embeddings", "of dtype float32 or float64", Got(f"dtype {embeddings.dtype}"))
    down, across = GRID.check(name, "grid", grid)
    if len(embeddings) != down * across:
        must = f"of shape ({down * across}, D), without class tokens"
        raise wrong_value(name, "embeddings", must, Got(f"shape {embeddings.shape}"))
    if not np.isfinite(embeddings).all():
        raise wrong_value(name, "embeddings", "finite", Got("NaN or infinity in it"))
    rows = embeddings.astype(np.float64)
    # Divided by its greatest number first, so that no square leaves float64.
    rows /= np.maximum(np.abs(rows).max(axis=1, initial=0, keepdims=True), np.finfo(np.float64).tiny)
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    np.divide(rows, lengths, out=rows, where=lengths > 0)
    return (rows @ rows.T).clip(-1, 1).astype(FLOAT32).reshape(down, across, down, across)


def occlusion_saliency(
    score: Callable[[Array], Array],
    image: Array,
    *,
    window: Annotated[int | tuple[int, int], GRID] = 16,
    stride: Annotated[int | tuple[int, int], GRID] = 8,
    fill: Annotated[float, FILL] = 0.0,
    batch: Annotated[int, BATCH] = 16,
) -> Array:
    """Tell which parts of an image a network's score hangs on: how much it falls where they are covered.

    Parameters
    ----------
    score : callable
        Takes a ``(K, H, W)`` or ``(K, H, W, C)`` array, as many as ``batch`` or fewer images like ``image``, and gives
        ``(K,)`` scores: a network with its preprocessing, and one class of its answer.
    image : (H, W) or (H, W, C) array of uint8, uint16 or float32
        Gray, RGB or RGBA.
    window : int or (int, int), default 16
        Height and width of what is covered, in pixels; at most that of the image.
    stride : int or (int, int), default 8
        Pixels from one window to the next, down and across. The last window ends at the image's edge.
    fill : float, default 0
        What windows are filled with.
    batch : int, default 16
        How many covered images are handed over at a time, at least 1.

    Returns
    -------
    (H, W) array of float32
        The score of the whole image less that of the covered one, averaged over the windows that hold a pixel; 0 where
        none does.

    Raises
    ------
    TypeError
        Wrong kind of image, number or function.
    ValueError
        A number out of range, or a window larger than the image.
    OutputMismatch
        Scores of another shape, or not finite.

    Notes
    -----
    One pass of the network for each window, and one for the whole image: no gradients, any model. Sums are of float64.

    References
    ----------
    M. D. Zeiler, R. Fergus, Visualizing and understanding convolutional networks, ECCV 2014, section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import occlusion_saliency
    >>> image = np.zeros((4, 4), np.float32)
    >>> image[:2, 2:] = 1
    >>> occlusion_saliency(lambda images: images.sum(axis=(1, 2)), image, window=2, stride=2)
    array([[0., 0., 4., 4.],
           [0., 0., 4., 4.],
           [0., 0., 0., 0.],
           [0., 0., 0., 0.]], dtype=float32)
    """
    name = "occlusion_saliency"
    if not callable(score):
        raise wrong_type(name, "score", "a function of a batch of images", score)
    image = check_image(name, image)
    size, step = GRID.check(name, "window", window), GRID.check(name, "stride", stride)
    fill = FILL.check(name, "fill", fill)
    batch = BATCH.check(name, "batch", batch)
    if size[0] > image.shape[0] or size[1] > image.shape[1]:
        raise wrong_value(name, "window", f"at most {image.shape[:2]}, the size of the image", window)
    lines, columns = (_starts(*lengths) for lengths in zip(image.shape[:2], size, step, strict=True))
    places = [(y, x) for y in lines for x in columns]
    whole = _scores(score, image[None])[0]
    drops, covers = np.zeros(image.shape[:2]), np.zeros(image.shape[:2])
    for start in range(0, len(places), batch):
        some = places[start : start + batch]
        covered = np.repeat(image[None], len(some), axis=0)
        for one, (y, x) in zip(covered, some, strict=True):
            one[y : y + size[0], x : x + size[1]] = fill
        for (y, x), value in zip(some, _scores(score, covered), strict=True):
            drops[y : y + size[0], x : x + size[1]] += whole - value
            covers[y : y + size[0], x : x + size[1]] += 1
    return np.divide(drops, covers, out=drops, where=covers > 0).astype(FLOAT32)


def _starts(length: int, window: int, stride: int) -> list[int]:
    starts = list(range(0, length - window + 1, stride))
    return starts if starts[-1] == length - window else [*starts, length - window]


def _scores(score: Callable[[Array], Array], images: Array) -> Array:
    found = np.asarray(score(images))
    if found.dtype.kind not in "iuf" or found.shape != (len(images),) or not np.isfinite(found).all():
        wanted = f"finite numbers of shape ({len(images)},)"
        raise OutputMismatch("occlusion_saliency", "what score gives", wanted, found)
    return found.astype(np.float64)


def _array(function: str, argument: str, array: object, axes: int, shape: str) -> Array:
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        raise wrong_type(function, argument, f"an array of shape {shape}", array)
    if array.ndim != axes:
        raise wrong_value(function, argument, f"of shape {shape}", Got(f"shape {array.shape}"))
    return array
