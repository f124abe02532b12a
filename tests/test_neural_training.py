"""Schedules and optimisers: closed forms, slow twins, laws, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neural_training as reference

from imgproc.neural import optim, schedules


def test_schedules_are_functions_of_the_step_and_of_arrays_of_it() -> None:
    at = np.arange(60).reshape(3, 20)
    for schedule in (
        lambda s: schedules.step_decay(s, rate=0.3, every=7),
        lambda s: schedules.cosine(s, rate=0.3, steps=31, final=0.02),
        lambda s: schedules.linear(s, rate=0.3, steps=31, final=0.5),
        lambda s: schedules.inverse_square_root(s, rate=0.3, hold=4),
        lambda s: schedules.cyclic(s, low=0.1, high=0.9, half_cycle=6),
        schedules.warm_up(lambda s: schedules.cosine(s, rate=0.3, steps=31), 9, start=0.25),
        schedules.warm_up(lambda s: schedules.cosine(s, rate=0.3, steps=31), 9, shift=False),
    ):
        curve = schedule(at)
        assert curve.shape == at.shape and curve.dtype == np.float64
        single = [[schedule(int(step)) for step in row] for row in at]
        assert type(single[0][0]) is float
        np.testing.assert_allclose(curve, single, rtol=1e-15)  # NumPy has two powers
        assert schedule(np.float32(3)) == schedule(3)


def test_closed_forms() -> None:
    assert schedules.step_decay(89, rate=1.0, every=30, factor=0.5) == 0.25
    assert schedules.step_decay(10**6, rate=1.0, every=1) == 0.0
    for schedule in (schedules.cosine, schedules.linear):
        assert schedule(0, rate=0.7, steps=10, final=0.3) == 0.7
        assert schedule(5, rate=0.7, steps=10, final=0.3) == pytest.approx(0.5, rel=1e-15)
        assert (
            schedule(10, rate=0.7, steps=10, final=0.3) == schedule(99, rate=0.7, steps=10, final=0.3) == 0.3
        )
    quarter = schedules.cosine(2.5, rate=1.0, steps=10)
    assert quarter == pytest.approx((1 + math.cos(math.pi / 4)) / 2, rel=1e-15)
    assert schedules.inverse_square_root(900, rate=0.4, hold=100) == pytest.approx(0.4 / 3, rel=1e-15)
    # The Transformer's own formula.
    d, warm, at = 512, 40, np.arange(1, 200)
    ours = schedules.warm_up(
        lambda s: schedules.inverse_square_root(s, rate=(d * warm) ** -0.5, hold=warm), warm, shift=False
    )
    np.testing.assert_allclose(ours(at), d**-0.5 * np.minimum(at**-0.5, at * warm**-1.5), rtol=1e-14)


def test_cyclic_goes_up_and_down() -> None:
    """The formula that lecture notes garble."""
    at = np.linspace(0, 50, 201)
    wanted = [reference.cyclic(step, 0.1, 0.9, 5.0) for step in at.tolist()]
    np.testing.assert_allclose(schedules.cyclic(at, low=0.1, high=0.9, half_cycle=5), wanted, rtol=1e-13)


@given(st.floats(0, 1e6), st.floats(1, 1e5), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_rates_stay_between_their_ends(step: float, length: float, a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    for rate in (
        schedules.cosine(step, rate=a, steps=length, final=b),
        schedules.linear(step, rate=a, steps=length, final=b),
        schedules.cyclic(step, low=low, high=high, half_cycle=length),
    ):
        assert low - 1e-12 <= rate <= high + 1e-12
    assert 0 <= schedules.inverse_square_root(step, rate=a, hold=length) <= a
    assert 0 <= schedules.step_decay(step, rate=a, every=length) <= a
    warmed = schedules.warm_up(lambda s: schedules.linear(s, rate=a, steps=length), length)
    assert 0 <= warmed(step) <= a


SCHEDULES: list[tuple[Any, type[Exception], str]] = [
    (lambda: schedules.cosine(np.ma.zeros(2), rate=1, steps=2), TypeError, "got a MaskedArray"),
    (lambda: schedules.cosine("1", rate=1, steps=2), TypeError, "cosine: step must be a number >= 0"),
    (lambda: schedules.cosine(True, rate=1, steps=2), TypeError, "cosine: step must be"),
    (lambda: schedules.cosine([1, 2], rate=1, steps=2), TypeError, "cosine: step must be"),
    (lambda: schedules.cosine(np.array(["a"]), rate=1, steps=2), TypeError, "got dtype <U1"),
    (lambda: schedules.cosine(-1, rate=1, steps=2), ValueError, "got -1"),
    (lambda: schedules.cosine(10**400, rate=1, steps=2), ValueError, "cosine: step must be"),
    (lambda: schedules.cosine(np.array([0, np.nan]), rate=1, steps=2), ValueError, "got nan"),
    (lambda: schedules.cosine(0, rate=-1, steps=2), ValueError, "cosine: rate must be"),
    (lambda: schedules.cosine(0, rate=1, steps=0), ValueError, "cosine: steps must be"),
    (lambda: schedules.linear(0, rate=1, steps="2"), TypeError, "linear: steps must be"),
    (lambda: schedules.linear(0, rate=1, steps=2, final=math.inf), ValueError, "linear: final must be"),
    (lambda: schedules.step_decay(0, rate=1, every=2, factor=0), ValueError, "step_decay: factor must be"),
    (
        lambda: schedules.inverse_square_root(0, rate=1, hold=0),
        ValueError,
        "inverse_square_root: hold must be",
    ),
    (
        lambda: schedules.cyclic(0, low=1, high=0, half_cycle=3),
        ValueError,
        "cyclic: high must be at least low, 1",
    ),
    (lambda: schedules.warm_up(0.1, 3), TypeError, "warm_up: schedule must be a function"),
    (lambda: schedules.warm_up(math.sqrt, 0), ValueError, "warm_up: steps must be"),
    (lambda: schedules.warm_up(math.sqrt, 3, start=2), ValueError, "warm_up: start must be"),
    (lambda: schedules.warm_up(math.sqrt, 3, shift=1), TypeError, "warm_up: shift must be"),
    (lambda: schedules.warm_up(math.sqrt, 3)(-1), ValueError, "warm_up: step must be"),
]


@pytest.mark.parametrize("case", range(len(SCHEDULES)))
def test_schedules_refuse(case: int) -> None:
    call, error, text = SCHEDULES[case]
    with pytest.raises(error, match=text):
        call()


OPTIMISERS: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "sgd": (
        optim.sgd,
        {"rate": 0.1, "momentum": 0.7, "weight_decay": 0.2},
        lambda p, g: reference.sgd(p, g, 0.1, 0.7, 0.2, False),
    ),
    "nesterov": (
        optim.sgd,
        {"rate": 0.1, "momentum": 0.7, "nesterov": True},
        lambda p, g: reference.sgd(p, g, 0.1, 0.7, 0.0, True),
    ),
    "adam": (
        optim.adam,
        {"rate": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.2},
        lambda p, g: reference.adam(p, g, 0.1, 0.8, 0.9, 1e-3, 0.2, 0.0),
    ),
    "adamw": (
        optim.adamw,
        {"rate": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.2},
        lambda p, g: reference.adam(p, g, 0.1, 0.8, 0.9, 1e-3, 0.0, 0.2),
    ),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers_equal_their_twins(name: str, rng: np.random.Generator) -> None:
    step, options, twin = OPTIMISERS[name]
    start, gradients = rng.normal(0, 1, (2, 3)), rng.normal(0, 1, (15, 2, 3))
    p, state = start, None
    for gradient in gradients:
        before = p.copy()
        after, state = step(p, gradient, state, **options)
        np.testing.assert_array_equal(p, before)  # a pure function
        p = after
    wanted = [twin(start[place], gradients[:, *place].tolist()) for place in np.ndindex(start.shape)]
    np.testing.assert_allclose(p.ravel(), wanted, rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers_find_the_lowest_point(name: str) -> None:
    step, options, _ = OPTIMISERS[name]
    p, state = np.array([3.0, -2.0], np.float32), None
    for turn in range(400):
        p, state = step(p, 2 * p, state, **options | {"rate": 0.1 / (1 + turn / 10)})
    assert p.dtype == np.float32
    assert np.abs(p).max() < 1e-2
    empty, _ = step(np.zeros((0, 3)), np.zeros((0, 3)), **options)
    assert empty.shape == (0, 3)


def test_first_steps() -> None:
    """Adam's first step has the length of the rate, whatever the gradient; AdamW's decay is the rate times lambda."""
    p, state = optim.adam(np.zeros(3), np.array([1e-3, 5.0, -1e6]), rate=0.1, eps=0)
    np.testing.assert_allclose(p, [-0.1, -0.1, 0.1], rtol=1e-12)
    assert state.step == 1
    still, _ = optim.adam(np.ones(2), np.zeros(2), rate=0.1, eps=0)
    np.testing.assert_array_equal(still, 1)
    decayed, _ = optim.adamw(np.ones(1), np.zeros(1), rate=0.1, weight_decay=0.3)
    np.testing.assert_allclose(decayed, 1 - 0.1 * 0.3, rtol=1e-15)


P = np.zeros(3)
ADAM = optim.AdamState(1, P, P)
OPTIM: list[tuple[Any, type[Exception], str]] = [
    (lambda: optim.sgd([0.0], P, rate=1), TypeError, "sgd: parameters must be a float32 or float64 array"),
    (lambda: optim.sgd(P, P[:2], rate=1), ValueError, r"sgd: gradient must be of shape \(3,\)"),
    (lambda: optim.sgd(P, P * np.nan, rate=1), ValueError, "sgd: gradient must be finite"),
    (lambda: optim.sgd(P, P, rate=-1), ValueError, "sgd: rate must be"),
    (lambda: optim.sgd(P, P, rate=1, momentum=2), ValueError, "sgd: momentum must be"),
    (
        lambda: optim.sgd(P, P, rate=1, nesterov=True),
        ValueError,
        "sgd: momentum must be above 0 with nesterov",
    ),
    (lambda: optim.sgd(P, P, rate=1, nesterov=1), TypeError, "sgd: nesterov must be"),
    (lambda: optim.sgd(P, P, ADAM, rate=1), TypeError, "sgd: state must be None or what sgd gave"),
    (
        lambda: optim.sgd(P, P, optim.SgdState(P[:2]), rate=1),
        ValueError,
        "sgd: state.velocity must be of shape",
    ),
    (lambda: optim.adam(P, P, optim.SgdState(P)), TypeError, "adam: state must be None or what adam gave"),
    (lambda: optim.adam(P, P, betas=0.9), TypeError, "adam: betas must be a pair"),
    (lambda: optim.adam(P, P, betas=(0.9, 1)), ValueError, r"adam: betas\[1\] must be"),
    (lambda: optim.adam(P, P, eps=-1), ValueError, "adam: eps must be"),
    (lambda: optim.adam(P, P, weight_decay=-1), ValueError, "adam: weight_decay must be"),
    (lambda: optim.adamw(P, P, rate="1"), TypeError, "adamw: rate must be"),
    (lambda: optim.adamw(P, P, ADAM._replace(step=-1)), ValueError, "adamw: state.step must be"),
    (lambda: optim.adamw(P, P, ADAM._replace(square=P - 1)), ValueError, "adamw: state.square must be >= 0"),
    (lambda: optim.adamw(P, P, ADAM._replace(mean=P[:1])), ValueError, "adamw: state.mean must be of shape"),
    (lambda: optim.adamw(P, P, ADAM._replace(mean=None)), TypeError, "adamw: state.mean must be"),
]


@pytest.mark.parametrize("case", range(len(OPTIM)))
def test_optimisers_refuse(case: int) -> None:
    call, error, text = OPTIM[case]
    with pytest.raises(error, match=text):
        call()
