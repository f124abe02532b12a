"""Which way a kernel is applied: decided from the kernel, the image's size and its dtype alone.

The ways, with their cost in multiply-adds of one float32 sum (`Plan.cost`, measured at AVX2):

direct     every tap of the kernel's rectangle
listed     only the taps that are not zero, where those are less than about a third
separable  columns, then rows, of ``terms`` kernels of rank 1 whose sum the kernel is
spectrum   Fourier transforms down blocks of rows, multiplied and summed along the rows

and the kinds of sums:

int32      uint8 by 16-bit weights: exact where the weights times a power of two are integers of 16 bits, else where
           rounding them moves the sums by less than `_LARGEST_SPREAD` levels
float32    float32 images, and uint8 where sums are exact, or within `_LARGEST_GAIN` of them
float64    the rest
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from .._core.images import FLOAT32, UINT8, Array

EPSILON = float(np.finfo(FLOAT32).eps)

_LARGEST_SPREAD = 1.2e-3
"""Levels of standard deviation that rounded weights may add to sums of uint8 noise: 0.1 % of them round otherwise, and
less than 0.2 % of noise of 0 and 255 alone."""
_LONE_SPREAD = 5e-4
"""The same where less than `_MANY` weights make up the sum, and many pixels have equal sums."""
_MANY = 3.0
_LARGEST_GAIN = 16.0
"""Sum of absolute weights up to which float32 sums of uint8 round as exact ones in all but 0.1 % of pixels."""
_EXPONENT = 96
"""Weights between ``2**-_EXPONENT`` and ``2**_EXPONENT`` leave float32 products clear of overflow and of denormals."""
_LISTED = 3.0
_PASS = 6.0
_ROWS = {"float32": 8.0, "float64": 12.0, "int32": 24.0}
_TRANSFORMS = 11.0
_PRODUCTS = 2.9

_KEPT = 31 * 31
"""Weights of the largest kernels whose plans are kept: to choose takes longer than to filter a small image."""


@dataclass(frozen=True)
class Plan:
    """How to correlate with a kernel; see the module."""

    way: str
    sums: str
    kernel: Array
    """float64, two axes."""
    columns: Array
    """Separable: ``(terms, height)``."""
    across: Array
    """Separable: ``(terms, width)``."""
    shift: int = 0
    length: int = 0
    """Spectrum: rows in a transform."""
    rows: int = 1
    """Spectrum: of the image."""

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.kernel.shape
        return height, width

    @cached_property
    def taps(self) -> Array:
        """Listed: ``(2, n)`` kernel row and column."""
        return np.ascontiguousarray(np.array(np.nonzero(self.kernel), np.int64))

    @cached_property
    def weights(self) -> Array:
        """The bytes that the compiled kernel takes."""
        if self.way == "separable":
            numbers = np.concatenate([self.columns.ravel(), self.across.ravel()])
        elif self.way == "listed":
            numbers = self.kernel[tuple(self.taps)]
        elif self.sums == "int32":
            height, width = self.shape
            pairs = np.zeros((height + 1, width, 2), np.int16)
            pairs[1:, :, 0] = pairs[:-1, :, 1] = self.kernel
            return pairs.reshape(-1).view(np.uint8)
        else:
            numbers = self.kernel.ravel()
        return np.ascontiguousarray(numbers, self.sums).view(np.uint8)


def choose(kernel: Array, shape: tuple[int, int], dtype: np.dtype[Any], dilated: bool = False) -> Plan:
    """The cheapest way that keeps the bounds stated in `correlate`, for images of ``shape`` pixels."""
    if kernel.size > _KEPT:
        return _cheapest(kernel, shape[0], dtype, dilated)
    return _kept_cheapest(kernel.tobytes(), kernel.shape, shape[0], dtype, dilated)


@lru_cache(maxsize=16)
def _kept_cheapest(
    kernel: bytes, kernel_shape: tuple[int, ...], rows: int, dtype: np.dtype[Any], dilated: bool
) -> Plan:
    return _cheapest(np.frombuffer(kernel).reshape(kernel_shape), rows, dtype, dilated)


def _cheapest(kernel: Array, rows: int, dtype: np.dtype[Any], dilated: bool) -> Plan:
    ways = [direct(kernel, dtype), listed(kernel, dtype), *separable(kernel, dtype)]
    if not dilated:
        ways += spectrum(kernel, rows, dtype)
    return min(ways, key=cost)


def cost(plan: Plan) -> float:
    """Multiply-adds of float32 that take as long, for each sample."""
    height, width = plan.shape
    each: float = {"float32": 1.0, "float64": 2.0, "int32": 0.75}[plan.sums]
    if plan.way == "direct":
        # Four rows of results share the rows loaded; three of them are not used by every result.
        return each * height * width * (1 + 0.5 / height) + _ROWS[plan.sums]
    if plan.way == "listed":
        return each * _LISTED * float(plan.taps.shape[1]) + 2 * _ROWS[plan.sums]
    if plan.way == "separable":
        return each * len(plan.columns) * (height + width + _PASS)
    # `length` rows are transformed and multiplied for each block of results.
    step = plan.length - height + 1
    longer = -(-plan.rows // step) * plan.length / plan.rows
    return each * longer * (_TRANSFORMS * math.log2(plan.length) + _PRODUCTS * width)


def direct(kernel: Array, dtype: np.dtype[Any]) -> Plan:
    none = np.empty((0, 0))
    scaled = _sixteen_bits(kernel) if dtype == UINT8 else None
    if scaled is not None:
        return Plan("direct", "int32", scaled[0].astype(np.float64), none, none, scaled[1])
    return Plan("direct", _sums(kernel, dtype), kernel, none, none)


def listed(kernel: Array, dtype: np.dtype[Any]) -> Plan:
    none = np.empty((0, 0))
    if not kernel.any():
        return direct(np.zeros((1, 1)), dtype)
    return Plan("listed", _sums(kernel, dtype), kernel, none, none)


def separable(kernel: Array, dtype: np.dtype[Any]) -> list[Plan]:
    """As a sum of one to four separable kernels, where that is as accurate as the kernel itself."""
    if kernel.shape[0] == 1:
        one = np.ones((1, 1))
        return [Plan("separable", _product_sums(one, kernel, dtype), kernel, one, kernel)]
    if kernel.shape[1] == 1:
        return []  # the direct way is as fast
    whole = _integers(kernel)
    if whole is not None and dtype != FLOAT32:
        factors = _integer_factors(whole[0])
        if factors is None:
            return []
        columns, across = factors[0][None], np.ldexp(factors[1], -whole[1])[None]
        return [Plan("separable", _product_sums(columns, across, dtype), kernel, columns, across)]
    most = min(4, min(kernel.shape) // 2)
    if most == 0:
        return []
    scale = float(np.abs(kernel).max())
    if scale == 0:
        return []
    left, values, right = np.linalg.svd(kernel / scale, full_matrices=False)
    total = float(np.abs(kernel / scale).sum())
    # Half a unit of float32 for images of that precision; uint16 sums have 2**8 times more digits.
    tolerance = EPSILON / 2 if dtype != np.uint16 else EPSILON / 512
    for terms in range(1, most + 1):
        columns = (left[:, :terms] * values[:terms]).T * scale
        across = right[:terms]
        rest = np.abs(kernel - columns.T @ across).sum() / scale
        if rest > tolerance * total:
            continue
        # Terms that cancel would lose digits: their sizes together stay near the kernel's.
        size = (np.abs(columns).sum(axis=1) * np.abs(across).sum(axis=1)).sum() / scale
        if size > 4 * total:
            return []
        columns, across = np.ascontiguousarray(columns), np.ascontiguousarray(across)
        return [Plan("separable", _product_sums(columns, across, dtype), kernel, columns, across)]
    return []


def spectrum(kernel: Array, rows: int, dtype: np.dtype[Any]) -> list[Plan]:
    """Of an image of ``rows`` rows: by transforms down the columns, where float32 images and uint8 keep their bound."""
    none = np.empty((0, 0))
    height = kernel.shape[0]
    shortest = max(4, (height - 1).bit_length())
    lengths = [2**power for power in range(shortest, max(shortest, 10) + 2) if 2**power > height]
    plans = [Plan("spectrum", "float32", kernel, none, none, length=length, rows=rows) for length in lengths]
    length = min(plans, key=cost).length
    sums = _sums(kernel, dtype)
    if sums == "float32" and dtype == UINT8 and np.abs(kernel).sum() > 4:
        sums = "float64"
    largest = np.abs(kernel).max()
    if sums == "float32" and largest > 0:
        # Errors of transforms follow norms, and a kernel with few large taps has a large one.
        norm = float(np.sqrt(np.square(kernel / largest).sum())) * math.sqrt(length)
        if norm > 8 * np.abs(kernel / largest).sum():
            sums = "float64"
    return [Plan("spectrum", sums, kernel, none, none, length=length, rows=rows)]


def one_separable(column: Array, row: Array, dtype: np.dtype[Any]) -> Plan:
    """For two kernels given as they are: three by three weights in one pass, which has the same bound."""
    if len(column) * len(row) > _KEPT:
        return _product(column, row, dtype)
    return _kept_product(column.tobytes(), row.tobytes(), dtype)


@lru_cache(maxsize=16)
def _kept_product(column: bytes, row: bytes, dtype: np.dtype[Any]) -> Plan:
    return _product(np.frombuffer(column), np.frombuffer(row), dtype)


def _product(column: Array, row: Array, dtype: np.dtype[Any]) -> Plan:
    if len(column) == len(row) == 3:
        return direct(np.outer(column, row), dtype)
    columns, across = column[None], row[None]
    return Plan(
        "separable", _product_sums(columns, across, dtype), np.empty((len(column), len(row))), columns, across
    )


def _sums(weights: Array, dtype: np.dtype[Any], gain: float | None = None) -> str:
    """Kind of sums beside int32."""
    if dtype == np.uint16:
        return "float64"
    sizes = np.abs(weights[weights != 0])
    if sizes.size and not (sizes.min() > 2.0**-_EXPONENT and sizes.max() < 2.0**_EXPONENT):
        return "float64"
    if dtype == FLOAT32:
        return "float32"
    gain = float(sizes.sum()) if gain is None else gain
    whole = _integers(weights)
    if whole is not None:
        exact = float(np.ldexp(gain, whole[1])) * 255 < 2**24
        return "float32" if exact else "float64"
    return "float32" if gain <= _LARGEST_GAIN else "float64"


def _product_sums(columns: Array, across: Array, dtype: np.dtype[Any]) -> str:
    """Kind of sums for columns and rows whose products are the weights."""
    kinds = {_sums(columns, dtype, 0.0), _sums(across, dtype, 0.0)}
    if "float64" in kinds or dtype == FLOAT32:
        return "float64" if "float64" in kinds else "float32"
    gain = float((np.abs(columns).sum(axis=1) * np.abs(across).sum(axis=1)).sum())
    one, other = _integers(columns), _integers(across)
    if one is not None and other is not None:
        return "float32" if float(np.ldexp(gain, one[1] + other[1])) * 255 < 2**24 else "float64"
    return "float32" if gain <= _LARGEST_GAIN else "float64"


def _integers(weights: Array) -> tuple[Array, int] | None:
    """``(whole, shift)`` with ``weights = whole / 2**shift``, for kernels that promise exact sums.

    The sum of |whole| is below 2**36 for integers, and below 2**20 for fractions: every float32 is a fraction of 24
    bits, which nobody means to be exact, and exact sums of those take float64.
    """
    if not weights.any():
        return np.zeros(weights.shape), 0
    total = float(np.abs(weights).sum())
    if not 2.0**-600 < total < 2.0**600:
        return None
    mantissa, exponent = np.frexp(weights[weights != 0])
    # The last digit of each weight, as a power of two.
    digits = np.ldexp(mantissa, 53).astype(np.int64)
    last = exponent - 53 + np.log2(digits & -digits).astype(np.int64)
    shift = -int(last.min())
    whole = np.ldexp(weights, shift)
    return (whole, shift) if np.abs(whole).sum() < 2.0 ** (36 if shift <= 0 else 20) else None


def _integer_factors(whole: Array) -> tuple[Array, Array] | None:
    """Column and row of integers whose product is a matrix of integers of rank 1, else None."""
    row = whole[int(np.argmax(np.abs(whole).max(axis=1)))]
    row = row / np.gcd.reduce(row.astype(np.int64)) if row.any() else row
    place = int(np.argmax(np.abs(row)))
    if not row[place]:
        return None
    column = np.rint(whole[:, place] / row[place])
    return (column, row) if np.array_equal(np.outer(column, row), whole) else None


def _sixteen_bits(kernel: Array) -> tuple[Array, int] | None:
    """``(whole, shift)`` of 16-bit weights for sums of uint8 in int32, exact or nearly so."""
    exact = _integers(kernel)
    if exact is not None:
        shift = max(exact[1], 0)
        whole = np.ldexp(kernel, shift)
        return (whole, shift) if _fits(whole, shift) else None
    if not 2.0**-15 < np.abs(kernel).max() < 2.0**15:
        return None
    for shift in range(30, 0, -1):
        whole = np.rint(np.ldexp(kernel, shift))
        if not _fits(whole, shift):
            continue
        # The sum is kept, so that flat regions are, by moving those whose rounding was the closest call.
        missing = round(float(np.ldexp(kernel.sum(), shift)) - float(whole.sum()))
        if missing:
            left = (np.ldexp(kernel, shift) - whole).ravel() * np.sign(missing)
            whole.ravel()[np.argsort(-left, kind="stable")[: abs(missing)]] += np.sign(missing)
        if not _fits(whole, shift):
            continue
        # Noise of uint8 has a deviation of at most 255 / sqrt(12) levels.
        spread = math.sqrt(float(np.square(np.ldexp(whole, -shift) - kernel).sum())) * 255 / math.sqrt(12)
        many = float(np.abs(kernel).sum()) ** 2 > _MANY * float(np.square(kernel).sum())
        return (whole, shift) if spread <= (_LARGEST_SPREAD if many else _LONE_SPREAD) else None
    return None


def _fits(whole: Array, shift: int) -> bool:
    return bool(
        shift <= 30
        and np.abs(whole).max() <= 2**15 - 1
        and np.abs(whole).sum() * 255 + 2.0 ** max(shift - 1, 0) < 2**31
    )
