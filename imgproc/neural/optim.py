"""Optimisers as pure functions: parameters, gradient and state in, new parameters and state out."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Flag, Range
from .training_checks import check_array

RATE = Range(low=0, high=1e12)
MOMENTUM = Range(low=0, high=1)
BETA = Range(low=0, below=1)
EPS = Range(low=0, high=1)
DECAY = Range(low=0, high=1e12)
FLAG = Flag()


class SgdState(NamedTuple):
    """What `sgd` remembers: the velocity, in the shape of the parameters."""

    velocity: Array


class AdamState(NamedTuple):
    """What `adam` and `adamw` remember: how many steps are done, and the running means of gradients and squares."""

    step: int
    mean: Array
    square: Array


def sgd(
    parameters: Array,
    gradient: Array,
    state: SgdState | None = None,
    *,
    rate: Annotated[float, RATE],
    momentum: Annotated[float, MOMENTUM] = 0.0,
    nesterov: Annotated[bool, FLAG] = False,
    weight_decay: Annotated[float, DECAY] = 0.0,
) -> tuple[Array, SgdState]:
    """One step of gradient descent with momentum.

    Parameters
    ----------
    parameters : (...) array of float32 or float64
        Any shape; not changed.
    gradient : array of float32 or float64
        Of the loss with respect to them, in their shape.
    state : SgdState, optional
        What the step before gave; None at the first.
    rate : float
        Learning rate, 0 to 1e12.
    momentum : float, default 0
        Share of the velocity that stays, 0 to 1.
    nesterov : bool, default False
        Look ahead along the velocity; takes a momentum above 0.
    weight_decay : float, default 0
        Share of the parameters that is added to the gradient, 0 to 1e12.

    Returns
    -------
    parameters : array
        After the step, a new array of the dtype given.
    state : SgdState
        To hand in at the next step.

    Raises
    ------
    TypeError
        Wrong kind of array, state or number.
    ValueError
        Wrong shapes, numbers that are not finite or out of range, or ``nesterov`` without momentum.

    Notes
    -----
    ``g = gradient + weight_decay p``; ``v = g`` at the first step, ``v = momentum v + g`` after it;
    ``p = p - rate v``, or ``p - rate (g + momentum v)`` with ``nesterov``: torch's ``SGD``, whose rate multiplies the
    velocity. (Many books put it inside: ``v = momentum v - rate g``, which is the same while the rate is constant.)
    Computed in float64, each result rounded to the dtype of ``parameters``.

    References
    ----------
    I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the importance of initialization and momentum in deep learning,
    ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import optim
    >>> p, state = np.array([1.0]), None
    >>> for _ in range(3):
    ...     p, state = optim.sgd(p, 2 * p, state, rate=0.25, momentum=0.5)
    >>> p
    array([-0.25])
    """
    name = "sgd"
    p, g = _pair(name, parameters, gradient)
    rate = RATE.check(name, "rate", rate)
    momentum = MOMENTUM.check(name, "momentum", momentum)
    decay = DECAY.check(name, "weight_decay", weight_decay)
    if FLAG.check(name, "nesterov", nesterov) and not momentum:
        raise wrong_value(name, "momentum", "above 0 with nesterov", momentum)
    if state is not None and not isinstance(state, SgdState):
        raise wrong_type(name, "state", "None or what sgd gave", state)
    g = g + decay * p
    velocity = g
    if state is not None:
        velocity = momentum * check_array(name, "state.velocity", state.velocity, p.shape) + g
    step = g + momentum * velocity if nesterov else velocity
    return _rounded(p - rate * step, parameters), SgdState(_rounded(velocity, parameters))


def adam(
    parameters: Array,
    gradient: Array,
    state: AdamState | None = None,
    *,
    rate: Annotated[float, RATE] = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: Annotated[float, EPS] = 1e-8,
    weight_decay: Annotated[float, DECAY] = 0.0,
) -> tuple[Array, AdamState]:
    """One step of Adam.

    Parameters
    ----------
    parameters : (...) array of float32 or float64
        Any shape; not changed.
    gradient : array of float32 or float64
        Of the loss with respect to them, in their shape.
    state : AdamState, optional
        What the step before gave; None at the first.
    rate : float, default 0.001
        Learning rate, 0 to 1e12.
    betas : (float, float), default (0.9, 0.999)
        How slowly the running means of gradients and of their squares change, each 0 to below 1.
    eps : float, default 1e-8
        Added to the root of the squares, 0 to 1.
    weight_decay : float, default 0
        Share of the parameters that is added to the gradient, 0 to 1e12: L2, which is scaled with it; `adamw` decays
        apart from it.

    Returns
    -------
    parameters : array
        After the step, a new array of the dtype given.
    state : AdamState
        To hand in at the next step.

    Raises
    ------
    TypeError
        Wrong kind of array, state or number.
    ValueError
        Wrong shapes, or numbers that are not finite or out of range.

    Notes
    -----
    With ``g = gradient + weight_decay p``: ``m = b1 m + (1 - b1) g``, ``v = b2 v + (1 - b2) g**2``, and at step t
    (from 1) ``p = p - rate (m / (1 - b1**t)) / (sqrt(v / (1 - b2**t)) + eps)``: torch's ``Adam``. Where v is 0 and eps
    too, nothing moves. Computed in float64, each result rounded to the dtype of ``parameters``.

    References
    ----------
    D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import optim
    >>> p, state = optim.adam(np.array([1.0, 1.0]), np.array([50.0, -0.01]), rate=0.1)
    >>> p.round(6), state.step
    (array([0.9, 1.1]), 1)
    """
    p, g = _pair("adam", parameters, gradient)
    decay = DECAY.check("adam", "weight_decay", weight_decay)
    return _adam("adam", parameters, p, g + decay * p, state, rate, betas, eps)


def adamw(
    parameters: Array,
    gradient: Array,
    state: AdamState | None = None,
    *,
    rate: Annotated[float, RATE] = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: Annotated[float, EPS] = 1e-8,
    weight_decay: Annotated[float, DECAY] = 0.01,
) -> tuple[Array, AdamState]:
    """One step of AdamW: Adam with a weight decay of its own.

    Parameters
    ----------
    parameters : (...) array of float32 or float64
        Any shape; not changed.
    gradient : array of float32 or float64
        Of the loss with respect to them, in their shape.
    state : AdamState, optional
        What the step before gave; None at the first.
    rate : float, default 0.001
        Learning rate, 0 to 1e12.
    betas : (float, float), default (0.9, 0.999)
        How slowly the running means of gradients and of their squares change, each 0 to below 1.
    eps : float, default 1e-8
        Added to the root of the squares, 0 to 1.
    weight_decay : float, default 0.01
        Times the rate: the share that parameters lose, 0 to 1e12.

    Returns
    -------
    parameters : array
        After the step, a new array of the dtype given.
    state : AdamState
        To hand in at the next step.

    Raises
    ------
    TypeError
        Wrong kind of array, state or number.
    ValueError
        Wrong shapes, or numbers that are not finite or out of range.

    Notes
    -----
    First ``p = p (1 - rate · weight_decay)``, then the step of `adam` without decay: torch's ``AdamW``. The paper's
    decay has only the schedule's factor in the place of the rate; lecture notes that leave the rate out mean that.

    References
    ----------
    I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import optim
    >>> p, state = optim.adamw(np.array([1.0]), np.array([0.0]), rate=0.1, weight_decay=0.5)
    >>> p
    array([0.95])
    """
    p, g = _pair("adamw", parameters, gradient)
    decay = DECAY.check("adamw", "weight_decay", weight_decay)
    p = p * (1 - RATE.check("adamw", "rate", rate) * decay)
    return _adam("adamw", parameters, p, g, state, rate, betas, eps)


def _adam(
    function: str,
    parameters: Array,
    p: Array,
    g: Array,
    state: AdamState | None,
    rate: float,
    betas: tuple[float, float],
    eps: float,
) -> tuple[Array, AdamState]:
    rate = RATE.check(function, "rate", rate)
    eps = EPS.check(function, "eps", eps)
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise wrong_type(function, "betas", f"a pair of {BETA}", betas)
    b1, b2 = (BETA.check(function, f"betas[{i}]", beta) for i, beta in enumerate(betas))
    if state is None:
        state = AdamState(0, np.zeros(p.shape), np.zeros(p.shape))
    elif not isinstance(state, AdamState):
        raise wrong_type(function, "state", f"None or what {function} gave", state)
    done = Range(low=0, high=2**53, integer=True).check(function, "state.step", state.step) + 1
    mean = b1 * check_array(function, "state.mean", state.mean, p.shape) + (1 - b1) * g
    square = b2 * check_array(function, "state.square", state.square, p.shape) + (1 - b2) * g * g
    if (square < 0).any():
        raise wrong_value(function, "state.square", ">= 0", Got("numbers below 0"))
    below = np.sqrt(square / (1 - b2**done)) + eps
    step = np.divide(mean / (1 - b1**done), below, out=np.zeros(p.shape), where=below > 0)
    new = AdamState(done, _rounded(mean, parameters), _rounded(square, parameters))
    return _rounded(p - rate * step, parameters), new


def _pair(function: str, parameters: Array, gradient: Array) -> tuple[Array, Array]:
    p = check_array(function, "parameters", parameters, ("...",))
    return p, check_array(function, "gradient", gradient, p.shape)


def _rounded(values: Array, like: Array) -> Array:
    with np.errstate(over="ignore"):
        return values.astype(like.dtype)
