"""The depth forest against twins, its laws, files, checkpoints and refusals."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from reference.bodyparts import feature, gain

import imgproc
from imgproc._ext import forest as kernels
from imgproc.bodyparts import (
    BACKGROUND,
    Camera,
    DepthForest,
    Progress,
    Scenes,
    depth_features,
    export_tree,
    probe_importances,
    sample_poses,
)
from imgproc.bodyparts.growing import NODE, node_keys
from imgproc.bodyparts.samples import draw_samples, store_images

CAMERA = Camera((60, 80), 71.4)


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    return Scenes(sample_poses(12, seed=2), 12, seed=3, camera=CAMERA, turn=30)


def small(**params: object) -> DepthForest:
    defaults = {"n_trees": 2, "max_depth": 6, "n_features": 80, "n_thresholds": 12, "pixels_per_image": 60}
    return DepthForest(**{**defaults, "max_offset": 32.0, **params})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fitted(scenes: Scenes) -> Iterator[DepthForest]:
    yield small().fit(scenes.depths, scenes.labels, n_parts=31)


def test_features_equal_the_twin(level: str) -> None:
    random = np.random.default_rng(1)
    depth = random.uniform(0.5, 4.0, (17, 33)).astype(np.float32)
    depth[random.random(depth.shape) < 0.3] = 0
    seen = np.argwhere(depth > 0)
    for count in (1, 63, 64, 65, 97):
        pixels = seen[random.integers(0, len(seen), 20)]
        offsets = random.uniform(-40, 40, (count, 2, 2)).astype(np.float32)
        found = depth_features(depth, pixels, offsets)
        whole = np.where(depth > 0, depth, np.float32(BACKGROUND))
        expected = [[feature(whole, y, x, pair, BACKGROUND) for pair in offsets] for y, x in pixels]
        assert np.array_equal(found, np.array(expected, np.float32))


def test_features_of_millimetres_masks_and_missing() -> None:
    depth = np.full((4, 5), 2000, np.uint16)
    depth[1, 3] = 0
    at, pair = np.array([[1, 1]]), np.array([[[0.0, 4.0], [0.0, 0.0]]])
    assert depth_features(depth, at, pair)[0, 0] == np.float32(BACKGROUND - 2)
    assert depth_features(depth, at, np.array([[[0.0, 2.0], [0.0, 0.0]]]))[0, 0] == 0
    mask = np.ones((4, 5), np.uint8)
    mask[1, 2] = 0
    assert depth_features(depth, at, np.array([[[0.0, 2.0], [0.0, 0.0]]]), mask=mask)[0, 0] == np.float32(8)
    metres = (depth / np.float32(1000)).astype(np.float32)
    metres[1, 3] = np.nan
    assert depth_features(metres, at, pair)[0, 0] == np.float32(BACKGROUND - 2)


@pytest.mark.parametrize("pixels", [3, 40, 256, 257, 1500])
def test_the_root_takes_the_best_split_of_its_features(scenes: Scenes, pixels: int) -> None:
    """Every candidate's gain is counted anew: none gains more than the one chosen, whose gain is as told."""
    store = store_images(scenes.depths, scenes.labels, None, lambda done, total: None)
    samples = draw_samples(store, 0, 200, False, True, 0)
    order = np.arange(min(pixels, len(samples)), dtype=np.int32)
    begins = np.array([0, len(order)], np.int64)
    totals = np.empty((1, 31), np.uint32)
    kernels.count_labels(samples.label, order, begins, 0, 1, totals)
    gains, chosen, cuts = np.full((1, 2), -1.0), np.full((1, 2), -1, np.int32), np.zeros((1, 2), np.float32)
    data = (
        store.depths,
        store.firsts,
        store.shapes,
        samples.image,
        samples.row,
        samples.column,
        samples.label,
    )
    keys = node_keys(0, 0, np.zeros(1, np.int64))
    kernels.search(
        *data, order, begins, keys, totals, 70, 9, 1, 32.0, 2.0, np.arange(2), 0, 2, gains, chosen, cuts
    )
    labels = samples.label[order].astype(np.intp)
    for block, count in ((0, 64), (1, 6)):
        offsets = np.frombuffer(kernels.drawn(int(keys[0]), 64 * block, count, 32.0), np.float32).reshape(
            4, count
        )
        values = np.empty((len(order), count), np.float32)
        for k, pixel in enumerate(order):
            image = samples.image[pixel]
            height, width = store.shapes[image].tolist()
            first = store.firsts[image]
            prepared = np.array(store.depths[first - 1 : first + height * width])
            one = np.empty((1, count), np.float32)
            place = (
                samples.row[pixel : pixel + 1].astype(np.int32),
                samples.column[pixel : pixel + 1].astype(np.int32),
            )
            kernels.features(prepared, height, width, *place, np.ascontiguousarray(offsets), one)
            values[k] = one[0]
        if chosen[0, block] < 0:
            assert all(len(np.unique(column)) == 1 for column in values.T) or len(np.unique(labels)) == 1
            continue
        number = int(chosen[0, block]) - 64 * block
        told = gain(values[:, number], labels, cuts[0, block])
        # Bins come from a division, the split from a comparison: a value within a rounding of the threshold may change
        # sides. None does here.
        assert abs(told - gains[0, block]) < 1e-6 * len(order) + 1e-9
        # No other feature gains more on a grid as coarse as its own; ends differ by a rounding, so a pixel or two.
        for f in range(count):
            inner = values[:, f][np.abs(values[:, f]) < 2]
            if len(order) <= 256 and len(inner) and inner.max() > inner.min():
                margin = (inner.max() - inner.min()) / np.float32(18)
                grid = np.linspace(inner.min() - margin, inner.max() + margin, 9, dtype=np.float32)[1:-1]
                assert max(gain(values[:, f], labels, t) for t in grid) <= gains[0, block] + 0.02 * len(order)


