"""Convolution with any kernel of odd size."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Weights
from .._core.borders import BORDER
from .._core.images import FLOAT32, Array, channel_count, check_image, check_out
from .._core.neighbors import FILL, Kernel, Surroundings, check_fill, run_kernel, surroundings
from .._core.operations import operation
from .._core.parameters import Pair, Range
from .._ext import convolution as kernels
from . import plan as planning
from .plan import Plan
from .spectrum import Spectrum

KERNEL = Weights(2)
WEIGHTS = Weights(1)
DILATION = Pair(Range(low=1, high=2**20, integer=True), ("down", "across"))

# Nanoseconds for a multiply-add: only an estimate for the choice of threads.
_COST = 0.03


def _kernel_halo(*, kernel: Array, dilation: tuple[int, int], border: str, fill: float) -> int:
    height, width = kernel.shape
    return int(max(height // 2 * dilation[0], width // 2 * dilation[1]))


def _separable_halo(*, ky: Array, kx: Array, border: str, fill: float) -> int:
    return max(len(ky), len(kx)) // 2


def _rows_kernel(plan: Plan, dilation: tuple[int, int], channels: int) -> Kernel:
    """What `run_kernel` runs."""
    weights, taps = plan.weights, None
    if plan.way == "listed":
        taps = plan.taps * np.array([[1], [dilation[1] * channels]])
    kind, terms = kernels.SUMS[plan.sums], len(plan.columns)

    def correlate_rows(src: Array, dst: Array, channels: int, around: Surroundings, y0: int, y1: int) -> None:
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

    return correlate_rows


def run_plan(
    image: Array, out: Array, plan: Plan, dilation: tuple[int, int], border: str, fill: float
) -> Array:
    """Correlate ``image`` as ``plan`` says."""
    height, width = plan.shape
    around = surroundings(image, (height // 2 * dilation[0], width // 2 * dilation[1]), border, fill)
    nanoseconds = _COST * planning.cost(plan)
    if plan.way == "spectrum":
        # Only floats can be NaN, which transforms would spread.
        direct = planning.direct(plan.kernel, image.dtype) if image.dtype == FLOAT32 else None
        again = _rows_kernel(direct, dilation, channel_count(image)) if direct else None
        return Spectrum(plan.kernel, plan.length, plan.sums, again).run(image, out, around, nanoseconds)
    return run_kernel(image, out, around, _rows_kernel(plan, dilation, channel_count(image)), nanoseconds)


def _apply(
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
    return run_plan(image, out, plan, dilation, border, fill)


@operation("filters", halo=_kernel_halo)
def convolve(
    image: Array,
    kernel: Annotated[Array, KERNEL],
    *,
    dilation: Annotated[int | tuple[int, int], DILATION] = 1,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Convolve an image with a kernel: ``out[y, x] = Σ kernel[i, j] · image[y − (i − ci)·dy, x − (j − cj)·dx]``.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    kernel : (h, w) array
        Finite numbers, both sizes odd, its centre ``(ci, cj)`` in the middle; it may be larger than the image.
    dilation : int or (int, int), default 1
        Distance ``(dy, dx)`` in pixels between neighbouring taps ("à trous").
    border : {"reflect", "symmetric", "edge", "wrap", "constant"}, default "reflect"
        What lies outside the image, in the words of `numpy.pad`.
    fill : float, default 0
        The pixels outside for ``"constant"``.
    out : array, optional
        Where to write; must not overlap ``image``.

    Returns
    -------
    array
        Same shape and dtype. Integers are rounded half to even and clipped. float32 is not clipped.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        An even or empty kernel, NaN or infinity in it, ``dilation`` below 1, unknown ``border``, wrong shape, or an
        ``out`` that does not fit.

    Notes
    -----
    This is true convolution: the kernel is turned by 180 degrees; `correlate` does not turn it, and is what OpenCV's
    ``filter2D`` computes.

    The way is chosen by the kernel and the sizes alone, to be the fastest: directly; tap by tap where most weights
    are 0; as columns and rows, where the kernel has a numerical rank of 1 (or so few that it pays); by transforms
    down the columns where it is large. h · w multiply-adds for a sample at most, (h + w) for rank 1, and about 3 w
    and the transforms for large kernels.

    Integers: within one level of the float64 result rounded half to even, and different from it for at most 0.2 %
    of the samples of a photograph; equal where weights are integers with a sum of magnitudes below 2**36, or
    multiples of one power of two with a sum below 2**20 of it, unless the kernel is so large that transforms pay.
    uint16 is summed in float64.

    float32: weights are rounded to float32 and the sum after each tap; the error is at most
    ``(n + 2) / 2 · eps · Σ|kernel| · max|image|`` with n = h · w taps and eps = 2**-23, ``fill`` counted among the
    samples, in all ways; it is below 8 · eps · Σ|kernel| · max|image| in practice. Kernels with weights outside
    2**-96 to 2**96 are summed in float64. NaN and infinity spread no further than the kernel reaches; under weights
    of 0 they make NaN too, unless so few weights are not 0 that the others are skipped.

    Memory beside the result: O(W · (h + 12)) samples a thread; large kernels, by transforms,
    O((h + H) · (w + 128)) numbers.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.4: spatial filtering.
    M. Holschneider et al., A real-time algorithm for signal analysis with the help of the wavelet transform, 1989:
    "à trous".

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.convolve(np.array([[0, 0, 8, 0, 0]], np.uint8), [[1, 2, 3]], border="constant")
    array([[ 0,  8, 16, 24,  0]], dtype=uint8)
    """
    return _apply("convolve", image, kernel, dilation, border, fill, out, flip=True)


