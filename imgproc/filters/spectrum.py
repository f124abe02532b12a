"""Large kernels: transforms of pieces of the rows, products summed down the columns, transforms back.

A piece of ``length`` samples gives ``length - width + 1`` results (overlap-save). Along a row a transform makes one
product of many; down the columns the taps are few, and doing those one by one spares the second, dearer half of a
transform in two dimensions, and keeps the memory to some rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._core.images import FLOAT32, RGB, Array
from .._core.neighbors import Surroundings
from .._core.tables import levels
from .._ext import convolution as kernels

_STRIPE = 64
"""Rows of results at a time. The transforms of the rows that two stripes share are kept."""

_WRITES_OUT = int(np.__version__.partition(".")[0]) >= 2
"""NumPy 2 transforms float32 in its own precision, into an array at hand."""

Rows = Callable[[Array, Array, int, Surroundings, int, int], None]


class Spectrum:
    """A kernel's transform and the pass that applies it.

    ``sums`` is the precision of transforms and sums, float32 or float64. `rows` is a kernel of `run_kernel`.
    """

    def __init__(self, kernel: Array, length: int, sums: str, direct: Rows | None) -> None:
        self.height, self.width = kernel.shape
        self.length, self.dtype, self.direct = length, np.dtype(sums), direct
        self.complex = np.dtype(np.complex64 if self.dtype == FLOAT32 else np.complex128)
        factors = np.conj(np.fft.rfft(kernel, length))
        pairs = np.repeat(np.stack([factors.real, factors.imag], axis=1), 2, axis=-1)
        self.numbers = pairs.shape[-1]
        strips = -(-self.numbers // kernels.STRIP)
        pairs = np.pad(pairs, ((0, 0), (0, 0), (0, strips * kernels.STRIP - self.numbers)))
        pairs = pairs.reshape(self.height, 2, strips, kernels.STRIP).transpose(2, 0, 1, 3)
        # Vectors that straddle two cache lines would take twice as long to load.
        store = np.empty(pairs.size + 64 // self.dtype.itemsize, self.dtype)
        first = -store.ctypes.data % 64 // self.dtype.itemsize
        self.factors = store[first : first + pairs.size].reshape(pairs.shape)
        self.factors[...] = pairs

    def rows(self, src: Array, dst: Array, channels: int, around: Surroundings, y0: int, y1: int) -> None:
        """Rows [y0, y1) of ``dst``; alpha is left as it is."""
        width, colors = src.shape[1] // channels, min(channels, RGB)
        step = self.length - self.width + 1
        pieces = -(-width // step)
        taps = self.height - 1
        # Rows that lie a multiple of 4096 bytes apart would drive each other out of the first cache.
        row = colors * pieces * self.numbers
        apart = -(-row * self.dtype.itemsize // 4096) * 4096 + 256
        stripe = min(_STRIPE, y1 - y0)
        padded = np.zeros((stripe + taps, colors, (pieces - 1) * step + self.length), self.dtype)
        spectra = np.empty((stripe + taps, apart // self.dtype.itemsize), self.dtype)[:, :row]
        products = np.empty((stripe, row), self.dtype)
        image, result = src.reshape(len(src), width, channels), dst.reshape(len(dst), width, channels)
        bad = np.zeros(y1 - y0, bool)
        for top in range(y0, y1, stripe):
            count = min(stripe, y1 - top)
            kept = taps if top > y0 else 0
            spectra[:kept] = spectra[stripe : stripe + kept]
            fresh = padded[: taps - kept + count]
            self._pad(image, around, top + kept, fresh)
            with np.errstate(all="ignore"):
                self._transform(fresh, pieces, step, spectra[kept : taps + count])
                kernels.multiply_spectra(
                    spectra[: taps + count], self.factors, products[:count], colors * pieces
                )
                back = self._back(products[:count], colors, pieces)
                if self.direct is not None:
                    # NaN and infinity make NaN of all that a transform gives.
                    bad[top - y0 : top - y0 + count] = ~np.isfinite(back[..., step - 1]).all(axis=(1, 2))
                self._store(back, step, result[top : top + count])
        for first, end in _runs(bad):
            assert self.direct is not None
            self.direct(src, dst, channels, around, y0 + first, y0 + end)

    def _pad(self, image: Array, around: Surroundings, top: int, padded: Array) -> None:
        """Rows ``top`` and following of the padded image, channels before columns."""
        colors, width, reach = padded.shape[1], image.shape[1], around.reach[1]
        rows = around.rows[top : top + len(padded)]
        inside = padded[..., reach : reach + width]
        if rows[0] >= 0 and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
            inside[...] = image[rows[0] : rows[0] + len(rows), :, :colors].transpose(0, 2, 1)
        else:
            inside[...] = image[rows][..., :colors].transpose(0, 2, 1)
            inside[rows < 0] = around.fill
        for start, columns in ((0, around.columns[:reach]), (reach + width, around.columns[reach:])):
            beside = padded[..., start : start + reach]
            beside[...] = inside[..., columns]
            beside[..., columns < 0] = around.fill

    def _transform(self, padded: Array, pieces: int, step: int, spectra: Array) -> None:
        rows, colors, _ = padded.shape
        row, plane, sample = padded.strides
        shape, strides = (rows, colors, pieces, self.length), (row, plane, sample * step, sample)
        windows = np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)
        target = spectra.view(self.complex).reshape(rows, colors, pieces, -1)
        if _WRITES_OUT:
            np.fft.rfft(windows, out=target)
        else:
            target[...] = np.fft.rfft(windows)

    def _back(self, products: Array, colors: int, pieces: int) -> Array:
        numbers = products.view(self.complex).reshape(len(products), colors, pieces, -1)
        return np.fft.irfft(numbers, self.length)

    def _store(self, back: Array, step: int, result: Array) -> None:
        if result.dtype != FLOAT32:
            # Before the rounding to integers nothing else rounds.
            np.clip(np.rint(back, out=back), 0, levels(result.dtype) - 1, out=back)
        for first in range(0, result.shape[1], step):
            part = result[:, first : first + step, : back.shape[1]]
            piece = back[:, :, first // step, : part.shape[1]]
            part[...] = piece.transpose(0, 2, 1)


def _runs(flags: Array) -> list[tuple[int, int]]:
    """Half-open ranges of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
