"""Body parts of a depth image: features and trees of ours, against scikit-learn's trees on features already there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imgproc.bodyparts import PARTS, DepthForest, depth_features

from .body_scenes import split, test_scenes, training_scenes
from .bodyparts_sklearn import sampled
from .harness import Array, Case
from .rivals import SKLEARN, sklearn

IMAGES, FEATURES = 100, 2000
"""To train with: as many features as Shotton et al. try, and enough images for trees of depth 20."""


def cases(size: str) -> Iterator[Case]:
    if size != "512" or sklearn is None:
        return
    from sklearn.ensemble import RandomForestClassifier

    poses, others = split()
    scenes, scene = training_scenes(poses, IMAGES), test_scenes(others)[0]
    forest = DepthForest(3, 20, 64).fit(scenes.depths, scenes.labels, n_parts=len(PARTS))
    offsets = np.random.default_rng(2).uniform(-129, 129, (FEATURES, 2, 2)).astype(np.float32)
    rival = RandomForestClassifier(3, max_depth=20, min_samples_leaf=4, random_state=0, n_jobs=1)
    rival.fit(*sampled(scenes, offsets))
    body = (scene.depth >= 0.05) & (scene.depth < 10)
    values = depth_features(scene.depth, np.argwhere(body), offsets)
    labels = scene.labels[body]

    def alike(ours: Array, theirs: Array) -> None:
        """Other trees: probabilities both, and each finds as many of the parts as the other, or nearly so."""
        right = []
        for chances in (ours[body], theirs):
            np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)
            right.append(np.mean(chances.argmax(axis=1) == labels))
        assert abs(right[0] - right[1]) < 0.15, right

    yield Case(
        f"parts of a body, 320 x 240, {int(body.sum())} pixels, 3 trees",
        size,
        scene.depth.size,
        lambda: forest.predict_proba(scene.depth),
        {SKLEARN: lambda: rival.predict_proba(values)},
        alike,
    )
