"""Augmentations of two images, and of the depth of a network."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import DTYPES, FLOAT32, Array
from ..._core.parameters import Choice, Range
from ..._core.seeds import generator
from ..training_checks import check_shares
from .sample import Sample, check_sample

ALPHA = Range(above=0, high=1e6)
PARTNERS = Choice(("any", "class"))
COUNT = Range(low=1, high=2**31 - 1, integer=True)
SURVIVAL = Range(above=0, high=1)


def mixup(
    images: Array,
    targets: Array,
    seed: Any = 0,
    *,
    alpha: Annotated[float, ALPHA] = 0.2,
    partners: Annotated[str, PARTNERS] = "any",
) -> tuple[Array, Array]:
    """Mix the images of a batch with one another, and their classes in the same shares.

    Parameters
    ----------
    images : (N, ...) array of uint8, uint16 or float32
        A batch; not changed.
    targets : (N, K) array of bool, integers or floats
        Share of each class, 0 to 1: one-hot rows or what was mixed before.
    seed : int or numpy.random.Generator, default 0
        Draws partners and the share; the same seed mixes alike.
    alpha : float, default 0.2
        Both parameters of the beta distribution of the share, above 0: the smaller, the less is mixed.
    partners : {"any", "class"}, default "any"
        Each image with any other, or only with those of its own largest class (class mixup), which leaves the classes
        of one-hot rows as they are.

    Returns
    -------
    images : (N, ...) array
        Of the dtype given; integers rounded half to even.
    targets : (N, K) array of float64
        Mixed classes, for a cross entropy with probabilities.

    Raises
    ------
    TypeError
        Wrong kind of array, seed, number or word.
    ValueError
        Wrong shapes, targets outside [0, 1], or a parameter out of range.

    Notes
    -----
    ``s ~ Beta(alpha, alpha)`` once for the batch, and ``x = s x_i + (1 - s) x_j``, ``y = s y_i + (1 - s) y_j`` with j
    from a random permutation (of the images of each class). Images are mixed in float32: s has 24 bits. NaN stays, and
    infinity may become it.

    References
    ----------
    H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, mixup: beyond empirical risk minimization, ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> images, targets = augment.mixup(np.array([[0], [100]], np.uint8), np.eye(2), 4, alpha=1.0)
    >>> images.ravel().sum(), targets.sum(axis=1)
    (np.uint64(100), array([1., 1.]))
    """
    name = "mixup"
    pictures, classes = _batch(name, images, targets)
    rng = generator(name, seed)
    alpha = ALPHA.check(name, "alpha", alpha)
    within = PARTNERS.check(name, "partners", partners) == "class"
    share = float(rng.beta(alpha, alpha))
    order = rng.permutation(len(pictures))
    if within and classes.shape[1]:
        order = _within_classes(order, classes.argmax(axis=1))
    return _blend(pictures, pictures[order], share), share * classes + (1 - share) * classes[order]


def _within_classes(order: Array, labels: Array) -> Array:
    """A permutation that leaves each class in its own rows."""
    out = np.empty_like(order)
    rows = np.argsort(labels, kind="stable")
    drawn = order[np.argsort(labels[order], kind="stable")]
    out[rows] = drawn
    return out


def cutmix(
    images: Array, targets: Array, seed: Any = 0, *, alpha: Annotated[float, ALPHA] = 1.0
) -> tuple[Array, Array]:
    """Paste a rectangle of one image of a batch into another, and mix their classes by its area.

    Parameters
    ----------
    images : (N, H, W[, C]) array of uint8, uint16 or float32
        A batch; not changed.
    targets : (N, K) array of bool, integers or floats
        Share of each class, 0 to 1.
    seed : int or numpy.random.Generator, default 0
        Draws partners and the rectangle; the same seed mixes alike.
    alpha : float, default 1
        Both parameters of the beta distribution of the share that stays, above 0.

    Returns
    -------
    images : (N, H, W[, C]) array
        Of the dtype given.
    targets : (N, K) array of float64
        Mixed classes.

    Raises
    ------
    TypeError
        Wrong kind of array, seed or number.
    ValueError
        Wrong shapes, targets outside [0, 1], or ``alpha`` out of range.

    Notes
    -----
    ``s ~ Beta(alpha, alpha)``; a rectangle of ``floor(H sqrt(1 - s))`` rows and ``floor(W sqrt(1 - s))`` columns around
    a pixel drawn evenly, clipped to the image, comes from the partner; classes have the shares of the areas as they are
    after clipping.

    References
    ----------
    S. Yun, D. Han, S. J. Oh, S. Chun, J. Choe, Y. Yoo, CutMix: regularization strategy to train strong classifiers with
    localizable features, ICCV 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> images = np.stack([np.zeros((8, 8), np.uint8), np.ones((8, 8), np.uint8)])
    >>> mixed, targets = augment.cutmix(images, np.eye(2), 1)
    >>> np.allclose(mixed.mean(axis=(1, 2)), targets[:, 1])
    True
    """
    name = "cutmix"
    pictures, classes = _batch(name, images, targets)
    if pictures.ndim not in (3, 4):
        raise wrong_value(name, "images", "of shape (N, H, W) or (N, H, W, C)", Got(f"shape {images.shape}"))
    rng = generator(name, seed)
    alpha = ALPHA.check(name, "alpha", alpha)
    cut = np.sqrt(1 - rng.beta(alpha, alpha))
    order = rng.permutation(len(pictures))
    height, width = pictures.shape[1:3]
    (top, bottom), (left, right) = (_span(rng, length, cut) for length in (height, width))
    mixed = pictures.copy(order="C")
    mixed[:, top:bottom, left:right] = pictures[order, top:bottom, left:right]
    share = 1 - (bottom - top) * (right - left) / max(1, height * width)
    return mixed, share * classes + (1 - share) * classes[order]


def _span(rng: np.random.Generator, length: int, cut: float) -> tuple[int, int]:
    if not length:
        return 0, 0
    middle, half = int(rng.integers(length)), int(length * cut)
    start = middle - half // 2
    return max(0, start), min(length, start + half)


def mix_samples(
    first: Sample, second: Sample, seed: Any = 0, *, alpha: Annotated[float, ALPHA] = 1.5
) -> Sample:
    """Mix two images, and keep the objects of both.

    Parameters
    ----------
    first, second : Sample
        Of images of one shape and dtype, with the same of boxes, labels, masks and keypoints; not changed.
    seed : int or numpy.random.Generator, default 0
        Draws the share; the same seed mixes alike.
    alpha : float, default 1.5
        Both parameters of its beta distribution, above 0; for detectors shares near a half do best.

    Returns
    -------
    Sample
        The objects of the first, then those of the second.

    Raises
    ------
    TypeError
        Not samples, or wrong kind of seed or number.
    ValueError
        Two shapes or dtypes, or one has what the other has not.

    Notes
    -----
    ``x = s x_1 + (1 - s) x_2`` with ``s ~ Beta(alpha, alpha)``, integers rounded half to even.

    References
    ----------
    Z. Zhang, T. He, H. Zhang, Z. Zhang, J. Xie, M. Li, Bag of freebies for training object detection neural networks,
    arXiv 1902.04103 (2019), section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> one, two = (augment.Sample(np.full((2, 2), v, np.uint8), np.ones((1, 4))) for v in (0, 100))
    >>> len(augment.mix_samples(one, two))
    2
    """
    name = "mix_samples"
    check_sample(name, first, "first")
    check_sample(name, second, "second")
    rng = generator(name, seed)
    alpha = ALPHA.check(name, "alpha", alpha)
    if first.image.shape != second.image.shape or first.image.dtype != second.image.dtype:
        must = f"of a {first.image.dtype} image of shape {first.image.shape}, as the first is"
        raise wrong_value(name, "second", must, second.image)
    rows = [
        _joined(name, field, getattr(first, field), getattr(second, field))
        for field in ("boxes", "labels", "masks", "keypoints")
    ]
    return Sample(_blend(first.image, second.image, float(rng.beta(alpha, alpha))), *rows)


def _joined(function: str, field: str, first: Array | None, second: Array | None) -> Array | None:
    if first is None and second is None:
        return None
    if first is None or second is None or first.shape[1:] != second.shape[1:]:
        shapes = " and ".join(str(None if rows is None else rows.shape) for rows in (first, second))
        raise wrong_value(function, field, "known of both alike", Got(shapes))
    return np.concatenate([first, second])


def stochastic_depth_mask(
    blocks: Annotated[int, COUNT],
    batch: Annotated[int, COUNT],
    seed: Any = 0,
    *,
    survival: Annotated[float, SURVIVAL] = 0.8,
) -> Array:
    """Draw which residual blocks of a network each image passes through in training.

    Parameters
    ----------
    blocks : int
        How many residual blocks, 1 or more.
    batch : int
        How many images, 1 or more.
    seed : int or numpy.random.Generator, default 0
        The same seed draws the same.
    survival : float, default 0.8
        How likely the last block stays, above 0 and up to 1.

    Returns
    -------
    (blocks, batch) array of float32
        Factors of the branch of each block: 0, or 1 over its chance to stay.

    Raises
    ------
    TypeError
        Wrong kind of seed or number.
    ValueError
        A number out of range.

    Notes
    -----
    Block l of L stays with the chance ``1 - l / L (1 - survival)``, l from 1: the linear rule of the paper. The paper
    leaves the branch as it is in training and multiplies it by its chance afterwards; dividing in training has the same
    mean and needs nothing afterwards.

    References
    ----------
    G. Huang, Y. Sun, Z. Liu, D. Sedra, K. Weinberger, Deep networks with stochastic depth, ECCV 2016.

    Examples
    --------
    >>> from imgproc.neural import augment
    >>> augment.stochastic_depth_mask(2, 3, 1, survival=0.5).round(2)
    array([[1.33, 0.  , 1.33],
           [0.  , 2.  , 2.  ]], dtype=float32)
    """
    name = "stochastic_depth_mask"
    blocks = COUNT.check(name, "blocks", blocks)
    batch = COUNT.check(name, "batch", batch)
    rng = generator(name, seed)
    survival = SURVIVAL.check(name, "survival", survival)
    stays = 1 - np.arange(1, blocks + 1)[:, None] / blocks * (1 - survival)
    return np.where(rng.random((blocks, batch)) < stays, 1 / stays, 0).astype(FLOAT32)


def _batch(function: str, images: object, targets: object) -> tuple[Array, Array]:
    names = ", ".join(map(str, DTYPES))
    must = f"an array of shape (N, ...) of dtype {names}"
    if not isinstance(images, np.ndarray) or isinstance(images, np.ma.MaskedArray):
        raise wrong_type(function, "images", must, images)
    if images.dtype not in DTYPES:
        raise wrong_type(function, "images", must, Got(f"dtype {images.dtype}"))
    if images.ndim < 1:
        raise wrong_value(function, "images", must, Got("shape ()"))
    return images.view(np.ndarray), check_shares(function, "targets", targets, (len(images), "K"))


def _blend(first: Array, second: Array, share: float) -> Array:
    """``share · first + (1 - share) · second`` in the dtype of both."""
    near = FLOAT32.type(share)
    with np.errstate(invalid="ignore"):  # infinity times a share of 0
        mixed = first.astype(FLOAT32) * near
        mixed += second.astype(FLOAT32) * (1 - near)
    return mixed if first.dtype == FLOAT32 else np.rint(mixed, out=mixed).astype(first.dtype)
