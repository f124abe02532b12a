"""Large kernels: transforms of blocks of rows down the columns, products summed along the rows, transforms back.

A block of ``length`` rows gives ``length - height + 1`` rows of results (overlap-save). Down the columns a transform
makes one product of many; along the rows the taps are few, and doing those one by one spares the second, dearer half of
a transform in two dimensions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._core.images import RGBA, Array, channel_count, rows
from .._core.neighbors import Surroundings
from .._core.threads import run_bands
from .._ext import convolution as kernels
from .._ext.neighbors import copy_alpha

_SECTION = 1024
"""Columns, about, that one call transforms: fixed, so that results do not depend on the number of threads."""

Rows = Callable[[Array, Array, int, Surroundings, int, int], None]


class Spectrum:
    """A kernel's transform and the pass that applies it.

    ``sums`` is the precision of transforms and sums, float32 or float64. ``direct`` makes the rows whose sums are not
    finite, where there can be such.
    """

    def __init__(self, kernel: Array, length: int, sums: str, direct: Rows | None) -> None:
        self.shape, self.length, self.direct = kernel.shape, length, direct
        self.kind = kernels.SUMS[sums]
        factors = np.conj(np.fft.fft(kernel, length, axis=0)[_order(length)]) / length
        self.factors = _bytes(np.stack([factors.real, factors.imag, -factors.imag], axis=-1), sums)
        twiddles = [np.empty(0)]
        step = length
        while step >= 4:
            angles = -2 * np.pi / step * np.outer(np.arange(step // 4), [2, 1, 3])
            twiddles.append(np.stack([np.cos(angles), np.sin(angles)], axis=-1).ravel())
            step //= 4
        self.twiddles = _bytes(np.concatenate(twiddles), sums)

    def run(self, image: Array, out: Array, around: Surroundings, nanoseconds: float) -> Array:
        """Correlate ``image``; ``nanoseconds`` is the estimated time for one sample on one thread."""
        src, dst, channels = rows(image), rows(out), channel_count(image)
        height, width = len(src), src.shape[1] // channels
        step = self.length - self.shape[0] + 1
        across = max(1, round(width / _SECTION))
        blocks = -(-height // step)
        bad = np.zeros(blocks, bool)

        def some(first: int, last: int) -> None:
            for unit in range(first, last):
                block, section = divmod(unit, across)
                fine = kernels.correlate_block(
                    src,
                    dst,
                    channels,
                    around.rows,
                    around.columns,
                    around.fill,
                    self.shape,
                    self.length,
                    self.twiddles,
                    self.factors,
                    self.kind,
                    block * step,
                    min(height, (block + 1) * step),
                    width * section // across,
                    width * (section + 1) // across,
                )
                if not fine:
                    bad[block] = True

        run_bands(some, blocks * across, nanoseconds * dst.size)
        if self.direct is not None:
            self._again(src, dst, channels, around, np.flatnonzero(bad) * step, nanoseconds)
        if channels == RGBA:
            copy_alpha(src, dst, 0, height)
        return out

    def _again(
        self, src: Array, dst: Array, channels: int, around: Surroundings, tops: Array, nanoseconds: float
    ) -> None:
        """The rows of the blocks that begin at ``tops``, directly: transforms spread NaN and infinity over a block."""
        direct, step = self.direct, self.length - self.shape[0] + 1
        assert direct is not None
        for top in tops:
            count = min(len(src) - int(top), step)

            def some(first: int, last: int, top: int = int(top)) -> None:
                direct(src, dst, channels, around, top + first, top + last)

            run_bands(some, count, nanoseconds * count * dst.shape[1])


def _order(length: int) -> Array:
    """The frequencies in the order in which the steps of four, and a last one of two, leave them."""
    if length <= 2:
        return np.arange(length)
    quarter = 4 * _order(length // 4)
    return np.concatenate([quarter, quarter + 2, quarter + 1, quarter + 3])


def _bytes(numbers: Array, sums: str) -> Array:
    return np.ascontiguousarray(numbers, sums).reshape(-1).view(np.uint8)