@operation("filters", halo=_kernel_halo)
def correlate(
    image: Array,
    kernel: Annotated[Array, KERNEL],
    *,
    dilation: Annotated[int | tuple[int, int], DILATION] = 1,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Correlate an image with a kernel: ``out[y, x] = Σ kernel[i, j] · image[y + (i − ci)·dy, x + (j − cj)·dx]``.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    kernel : (h, w) array
        Finite numbers, both sizes odd, its centre ``(ci, cj)`` in the middle; it may be larger than the image.
    dilation : int or (int, int), default 1
        Distance ``(dy, dx)`` in pixels between neighbouring taps ("à trous").
    border : {"reflect", "symmetric", "edge", "wrap", "constant"}, default "reflect"
        What lies outside the image, in the words of `numpy.pad`.
    fill : float, default 0
        The pixels outside for ``"constant"``.
    out : array, optional
        Where to write; must not overlap ``image``.

    Returns
    -------
    array
        Same shape and dtype. Integers are rounded half to even and clipped. float32 is not clipped.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        An even or empty kernel, NaN or infinity in it, ``dilation`` below 1, unknown ``border``, wrong shape, or an
        ``out`` that does not fit.

    Notes
    -----
    The kernel is laid on the image as it is; `convolve` turns it first. Ways, bounds and costs are those of `convolve`.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.4: spatial filtering.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.correlate(np.array([[0, 0, 8, 0, 0]], np.uint8), [[1, 2, 3]], border="constant")
    array([[ 0, 24, 16,  8,  0]], dtype=uint8)
    """
    return _apply("correlate", image, kernel, dilation, border, fill, out, flip=False)


@operation("filters", halo=_separable_halo)
def convolve_separable(
    image: Array,
    ky: Annotated[Array, WEIGHTS],
    kx: Annotated[Array, WEIGHTS],
    *,
    border: Annotated[str, BORDER] = "reflect",
    fill: Annotated[float, FILL] = 0.0,
    out: Array | None = None,
) -> Array:
    """Convolve an image with the product of a column and a row: ``kernel[i, j] = ky[i] · kx[j]``.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    ky : (h,) array
        Weights down the columns; an odd number of finite numbers, the centre in the middle.
    kx : (w,) array
        Weights along the rows, likewise.
    border : {"reflect", "symmetric", "edge", "wrap", "constant"}, default "reflect"
        What lies outside the image, in the words of `numpy.pad`.
    fill : float, default 0
        The pixels outside for ``"constant"``.
    out : array, optional
        Where to write; must not overlap ``image``.

    Returns
    -------
    array
        Same shape and dtype. Integers are rounded half to even and clipped. float32 is not clipped.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        An even or empty kernel, NaN or infinity in one, unknown ``border``, wrong shape, or an ``out`` that does not
        fit.

    Notes
    -----
    True convolution: both kernels are turned. First the sums down, then those across, in float32 or float64 as in
    `convolve`; nothing is rounded to an integer between. h + w multiply-adds for a sample. Two kernels of three weights
    are multiplied out, because nine taps in one pass take less time than six in two.

    Integers: within one level of the float64 result rounded half to even, and different from it for at most 0.2 % of
    the samples of a photograph; equal where weights are integers, or multiples of a power of two with a sum of
    magnitudes below 2**20 of it in each kernel, and sums of their products below 2**36 of the product of both.

    float32: the error is at most ``(h + w + 5) / 2 · eps · Σ|ky| · Σ|kx| · max|image|``, eps = 2**-23.
    NaN and infinity spread no further than the kernels reach.

    Memory beside the result: O(W · (h + 12)) samples a thread.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.4: separable kernels.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.convolve_separable(np.array([[0, 0, 8, 0, 0]], np.uint8), [1], [1, 2, 3], border="constant")
    array([[ 0,  8, 16, 24,  0]], dtype=uint8)
    """
    function = "convolve_separable"
    image = check_image(function, image)
    ky = WEIGHTS.check(function, "ky", ky)
    kx = WEIGHTS.check(function, "kx", kx)
    border = BORDER.check(function, "border", border)
    fill = check_fill(function, fill, image.dtype)
    out = check_out(function, out, image.shape, image.dtype, image)
    plan = planning.one_separable(ky[::-1], kx[::-1], image.dtype)
    return run_plan(image, out, plan, (1, 1), border, fill)
