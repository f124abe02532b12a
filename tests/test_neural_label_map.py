"""Label maps: against their slow twin bit for bit, their laws, and what they refuse."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from array_layouts import unaligned
from documentation import check_documentation
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neural_label_map as reference

import imgproc
from imgproc.neural import OutputMismatch, label_map
from imgproc.neural.decode.label_map import FLAG, SCORE, SHAPE

# Classes, logits, pixels: cells of many pixels, of one, of less; more slots than a group has, and cells cut in pieces.
SIZES = [
    (1, (1, 1), (3, 5)),
    (2, (1, 1), (3, 97)),
    (3, (2, 1), (17, 3)),
    (2, (4, 3), (9, 31)),
    (5, (3, 15), (8, 64)),
    (7, (2, 16), (16, 65)),
    (19, (3, 17), (7, 33)),
    (4, (5, 33), (15, 63)),
    (3, (9, 40), (5, 13)),
    (3, (7, 9), (7, 9)),
    (2, (1, 70), (2, 63)),
]


def smooth(rng: np.random.Generator, count: int, shape: tuple[int, int]) -> Any:
    """Logits of which few are in question at a place, as a network gives them."""
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])
    waves = rng.uniform(0.05, 0.4, (count, 2)), rng.uniform(0, 6, count)
    planes = [np.sin(a * rows + b * columns + c) for (a, b), c in zip(*waves, strict=True)]
    return (5 * np.stack(planes)).astype(np.float32)


def softmax(maps: Any) -> Any:
    powers = np.exp(maps.astype(np.float64) - maps.max(axis=0))
    return powers / powers.sum(axis=0)


@pytest.mark.parametrize("count, samples, shape", SIZES)
@pytest.mark.parametrize("align_corners", [False, True])
def test_twin(
    count: int,
    samples: tuple[int, int],
    shape: tuple[int, int],
    align_corners: bool,
    level: str,
    threads: int,
    rng: np.random.Generator,
) -> None:
    for logits in (rng.normal(size=(count, *samples)).astype(np.float32), smooth(rng, count, samples)):
        taps = [reference.resized_taps(n, m, align_corners) for n, m in zip(samples, shape, strict=True)]
        expected, maps = reference.label_map(logits, *taps)
        found = label_map(logits, shape, align_corners=align_corners)
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, expected)
        ranked = np.sort(maps, axis=0)
        labels, scores = label_map(logits, shape, align_corners=align_corners, score="logit")
        np.testing.assert_array_equal(labels, expected)
        np.testing.assert_array_equal(scores, ranked[-1])
        labels, scores = label_map(logits, shape, align_corners=align_corners, score="margin")
        np.testing.assert_array_equal(labels, expected)
        np.testing.assert_array_equal(scores, ranked[-1] - ranked[-2] if count > 1 else np.inf)
        labels, scores = label_map(logits, shape, align_corners=align_corners, score="probability")
        np.testing.assert_array_equal(labels, expected)
        np.testing.assert_allclose(scores, softmax(maps).max(axis=0), rtol=3e-7 + 1e-7 * count)


def test_probabilities_are_the_same_bits_on_all_levels(rng: np.random.Generator) -> None:
    logits, found = (20 * rng.normal(size=(9, 5, 23))).astype(np.float32), []
    before = imgproc.get_cpu_level()
    for level in imgproc.cpu_levels():
        imgproc.set_cpu_level(level)
        found.append(label_map(logits, (23, 99), score="probability")[1].tobytes())
    imgproc.set_cpu_level(before)
    assert len(set(found)) == 1


def test_of_equal_logits_the_first_class_counts(level: str) -> None:
    logits = np.zeros((4, 3, 20), np.float32)
    logits[0] = -1
    labels, margins = label_map(logits, (9, 81), score="margin")
    assert (labels == 1).all() and (margins == 0).all()
    # And a class that is above all others by the last bit is not left out.
    logits[:] = 1e10
    logits[2] = np.nextafter(np.float32(1e10), np.float32(np.inf))
    assert (label_map(logits, (3, 20)) == 2).all()


@pytest.mark.parametrize("scale", [1e-38, 1e-20, 1.0, 1e20, 1e37])
def test_leaving_classes_out_changes_nothing(scale: float, level: str, rng: np.random.Generator) -> None:
    """Values within rounding of each other, where a class left out too early would be one that wins."""
    base = rng.normal(size=(1, 3, 18))
    logits = (scale * base * (1 + 1e-7 * rng.integers(-3, 4, (6, 3, 18)))).astype(np.float32)
    taps = [reference.resized_taps(n, m, False) for n, m in ((3, 11), (18, 70))]
    expected, maps = reference.label_map(logits, *taps)
    np.testing.assert_array_equal(label_map(logits, (11, 70)), expected)
    ranked = np.sort(maps, axis=0)
    with np.errstate(under="ignore"):
        np.testing.assert_array_equal(label_map(logits, (11, 70), score="margin")[1], ranked[-1] - ranked[-2])


def test_masked_classes(level: str, rng: np.random.Generator) -> None:
    """The lowest number of float32 in place of a class that may not win, as transformers masks them."""
    logits = rng.normal(size=(5, 4, 6)).astype(np.float32)
    expected = label_map(logits[1:], (20, 40)) + 1
    logits[0] = np.finfo(np.float32).min
    np.testing.assert_array_equal(label_map(logits, (20, 40)), expected)


def test_out_and_batches(level: str, rng: np.random.Generator) -> None:
    logits = rng.normal(size=(3, 6, 5, 7)).astype(np.float32)
    expected = np.stack([label_map(one, (33, 65)) for one in logits])
    np.testing.assert_array_equal(label_map(logits, (33, 65)), expected)
    for dtype in (np.uint8, np.uint16, np.int32):
        out = np.full((3, 33, 65), 77, dtype)
        assert label_map(logits, (33, 65), out=out) is out
        np.testing.assert_array_equal(out, expected)
    flat = smooth(rng, 6, (5, 40))
    for dtype in (np.uint8, np.uint16, np.int32):
        out = np.full((44, 160), 77, dtype)
        np.testing.assert_array_equal(label_map(flat, (44, 160), out=out), label_map(flat, (44, 160)))
    assert label_map(logits[:0], (3, 4)).shape == (0, 3, 4)


def test_any_strides(level: str, rng: np.random.Generator) -> None:
    logits = rng.normal(size=(4, 6, 9)).astype(np.float32)
    expected = label_map(logits, (20, 33))
    wide = rng.normal(size=(8, 6, 18)).astype(np.float32)
    wide[::2, :, ::2] = logits
    for layout in (
        np.asfortranarray(logits),
        logits[:, ::-1].copy()[:, ::-1],
        unaligned(logits),
        wide[::2, :, ::2],
    ):
        layout.flags.writeable = False
        np.testing.assert_array_equal(label_map(layout, (20, 33)), expected)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32),
    st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(1, 40)),
    st.tuples(st.integers(1, 30), st.integers(1, 90)),
)
def test_laws(seed: int, samples: tuple[int, int, int], shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=samples).astype(np.float32)
    labels = label_map(logits, shape)
    assert labels.min() >= 0 and labels.max() < len(logits)
    # Classes in another order are the same classes.
    order = rng.permutation(len(logits))
    np.testing.assert_array_equal(order[label_map(logits[order], shape)], labels)
    # The logits' own shape is their argmax.
    np.testing.assert_array_equal(label_map(logits, samples[1:]), logits.argmax(axis=0))
    # A class that is far above the others everywhere is the only one.
    logits[-1] += 100
    assert (label_map(logits, shape) == len(logits) - 1).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite(value: float, level: str, threads: int) -> None:
    for place in ((0, 0, 0), (2, 3, 17), (1, 2, 39), (2, 4, 39)):
        logits = np.zeros((3, 5, 40), np.float32)
        logits[place] = value
        for shape in ((20, 160), (5, 40)):
            with pytest.raises(OutputMismatch, match=r"^label_map: logits must be finite, got ") as caught:
                label_map(logits, shape)
            assert str(caught.value).endswith(f"{logits[place]} at {place}")
    several = np.zeros((2, 3, 4, 4), np.float32)
    several[1, 2, 3, 0] = value
    with pytest.raises(OutputMismatch, match=r" at \(1, 2, 3, 0\)$"):
        label_map(several, (8, 8))


_PEAK = """
import resource
import numpy as np
import imgproc
from imgproc.neural import label_map
imgproc.set_num_threads(1)
logits = np.random.default_rng(0).random((100, 64, 64), np.float32)
label_map(logits[:2], (9, 9))
ballast = np.ones(1 << 27, np.uint8)  # so that the process is larger than it ever was
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
label_map(logits, (540, 960))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 - 4 * 540 * 960)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts memory as Linux does")
def test_no_map_of_all_classes_is_made() -> None:
    """It would be of 207 MB."""
    done = subprocess.run([sys.executable, "-c", _PEAK], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 16e6


def test_documentation() -> None:
    names = ("logits", "shape", "align_corners", "score", "out")
    check_documentation(SimpleNamespace(function=label_map, name="label_map", arguments=names))  # type: ignore[arg-type]


def test_refusals() -> None:
    logits = np.zeros((300, 2, 3), np.float32)
    for bad in (logits.tolist(), logits.astype(np.float64), logits.astype(">f4"), None, np.ma.array(logits)):
        with pytest.raises(TypeError, match=r"^label_map: logits must be .*, got "):
            label_map(bad, (4, 5))  # type: ignore[arg-type]
    for bad in (logits[0], logits[None, None], logits[:0], logits[:, :0], logits[:, :, :0]):
        with pytest.raises(ValueError, match=r"^label_map: logits must be of shape .*, got shape "):
            label_map(bad, (4, 5))
    for bad in (
        np.zeros((4, 5), np.uint8),  # 300 classes
        np.zeros((4, 5), np.int64),
        np.zeros((5, 4), np.int32),
        np.zeros((4, 10), np.int32)[:, ::2],
        np.broadcast_to(np.int32(0), (4, 5)),
        [[0]],
    ):
        with pytest.raises((TypeError, ValueError), match=r"^label_map: out must be .*, got "):
            label_map(logits, (4, 5), out=bad)  # type: ignore[arg-type]
    for name, constraint in (("shape", SHAPE), ("align_corners", FLAG), ("score", SCORE)):
        for value in constraint.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^label_map: {name}\S* must be .*, got "):
                label_map(logits, **({"shape": (4, 5)} | {name: value}))
