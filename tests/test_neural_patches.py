"""Patches, position maps and occlusion: against plain loops, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from imgproc.neural import (
    Geometry,
    OutputMismatch,
    decode_classes,
    image_to_patches,
    occlusion_saliency,
    patches_to_image,
    position_similarity,
)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_patches(dtype: Any, rng: np.random.Generator) -> None:
    images = (rng.random((2, 3, 6, 8)) * 255).astype(dtype)
    patches = image_to_patches(images, 2)
    assert patches.shape == (2, 12, 12) and patches.dtype == dtype
    for b, i, j, y, x, c in np.ndindex(2, 3, 4, 2, 2, 3):
        assert patches[b, i * 4 + j, (y * 2 + x) * 3 + c] == images[b, c, i * 2 + y, j * 2 + x]
    np.testing.assert_array_equal(patches_to_image(patches, 2, (3, 4)), images)
    turned = images.transpose(0, 1, 3, 2)[:, :, ::-1]
    np.testing.assert_array_equal(patches_to_image(image_to_patches(turned, 2), 2, (4, 3)), turned)


def test_patches_times_weights_are_a_strided_convolution(rng: np.random.Generator) -> None:
    images, weights = rng.random((1, 3, 8, 8)), rng.random((5, 3, 4, 4))
    rows = image_to_patches(images, 4) @ weights.transpose(0, 2, 3, 1).reshape(5, -1).T
    for i, j in np.ndindex(2, 2):
        place = images[0, :, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4]
        np.testing.assert_allclose(rows[0, 2 * i + j], (weights * place).sum(axis=(1, 2, 3)))


def test_position_similarity(rng: np.random.Generator) -> None:
    embeddings = rng.normal(0, 1, (6, 5)).astype(np.float32)
    embeddings[4] = 0
    maps = position_similarity(embeddings, (2, 3))
    for a, b in np.ndindex(6, 6):
        lengths = np.linalg.norm(embeddings[a]) * np.linalg.norm(embeddings[b])
        expected = embeddings[a] @ embeddings[b] / lengths if lengths else 0
        assert maps[a // 3, a % 3, b // 3, b % 3] == pytest.approx(expected, abs=1e-6)
    huge = position_similarity(np.array([[1e300, 0], [1e-300, 1e-300]]), (1, 2))
    assert huge[0, 0, 0, 0] == 1 and huge[0, 0, 0, 1] == pytest.approx(0.5**0.5)


@pytest.mark.parametrize("shape", [(7, 9), (7, 9, 3)])
def test_occlusion(shape: Any, rng: np.random.Generator) -> None:
    image = rng.random(shape).astype(np.float32)
    weights = rng.random(shape)

    def score(images: Any) -> Any:
        assert len(images) <= 4
        return (images * weights).reshape(len(images), -1).sum(axis=1)

    found = occlusion_saliency(score, image, window=(3, 4), stride=(2, 3), fill=0.5, batch=4)
    total, count = np.zeros(shape[:2]), np.zeros(shape[:2])
    for y in (0, 2, 4):
        for x in (0, 3, 5):
            covered = image.copy()
            covered[y : y + 3, x : x + 4] = 0.5
            total[y : y + 3, x : x + 4] += score(image[None])[0] - score(covered[None])[0]
            count[y : y + 3, x : x + 4] += 1
    np.testing.assert_allclose(found, total / count, rtol=1e-5)
    assert found.dtype == np.float32


def test_pixels_that_no_window_covers_have_none() -> None:
    found = occlusion_saliency(
        lambda images: images.sum(axis=(1, 2)), np.ones((5, 5), np.uint8), window=1, stride=2
    )
    assert found.sum() == 9 and found[1].sum() == 0


def test_crops_and_temperature(rng: np.random.Generator) -> None:
    logits = rng.normal(0, 3, (6, 5)).astype(np.float32)
    seen = Geometry.stretched((9, 9), (4, 4))
    found = decode_classes({"logits": logits}, seen, crops=3, temperature=2.0, top_k=5)
    powers = np.exp(logits.astype(np.float64) / 2)
    means = (powers / powers.sum(axis=1, keepdims=True)).reshape(2, 3, 5).mean(axis=1)
    for one, mean in zip(found, means, strict=True):
        assert one.labels.tolist() == np.argsort(-mean).tolist()
        np.testing.assert_allclose(one.scores, np.sort(mean)[::-1], rtol=1e-6)
    several = decode_classes({"logits": logits}, seen, crops=2, activation="sigmoid", top_k=1)
    assert several[0].scores[0] == pytest.approx(
        (1 / (1 + np.exp(-logits[:2].astype(float)))).mean(axis=0).max()
    )
    with pytest.raises(
        OutputMismatch, match=r"^decode_classes: logits must be of 4 rows for each image, got 6 rows"
    ):
        decode_classes({"logits": logits}, seen, crops=4)
    for option, value in (("temperature", 0), ("temperature", "1"), ("crops", 0), ("crops", 1.5)):
        with pytest.raises((TypeError, ValueError), match=rf"^decode_classes: {option} must be .*, got "):
            decode_classes({"logits": logits}, seen, **{option: value})


def test_refusals() -> None:
    images, patches, rows = np.zeros((1, 3, 4, 4)), np.zeros((1, 4, 12)), np.zeros((4, 3))
    for bad, patch in ((images[0], 2), (images, 3), (images, 0), (images, 1.5), (images.tolist(), 2)):
        with pytest.raises((TypeError, ValueError), match=r"^image_to_patches: \w+ must be .*, got "):
            image_to_patches(bad, patch)  # type: ignore[arg-type]
    for array, patch, grid in (
        (patches[0], 2, (2, 2)),
        (patches, 2, (2, 3)),
        (patches, 5, (2, 2)),
        (patches, 2, (0, 4)),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^patches_to_image: \S+ must be .*, got "):
            patches_to_image(array, patch, grid)
    for array, grid in (
        (rows, (1, 3)),
        (rows[0], (1, 4)),
        (rows.astype(int), (2, 2)),
        (rows + np.nan, (2, 2)),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^position_similarity: \w+ must be .*, got "):
            position_similarity(array, grid)
    image: Any = np.zeros((8, 8), np.float32)

    def score(images: Any) -> Any:
        return images.sum(axis=(1, 2))

    for function, given, options in (
        (None, image, {}),
        (score, image.tolist(), {}),
        (score, image, {"window": 9}),
        (score, image, {"window": 0}),
        (score, image, {"stride": (1, 0)}),
        (score, image, {"fill": np.nan}),
        (score, image, {"batch": 0}),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^occlusion_saliency: \S+ must be .*, got "):
            occlusion_saliency(function, given, **{"window": 4, **options})  # type: ignore[arg-type]
    for wrong in (
        lambda images: images,
        lambda images: [np.nan] * len(images),
        lambda images: ["a"] * len(images),
    ):
        with pytest.raises(OutputMismatch, match=r"^occlusion_saliency: what score gives must be .*, got "):
            occlusion_saliency(wrong, image, window=4)
