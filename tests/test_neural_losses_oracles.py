"""Losses, optimisers and schedules against torch: values and gradients, in float64."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
import pytest

from imgproc.neural import losses, optim, schedules

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch is not installed")
functional = torch.nn.functional
torch.set_num_threads(1)

REDUCTIONS = ("mean", "sum", "none")


def compare(ours: Any, theirs: Any, x: np.ndarray, *arguments: np.ndarray, whole: Any = None) -> None:
    """Loss and gradient, under every reduction that both have."""
    for reduction in REDUCTIONS:
        loss, gradient = ours(x, *arguments, reduction=reduction)
        leaf = torch.tensor(x, requires_grad=True)
        wanted = theirs(leaf, *map(torch.tensor, arguments), reduction=reduction)
        wanted.sum().backward()
        np.testing.assert_allclose(loss, wanted.detach().numpy(), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(6, 5), (2, 5, 3, 4)])
def test_cross_entropy(smoothing: float, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    z = rng.normal(0, 3, shape)
    labels = rng.integers(0, 5, (shape[0], *shape[2:]))
    labels[0] = 3
    weight = rng.random(5) + 0.1
    for options in ({}, {"ignore_index": 3}):
        compare(
            partial(losses.cross_entropy, weight=weight, smoothing=smoothing, **options),
            partial(
                functional.cross_entropy, weight=torch.tensor(weight), label_smoothing=smoothing, **options
            ),
            z,
            labels,
        )
    q = np.moveaxis(rng.dirichlet(np.ones(5), (shape[0], *shape[2:])), -1, 1)
    compare(
        partial(losses.cross_entropy, weight=weight, smoothing=smoothing),
        partial(functional.cross_entropy, weight=torch.tensor(weight), label_smoothing=smoothing),
        z,
        np.ascontiguousarray(q),
    )


def test_binary_cross_entropy(rng: np.random.Generator) -> None:
    x, t = rng.normal(0, 20, (7, 9)), rng.random((7, 9))
    compare(
        partial(losses.binary_cross_entropy, positive_weight=3.0),
        partial(functional.binary_cross_entropy_with_logits, pos_weight=torch.tensor(3.0)),
        x,
        t,
    )


def test_regression(rng: np.random.Generator) -> None:
    x, t = rng.normal(0, 2, (7, 9)), rng.normal(0, 2, (7, 9))
    x[0] = t[0]
    x[1] = t[1] + 0.5
    compare(losses.mean_squared_error, functional.mse_loss, x, t)
    compare(losses.mean_absolute_error, functional.l1_loss, x, t)
    for width in (0.5, 1.0, 3.0):
        compare(partial(losses.huber_loss, delta=width), partial(functional.huber_loss, delta=width), x, t)
        compare(
            partial(losses.smooth_l1_loss, beta=width), partial(functional.smooth_l1_loss, beta=width), x, t
        )
    compare(partial(losses.smooth_l1_loss, beta=0), partial(functional.smooth_l1_loss, beta=0.0), x, t)


def by_reduction(values: Any, reduction: str) -> Any:
    return values.mean() if reduction == "mean" else values.sum() if reduction == "sum" else values


def test_focal_and_dice_by_autograd(rng: np.random.Generator) -> None:
    """The formulas of the papers in torch, whose derivatives are torch's."""
    x, t = rng.normal(0, 3, (5, 8)), rng.integers(0, 2, (5, 8)).astype(np.float64)

    def focal(x: Any, t: Any, reduction: str) -> Any:
        p = torch.sigmoid(x)
        p_t = p * t + (1 - p) * (1 - t)
        a_t = 0.3 * t + 0.7 * (1 - t)
        entropy = functional.binary_cross_entropy_with_logits(x, t, reduction="none")
        return by_reduction(a_t * (1 - p_t) ** 1.5 * entropy, reduction)

    compare(partial(losses.focal_loss, alpha=0.3, gamma=1.5), focal, x, t)

    def heatmap(x: Any, y: Any, reduction: str) -> Any:
        p, centre = torch.sigmoid(x), y == 1
        near = -((1 - p) ** 2) * functional.logsigmoid(x)
        away = -((1 - y) ** 4) * p**2 * functional.logsigmoid(-x)
        values = torch.where(centre, near, away)
        return values.sum() / centre.sum() if reduction == "mean" else by_reduction(values, reduction)

    compare(losses.heatmap_focal_loss, heatmap, x, np.where(t == 1, 1.0, rng.random(x.shape)))

    def dice(x: Any, t: Any, reduction: str) -> Any:
        p = torch.sigmoid(x)
        return by_reduction(1 - (2 * (p * t).sum(1) + 1) / (p.sum(1) + t.sum(1) + 1), reduction)

    compare(losses.dice_loss, dice, x, t)


def test_box_loss_by_autograd(rng: np.random.Generator) -> None:
    corners = rng.uniform(0, 4, (2, 30, 2, 2))
    a, b = np.concatenate([corners.min(axis=2), corners.max(axis=2)], axis=2)

    def giou(a: Any, b: Any, reduction: str) -> Any:
        sides = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0)
        inter = sides.prod(1)
        union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inter
        around = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
        return by_reduction(1 - inter / union + (around - union) / around, reduction)

    compare(losses.box_iou_loss, giou, a, b)


