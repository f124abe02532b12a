"""Mixed images and classes, masks of depth, and what augmentations refuse."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np
import pytest

from imgproc.neural import augment

DTYPES = (np.uint8, np.uint16, np.float32)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(6, 4, 5), (6, 4, 5, 3), (6, 7), (6,), (1, 4, 5), (0, 4, 5)])
def test_mixup_mixes_images_and_classes_alike(
    dtype: Any, shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    images = (rng.random(shape) * top).astype(dtype)
    classes = np.eye(6)[: shape[0]]
    mixed, targets = augment.mixup(images, classes, 3, alpha=1.0)
    assert mixed.dtype == dtype and mixed.shape == shape and targets.dtype == np.float64
    np.testing.assert_allclose(targets.sum(axis=1), 1)
    # One-hot rows say in which shares each image is made of which.
    wanted = np.tensordot(targets[:, : shape[0]], images.astype(float), 1)
    tolerance = 1e-6 if dtype is np.float32 else 0.5 + 1e-2
    np.testing.assert_allclose(mixed, wanted, atol=tolerance)
    again, _ = augment.mixup(images, classes, np.random.default_rng(3), alpha=1.0)
    np.testing.assert_array_equal(mixed, again)


def test_mixup_mixes_something() -> None:
    shares = [augment.mixup(np.zeros((8, 1), np.uint8), np.eye(8), s, alpha=1.0)[1].max() for s in range(20)]
    assert min(shares) < 0.8 and len(set(shares)) > 8


def test_class_mixup_stays_within_classes(rng: np.random.Generator) -> None:
    labels = np.array([0, 1, 0, 2, 1, 0, 0, 1])
    images = labels[:, None].astype(np.float32) * 10 + rng.random((8, 3), np.float32)
    moved = 0
    for seed in range(10):
        mixed, targets = augment.mixup(images, np.eye(3)[labels], seed, alpha=2.0, partners="class")
        np.testing.assert_allclose(targets, np.eye(3)[labels])
        np.testing.assert_array_equal(np.floor(mixed[:, 0] / 10), labels)
        np.testing.assert_allclose(mixed[3], images[3], rtol=1e-6)  # alone in its class
        moved += int((np.abs(mixed - images).max(axis=1) > 1e-3).sum())
    assert moved > 20


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [(), (3,)])
def test_cutmix_pastes_a_rectangle(dtype: Any, channels: tuple[int, ...]) -> None:
    ranks = np.arange(5, dtype=dtype).reshape(-1, 1, 1, *[1] * len(channels))
    images = np.broadcast_to(ranks, (5, 12, 10, *channels))
    sizes = set()
    for seed in range(30):
        mixed, targets = augment.cutmix(images, np.eye(5), seed)
        assert mixed.dtype == dtype and mixed.shape == images.shape
        for rank, (image, row) in enumerate(zip(mixed.reshape(5, 120, -1)[..., 0], targets, strict=True)):
            shares = np.bincount(image.astype(int), minlength=5) / 120
            np.testing.assert_allclose(row, shares, atol=1e-12)
            pasted = (image.reshape(12, 10) != rank).nonzero()
            if len(pasted[0]):
                assert (np.ptp(pasted[0]) + 1) * (np.ptp(pasted[1]) + 1) == len(pasted[0])
        sizes.add(float(targets.max(axis=1).min()))
    assert len(sizes) > 10
    none, targets = augment.cutmix(np.zeros((0, 4, 4), dtype), np.zeros((0, 2)))
    assert none.shape == (0, 4, 4) and targets.shape == (0, 2)


def test_mixed_samples_keep_both(rng: np.random.Generator) -> None:
    first = augment.Sample(np.full((4, 4, 3), 10, np.uint8), np.ones((2, 4)), np.array([1, 2]))
    second = augment.Sample(np.full((4, 4, 3), 20, np.uint8), np.zeros((1, 4)), np.array([3]))
    mixed = augment.mix_samples(first, second, 1)
    assert 10 < mixed.image[0, 0, 0] < 20 and (mixed.image == mixed.image[0, 0, 0]).all()
    np.testing.assert_array_equal(mixed.labels, [1, 2, 3])
    np.testing.assert_array_equal(mixed.boxes, [[1] * 4, [1] * 4, [0] * 4])
    assert mixed.masks is None


def test_infinity_is_mixed_without_a_warning() -> None:
    images = np.array([[np.inf, np.nan, 1.0], [2.0, 3.0, 4.0]], np.float32)
    for seed in range(20):
        augment.mixup(images, np.eye(2), seed, alpha=1e-3)  # shares of 0 and 1


def test_stochastic_depth_has_the_mean_one() -> None:
    mask = augment.stochastic_depth_mask(10, 20_000, 3, survival=0.5)
    assert mask.shape == (10, 20_000) and mask.dtype == np.float32
    stays = 1 - np.arange(1, 11) / 10 * 0.5
    np.testing.assert_allclose((mask > 0).mean(axis=1), stays, atol=0.02)
    np.testing.assert_allclose(mask.max(axis=1), 1 / stays, rtol=1e-6)
    np.testing.assert_allclose(mask.mean(axis=1), 1, atol=0.04)
    assert (augment.stochastic_depth_mask(3, 2, survival=1) == 1).all()


IMAGE = np.zeros((4, 6, 3), np.uint8)
SAMPLE = augment.Sample(IMAGE, keypoints=np.zeros((1, 3, 3)))
BOXES = np.array([[0.0, 0, 1, 1]])
BATCH = np.zeros((2, 4, 4), np.uint8)
WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda: augment.Sample(IMAGE, BOXES * 1e10), ValueError, r"boxes must be finite and within ±1e\+09"),
    (lambda: augment.Sample([[1]]), TypeError, "Sample: image must be a NumPy array"),
    (lambda: augment.Sample(np.zeros((4, 6))), TypeError, "Sample: image must be of dtype"),
    (
        lambda: augment.Sample(np.zeros((4, 0), np.uint8)),
        ValueError,
        "Sample: image must be at least one pixel",
    ),
    (lambda: augment.Sample(IMAGE, [[0, 0, 1, 1]]), TypeError, "Sample: boxes must be"),
    (lambda: augment.Sample(IMAGE, BOXES[:, ::-1].copy()), ValueError, "Sample: boxes must be .* in row 0"),
    (lambda: augment.Sample(IMAGE, BOXES * np.nan), ValueError, "Sample: boxes must be finite"),
    (lambda: augment.Sample(IMAGE, BOXES, np.array([1, 2])), ValueError, "Sample: labels must be"),
    (lambda: augment.Sample(IMAGE, BOXES, np.array([1.0])), TypeError, "Sample: labels must be"),
    (lambda: augment.Sample(IMAGE, masks=np.zeros((1, 4, 5), bool)), ValueError, "Sample: masks must be"),
    (lambda: augment.Sample(IMAGE, masks=np.zeros((1, 4, 6))), TypeError, "Sample: masks must be"),
    (lambda: augment.Sample(IMAGE, masks=np.zeros((), bool)), ValueError, "Sample: masks must be"),
    (
        lambda: augment.Sample(IMAGE, keypoints=np.zeros((1, 2, 2))),
        ValueError,
        "Sample: keypoints must be of shape",
    ),
    (
        lambda: augment.Sample(IMAGE, keypoints=np.full((1, 1, 3), 0.5)),
        ValueError,
        "visibility 0, 1 or 2, got 0.5",
    ),
    (
        lambda: augment.Sample(IMAGE, keypoints=np.full((1, 1, 3), np.inf)),
        ValueError,
        "keypoints must be finite",
    ),
    (lambda: augment.flip(IMAGE), TypeError, "flip: sample must be a Sample"),
    (lambda: augment.flip(SAMPLE, "1"), TypeError, "flip: seed must be"),
    (lambda: augment.flip(SAMPLE, axis="both"), ValueError, "flip: axis must be one of"),
    (lambda: augment.flip(SAMPLE, pairs=3), TypeError, "flip: pairs must be"),
    (lambda: augment.flip(SAMPLE, pairs=[(0, 3)]), ValueError, "flip: a keypoint of pairs must be"),
    (lambda: augment.flip(SAMPLE, pairs=[(0, 1), (1, 2)]), ValueError, "in which no keypoint stands twice"),
    (lambda: augment.flip(SAMPLE, pairs=[(1, 1)]), ValueError, "in which no keypoint stands twice"),
    (lambda: augment.flip(SAMPLE, pairs=[1, 2]), TypeError, "flip: pairs must be"),
    (lambda: augment.rotate(SAMPLE, degrees="5"), TypeError, "rotate: degrees must be"),
    (lambda: augment.rotate(SAMPLE, degrees=(5, -5)), ValueError, "rotate: degrees must be .* low <= high"),
    (lambda: augment.rotate(SAMPLE, degrees=(1, 2, 3)), ValueError, "rotate: degrees must be"),
    (lambda: augment.rotate(SAMPLE, degrees=np.nan), ValueError, "rotate: degrees must be"),
    (lambda: augment.rotate(SAMPLE, border="black"), ValueError, "rotate: border must be"),
    (lambda: augment.rotate(SAMPLE, fill=256), ValueError, "rotate: fill must be"),
    (lambda: augment.rotate(SAMPLE, min_visible=2), ValueError, "rotate: min_visible must be"),
    (
        lambda: augment.crop(SAMPLE, shape=(5, 6)),
        ValueError,
        r"crop: shape must be at most that of the image",
    ),
    (lambda: augment.crop(SAMPLE, shape=(2, 2), place=(3, 0)), ValueError, "crop: place must be"),
    (lambda: augment.crop(SAMPLE, shape=(2, 2), place=1), TypeError, "crop: place must be"),
    (lambda: augment.crop(SAMPLE, shape=(2, 2), place=(0.5, 0)), TypeError, r"crop: place\[0\] must be"),
    (lambda: augment.crop(SAMPLE, shape=3), TypeError, "crop: shape must be"),
    (lambda: augment.resize(SAMPLE, shape=(0, 3)), ValueError, "resize: shape"),
    (lambda: augment.resize(SAMPLE, shape=(3, 3), method="cubic"), ValueError, "resize: method must be"),
    (lambda: augment.resize(SAMPLE, None, shape=(3, 3)), TypeError, "resize: seed must be"),
    (lambda: augment.coarse_dropout(SAMPLE, holes=1.5), TypeError, "coarse_dropout: holes must be"),
    (lambda: augment.coarse_dropout(SAMPLE, holes=-1), ValueError, "coarse_dropout: holes must be"),
    (lambda: augment.coarse_dropout(SAMPLE, size=0), ValueError, "coarse_dropout: size must be"),
    (lambda: augment.coarse_dropout(SAMPLE, fill=0.5), ValueError, "coarse_dropout: fill must be"),
    (lambda: augment.channel_dropout(SAMPLE, count=3), ValueError, "channel_dropout: count must be"),
    (lambda: augment.add_noise(SAMPLE, sigma=-1), ValueError, "add_noise: sigma must be"),
    (lambda: augment.brightness(SAMPLE, gain=(0, np.inf)), ValueError, "brightness: gain"),
    (lambda: augment.gamma(SAMPLE, gamma=0), ValueError, "gamma: gamma must be"),
    (lambda: augment.sometimes(3), TypeError, "sometimes: step must be"),
    (lambda: augment.sometimes(augment.flip, 2), ValueError, "sometimes: chance must be"),
    (lambda: augment.sometimes(augment.flip)(SAMPLE, -1), ValueError, "sometimes: seed must be"),
    (lambda: augment.Compose(augment.flip), TypeError, "Compose: steps must be"),
    (lambda: augment.Compose([1]), TypeError, "Compose: steps must be"),
    (lambda: augment.Compose([])(IMAGE), TypeError, "Compose: sample must be a Sample"),
    (
        lambda: augment.Compose([lambda s, r: IMAGE])(SAMPLE),
        TypeError,
        "Compose: what a step gives must be a Sample",
    ),
    (lambda: augment.mixup([1], np.eye(1)), TypeError, "mixup: images must be"),
    (
        lambda: augment.mixup(BATCH.astype(int), np.eye(2)),
        TypeError,
        "mixup: images must be .* got dtype int64",
    ),
    (
        lambda: augment.mixup(np.uint8(1) * np.ones((), np.uint8)[...], np.eye(1)),
        (TypeError, ValueError),
        "mixup: images",
    ),
    (lambda: augment.mixup(BATCH, np.eye(3)), ValueError, r"mixup: targets must be of shape \(2, K\)"),
    (lambda: augment.mixup(BATCH, np.eye(2) * 2), ValueError, "mixup: targets must be from 0 to 1"),
    (lambda: augment.mixup(BATCH, np.eye(2), alpha=0), ValueError, "mixup: alpha must be"),
    (lambda: augment.mixup(BATCH, np.eye(2), partners="all"), ValueError, "mixup: partners must be"),
    (lambda: augment.cutmix(BATCH[:, 0], np.eye(2)), ValueError, "cutmix: images must be of shape"),
    (lambda: augment.mix_samples(SAMPLE, IMAGE), TypeError, "mix_samples: second must be a Sample"),
    (
        lambda: augment.mix_samples(SAMPLE, augment.Sample(IMAGE[:2])),
        ValueError,
        "mix_samples: second must be",
    ),
    (
        lambda: augment.mix_samples(SAMPLE, augment.Sample(IMAGE)),
        ValueError,
        "mix_samples: keypoints must be known",
    ),
    (lambda: augment.stochastic_depth_mask(0, 1), ValueError, "stochastic_depth_mask: blocks must be"),
    (
        lambda: augment.stochastic_depth_mask(1, 1, survival=0),
        ValueError,
        "stochastic_depth_mask: survival must",
    ),
]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_wrong_input_is_named(case: int) -> None:
    call, error, text = WRONG[case]
    with pytest.raises(error, match=text) as caught:
        call()
    assert re.match(r"^\w+: .* must be .*, got ", str(caught.value), re.DOTALL)


def test_partials_stand_in_a_row() -> None:
    steps = augment.Compose([partial(augment.crop, shape=(2, 3)), partial(augment.resize, shape=(4, 4))])
    assert steps(SAMPLE, 1).image.shape == (4, 4, 3)
