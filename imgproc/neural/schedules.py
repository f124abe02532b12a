"""Learning rates as pure functions of the step: no state, and whole curves at once.

``step`` counts from 0, in updates or in epochs (also in parts of them), and may be an array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Flag, Range

RATE = Range(low=0, high=1e12)
STEPS = Range(above=0, high=2**53)
FACTOR = Range(above=0, high=1)
START = Range(low=0, high=1)
FLAG = Flag()

Rate = Any
Schedule = Callable[[Any], Any]


def _steps(function: str, step: object) -> Array:
    must = "a number >= 0 or an array of such"
    if isinstance(step, bool) or not isinstance(step, int | float | np.integer | np.floating | np.ndarray):
        raise wrong_type(function, "step", must, step)
    if isinstance(step, np.ma.MaskedArray):
        raise wrong_type(function, "step", must, Got("a MaskedArray"))
    if isinstance(step, np.ndarray) and step.dtype.kind not in "iuf":
        raise wrong_type(function, "step", must, Got(f"dtype {step.dtype}"))
    try:
        steps = np.asarray(step, np.float64)
    except OverflowError:
        raise wrong_value(function, "step", must, step) from None
    wrong = ~((steps >= 0) & (steps <= 2**53))
    if wrong.any():
        raise wrong_value(function, "step", must, Got(f"{steps[wrong][0]}"))
    return steps


def _rate(rates: Array) -> Rate:
    return rates if rates.ndim else float(rates)


def step_decay(
    step: Any,
    *,
    rate: Annotated[float, RATE],
    every: Annotated[float, STEPS],
    factor: Annotated[float, FACTOR] = 0.1,
) -> Rate:
    """Learning rate that falls by a factor every so many steps.

    Parameters
    ----------
    step : float or array
        How many steps are done, >= 0.
    rate : float
        Learning rate at step 0, 0 to 1e12.
    every : float
        Steps between two falls, above 0.
    factor : float, default 0.1
        What the rate is multiplied by, above 0 and up to 1.

    Returns
    -------
    float or array of float64
        The rate, in the shape of ``step``.

    Raises
    ------
    TypeError
        Not numbers.
    ValueError
        A number out of range.

    Notes
    -----
    ``rate · factor**floor(step / every)``, torch's ``StepLR``.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR 2016, section 3.4.

    Examples
    --------
    >>> from imgproc.neural import schedules
    >>> [schedules.step_decay(step, rate=1.0, every=30, factor=0.5) for step in (0, 29, 30, 60)]
    [1.0, 1.0, 0.5, 0.25]
    """
    steps = _steps("step_decay", step)
    rate = RATE.check("step_decay", "rate", rate)
    every = STEPS.check("step_decay", "every", every)
    factor = FACTOR.check("step_decay", "factor", factor)
    return _rate(rate * factor ** np.floor(steps / every))


def cosine(
    step: Any,
    *,
    rate: Annotated[float, RATE],
    steps: Annotated[float, STEPS],
    final: Annotated[float, RATE] = 0.0,
) -> Rate:
    """Learning rate that falls along half a cosine.

    Parameters
    ----------
    step : float or array
        How many steps are done, >= 0.
    rate : float
        Learning rate at step 0, 0 to 1e12.
    steps : float
        When ``final`` is reached, above 0.
    final : float, default 0
        Rate at that step and after it, 0 to 1e12.

    Returns
    -------
    float or array of float64
        The rate, in the shape of ``step``.

    Raises
    ------
    TypeError
        Not numbers.
    ValueError
        A number out of range.

    Notes
    -----
    ``final + (rate - final) (1 + cos(pi min(step / steps, 1))) / 2``. torch's ``CosineAnnealingLR`` is the same up to
    ``steps`` and rises again after them.

    References
    ----------
    I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017, equation 5.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import schedules
    >>> schedules.cosine(np.array([0, 50, 100, 150]), rate=1.0, steps=100).round(6)
    array([1. , 0.5, 0. , 0. ])
    """
    share = _share("cosine", step, steps)
    rate = RATE.check("cosine", "rate", rate)
    final = RATE.check("cosine", "final", final)
    # As the square of the cosine of half the angle, which falls to the end without rounding of 1 + cos.
    return _rate(final + (rate - final) * np.cos(np.pi / 2 * share) ** 2 * (share < 1))


def linear(
    step: Any,
    *,
    rate: Annotated[float, RATE],
    steps: Annotated[float, STEPS],
    final: Annotated[float, RATE] = 0.0,
) -> Rate:
    """Learning rate that falls (or rises) along a line.

    Parameters
    ----------
    step : float or array
        How many steps are done, >= 0.
    rate : float
        Learning rate at step 0, 0 to 1e12.
    steps : float
        When ``final`` is reached, above 0.
    final : float, default 0
        Rate at that step and after it, 0 to 1e12.

    Returns
    -------
    float or array of float64
        The rate, in the shape of ``step``.

    Raises
    ------
    TypeError
        Not numbers.
    ValueError
        A number out of range.

    Notes
    -----
    ``rate + (final - rate) min(step / steps, 1)``: torch's ``LinearLR`` with its factors times the rate.

    References
    ----------
    L. Bottou, Stochastic gradient descent tricks, in Neural networks: tricks of the trade, Springer 2012: rates that
    fall with the step.

    Examples
    --------
    >>> from imgproc.neural import schedules
    >>> schedules.linear(25, rate=1.0, steps=100)
    0.75
    """
    share = _share("linear", step, steps)
    rate = RATE.check("linear", "rate", rate)
    final = RATE.check("linear", "final", final)
    return _rate(rate * (1 - share) + final * share)


def _share(function: str, step: object, steps: float) -> Array:
    """How much of the way is done, up to 1."""
    done = _steps(function, step)
    whole = STEPS.check(function, "steps", steps)
    share: Array = np.minimum(done, whole) / whole
    return share


def inverse_square_root(step: Any, *, rate: Annotated[float, RATE], hold: Annotated[float, STEPS]) -> Rate:
    """Learning rate that falls as one over the square root of the step.

    Parameters
    ----------
    step : float or array
        How many steps are done, >= 0.
    rate : float
        Learning rate up to step ``hold``, 0 to 1e12.
    hold : float
        When it begins to fall, above 0.

    Returns
    -------
    float or array of float64
        The rate, in the shape of ``step``.

    Raises
    ------
    TypeError
        Not numbers.
    ValueError
        A number out of range.

    Notes
    -----
    ``rate · sqrt(hold / max(step, hold))``. The Transformer's schedule
    ``d**-0.5 min(step**-0.5, step warm**-1.5)`` is this with ``hold = warm`` and ``rate = (d · warm)**-0.5``, times
    ``min(step / warm, 1)``: ``warm_up(..., warm, shift=False)``.

    References
    ----------
    A. Vaswani et al., Attention is all you need, NIPS 2017, section 5.3.

    Examples
    --------
    >>> from imgproc.neural import schedules
    >>> [schedules.inverse_square_root(step, rate=1.0, hold=100) for step in (50, 100, 400)]
    [1.0, 1.0, 0.5]
    """
    done = _steps("inverse_square_root", step)
    rate = RATE.check("inverse_square_root", "rate", rate)
    hold = STEPS.check("inverse_square_root", "hold", hold)
    return _rate(rate * np.sqrt(hold / np.maximum(done, hold)))


def cyclic(
    step: Any,
    *,
    low: Annotated[float, RATE],
    high: Annotated[float, RATE],
    half_cycle: Annotated[float, STEPS],
) -> Rate:
    """Learning rate that goes up and down along lines: the triangular cycle.

    Parameters
    ----------
    step : float or array
        How many steps are done, >= 0.
    low : float
        Learning rate at step 0 and at the end of each cycle, 0 to 1e12.
    high : float
        Learning rate in the middle of each cycle, at least ``low``.
    half_cycle : float
        Steps from ``low`` to ``high``, above 0.

    Returns
    -------
    float or array of float64
        The rate, in the shape of ``step``.

    Raises
    ------
    TypeError
        Not numbers.
    ValueError
        A number out of range, or ``high`` below ``low``.

    Notes
    -----
    ``cycle = floor(1 + step / (2 half_cycle))``, ``x = |step / half_cycle - 2 cycle + 1|`` and
    ``rate = low + (high - low) max(0, 1 - x)``: torch's ``CyclicLR``. (Lecture notes print the formula for x with
    terms out of place.)

    References
    ----------
    L. N. Smith, Cyclical learning rates for training neural networks, WACV 2017, section 3.1.

    Examples
    --------
    >>> from imgproc.neural import schedules
    >>> [schedules.cyclic(step, low=1.0, high=3.0, half_cycle=10) for step in (0, 5, 10, 20, 30)]
    [1.0, 2.0, 3.0, 1.0, 3.0]
    """
    done = _steps("cyclic", step)
    low = RATE.check("cyclic", "low", low)
    high = RATE.check("cyclic", "high", high)
    half = STEPS.check("cyclic", "half_cycle", half_cycle)
    if high < low:
        raise wrong_value("cyclic", "high", f"at least low, {low:g}", high)
    turn = np.floor(1 + done / (2 * half))
    x = np.abs(done / half - 2 * turn + 1)
    return _rate(low + (high - low) * np.maximum(0, 1 - x))


def warm_up(
    schedule: Schedule,
    steps: Annotated[float, STEPS],
    *,
    start: Annotated[float, START] = 0.0,
    shift: Annotated[bool, FLAG] = True,
) -> Schedule:
    """Put a linear warm-up before any schedule.

    Parameters
    ----------
    schedule : callable
        A function of the step, such as a lambda around one of this module.
    steps : float
        How long the rate grows, above 0.
    start : float, default 0
        Share of the schedule's rate at step 0, 0 to 1.
    shift : bool, default True
        The schedule begins after the warm-up, which grows to its first rate (torch's ``SequentialLR``), or runs from
        step 0 and is multiplied by the share that grows (``ChainedScheduler``).

    Returns
    -------
    callable
        A function of the step, as ``schedule`` is.

    Raises
    ------
    TypeError
        ``schedule`` cannot be called, or wrong kind of number.
    ValueError
        A number out of range.

    Notes
    -----
    With ``share = start + (1 - start) min(step / steps, 1)``: ``share · schedule(max(step - steps, 0))``, or
    ``share · schedule(step)``.

    References
    ----------
    P. Goyal et al., Accurate, large minibatch SGD: training ImageNet in 1 hour, arXiv 1706.02677 (2017), section 2.2.

    Examples
    --------
    >>> from imgproc.neural import schedules
    >>> rate = schedules.warm_up(lambda step: schedules.linear(step, rate=1.0, steps=100), 10)
    >>> [rate(step) for step in (0, 5, 10, 60, 110)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    if not callable(schedule):
        raise wrong_type("warm_up", "schedule", "a function of the step", schedule)
    length = STEPS.check("warm_up", "steps", steps)
    first = START.check("warm_up", "start", start)
    later = FLAG.check("warm_up", "shift", shift)

    def warmed(step: Any) -> Rate:
        done = _steps("warm_up", step)
        share = first + (1 - first) * np.minimum(done / length, 1)
        at = np.maximum(done - length, 0) if later else done
        return _rate(share * np.asarray(schedule(_rate(at)), np.float64))

    return warmed