def test_prediction_walks_the_trees(fitted: DepthForest, scenes: Scenes, level: str, threads: int) -> None:
    depth = scenes[1].depth
    found = fitted.predict_proba(depth)
    whole = np.where((depth > 0) & (depth < BACKGROUND), depth, np.float32(BACKGROUND))
    random = np.random.default_rng(0)
    body = np.argwhere(whole < BACKGROUND)
    for y, x in body[random.integers(0, len(body), 40)]:
        total = np.zeros(31, np.float32)
        for first, leaf in zip(fitted._first_node[:-1], fitted._first_leaf[:-1], strict=True):
            node = fitted._nodes[first]
            while node["left"] >= 0:
                split = node["split"]
                value = feature(whole, y, x, split[:4].reshape(2, 2), BACKGROUND)
                node = fitted._nodes[first + node["left"] + int(value >= split[4])]
            total += fitted._leaves[leaf + ~node["left"]]
        assert np.array_equal(found[y, x], total * np.float32(0.5))
    assert (found[whole == BACKGROUND] == 0).all()
    assert np.array_equal(fitted.predict(depth), np.where(whole < BACKGROUND, found.argmax(axis=2), -1))


def test_it_learns(scenes: Scenes) -> None:
    forest = DepthForest(n_trees=1, max_depth=12, n_features=100, pixels_per_image=300, max_offset=32.0)
    forest.fit(scenes.depths, scenes.labels, n_parts=31)
    seen = scenes[0]
    body = seen.labels >= 0
    # What it was shown it must know: by chance one in 31 is right.
    assert (forest.predict(seen.depth)[body] == seen.labels[body]).mean() > 0.6


def test_same_forest_for_any_number_of_threads(scenes: Scenes, fitted: DepthForest, threads: int) -> None:
    again = small().fit(scenes.depths, scenes.labels, n_parts=31)
    assert np.array_equal(again._nodes, fitted._nodes) and np.array_equal(again._leaves, fitted._leaves)
    other = small(seed=1).fit(scenes.depths, scenes.labels, n_parts=31)
    assert not np.array_equal(other._nodes, fitted._nodes)


def test_leaves_count_labels(fitted: DepthForest) -> None:
    assert np.allclose(fitted._leaves.sum(axis=1), 1, atol=1e-5)
    assert fitted.classes_.tolist() == list(range(31))


def test_even_parts_take_equal_shares(scenes: Scenes) -> None:
    store = store_images(scenes.depths, scenes.labels, None, lambda done, total: None)
    even, plain = (draw_samples(store, 0, 62, False, flag, 0) for flag in (True, False))
    spread = [np.bincount(s.label, minlength=31) for s in (even, plain)]
    assert spread[0].min() > spread[1].min() and spread[0].max() < spread[1].max()
    assert len(even) == len(plain) == 62 * 12


def test_file(fitted: DepthForest, scenes: Scenes, tmp_path: Path) -> None:
    fitted.save(tmp_path / "a.forest")
    with pytest.raises(FileExistsError):
        fitted.save(tmp_path / "a.forest")
    again = DepthForest.load(tmp_path / "a.forest")
    assert again.get_params() == fitted.get_params()
    assert np.array_equal(again.predict_proba(scenes[2].depth), fitted.predict_proba(scenes[2].depth))


