"""Augmentations and scores against OpenCV, scikit-image, SciPy, and DETR's matcher in transformers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from imgproc.neural import active, augment, matching


@pytest.mark.parametrize("degrees", [-40.0, 13.0, 90.0, 200.0])
def test_rotate_is_opencvs(degrees: float, rng: np.random.Generator) -> None:
    """Its matrix turns around a pixel's centre, ours around the middle between edges: half a pixel is between them.

    Its interpolation has positions of 1/32 of a pixel, which is up to 8 grey levels of 255 here; where ours and the
    exact one of scikit-image differ is the next test's.
    """
    cv2 = pytest.importorskip("cv2")
    image = cv2.GaussianBlur(rng.integers(0, 256, (37, 52, 3), np.uint8), (0, 0), 2)
    matrix = cv2.getRotationMatrix2D((52 / 2 - 0.5, 37 / 2 - 0.5), degrees, 1)
    wanted = cv2.warpAffine(image, matrix, (52, 37), flags=cv2.INTER_LINEAR)
    found = augment.rotate(augment.Sample(image), degrees=degrees).image
    assert np.abs(found.astype(int) - wanted).max() <= 8
    # Boxes: OpenCV's rotated rectangle around the same corners, in its pixel centres.
    box = np.array([[18.0, 12, 31, 24]])
    moved = augment.rotate(augment.Sample(image, box), degrees=degrees).boxes
    corners = np.array([[[18, 12], [31, 12], [18, 24], [31, 24]]]) - 0.5
    turned = cv2.transform(corners, matrix)[0] + 0.5
    around = np.hstack([turned.min(axis=0), turned.max(axis=0)]).clip(0, [52, 37, 52, 37])
    np.testing.assert_allclose(moved[0], around, atol=1e-9)


def test_rotate_is_scikit_images(rng: np.random.Generator) -> None:
    transform = pytest.importorskip("skimage.transform")
    image = rng.random((24, 31)).astype(np.float32)
    for degrees in (-77.0, 8.0, 145.0):
        wanted = transform.rotate(image, degrees, order=1, mode="constant", preserve_range=True)
        found = augment.rotate(augment.Sample(image), degrees=degrees).image
        # Pixels whose centre lies outside are blended with the border by ours, as by OpenCV; it cuts them off.
        inside = transform.rotate(np.ones_like(image), degrees, order=1, mode="constant") > 0.999
        assert inside.sum() > 300
        np.testing.assert_allclose(found[inside], wanted[inside], atol=2e-5)


@pytest.mark.parametrize("code", [0, 1])
def test_flip_is_opencvs(code: int, rng: np.random.Generator) -> None:
    cv2 = pytest.importorskip("cv2")
    for shape in ((9, 13), (9, 13, 3), (9, 13, 4)):
        for dtype in (np.uint8, np.uint16, np.float32):
            image = (rng.random(shape) * 200).astype(dtype)
            found = augment.flip(augment.Sample(image), axis="horizontal" if code else "vertical").image
            np.testing.assert_array_equal(found, cv2.flip(image, code))


def test_noise_is_as_strong_as_scikit_images(rng: np.random.Generator) -> None:
    util = pytest.importorskip("skimage.util")
    image = np.full((200, 200), 128, np.uint8)
    theirs = util.random_noise(image, mode="gaussian", var=0.05**2, rng=3) * 255
    ours = augment.add_noise(augment.Sample(image), 3, sigma=0.05).image
    assert abs(ours.std() - theirs.std()) < 0.2 and abs(ours.mean() - theirs.mean()) < 0.2


def test_scores_are_scipys(rng: np.random.Generator) -> None:
    stats, special = pytest.importorskip("scipy.stats"), pytest.importorskip("scipy.special")
    p = rng.dirichlet(np.full(5, 0.2), (4, 60))
    p[:, 0] = np.eye(5)[0]
    np.testing.assert_allclose(active.entropy(p[0]), stats.entropy(p[0], axis=1), rtol=1e-11, atol=1e-15)
    wanted = special.rel_entr(p, p.mean(axis=0)).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(active.committee_divergence(p), wanted, rtol=1e-10, atol=1e-15)


def test_k_centre_covers_as_scikit_learn_measures(rng: np.random.Generator) -> None:
    """Each choice is the point that its distances call the farthest."""
    metrics = pytest.importorskip("sklearn.metrics")
    points = rng.normal(0, 1, (80, 6))
    found = active.greedy_k_centre(points, 10, [3, 7])
    distances = metrics.pairwise_distances(points)
    chosen = [3, 7]
    for row in found.tolist():
        nearest = distances[:, chosen].min(axis=1)
        assert nearest[row] == pytest.approx(nearest.max(), rel=1e-9)
        chosen.append(row)


@pytest.mark.torch
def test_matching_is_detrs(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    losses = pytest.importorskip(
        "transformers.loss.loss_for_object_detection", reason="transformers is not installed"
    )
    torch.set_num_threads(1)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        z, boxes = rng.normal(0, 2, (20, 7)), rng.uniform(0.2, 0.6, (20, 4))
        labels, true = rng.integers(0, 6, 6), rng.uniform(0.2, 0.6, (6, 4))
        matcher = losses.HungarianMatcher(class_cost=1, bbox_cost=5, giou_cost=2)
        outputs: Any = {"logits": torch.tensor(z)[None], "pred_boxes": torch.tensor(boxes)[None]}
        truth = [{"class_labels": torch.tensor(labels), "boxes": torch.tensor(true)}]
        (wanted,) = matcher(outputs, truth)
        found = matching.match_queries(z, boxes, labels, true)
        np.testing.assert_array_equal(found, [np.asarray(rows) for rows in wanted])
