"""The contract of boxes, run over every operation that is registered as taking them.

An operation is called as its entry in ENTRIES says; one without an entry fails.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from array_layouts import same, unaligned
from box_samples import clustered
from documentation import check_documentation

import imgproc
from imgproc._core.operations import Operation

OPERATIONS = imgproc.operations("boxes")
DTYPES = (np.float32, np.float64)
Maker = Callable[[np.random.Generator, int, Any], np.ndarray]

pytestmark = pytest.mark.usefixtures("level")


def corners(rng: np.random.Generator, n: int, dtype: Any) -> np.ndarray:
    """Rows x1, y1, x2, y2: checked to be finite and in order."""
    return clustered(rng, n, max(n // 4, 1), dtype)


def turned(rng: np.random.Generator, n: int, dtype: Any) -> np.ndarray:
    """Rows cx, cy, w, h, angle: checked to be finite, and no side negative."""
    boxes = imgproc.convert_boxes(corners(rng, n, dtype), "xyxy", "cxcywh")
    return np.concatenate([boxes, rng.uniform(-90, 90, (n, 1)).astype(dtype)], axis=1)


def scores(rng: np.random.Generator, n: int, dtype: Any) -> np.ndarray:
    """One for each box: checked to be free of NaN."""
    return rng.random(n).astype(dtype)


def labels(rng: np.random.Generator, n: int, dtype: Any) -> np.ndarray:
    """One integer for each box."""
    return rng.integers(0, 3, n)


@dataclass(frozen=True)
class Entry:
    """Makers of the arrays that an operation needs and of those that it may be given, and its other arguments."""

    arrays: dict[str, Maker]
    optional: dict[str, Maker] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)

    @property
    def makers(self) -> dict[str, Maker]:
        return self.arrays | self.optional

    def make(self, rng: np.random.Generator, n: int, dtype: Any, *, optional: bool = False) -> dict[str, Any]:
        makers = self.makers if optional else self.arrays
        return {name: maker(rng, n, dtype) for name, maker in makers.items()} | self.other


ENTRIES = {
    "clip_boxes": Entry({"boxes": corners}, other={"shape": (40, 60)}),
    "convert_boxes": Entry({"boxes": corners}, other={"source": "xyxy", "target": "cxcywh"}),
    "encode_boxes": Entry({"boxes": corners, "anchors": corners}),
    "group_boxes": Entry({"boxes": corners}, {"scores": scores}, {"min_neighbors": 1, "eps": 0.5}),
    "iou_matrix": Entry({"a": corners, "b": corners}),
    "nms": Entry({"boxes": corners, "scores": scores}, {"labels": labels}),
    "rotated_iou_matrix": Entry({"a": turned, "b": turned}),
    "rotated_nms": Entry({"boxes": turned, "scores": scores}, {"labels": labels}),
    "soft_nms": Entry({"boxes": corners, "scores": scores}, {"labels": labels}),
}

# What takes other arrays, or gives others, than one for each box; their own tests go through the same.
ELSEWHERE = {
    "assign_anchors": "as many results as anchors, none where there is no truth",
    "decode_boxes": "its first argument holds deltas",
    "kmeans_anchors": "its first argument holds sizes",
    "match_detections": "gives a record",
    "weighted_boxes_fusion": "takes a sequence of arrays",
}


def test_every_operation_has_an_entry() -> None:
    assert set(ENTRIES) | set(ELSEWHERE) == set(OPERATIONS)


KNOWN = {name: op for name, op in OPERATIONS.items() if name in ENTRIES}
every = pytest.mark.parametrize("op", KNOWN.values(), ids=KNOWN)


def results(value: Any) -> tuple[np.ndarray, ...]:
    return value if isinstance(value, tuple) else (value,)


def samples(op: Operation, rng: np.random.Generator, *sizes: int) -> Iterator[dict[str, Any]]:
    for n, dtype, optional in itertools.product(sizes or (37,), DTYPES, (False, True)):
        yield ENTRIES[op.name].make(rng, n, dtype, optional=optional)


@every
def test_any_strides_and_read_only(op: Operation, rng: np.random.Generator) -> None:
    for arguments in samples(op, rng, 40):
        expected = op.function(**arguments)
        for array in results(expected):
            assert array.flags.c_contiguous and array.flags.writeable
        for name in ENTRIES[op.name].makers.keys() & arguments.keys():
            given = arguments[name]
            spread = np.zeros([3 * length for length in given.shape], given.dtype)
            inside = spread[tuple(slice(1, None, 3) for _ in given.shape)]
            inside[...] = given
            layouts = {
                "spread": inside,
                "reversed": given[::-1].copy()[::-1],
                "columns reversed": given[..., ::-1].copy()[..., ::-1],
                "Fortran": np.asfortranarray(given),
                "unaligned": unaligned(given),
                "read-only": given.copy(),
            }
            for layout, array in layouts.items():
                array.flags.writeable = False
                assert same(op.function(**(arguments | {name: array})), expected), f"{name} {layout}"
                assert np.array_equal(array, given), f"{name} {layout}: the input changed"


@every
def test_no_boxes_give_arrays_of_the_usual_kind(op: Operation, rng: np.random.Generator) -> None:
    for some, none in zip(samples(op, rng, 9), samples(op, rng, 0), strict=True):
        pairs = zip(results(op.function(**some)), results(op.function(**none)), strict=True)
        for usual, empty in pairs:
            assert empty.dtype == usual.dtype and empty.ndim == usual.ndim
            assert empty.shape[0] == 0 and usual.shape[0] != 0
            assert all(now in (0, before) for now, before in zip(empty.shape, usual.shape, strict=True))


@every
def test_wrong_kinds_are_named(op: Operation, rng: np.random.Generator) -> None:
    arguments = ENTRIES[op.name].make(rng, 5, np.float32, optional=True)
    for name, maker in ENTRIES[op.name].makers.items():
        given = arguments[name]
        wrong = [given.astype(kind) for kind in ("f2", "?", "c8", "O")]
        wrong += [
            given.astype(kind) for kind in ((">f4", "i4", "u1", "f16") if maker is not labels else ("f4",))
        ]
        for array in wrong:
            with pytest.raises(TypeError, match=rf"^{op.name}: {name} must be .*, got dtype {array.dtype}"):
                op.function(**(arguments | {name: array}))
        for value in (given.tolist(), 3, "boxes", np.ma.masked_array(given), object()):
            with pytest.raises(TypeError, match=rf"^{op.name}: {name} must be .*array.*, got "):
                op.function(**(arguments | {name: value}))
        if name in ENTRIES[op.name].arrays:
            with pytest.raises(TypeError, match=rf"^{op.name}: {name} must be .*array.*, got None"):
                op.function(**(arguments | {name: None}))


@every
def test_wrong_shapes_are_named(op: Operation, rng: np.random.Generator) -> None:
    arguments = ENTRIES[op.name].make(rng, 5, np.float32, optional=True)
    for name, maker in ENTRIES[op.name].makers.items():
        given = arguments[name]
        wrong = [given[0], given[None], given[..., None], given.ravel()[:0].reshape(0, 3), given.ravel()[:0]]
        wrong += [given[:, :-1], given[:, :1]] if given.ndim == 2 else [given[:-1], np.append(given, given)]
        for array in map(np.asarray, wrong):
            shape = re.escape(str(array.shape))
            with pytest.raises(
                ValueError,
                match=rf"^{op.name}: {name} must be of shape .*, got shape {shape}|"
                rf"^{op.name}: {name} must be an integer array of shape .*, got shape {shape}",
            ):
                op.function(**(arguments | {name: array}))
        assert maker is labels or given.dtype == np.float32


@every
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_that_are_no_boxes_are_named(op: Operation, dtype: Any, rng: np.random.Generator) -> None:
    arguments = ENTRIES[op.name].make(rng, 70, dtype)
    for name, maker in ENTRIES[op.name].arrays.items():
        for row in (0, 33, 69):
            bad = arguments[name].copy()
            if maker is scores:
                bad[row] = np.nan
                with pytest.raises(
                    ValueError, match=rf"^{op.name}: {name} must be .*, got .*[nN]a[nN].* in row {row}$"
                ):
                    op.function(**(arguments | {name: bad}))
                continue
            for special, column in itertools.product((np.nan, np.inf, -np.inf), range(bad.shape[1])):
                bad[row] = arguments[name][row]
                bad[row, column] = special
                with pytest.raises(
                    ValueError, match=rf"^{op.name}: {name} must be finite, got \[.*\] in row {row}$"
                ):
                    op.function(**(arguments | {name: bad}))
            bad[row] = arguments[name][row]
            for first, second in ((0, 2), (1, 3)):
                bad[row] = arguments[name][row]
                if maker is corners:
                    bad[row, [first, second]] = bad[row, [second, first]]
                else:
                    bad[row, second] = -1
                with pytest.raises(
                    ValueError, match=rf"^{op.name}: {name} must be .*, got \[.*\] in row {row}$"
                ):
                    op.function(**(arguments | {name: bad}))


@every
def test_wrong_parameters_are_named(op: Operation, rng: np.random.Generator) -> None:
    arguments = ENTRIES[op.name].make(rng, 5, np.float32)
    for name, parameter in op.parameters.items():
        for value in parameter.constraint.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^{op.name}: {name}\S* must be .*, got "):
                op.function(**(arguments | {name: value}))


@every
def test_same_bits_at_every_level_and_thread_count(
    op: Operation, threads: int, rng: np.random.Generator
) -> None:
    for arguments in samples(op, rng, 1, 37, 131):
        result = op.function(**arguments)
        level, count = imgproc.get_cpu_level(), imgproc.get_num_threads()
        imgproc.set_cpu_level("baseline")
        imgproc.set_num_threads(1)
        plain = op.function(**arguments)
        imgproc.set_cpu_level(level)
        imgproc.set_num_threads(count)
        for a, b in zip(results(result), results(plain), strict=True):
            assert a.dtype == b.dtype and a.tobytes() == b.tobytes()


@every
def test_many_user_threads(op: Operation, threads: int, rng: np.random.Generator) -> None:
    given = list(samples(op, rng, 60)) * 3
    expected = [op.function(**arguments) for arguments in given]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            found = pool.map(lambda arguments: op.function(**arguments), given)
            for result, plain in zip(found, expected, strict=True):
                assert same(result, plain)


@pytest.mark.parametrize("op", OPERATIONS.values(), ids=OPERATIONS)
def test_documentation_is_complete(op: Operation) -> None:
    check_documentation(op)
