"""Rendered bodies against a ray that walks, their joints and parts, noise, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference.bodyparts import march

import imgproc
from imgproc.bodyparts import (
    BACKGROUND,
    JOINTS,
    PARENTS,
    PARTS,
    Body,
    Camera,
    Primitives,
    Scenes,
    render_body,
    sample_poses,
    sensor_noise,
)
from imgproc.bodyparts.poses import REST
from imgproc.bodyparts.render import render_primitives
from imgproc.bodyparts.scenes import mirrored_pose
from imgproc.bodyparts.skeleton import mirrored_parts

SMALL = Camera((23, 31), 25.0)


def some_primitives(random: np.random.Generator, count: int) -> Primitives:
    frames = np.zeros((count, 3, 4))
    for frame in frames:
        turn = np.linalg.qr(random.normal(size=(3, 3)))[0] * [[1.0], [random.uniform(0.7, 2.0)], [1.0]]
        frame[:, :3], frame[:, 3] = turn, -turn @ random.uniform([-0.4, -0.4, 1.6], [0.4, 0.4, 2.4])
    radii = random.uniform(0.05, 0.3, (count, 2))
    lengths = np.where(
        random.random(count) < 0.3,
        0.0,
        np.abs(radii[:, 0] - radii[:, 1]) * 1.01 + random.uniform(0, 0.6, count),
    )
    radii[lengths == 0] = radii[lengths == 0][:, :1]
    planes = random.normal(size=(count, 2, 4)) * 0.1
    labels = random.integers(0, 31, (count, 4)).astype(np.int32)
    return Primitives(frames, lengths, radii, planes, labels)


def test_equals_a_ray_that_walks(level: str, threads: int) -> None:
    random = np.random.default_rng(7)
    compared = 0
    for count in (1, 1, 3):
        shapes = some_primitives(random, count)
        depth, labels = render_primitives(shapes, SMALL, np.eye(3), np.zeros(3))
        row, column = SMALL.axis
        for y in range(0, 23, 2):
            for x in range(0, 31, 2):
                ray = np.array([(x - column) / SMALL.focal, (y - row) / SMALL.focal, 1.0])
                found = [
                    march(f, h, tuple(r), ray)
                    for f, h, r in zip(shapes.frames, shapes.lengths, shapes.radii, strict=True)
                ]
                nearest = int(np.argmin(found))
                if not np.isfinite(found[nearest]):
                    assert depth[y, x] == BACKGROUND and labels[y, x] == -1
                    continue
                compared += 1
                assert abs(depth[y, x] - found[nearest]) < 2e-5
                frame = shapes.frames[nearest]
                hit = frame[:, :3] @ (ray * found[nearest]) + frame[:, 3]
                sides = shapes.planes[nearest][:, :3] @ hit - shapes.planes[nearest][:, 3]
                # Within float32's error of a plane either part is right.
                if (np.abs(sides) > 1e-4).all():
                    part = int(sides[0] > 0) + 2 * int(sides[1] > 0)
                    assert labels[y, x] == shapes.labels[nearest][part]
    assert compared > 40


def test_same_bits_on_every_level_and_number_of_threads() -> None:
    pose = sample_poses(1, seed=2)[0]
    before = imgproc.get_cpu_level()
    seen = []
    for name in imgproc.cpu_levels():
        imgproc.set_cpu_level(name)
        seen.append(render_body(pose, turn=40))
    imgproc.set_cpu_level(before)
    for other in seen[1:]:
        assert np.array_equal(seen[0].depth, other.depth)
        assert np.array_equal(seen[0].labels, other.labels)


def test_every_part_can_be_seen() -> None:
    labels = set()
    for turn in (0, 180):
        labels |= set(np.unique(render_body(REST, turn=turn).labels).tolist())
    assert labels == {-1, *range(len(PARTS))}


def test_a_mirrored_pose_gives_the_mirrored_image() -> None:
    for pose in sample_poses(3, seed=5):
        seen, other = render_body(pose), render_body(mirrored_pose(pose))
        assert_allclose(other.depth, seen.depth[:, ::-1], atol=1e-4)
        swapped = np.append(mirrored_parts(), -1)[seen.labels[:, ::-1]]
        # Pixels whose centre lies on a border of parts may fall to either.
        assert (other.labels != swapped).mean() < 0.002


def test_joints_lie_inside_the_body() -> None:
    body = Body(height=1.6, legs=1.1)
    pose = sample_poses(1, seed=9)[0]
    seen = render_body(pose, body=body, position=(0.1, -0.1, 3.0), turn=25)
    assert_allclose(seen.joints[0], [0.1, -0.1, 3.0], atol=1e-12)
    bones = np.linalg.norm(seen.joints - seen.joints[np.maximum(PARENTS, 0)], axis=1)
    assert_allclose(bones, body._bones() * (PARENTS >= 0), atol=1e-12)
    rows, columns = np.rint(Camera().project(seen.joints)).astype(int).T
    assert (seen.depth[rows, columns] < seen.joints[:, 2] + 0.02).all()


def test_camera_projects_what_it_unprojects() -> None:
    camera = Camera((5, 7), 6.0, (1.0, 4.5))
    points = camera.points(np.full((5, 7), 2.5))
    assert_allclose(camera.project(points), np.moveaxis(np.mgrid[:5, :7], 0, -1), atol=1e-12)
    assert np.isnan(camera.project(np.array([0.0, 0.0, -1.0]))).all()


def test_a_body_behind_or_beside_the_camera_is_not_seen() -> None:
    for position in ((0.0, 0.0, -3.0), (30.0, 0.0, 3.0)):
        seen = render_body(REST, position=position)
        assert (seen.depth == BACKGROUND).all() and (seen.labels == -1).all()
    # One that reaches the camera's plane is drawn as far as it lies ahead.
    near = render_body(REST, position=(0.3, 0.0, 0.05))
    assert (near.depth > 0).all()


def test_noise() -> None:
    seen = render_body(REST)
    clean = sensor_noise(seen, strength=0)
    body = seen.labels >= 0
    assert np.array_equal(clean.labels, seen.labels)
    # Steps of an eighth of a pixel at 640 columns: 0.5 * z^2 / (8 * 0.075 * 571) is the most by which rounding moves z.
    assert (
        np.abs(clean.depth - seen.depth)[body] <= 0.51 * seen.depth[body] ** 2 / (8 * 0.075 * 571.26)
    ).all()
    noisy, again = sensor_noise(seen, seed=4), sensor_noise(seen, seed=4)
    assert np.array_equal(noisy.depth, again.depth)
    missing = noisy.depth == 0
    assert missing.any() and (noisy.labels[missing] == -1).all()
    assert missing[body].mean() < 0.2
    assert ((noisy.labels >= 0) <= (noisy.depth > 0)).all()


def test_scenes_are_made_from_their_number() -> None:
    poses = sample_poses(3, seed=1)
    scenes = Scenes(poses, 5, seed=8, camera=Camera((60, 80), 71.4))
    assert len(scenes) == len(scenes.depths) == 5
    later = scenes[4].depth
    assert np.array_equal(Scenes(poses, 5, seed=8, camera=Camera((60, 80), 71.4)).depths[4], later)
    assert np.array_equal(scenes.labels[1], scenes[1].labels)
    assert len(scenes[1:3]) == 2 and scenes[-1].depth is scenes[4].depth
    with pytest.raises(IndexError):
        scenes[5]


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"Body\.joints: pose"):
        render_body(np.zeros((19, 3)))
    with pytest.raises(ValueError, match="Body: height"):
        Body(height=9)
    with pytest.raises(ValueError, match="Camera: shape"):
        Camera((0, 5))
    with pytest.raises(ValueError, match="Camera: focal"):
        Camera(focal=0)
    with pytest.raises(TypeError, match="render_body: camera"):
        render_body(REST, "kinect")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="render_body: position"):
        render_body(REST, position=(0, 0, np.nan))
    with pytest.raises(ValueError, match="render_body: turn"):
        render_body(REST, turn=np.inf)
    with pytest.raises(ValueError, match="sensor_noise: seen"):
        sensor_noise(render_body(REST), SMALL)
    with pytest.raises(ValueError, match="Scenes: distance"):
        Scenes(REST[None], distance=(3, 2))
    with pytest.raises(ValueError, match="Scenes: poses"):
        Scenes(REST)
    # A pose without any length is a body folded onto itself, not a crash.
    assert (render_body(np.zeros((len(JOINTS), 3))).labels >= 0).any()
