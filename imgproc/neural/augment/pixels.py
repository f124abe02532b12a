"""Augmentations that change values where they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from ..._core.errors import Got, wrong_value
from ..._core.images import FLOAT32, Array, color_count
from ..._core.neighbors import FILL, check_fill
from ..._core.parameters import Range
from ..._core.seeds import generator
from ...tone.maps import gamma_correct
from .drawn import Drawn
from .sample import Sample, check_sample

HOLES = Drawn(Range(low=0, high=10**6, integer=True))
SIZE = Drawn(Range(above=0, high=1))
CHANNELS = Range(low=1, high=2, integer=True)
SIGMA = Drawn(Range(low=0, high=1))
GAIN = Drawn(Range(low=0, high=1e3))
GAMMA = Drawn(Range(above=0, high=1e3))


def coarse_dropout(
    sample: Sample,
    seed: Any = 0,
    *,
    holes: Any = (1, 8),
    size: Any = (0.05, 0.2),
    fill: Annotated[float, FILL] = 0.0,
) -> Sample:
    """Blank rectangles of an image.

    Parameters
    ----------
    sample : Sample
        Not changed.
    seed : int or numpy.random.Generator, default 0
        Draws numbers, sizes and places; the same seed blanks alike.
    holes : int or (int, int), default (1, 8)
        How many, or between which two their number is drawn, both included: 0 to a million.
    size : float or (float, float), default (0.05, 0.2)
        Height and width of each as shares of the image's, drawn apart: above 0 and up to 1.
    fill : float, default 0
        Value of all channels but alpha in them.

    Returns
    -------
    Sample
        Boxes and masks stay; keypoints of visibility 2 in a hole get 1: hidden.

    Raises
    ------
    TypeError
        Not a sample, or wrong kind of seed or number.
    ValueError
        A number out of range, or a ``fill`` that the image's dtype does not hold.

    Notes
    -----
    A hole has ``max(1, round(share · length))`` pixels along each axis and lies inside the image, every place equally
    likely. (Cutout lets holes reach beyond the image.)

    References
    ----------
    T. DeVries, G. W. Taylor, Improved regularization of convolutional neural networks with cutout, arXiv 1708.04552
    (2017).

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> sample = augment.Sample(np.full((4, 4), 9, np.uint8))
    >>> int((augment.coarse_dropout(sample, 1, holes=1, size=0.5).image == 0).sum())
    4
    """
    name = "coarse_dropout"
    check_sample(name, sample)
    rng = generator(name, seed)
    count = int(HOLES.draw(name, "holes", holes, rng))
    lengths = np.array(sample.image.shape[:2])
    shares = SIZE.draw(name, "size", size, rng, (count, 2))
    fill = check_fill(name, fill, sample.image.dtype)
    sides = np.maximum(1, np.rint(shares * lengths)).astype(np.int64)
    starts = rng.integers(0, lengths - sides + 1)
    image, keypoints = sample.image.copy(order="C"), sample.keypoints
    keypoints = None if keypoints is None else keypoints.copy()
    for (top, left), (height, width) in zip(starts, sides, strict=True):
        _colors(image)[top : top + height, left : left + width] = fill
        if keypoints is not None:
            x, y, seen = np.moveaxis(keypoints, 2, 0)
            inside = (x >= left) & (x < left + width) & (y >= top) & (y < top + height)
            seen[inside & (seen == 2)] = 1
    return replace(sample, image=image, keypoints=keypoints)


def _colors(image: Array) -> Array:
    """A view without alpha."""
    return image if image.ndim == 2 else image[..., : color_count(image)]


def channel_dropout(
    sample: Sample, seed: Any = 0, *, count: Annotated[int, CHANNELS] = 1, fill: Annotated[float, FILL] = 0.0
) -> Sample:
    """Blank colour channels of an image.

    Parameters
    ----------
    sample : Sample
        With an RGB or RGBA image; not changed.
    seed : int or numpy.random.Generator, default 0
        Draws the channels; the same seed blanks the same.
    count : int, default 1
        How many of the three, 1 or 2.
    fill : float, default 0
        Their new value.

    Returns
    -------
    Sample

    Raises
    ------
    TypeError
        Not a sample, or wrong kind of seed or number.
    ValueError
        A gray image, a number out of range, or a ``fill`` that the image's dtype does not hold.

    Notes
    -----
    Each set of ``count`` channels is equally likely; alpha stays.

    References
    ----------
    J. Tompson, R. Goroshin, A. Jain, Y. LeCun, C. Bregler, Efficient object localization using convolutional networks,
    CVPR 2015: dropout of whole channels.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> augment.channel_dropout(augment.Sample(np.full((1, 1, 3), 9, np.uint8)), count=2).image.sum()
    np.uint64(9)
    """
    name = "channel_dropout"
    check_sample(name, sample)
    rng = generator(name, seed)
    count = CHANNELS.check(name, "count", count)
    fill = check_fill(name, fill, sample.image.dtype)
    if color_count(sample.image) == 1:
        raise wrong_value(name, "sample", "of an RGB or RGBA image", Got(f"shape {sample.image.shape}"))
    image = sample.image.copy(order="C")
    image[..., rng.permutation(3)[:count]] = fill
    return replace(sample, image=image)


def add_noise(sample: Sample, seed: Any = 0, *, sigma: Any = (0.0, 0.05)) -> Sample:
    """Add Gaussian noise to an image.

    Parameters
    ----------
    sample : Sample
        Not changed.
    seed : int or numpy.random.Generator, default 0
        Draws the strength and the noise; the same seed gives the same.
    sigma : float or (float, float), default (0, 0.05)
        Standard deviation as a share of the full range (1 for float32), or between which two it is drawn: 0 to 1.

    Returns
    -------
    Sample
        Integers rounded half to even and clipped; float32 is not clipped, and NaN stays.

    Raises
    ------
    TypeError
        Not a sample, or wrong kind of seed or number.
    ValueError
        A number out of range.

    Notes
    -----
    ``out = v + sigma · top · n``, n normal and apart for each sample, in float32; alpha stays.

    References
    ----------
    C. M. Bishop, Training with noise is equivalent to Tikhonov regularization, Neural Computation 7 (1995).

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> noisy = augment.add_noise(augment.Sample(np.full((64, 64), 0.5, np.float32)), sigma=0.1).image
    >>> round(float(noisy.std()), 2)
    0.1
    """
    name = "add_noise"
    check_sample(name, sample)
    rng = generator(name, seed)
    strength = SIGMA.draw(name, "sigma", sigma, rng)
    image = sample.image.copy(order="C")
    colors = _colors(image)
    noise = rng.standard_normal(colors.shape, FLOAT32)
    if image.dtype == FLOAT32:
        noise *= FLOAT32.type(strength)
        colors += noise
        return replace(sample, image=image)
    top = np.iinfo(image.dtype).max
    noise *= FLOAT32.type(strength * top)
    noise += colors
    np.rint(noise, out=noise)
    colors[...] = np.clip(noise, 0, top, out=noise)
    return replace(sample, image=image)


def brightness(sample: Sample, seed: Any = 0, *, gain: Any = (0.8, 1.2)) -> Sample:
    """Multiply an image by a number.

    Parameters
    ----------
    sample : Sample
        Not changed.
    seed : int or numpy.random.Generator, default 0
        Draws the number; the same seed gives the same.
    gain : float or (float, float), default (0.8, 1.2)
        The number, or between which two it is drawn evenly: 0 to 1000.

    Returns
    -------
    Sample
        Integers rounded and clipped; of float32 what is below 0 becomes 0.

    Raises
    ------
    TypeError
        Not a sample, or wrong kind of seed or number.
    ValueError
        A number out of range.

    Notes
    -----
    ``gamma_correct`` with gamma 1; alpha stays.

    References
    ----------
    A. G. Howard, Some improvements on deep convolutional neural network based image classification, ICLR workshop 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> augment.brightness(augment.Sample(np.array([[10, 200]], np.uint8)), gain=1.5).image
    array([[ 15, 255]], dtype=uint8)
    """
    check_sample("brightness", sample)
    factor = float(GAIN.draw("brightness", "gain", gain, generator("brightness", seed)))
    return replace(sample, image=gamma_correct(sample.image, 1.0, gain=factor))


def gamma(sample: Sample, seed: Any = 0, *, gamma: Any = (0.8, 1.25)) -> Sample:
    """Raise an image to a power.

    Parameters
    ----------
    sample : Sample
        Not changed.
    seed : int or numpy.random.Generator, default 0
        Draws the power; the same seed gives the same.
    gamma : float or (float, float), default (0.8, 1.25)
        The power, or between which two it is drawn evenly: above 0 and up to 1000. Below 1 brightens.

    Returns
    -------
    Sample

    Raises
    ------
    TypeError
        Not a sample, or wrong kind of seed or number.
    ValueError
        A number out of range.

    Notes
    -----
    `gamma_correct`; alpha stays.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.2: power-law transformations.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> augment.gamma(augment.Sample(np.array([[64]], np.uint8)), gamma=0.5).image
    array([[128]], dtype=uint8)
    """
    check_sample("gamma", sample)
    power = float(GAMMA.draw("gamma", "gamma", gamma, generator("gamma", seed)))
    return replace(sample, image=gamma_correct(sample.image, power))