def test_hostile_files(fitted: DepthForest, scenes: Scenes, tmp_path: Path) -> None:
    path = tmp_path / "a.forest"
    fitted.save(path)
    good = path.read_bytes()
    depth = scenes[0].depth
    random = np.random.default_rng(5)
    refused = 0
    for _ in range(300):
        mutant = bytearray(good)
        for place in random.integers(0, len(good), random.integers(1, 30)):
            mutant[place] = random.integers(0, 256)
        path.write_bytes(mutant)
        try:
            DepthForest.load(path).predict(depth)  # may be wrong, never out of bounds
        except ValueError as error:
            assert "a.forest" in str(error)
            refused += 1
    assert refused > 100
    for length in (0, 10, 300, len(good) // 2, len(good) - 70):
        path.write_bytes(good[:length])
        with pytest.raises(ValueError, match=r"a\.forest"):
            DepthForest.load(path)


def test_indices_are_checked(fitted: DepthForest, tmp_path: Path) -> None:
    from imgproc.bodyparts.forest_files import check_model

    arrays = {
        "splits": np.array(fitted._nodes["split"]),
        "left": np.array(fitted._nodes["left"]),
        "first_node": fitted._first_node,
        "leaves": fitted._leaves,
        "first_leaf": fitted._first_leaf,
        "gains": fitted._gains,
    }
    check_model("m", arrays)
    for name, place, value, says in (
        ("left", 0, 0, "left of node 0"),
        ("left", 0, 10**6, "left of node 0"),
        ("left", -1, -(10**6), "left of node"),
        ("splits", (0, 0), np.nan, "splits"),
        ("leaves", (0, 0), -0.5, "leaves"),
        ("first_node", 1, 10**7, "first_node"),
        ("first_leaf", 0, 1, "first_leaf"),
    ):
        changed = {key: array.copy() for key, array in arrays.items()}
        changed[name][place] = value
        with pytest.raises(ValueError, match=says):
            check_model("m", changed)


_KILLED = """
import os, sys
import imgproc
from imgproc.bodyparts import Camera, DepthForest, Scenes, sample_poses

scenes = Scenes(sample_poses(12, seed=2), 12, seed=3, camera=Camera((60, 80), 71.4), turn=30)
forest = DepthForest(n_trees=2, max_depth=6, n_features=80, n_thresholds=12, pixels_per_image=60, max_offset=32.0,
                     checkpoint=sys.argv[1])
def die(progress):
    if progress.tree == 1 and progress.level == 3:
        os.kill(os.getpid(), 9)
forest.fit(scenes.depths, scenes.labels, n_parts=31, progress=die)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no signal 9")
def test_resumes_after_a_kill(scenes: Scenes, fitted: DepthForest, tmp_path: Path) -> None:
    child = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False, cwd=tmp_path)
    assert child.returncode == -9
    assert sorted(path.name for path in tmp_path.glob("tree-*")) == ["tree-0000.part", "tree-0001.part"]
    steps: list[Progress] = []
    forest = small(checkpoint=tmp_path)
    with pytest.raises(ValueError, match="checkpoint"):
        small(checkpoint=tmp_path, seed=9).fit(scenes.depths, scenes.labels, n_parts=31)
    forest.fit(scenes.depths, scenes.labels, n_parts=31, progress=steps.append)
    assert np.array_equal(forest._nodes, fitted._nodes) and np.array_equal(forest._leaves, fitted._leaves)
    grown = [step for step in steps if step.stage == "growing"]
    assert min(step.level for step in grown) == 4 and {step.tree for step in grown} == {1}
    assert not list(tmp_path.glob("tree-*"))


def test_refusals(scenes: Scenes, fitted: DepthForest) -> None:
    depth, labels = scenes[0].depth, scenes[0].labels
    forest = small()
    for images, parts, error, says in (
        ([depth], [], ValueError, "labels must be as many as images"),
        ([], [], ValueError, "images must be at least one"),
        ([depth], [labels[:-1]], ValueError, r"labels\[0\] must be of the shape"),
        ([depth], [labels.astype(np.float32)], TypeError, r"labels\[0\] must be an"),
        ([depth.astype(np.float64)], [labels], TypeError, r"images\[0\] must be an"),
        ([depth], [labels + 300], ValueError, r"labels\[0\] must be below 255"),
        ([depth], [np.full_like(labels, -1)], ValueError, "at least one body pixel"),
        ([np.zeros_like(depth)], [labels], ValueError, "at least one body pixel"),
    ):
        with pytest.raises(error, match=says):
            forest.fit(images, parts)
    with pytest.raises(ValueError, match="n_parts"):
        forest.fit([depth], [labels], n_parts=3)
    with pytest.raises(ValueError, match="max_depth"):
        small(max_depth=99).fit([depth], [labels])
    with pytest.raises(TypeError, match="bootstrap"):
        small(bootstrap="yes").fit([depth], [labels])
    with pytest.raises(ValueError, match="fitted or loaded"):
        forest.predict(depth)
    with pytest.raises(ValueError, match="set_params"):
        forest.set_params(trees=3)
    with pytest.raises(ValueError, match="mask"):
        fitted.predict(depth, mask=np.ones((2, 2), bool))
    with pytest.raises(ValueError, match="pixels"):
        depth_features(depth, np.array([[0, 0]]), np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match="offsets"):
        depth_features(depth, np.argwhere(labels >= 0)[:1], np.full((1, 2, 2), np.nan))


def test_images_of_any_size_and_no_body(fitted: DepthForest, scenes: Scenes) -> None:
    depth, labels = scenes[0].depth, scenes[0].labels
    empty = np.full((3, 4), BACKGROUND, np.float32)
    assert (fitted.predict(empty) == -1).all() and (fitted.predict_proba(empty) == 0).all()
    mixed = small(n_trees=1, max_depth=3).fit(
        [depth, empty, depth[5:, 7:], (depth * 1000).astype(np.uint16)],
        [labels, np.full((3, 4), -1), labels[5:, 7:], labels],
        n_parts=31,
    )
    assert mixed.predict(depth[:, 20:]).shape == (60, 60)
    assert fitted.predict(depth.reshape(-1)[None, :]).shape == (1, 4800)


def test_it_is_an_estimator() -> None:
    forest = small()
    copy = DepthForest(**forest.get_params())
    assert copy.get_params() == forest.get_params()
    assert forest.set_params(seed=4) is forest and forest.seed == 4
    assert NODE.itemsize == 24
    assert "n_trees=2" in repr(forest) and imgproc.bodyparts.DepthForest is DepthForest


def test_export(fitted: DepthForest) -> None:
    text = export_tree(fitted, 1, max_depth=40)
    lines = text.split("\n")
    first, last = fitted._first_node[1:3]
    assert len(lines) == last - first
    assert sum("leaf:" in line for line in lines) == fitted._first_leaf[2] - fitted._first_leaf[1]
    assert max(len(line) - len(line.lstrip()) for line in lines) <= 12
    dot = export_tree(fitted, 1, format="dot", max_depth=2)
    assert dot.startswith("digraph tree {") and dot.endswith("}") and dot.count("->") == 6
    with pytest.raises(ValueError, match="export_tree: tree"):
        export_tree(fitted, 2)
    with pytest.raises(ValueError, match="fitted or loaded"):
        export_tree(small())
    with pytest.raises(TypeError, match="forest"):
        probe_importances("forest")  # type: ignore[arg-type]


def test_probe_importances_weigh_by_gain(fitted: DepthForest) -> None:
    shares = probe_importances(fitted, 9)
    assert shares.sum() == pytest.approx(1)
    # Counted anew from the nodes, one by one.
    expected = np.zeros((9, 9))
    for node, gained in zip(fitted._nodes, fitted._gains, strict=True):
        if node["left"] >= 0:
            assert gained > 0
            for offset in node["split"][:4].reshape(2, 2):
                if offset.any():
                    y, x = np.rint((offset.astype(np.float64) / 32.0 + 1) * 4).astype(int)
                    expected[y, x] += gained
    assert np.allclose(shares, expected / expected.sum())


def test_offsets_are_drawn_dense_near_the_pixel() -> None:
    count = 40_000
    offsets = np.frombuffer(kernels.drawn(12345, 0, count, 100.0), np.float32).reshape(4, count)
    moving = np.concatenate([offsets[:2].ravel(), offsets[2:, 1::2].ravel()])
    assert (offsets[2:, ::2] == 0).all()  # the pixel itself
    assert np.abs(moving).max() <= 100
    assert np.abs(np.mean(moving)) < 1
    for share in (0.25, 0.5, 0.75):  # of the reach: the root of it of all offsets lies within
        assert np.mean(np.abs(moving) < 100 * share) == pytest.approx(share**0.5, abs=0.01)
