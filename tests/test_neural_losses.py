"""Losses against their slow twins, their gradients against differences, closed forms and laws."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neural_losses as reference

import imgproc
from imgproc.neural import (
    active,
    augment,
    ensemble,
    losses,
    matching,
    optim,
    schedules,
    targets,
    views,
)

ELEMENTWISE: dict[str, tuple[Any, Any]] = {
    "binary": (
        partial(losses.binary_cross_entropy, positive_weight=2.5),
        partial(reference.binary_cross_entropy, weight=2.5),
    ),
    "focal": (losses.focal_loss, partial(reference.focal, alpha=0.25, gamma=2.0)),
    "focal, no alpha": (
        partial(losses.focal_loss, alpha=None, gamma=0.5),
        partial(reference.focal, alpha=None, gamma=0.5),
    ),
    "focal, no gamma": (
        partial(losses.focal_loss, gamma=0),
        partial(reference.focal, alpha=0.25, gamma=0.0),
    ),
    "heat map": (losses.heatmap_focal_loss, partial(reference.heatmap_focal, alpha=2.0, beta=4.0)),
    "squares": (losses.mean_squared_error, lambda x, t: (x - t) ** 2),
    "absolute": (losses.mean_absolute_error, lambda x, t: abs(x - t)),
    "huber": (
        partial(losses.huber_loss, delta=0.7),
        lambda x, t: reference.huber(x - t, 0.7),
    ),
    "smooth": (
        partial(losses.smooth_l1_loss, beta=0.3),
        lambda x, t: reference.smooth_l1(x - t, 0.3),
    ),
    "sharp": (
        partial(losses.smooth_l1_loss, beta=0),
        lambda x, t: reference.smooth_l1(x - t, 0.0),
    ),
}


def elementwise_case(name: str, rng: np.random.Generator, shape: Any = (3, 4)) -> tuple[Any, Any]:
    x = rng.normal(0, 2, shape)
    if name in ("binary", "heat map"):
        return x, np.where(rng.random(shape) < 0.3, 1.0, rng.random(shape))
    if "focal" in name:
        return x, rng.integers(0, 2, shape)
    return x, rng.normal(0, 1, shape)


def assert_gradient(loss: Callable[..., Any], x: np.ndarray, *arguments: Any, atol: float = 1e-7) -> None:
    """Of the mean and of the sum, by differences."""
    for reduction in ("mean", "sum"):
        _, gradient = loss(x, *arguments, reduction=reduction)
        wanted = reference.slopes(lambda moved: loss(moved, *arguments, reduction=reduction)[0], x)  # noqa: B023
        np.testing.assert_allclose(gradient, wanted, rtol=1e-6, atol=atol)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_losses_equal_their_twins(name: str, rng: np.random.Generator) -> None:
    ours, twin = ELEMENTWISE[name]
    x, t = elementwise_case(name, rng)
    pairs = zip(x.ravel().tolist(), t.ravel().tolist(), strict=True)
    wanted = np.array([twin(*pair) for pair in pairs]).reshape(x.shape)
    np.testing.assert_allclose(ours(x, t, reduction="none")[0], wanted, rtol=1e-13, atol=1e-15)
    total = wanted.sum()
    whole = max(1, np.count_nonzero(t == 1)) if name == "heat map" else x.size
    np.testing.assert_allclose(ours(x, t, reduction="sum")[0], total, rtol=1e-13)
    np.testing.assert_allclose(ours(x, t)[0], total / whole, rtol=1e-13)
    assert_gradient(ours, x, t)
    single = ours(x.astype(np.float32), t.astype(np.float32) if t.dtype.kind == "f" else t, reduction="none")
    assert single[0].dtype == single[1].dtype == np.float32


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_far_logits_neither_overflow_nor_lose_digits(name: str) -> None:
    ours, _ = ELEMENTWISE[name]
    x = np.array([-1e30, -800.0, -40.0, 40.0, 800.0, 1e30])
    for t in (0, 1):
        loss, gradient = ours(x, np.full(6, float(t)), reduction="none")
        assert np.isfinite(loss).all() and np.isfinite(gradient).all() and (loss >= 0).all()
    if name == "binary":
        loss, _ = ours(np.array([40.0]), np.array([1.0]), reduction="none")
        np.testing.assert_allclose(loss, 2.5 * math.exp(-40), rtol=1e-12)


@pytest.mark.parametrize("eps", [0.0, 0.1])
@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_equals_its_twin(
    eps: float, others: bool, weighted: bool, rng: np.random.Generator
) -> None:
    z, labels = rng.normal(0, 3, (5, 4)), rng.integers(0, 4, 5)
    labels[3] = -7
    weights = [0.5, 2.0, 0.0, 1.0] if weighted else [1.0] * 4
    options: Any = {"smoothing": eps, "smooth_over": "others" if others else "all", "ignore_index": -7}
    options |= {"weight": weights} if weighted else {}
    wanted = np.array(
        [
            0.0 if label == -7 else reference.cross_entropy(row.tolist(), label, weights, eps, others)
            for row, label in zip(z, labels, strict=True)
        ]
    )
    ours = partial(losses.cross_entropy, **options)
    np.testing.assert_allclose(ours(z, labels, reduction="none")[0], wanted, rtol=1e-13, atol=1e-15)
    whole = sum(weights[label] for label in labels if label != -7)
    np.testing.assert_allclose(ours(z, labels)[0], wanted.sum() / whole, rtol=1e-13)
    assert_gradient(ours, z, labels)
    # The same rows as pixels.
    maps = np.ascontiguousarray(z.T[None, :, :, None])
    np.testing.assert_allclose(
        losses.cross_entropy(maps, labels[None, :, None], **options)[0], wanted.sum() / whole, rtol=1e-13
    )


def test_cross_entropy_of_probabilities(rng: np.random.Generator) -> None:
    z, q = rng.normal(0, 3, (6, 5)), rng.dirichlet(np.ones(5), 6)
    for options in ({}, {"smoothing": 0.2}, {"smoothing": 0.2, "smooth_over": "others"}):
        assert_gradient(partial(losses.cross_entropy, **options), z, q)
    labels = rng.integers(0, 5, 6)
    for over in ("all", "others"):
        options: Any = {"smoothing": 0.1, "smooth_over": over}
        by_class = losses.cross_entropy(z, labels, **options)
        by_share = losses.cross_entropy(z, np.eye(5)[labels], **options)
        np.testing.assert_allclose(by_class[0], by_share[0], rtol=1e-14)
        np.testing.assert_allclose(by_class[1], by_share[1], rtol=1e-13, atol=1e-17)


def test_cross_entropy_closed_forms() -> None:
    np.testing.assert_allclose(losses.cross_entropy(np.zeros((3, 8)), np.array([0, 3, 7]))[0], math.log(8))
    # What the smoothed labels say is where the loss is least: with "others" the right class has 1 - eps.
    for over, right in (("all", 0.9 + 0.1 / 4), ("others", 0.9)):
        z = np.log(np.array([[right, *[(1 - right) / 3] * 3]]))
        _, gradient = losses.cross_entropy(z, np.array([0]), smoothing=0.1, smooth_over=over)
        np.testing.assert_allclose(gradient, 0, atol=1e-15)
    assert losses.cross_entropy(np.zeros((0, 3)), np.zeros(0, int))[0] == 0
    loss, gradient = losses.cross_entropy(np.zeros((2, 3)), np.array([9, 9]), ignore_index=9)
    assert loss == 0 and not gradient.any()
    loss, gradient = losses.cross_entropy(np.array([[5.0], [-1.0]]), np.array([0, 0]))
    assert loss == 0 and not gradient.any()
    far = losses.cross_entropy(np.array([[1e30, -1e30, 0.0]]), np.array([1]))
    assert far[0] == 2e30 and far[1].tolist() == [[1, -1, 0]]


@pytest.mark.parametrize("denominator", ["sum", "squares"])
def test_dice_equals_its_twin(denominator: str, rng: np.random.Generator) -> None:
    x, t = rng.normal(0, 2, (3, 2, 4)), rng.random((3, 2, 4)).round()
    ours = partial(losses.dice_loss, smooth=0.5, denominator=denominator)
    wanted = [
        reference.dice(a.ravel(), b.ravel(), 0.5, denominator == "squares") for a, b in zip(x, t, strict=True)
    ]
    np.testing.assert_allclose(ours(x, t, reduction="none")[0], wanted, rtol=1e-13)
    assert_gradient(ours, x, t)
    empty = losses.dice_loss(np.full((1, 9), -800.0), np.zeros((1, 9)))
    assert empty[0] == 0
    assert losses.dice_loss(np.zeros((0, 4)), np.zeros((0, 4)))[0] == 0


def boxes_apart(rng: np.random.Generator, n: int) -> np.ndarray:
    """Corners drawn so that no two edges coincide."""
    corners = rng.uniform(0, 10, (n, 2, 2))
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


@pytest.mark.parametrize("kind", ["iou", "giou"])
def test_box_loss_equals_its_twin(kind: str, rng: np.random.Generator) -> None:
    a, b = boxes_apart(rng, 40), boxes_apart(rng, 40)
    ours = partial(losses.box_iou_loss, kind=kind)
    wanted = [reference.box_iou(p, q, kind) for p, q in zip(a, b, strict=True)]
    loss, _ = ours(a, b, reduction="none")
    np.testing.assert_allclose(loss, wanted, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(loss, 1 - np.diag(imgproc.iou_matrix(a, b, kind=kind)), rtol=1e-12, atol=1e-14)
    assert_gradient(ours, a, b, atol=1e-6)


@pytest.mark.parametrize("kind", ["iou", "giou"])
def test_box_loss_at_its_corners(kind: str) -> None:
    box = np.array([[1.0, 2.0, 5.0, 6.0]])
    loss, gradient = losses.box_iou_loss(box, box, kind=kind)
    assert loss == 0 and not gradient.any()  # the mean of both sides of a minimum
    point = np.array([[3.0, 3.0, 3.0, 3.0]])
    loss, gradient = losses.box_iou_loss(point, point, kind=kind)
    assert loss == 1 and np.isfinite(gradient).all()
    beside, far = np.array([[0.0, 0, 1, 1]]), np.array([[1.0, 0, 2, 1]])
    loss, gradient = losses.box_iou_loss(beside, far, kind=kind)
    assert loss == 1
    assert gradient.any() == (kind == "giou")  # only GIoU still knows the way
    huge = np.array([[-1e75, -1e75, 1e75, 1e75]])
    assert losses.box_iou_loss(huge, huge, kind=kind)[0] == 0


def test_nt_xent_equals_its_twin(rng: np.random.Generator) -> None:
    z = rng.normal(0, 1, (8, 3))
    ours = partial(losses.nt_xent_loss, temperature=0.3)
    np.testing.assert_allclose(ours(z, reduction="none")[0], reference.nt_xent(z.tolist(), 0.3), rtol=1e-12)
    assert_gradient(ours, z)
    # Only directions count, however long.
    scaled = z * np.array([1e-60, 1e60, 1, 2, 3, 4, 5, 1e-30])[:, None]
    np.testing.assert_allclose(ours(scaled)[0], ours(z)[0], rtol=1e-12)
    # Along the vector itself nothing changes.
    np.testing.assert_allclose((ours(z)[1] * z).sum(axis=1), 0, atol=1e-14)
    # All alike: each of the 2 N - 1 others is as near.
    np.testing.assert_allclose(losses.nt_xent_loss(np.ones((6, 2)))[0], math.log(5))
    assert losses.nt_xent_loss(np.array([[1.0, 0], [0, 1]]))[0] == 0
    assert losses.nt_xent_loss(np.zeros((0, 2)))[0] == 0


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=8), st.floats(0, 5), st.data())
@settings(max_examples=50, deadline=None)
def test_laws(logits: list[float], gamma: float, data: Any) -> None:
    x = np.array(logits)
    t = np.array(data.draw(st.lists(st.integers(0, 1), min_size=len(x), max_size=len(x))))
    binary, slope = losses.binary_cross_entropy(x, t, reduction="none")
    focal, _ = losses.focal_loss(x, t, alpha=None, gamma=gamma, reduction="none")
    # What is easy counts less, and exponent 0 takes nothing away.
    assert (focal <= binary * (1 + 1e-12)).all()
    np.testing.assert_allclose(losses.focal_loss(x, t, alpha=None, gamma=0)[0], binary.mean(), rtol=1e-12)
    # Mirror images.
    np.testing.assert_allclose(losses.binary_cross_entropy(-x, 1 - t, reduction="none")[0], binary)
    np.testing.assert_allclose(losses.binary_cross_entropy(-x, 1 - t, reduction="none")[1], -slope)
    # Two classes of a softmax are a sigmoid.
    pairs = np.stack([np.zeros_like(x), x], axis=1)
    np.testing.assert_allclose(
        losses.cross_entropy(pairs, t, reduction="none")[0], binary, rtol=1e-11, atol=1e-15
    )
    # A constant added to all logits of a softmax changes nothing, and slopes sum to 0.
    moved, gradient = losses.cross_entropy(pairs + 7, t, reduction="none")
    np.testing.assert_allclose(moved, binary, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-14)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8), st.floats(0.01, 100))
@settings(max_examples=50, deadline=None)
def test_huber_laws(values: list[float], delta: float) -> None:
    r, zero = np.array(values), np.zeros(len(values))
    huber, slope = losses.huber_loss(r, zero, delta=delta, reduction="none")
    squares, absolute = (
        loss(r, zero, reduction="none")[0] for loss in (losses.mean_squared_error, losses.mean_absolute_error)
    )
    # Squares of tiny numbers are subnormal, and rounded coarsely.
    assert (huber <= squares / 2 * (1 + 1e-12) + 1e-300).all()
    assert (huber <= delta * absolute * (1 + 1e-12) + 1e-300).all()
    assert (np.abs(slope) <= delta).all()
    np.testing.assert_allclose(
        losses.smooth_l1_loss(r, zero, beta=delta, reduction="none")[0],
        huber / delta,
        rtol=1e-12,
        atol=1e-300,
    )


TWO = np.zeros((2, 3))
LABELS = np.array([0, 1])
CORNERS = np.array([[0.0, 0, 1, 1]])
NAN = np.array([[np.nan, 0.0, 0.0]])
WRONG: list[tuple[Any, tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    (losses.cross_entropy, (TWO, LABELS), {"weight": [1, 2, 10**400]}, TypeError, "weight must be"),
    (losses.cross_entropy, (TWO, LABELS), {"weight": [1, 1j, 1]}, TypeError, "weight must be"),
    (losses.cross_entropy, (TWO, LABELS), {"weight": [[1], [1, 2]]}, TypeError, "weight must be"),
    (losses.cross_entropy, (TWO, LABELS), {"ignore_index": 2**63}, ValueError, "ignore_index must be"),
    (losses.cross_entropy, ([[0.0]], LABELS), {}, TypeError, "logits must be a float32 or float64 array"),
    (losses.cross_entropy, (TWO.astype(np.float16), LABELS), {}, TypeError, "got dtype float16"),
    (losses.cross_entropy, (TWO.astype(">f8"), LABELS), {}, TypeError, "got dtype >f8"),
    (losses.cross_entropy, (np.ma.zeros((2, 3)), LABELS), {}, TypeError, "logits must be"),
    (
        losses.cross_entropy,
        (np.zeros(3), LABELS),
        {},
        ValueError,
        r"of shape \(N, K, \.\.\.\), got shape \(3,\)",
    ),
    (losses.cross_entropy, (np.zeros((2, 0)), LABELS), {}, ValueError, "at least one class"),
    (
        losses.cross_entropy,
        (NAN, np.array([0])),
        {},
        ValueError,
        r"finite and within ±1e\+75, got nan at \(0, 0\)",
    ),
    (losses.cross_entropy, (TWO, np.array([0, 3])), {}, ValueError, r"from 0 to 2, got 3 at \(1,\)"),
    (losses.cross_entropy, (TWO, np.array([0, -1])), {}, ValueError, "from 0 to 2, got -1"),
    (losses.cross_entropy, (TWO, np.array([0, 5])), {"ignore_index": -1}, ValueError, "or the ignored -1"),
    (losses.cross_entropy, (TWO, np.array([0])), {}, ValueError, r"of shape \(2,\), got shape \(1,\)"),
    (losses.cross_entropy, (TWO, [0, 1]), {}, TypeError, "targets must be an integer array"),
    (losses.cross_entropy, (TWO, np.array([True, False])), {}, TypeError, "targets must be an integer array"),
    (losses.cross_entropy, (TWO, TWO - 1), {}, ValueError, "targets must be from 0 to 1, got -1"),
    (losses.cross_entropy, (TWO, TWO), {"ignore_index": 1}, TypeError, "of an integer dtype"),
    (losses.cross_entropy, (TWO, LABELS), {"smoothing": 1}, ValueError, "smoothing must be"),
    (losses.cross_entropy, (TWO, LABELS), {"smooth_over": "none"}, ValueError, "smooth_over must be"),
    (losses.cross_entropy, (TWO, LABELS), {"weight": [1, 2]}, ValueError, "weight must be None or 3 finite"),
    (losses.cross_entropy, (TWO, LABELS), {"weight": [1, -2, 1]}, ValueError, "weight must be"),
    (losses.cross_entropy, (TWO, LABELS), {"weight": "abc"}, TypeError, "weight must be"),
    (losses.cross_entropy, (TWO, LABELS), {"weight": [0, 0, 0]}, ValueError, "not all 0"),
    (losses.cross_entropy, (TWO, LABELS), {"reduction": "batch"}, ValueError, "reduction must be one of"),
    (
        losses.cross_entropy,
        (np.zeros((2, 1)), np.zeros(2, int)),
        {"smoothing": 0.1, "smooth_over": "others"},
        ValueError,
        "two classes",
    ),
    (losses.binary_cross_entropy, (TWO, TWO + 2), {}, ValueError, "targets must be from 0 to 1, got 2"),
    (
        losses.binary_cross_entropy,
        (TWO, TWO * np.nan),
        {},
        ValueError,
        "targets must be from 0 to 1, got nan",
    ),
    (losses.binary_cross_entropy, (TWO, TWO[0]), {}, ValueError, r"of shape \(2, 3\), got shape \(3,\)"),
    (losses.binary_cross_entropy, (TWO, TWO), {"positive_weight": 0}, ValueError, "positive_weight must be"),
    (losses.focal_loss, (TWO, TWO + 0.5), {}, ValueError, "targets must be 0 or 1 each, got 0.5"),
    (losses.focal_loss, (TWO, TWO), {"gamma": -1}, ValueError, "gamma must be"),
    (losses.focal_loss, (TWO, TWO), {"alpha": 2}, ValueError, "alpha must be None or a number"),
    (losses.heatmap_focal_loss, (TWO, TWO), {"beta": np.inf}, ValueError, "beta must be"),
    (losses.dice_loss, (np.float64(0), np.zeros(())), {}, TypeError, "logits must be"),
    (
        losses.dice_loss,
        (np.zeros(()), np.zeros(())),
        {},
        ValueError,
        r"of shape \(N, \.\.\.\), got shape \(\)",
    ),
    (losses.dice_loss, (TWO, TWO), {"smooth": 0}, ValueError, "smooth must be"),
    (losses.mean_squared_error, (TWO, TWO[:1]), {}, ValueError, "targets must be of shape"),
    (losses.mean_squared_error, (TWO + 1e200, TWO), {}, ValueError, "predictions must be finite and within"),
    (losses.huber_loss, (TWO, TWO), {"delta": 0}, ValueError, "delta must be"),
    (losses.smooth_l1_loss, (TWO, TWO), {"beta": -1}, ValueError, "beta must be"),
    (losses.box_iou_loss, (CORNERS[:, ::-1].copy(), CORNERS), {}, ValueError, "in row 0"),
    (losses.box_iou_loss, (CORNERS, np.zeros((2, 4))), {}, ValueError, "one for each box"),
    (losses.box_iou_loss, (CORNERS * 1e80, CORNERS), {}, ValueError, r"within ±1e\+75"),
    (losses.box_iou_loss, (CORNERS, CORNERS), {"kind": "diou"}, ValueError, "kind must be"),
    (losses.nt_xent_loss, (np.ones((3, 2)),), {}, ValueError, "two rows for each image"),
    (losses.nt_xent_loss, (np.array([[1.0], [0.0]]),), {}, ValueError, "zeros in row 1"),
    (losses.nt_xent_loss, (np.ones((2, 0)),), {}, ValueError, "zeros in row 0"),
    (losses.nt_xent_loss, (np.ones((2, 2)),), {"temperature": 0}, ValueError, "temperature must be"),
]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_wrong_input_is_named(case: int) -> None:
    function, arguments, options, error, text = WRONG[case]
    with pytest.raises(error, match=rf"^{function.__name__}: .*{text}"):
        function(*arguments, **options)


def public(module: ModuleType) -> dict[str, Any]:
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]
    return {name: getattr(module, name) for name in names}


@pytest.mark.parametrize(
    "module", [active, augment, ensemble, losses, matching, optim, schedules, targets, views]
)
def test_every_function_is_documented(module: ModuleType) -> None:
    for name, function in public(module).items():
        if not inspect.isfunction(function):
            continue
        doc = inspect.getdoc(function) or ""
        assert re.match(r"^[A-Z].*[.:]", doc.splitlines()[0])
        for section in ("Parameters", "Returns", "Raises", "Notes", "References", "Examples"):
            assert f"\n{section}\n---" in doc, f"{name} lacks {section}"
        for argument in inspect.signature(function).parameters:
            assert re.search(rf"^(\w+, )*{argument}(, \w+)* : ", doc, re.MULTILINE), f"{name}: {argument}"
