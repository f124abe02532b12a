"""Label maps and depth maps: logits as networks give them, and random ones of which nothing can be left out.

torch is asked in the way that is fairest to it: some classes at a time, so that nothing of all classes and pixels is
made, with the largest so far kept. The other rival is a loop over classes in OpenCV. ``python -m
benchmarks.neural_maps`` tells the memory that a label map takes beside its result.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from imgproc.neural import Geometry, decode_depth, label_map

from .harness import SIZES, Array, Case, Rule
from .rivals import OPENCV, cv2, load, version_of

torch = load("torch")

CHUNK = 4
"""Classes that torch stretches at a time: the fastest of 1, 4, 16, 50 and all."""

HEADS = (
    ("SegFormer, ADE20K", 150, (128, 128)),
    ("DeepLab, VOC", 21, (65, 65)),
    ("stride 4, Cityscapes", 19, (256, 512)),
    ("binary at full size", 2, (512, 512)),
)


def cases(size: str) -> Iterator[Case]:
    for name, classes, samples in HEADS if size == "1080p" else HEADS[:1]:
        yield _labels(f"label map, {name}", size, _regions(classes, samples))
    yield _labels("label map, 150 classes of noise", size, _noise(150, (128, 128)))
    if size == "512":
        yield _labels("label map, shrunk", size, _regions(19, (1024, 2048)))
    yield _depth(size)


def _noise(classes: int, samples: tuple[int, int]) -> Array:
    return np.random.default_rng(21).normal(size=(classes, *samples)).astype(np.float32)


def _regions(classes: int, samples: tuple[int, int]) -> Array:
    """Each class strong around a few middles of its own and weak elsewhere, with noise, as after training."""
    rng = np.random.default_rng(22)
    y, x = (axis.astype(np.float32) for axis in np.ogrid[: samples[0], : samples[1]])
    logits = _noise(classes, samples) * np.float32(0.3)
    for plane in logits:
        far = np.full(samples, np.inf, np.float32)
        for _ in range(2):
            (cy, cx), (sy, sx) = rng.uniform(0, samples, 2), rng.uniform(0.5, 1.5, 2)
            np.minimum(far, ((y - cy) * sy) ** 2 + ((x - cx) * sx) ** 2, out=far)
        plane -= np.sqrt(far) * np.float32(20 / min(samples))
    return logits


def _labels(name: str, size: str, logits: Array) -> Case:
    height, width = shape = SIZES[size]
    rivals: dict[str, Callable[[], Any]] = {}
    if torch is not None:
        rivals[version_of("torch")] = lambda: _of_torch(logits, shape)
    if cv2 is not None:
        rivals[OPENCV] = lambda: _of_opencv(logits, shape)
    moved = logits.nbytes + 4 * height * width
    return Case(
        name, size, height * width, lambda: label_map(logits, shape), rivals, _alike_but_ties(logits), moved
    )


def _of_torch(logits: Array, shape: tuple[int, int]) -> Array:
    tensor = torch.from_numpy(logits)
    best = labels = None
    for first in range(0, len(tensor), CHUNK):
        some = torch.nn.functional.interpolate(
            tensor[None, first : first + CHUNK], size=shape, mode="bilinear", align_corners=False
        )[0]
        own, which = some.max(0)
        if best is None:
            best, labels = own, which
            continue
        above = own > best
        labels = torch.where(above, which + first, labels)
        best = torch.where(above, own, best)
    return labels.numpy()


def _of_opencv(logits: Array, shape: tuple[int, int]) -> Array:
    best, labels = np.full(shape, -np.inf, np.float32), np.zeros(shape, np.int32)
    own = np.empty(shape, np.float32)
    for number, plane in enumerate(logits):
        cv2.resize(plane, shape[::-1], dst=own, interpolation=cv2.INTER_LINEAR)
        above = cv2.compare(own, best, cv2.CMP_GT)
        cv2.copyTo(own, above, best)
        labels[above != 0] = number
    return labels


def _alike_but_ties(logits: Array) -> Rule:
    """Equal wherever the two largest logits are further apart than the rounding of places and values can bring them."""
    margins: dict[tuple[int, ...], Array] = {}

    def rule(ours: Any, rival: Any) -> None:
        margin = margins.setdefault(ours.shape, label_map(logits, ours.shape, score="margin")[1])
        differ = ours != rival
        assert margin[differ].max(initial=0) < 2e-3, f"{margin[differ].max()} apart, and yet another class"
        assert differ.mean() < 1e-3, f"{differ.mean():.2%} of the pixels differ"

    return rule


def _depth(size: str) -> Case:
    shape = SIZES[size]
    depth = np.abs(_noise(1, (384, 384))) + 1
    geometry = Geometry.stretched(shape, (384, 384))

    def ours() -> Array:
        return decode_depth({"predicted_depth": depth}, geometry, unit="relative")[0].depth

    def rival() -> Array:
        tensor = torch.from_numpy(depth)[None]
        return torch.nn.functional.interpolate(tensor, size=shape, mode="bicubic", align_corners=False)[
            0, 0
        ].numpy()

    def rule(ours: Any, rival: Any) -> None:
        np.testing.assert_allclose(ours, rival, rtol=0, atol=1e-3)

    rivals = {version_of("torch"): rival} if torch is not None else {}
    pixels = shape[0] * shape[1]
    return Case("depth map, bicubic", size, pixels, ours, rivals, rule, depth.nbytes + 4 * pixels)


_PEAK = """
import resource
import numpy as np
import imgproc
from imgproc.neural import label_map
imgproc.set_num_threads(1)
logits = np.random.default_rng(0).random((150, 128, 128), np.float32)
label_map(logits[:2], (9, 9))
ballast = np.ones(1 << 28, np.uint8)  # so that the process is larger than it ever was
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
label_map(logits, (1080, 1920))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 - 4 * 1080 * 1920)
"""


def memory_beside_the_result() -> int:
    """Bytes, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", _PEAK], capture_output=True, text=True, check=True)
    return int(done.stdout)


if __name__ == "__main__":
    print(f"150 classes to 1080p: {memory_beside_the_result() / 2**20:.1f} MB beside the result")
