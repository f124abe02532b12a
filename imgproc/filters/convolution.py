"""Convolution with any kernel of odd size."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Weights
from .._core.borders import BORDER
from .._core.images import FLOAT32, Array, channel_count, check_image, check_out
from .._core.neighbors import FILL, Surroundings, check_fill, run_kernel, surroundings
from .._core.operations import operation
from .._core.parameters import Pair, Range
from .._ext import convolution as kernels
from . import plan as planning
from .plan import Plan

KERNEL = Weights(2)
WEIGHTS = Weights(1)
DILATION = Pair(Range(low=1, high=2**20, integer=True), ("down", "across"))

# Nanoseconds for a multiply-add: only an estimate for the choice of threads.
_COST = 0.03


def _kernel_halo(*, kernel: Array, dilation: tuple[int, int], border: str, fill: float) -> int:
    return max((length - 1) // 2 * step for length, step in zip(kernel.shape, dilation, strict=True))


def _separable_halo(*, ky: Array, kx: Array, border: str, fill: float) -> int:
    return max(len(ky), len(kx)) // 2


def _weights(plan: Plan) -> Array:
    """The bytes that the compiled kernel takes."""
    if plan.way == "separable":
        numbers = np.concatenate([plan.columns.ravel(), plan.across.ravel()])
    elif plan.way == "listed":
        numbers = plan.kernel[tuple(plan.taps)]
    elif plan.sums == "int32":
        height, width = plan.kernel.shape
        pairs = np.zeros((height + 1, width, 2), np.int16)
        pairs[1:, :, 0] = pairs[:-1, :, 1] = plan.kernel
        return pairs.reshape(-1).view(np.uint8)
    else:
        numbers = plan.kernel.ravel()
    return np.ascontiguousarray(numbers, plan.sums).view(np.uint8)


def run_plan(image: Array, out: Array, plan: Plan, around: Surroundings, dilation: tuple[int, int]) -> Array:
    """Correlate ``image`` as ``plan`` says."""
    weights, taps = _weights(plan), None
    if plan.way == "listed":
        taps = plan.taps * np.array([[1], [dilation[1] * channel_count(image)]])
    kind, terms = kernels.SUMS[plan.sums], len(plan.columns)

    def run(src: Array, dst: Array, channels: int, around: Surroundings, y0: int, y1: int) -> None:
        kernels.correlate(
            src,
            dst,
            channels,
            around.rows,
            around.columns,
            around.fill,
            dilation,
            plan.shape,
            terms,
            taps,
            weights,
            kind,
            plan.shift,
            y0,
            y1,
        )

    return run_kernel(image, out, around, run, _COST * planning.cost(plan))


def _correlate(
    function: str, image: Any, kernel: Any, dilation: Any, border: Any, fill: Any, out: Any, *, flip: bool
) -> Array:
    image = check_image(function, image)
    kernel = KERNEL.check(function, "kernel", kernel)
    dilation = DILATION.check(function, "dilation", dilation)
    border = BORDER.check(function, "border", border)
    fill = check_fill(function, fill, image.dtype)
    out = check_out(function, out, image.shape, image.dtype, image)
    if flip:
        kernel = np.ascontiguousarray(kernel[::-1, ::-1])
    plan = planning.choose(kernel, image.shape[:2], image.dtype, dilated=dilation != (1, 1))
    reach = plan.shape[0] // 2 * dilation[0], plan.shape[1] // 2 * dilation[1]
    around = surroundings(image, reach, border, fill)
    if plan.way == "spectrum":
        other = planning.direct(kernel, image.dtype) if image.dtype == FLOAT32 else None
        return run_spectrum(image, out, plan, around, other, run_plan)
    return run_plan(image, out, plan, around, dilation)
