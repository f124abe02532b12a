"""Connected components and distances: photographs in black and white, large regions, noise, far zeros, volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import Array, Case, case, photograph
from .rivals import SCIPY, cv2, load, scipy, version_of

cc3d = load("cc3d")
CC3D = version_of("connected-components-3d") if cc3d else ""
_VOLUME = (128, 256, 256)


def cases(size: str) -> Iterator[Case]:
    pictures = _masks(size)
    for name in ("photograph", "large regions", "noise"):
        for connectivity in (8, 4):
            yield _components(name, size, pictures[name], connectivity)
        yield _statistics(name, size, pictures[name])
    for name, mask in pictures.items():
        yield _distance(name, size, mask)
    if size == "1080p":
        yield from _volumes(size)


def _masks(size: str) -> dict[str, Array]:
    image, rng = photograph(size, channels=1), np.random.default_rng(10)
    height, width = image.shape
    point, frame = np.ones((2, *image.shape), np.uint8)
    point[height // 3, width // 5] = 0
    frame[[0, -1]] = 0
    frame[:, [0, -1]] = 0
    return {
        "photograph": np.uint8(image > 110),
        "large regions": np.uint8(imgproc.gaussian_blur(image, 5.0) > 110),
        "noise": rng.integers(0, 2, image.shape, np.uint8),
        "one point": point,
        "a frame": frame,
    }


def _same_parts(ours: Any, theirs: Array) -> None:
    """Labels that are each other's names."""
    labels = ours.labels
    pairs = labels.ravel().astype(np.int64) * (int(theirs.max()) + 1) + theirs.ravel()
    assert len(np.unique(pairs)) == ours.count + int(not labels.all())
    assert len(np.unique(theirs)) == len(np.unique(pairs))


def _components(name: str, size: str, mask: Array, connectivity: int) -> Case:
    labels, theirs = np.empty(mask.shape, np.int32), np.empty(mask.shape, np.int32)
    made = case(
        f"components {connectivity}, {name}",
        size,
        mask,
        labels,
        lambda: imgproc.connected_components(mask, connectivity, out=labels),
        _same_parts,
        opencv=cv2 and (lambda: cv2.connectedComponents(mask, theirs, connectivity)[1]),
    )
    if cc3d is not None:
        made.rivals[CC3D] = lambda: cc3d.connected_components(
            mask, connectivity=connectivity, binary_image=True
        )
    return made


def _statistics(name: str, size: str, mask: Array) -> Case:
    labels, theirs = np.empty(mask.shape, np.int32), np.empty(mask.shape, np.int32)

    def same(ours: Any, other: Any) -> None:
        count, _, table, centroids = other
        assert ours.count == count - 1
        # Parts are numbered differently: compared as a set.
        own = np.column_stack([ours.statistics.boxes, ours.statistics.areas])
        table = np.column_stack([table[:, :2], table[:, :2] + table[:, 2:4], table[:, 4]])
        np.testing.assert_array_equal(own[np.lexsort(own.T)], table[np.lexsort(table.T)])
        np.testing.assert_allclose(
            np.sort(ours.statistics.centroids, axis=0), np.sort(centroids, axis=0), rtol=1e-9
        )

    return case(
        f"components 8 and statistics, {name}",
        size,
        mask,
        labels,
        lambda: imgproc.connected_components(mask, 8, statistics=True, out=labels),
        same,
        opencv=cv2 and (lambda: cv2.connectedComponentsWithStats(mask, theirs, connectivity=8)),
    )


def _near(ours: Array, theirs: Array) -> None:
    """OpenCV rounds more than once; SciPy's float64 rounded is ours."""
    if theirs.dtype == np.float64:
        np.testing.assert_array_equal(ours, theirs.astype(np.float32))
    else:
        np.testing.assert_allclose(ours, theirs, rtol=2e-6)


def _distance(name: str, size: str, mask: Array) -> Case:
    out, theirs = np.empty(mask.shape, np.float32), np.empty(mask.shape, np.float32)
    return case(
        f"distances, {name}",
        size,
        mask,
        out,
        lambda: imgproc.distance_transform(mask, out=out),
        _near,
        opencv=cv2 and (lambda: cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE, dst=theirs)),
        scipy=scipy and _scipy_distances(mask),
    )


def _scipy_distances(mask: Array) -> Any:
    from scipy.ndimage import distance_transform_edt

    return lambda: distance_transform_edt(mask)


def _volumes(size: str) -> Iterator[Case]:
    """Blobs in a volume; its place in the table is that of an image, its pixels its own."""
    rng = np.random.default_rng(11)
    mask = np.zeros(_VOLUME, bool)
    for z, y, x in rng.uniform((10, 10, 10), np.subtract(_VOLUME, 10), (150, 3)).astype(int):
        r = int(rng.integers(4, 10))
        ball = np.add.outer(np.add.outer(*2 * [np.arange(-r, r + 1) ** 2]), np.arange(-r, r + 1) ** 2) < r * r
        mask[z - r : z + r + 1, y - r : y + r + 1, x - r : x + r + 1] |= ball
    name, pixels = f"{' × '.join(map(str, _VOLUME))}", mask.size
    rivals = {}
    if cc3d is not None:
        rivals[CC3D] = lambda: cc3d.connected_components(mask, connectivity=26, binary_image=True)

    def ours() -> Any:
        return imgproc.connected_components(mask)

    yield Case(f"components 26, {name}", size, pixels, ours, rivals, _same_parts, 5 * pixels)
    distances = {SCIPY: _scipy_distances(mask)} if scipy else {}
    yield Case(
        f"distances, {name}",
        size,
        pixels,
        lambda: imgproc.distance_transform(mask),
        distances,
        _near,
        5 * pixels,
    )