def test_nt_xent_by_autograd(rng: np.random.Generator) -> None:
    def theirs(z: Any, reduction: str) -> Any:
        unit = functional.normalize(z, dim=1)
        similar = (unit @ unit.T / 0.2).masked_fill(torch.eye(len(z), dtype=torch.bool), -torch.inf)
        return functional.cross_entropy(similar, torch.arange(len(z)).roll(len(z) // 2), reduction=reduction)

    compare(partial(losses.nt_xent_loss, temperature=0.2), theirs, rng.normal(0, 1, (12, 4)))


STEPPERS: dict[str, tuple[Any, dict[str, Any], Any, dict[str, Any]]] = {
    "plain": (optim.sgd, {"rate": 0.1}, "SGD", {"lr": 0.1}),
    "momentum": (
        optim.sgd,
        {"rate": 0.05, "momentum": 0.9, "weight_decay": 0.01},
        "SGD",
        {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01},
    ),
    "nesterov": (
        optim.sgd,
        {"rate": 0.05, "momentum": 0.9, "nesterov": True},
        "SGD",
        {"lr": 0.05, "momentum": 0.9, "nesterov": True},
    ),
    "adam": (
        optim.adam,
        {"rate": 0.02, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1},
        "Adam",
        {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1},
    ),
    "adamw": (
        optim.adamw,
        {"rate": 0.02, "weight_decay": 0.3},
        "AdamW",
        {"lr": 0.02, "weight_decay": 0.3},
    ),
    "adamw as it comes": (optim.adamw, {}, "AdamW", {}),
}


@pytest.mark.parametrize("name", STEPPERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_optimisers(name: str, dtype: Any, rng: np.random.Generator) -> None:
    """Twenty steps along the same gradients. In float32 torch rounds each operation, ours each step."""
    ours, options, kind, torch_options = STEPPERS[name]
    p = rng.normal(0, 1, (3, 4)).astype(dtype)
    leaf = torch.nn.Parameter(torch.tensor(p))
    theirs = getattr(torch.optim, kind)([leaf], **torch_options)
    state = None
    for _ in range(20):
        gradient = rng.normal(0, 1, p.shape).astype(dtype)
        p, state = ours(p, gradient, state, **options)
        leaf.grad = torch.tensor(gradient)
        theirs.step()
    assert p.dtype == dtype
    exact = dtype is np.float64
    np.testing.assert_allclose(
        p, leaf.detach().numpy(), rtol=1e-12 if exact else 2e-5, atol=1e-14 if exact else 2e-6
    )


def rates(make: Any, steps: int) -> np.ndarray:
    leaf = torch.nn.Parameter(torch.zeros(1))
    steper = torch.optim.SGD([leaf], lr=0.5)
    with warnings.catch_warnings():
        # SequentialLR itself calls step with an epoch, which torch then warns of.
        warnings.simplefilter("ignore")
        scheduler = make(steper)
        found = []
        for _ in range(steps):
            found.append(steper.param_groups[0]["lr"])
            steper.step()
            scheduler.step()
    return np.array(found)


def test_schedules() -> None:
    of = torch.optim.lr_scheduler
    at = np.arange(40)
    close = partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-14)
    close(
        schedules.step_decay(at, rate=0.5, every=7, factor=0.3),
        rates(lambda o: of.StepLR(o, step_size=7, gamma=0.3), 40),
    )
    close(
        schedules.cosine(at[:31], rate=0.5, steps=30, final=0.1),
        rates(lambda o: of.CosineAnnealingLR(o, T_max=30, eta_min=0.1), 31),
    )
    close(
        schedules.linear(at, rate=0.5, steps=30, final=0.05),
        rates(lambda o: of.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=30), 40),
    )
    close(
        schedules.cyclic(at, low=0.1, high=0.9, half_cycle=6),
        rates(lambda o: of.CyclicLR(o, base_lr=0.1, max_lr=0.9, step_size_up=6, cycle_momentum=False), 40),
    )
    close(
        schedules.inverse_square_root(at, rate=0.5, hold=5),
        rates(lambda o: of.LambdaLR(o, lambda step: (5 / max(step, 5)) ** 0.5), 40),
    )


def test_warm_up_is_sequential_or_chained() -> None:
    of = torch.optim.lr_scheduler
    at = np.arange(40)

    def decay(step: Any) -> Any:
        return schedules.step_decay(step, rate=0.5, every=8, factor=0.5)

    def sequential(optimizer: Any) -> Any:
        grow = of.LinearLR(optimizer, start_factor=0.1, end_factor=1.0, total_iters=10)
        return of.SequentialLR(optimizer, [grow, of.StepLR(optimizer, 8, 0.5)], milestones=[10])

    def chained(optimizer: Any) -> Any:
        grow = of.LinearLR(optimizer, start_factor=0.1, end_factor=1.0, total_iters=10)
        return of.ChainedScheduler([grow, of.StepLR(optimizer, 8, 0.5)])

    np.testing.assert_allclose(schedules.warm_up(decay, 10, start=0.1)(at), rates(sequential, 40), rtol=1e-12)
    np.testing.assert_allclose(
        schedules.warm_up(decay, 10, start=0.1, shift=False)(at), rates(chained, 40), rtol=1e-12
    )
