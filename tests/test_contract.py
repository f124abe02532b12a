"""The contract of section "one contract for every image function", run over every registered operation."""

from __future__ import annotations

import mmap
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from array_layouts import same, unaligned
from documentation import check_documentation

import imgproc
from imgproc._core.array_parameters import Footprint, Shape, Weights
from imgproc._core.operations import Operation
from imgproc._core.parameters import Choice, Pair, Range

OPERATIONS = imgproc.operations()
IMAGE_OPERATIONS = {name: op for name, op in OPERATIONS.items() if op.result == "image"}

pytestmark = pytest.mark.usefixtures("level")


def valid(constraint: Any) -> Any:
    """Some value that a required parameter takes."""
    if isinstance(constraint, Choice):
        return constraint.words[0]
    if isinstance(constraint, Pair):
        return valid(constraint.member)
    if isinstance(constraint, Shape):
        return 5, 7
    if isinstance(constraint, Weights):
        return np.arange(1.0, 3**constraint.ndim + 1).reshape((3,) * constraint.ndim) / 16
    if isinstance(constraint, Footprint):
        return np.eye(3, dtype=bool)
    assert isinstance(constraint, Range)
    low = next((bound for bound in (constraint.low, constraint.above) if bound is not None), 0)
    return int(low) + 1 if constraint.integer else low + 0.75


def coordinates(image: Any) -> np.ndarray:
    """A quarter of a pixel away from every pixel of an image; any grid for what is none."""
    height, width = (*getattr(image, "shape", ()), 3, 3)[:2]
    return np.moveaxis(np.mgrid[:height, :width], 0, -1).astype(np.float32) + np.float32(0.25)


# Array arguments that no text on a command line can stand for.
ARRAYS = {"coordinates": coordinates}


def required(op: Operation) -> dict[str, Any]:
    return {name: valid(p.constraint) for name, p in op.parameters.items() if p.required}


def call(op: Operation, image: Any, **arguments: Any) -> Any:
    arrays = {name: make(image) for name, make in ARRAYS.items() if name in op.arguments}
    return op.function(image, **(arrays | required(op) | arguments))


def make(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    if np.dtype(dtype) == np.float32:
        return rng.random(shape, np.float32)
    # The low part of the range is left out, so that stretching has something to do.
    top = np.iinfo(dtype).max
    return rng.integers(top // 8, top - top // 16, shape, dtype)


def images(op: Operation, rng: np.random.Generator, height: int, width: int) -> list[np.ndarray]:
    shapes = [(height, width, c) for c in op.channels] + ([(height, width)] if 1 in op.channels else [])
    return [make(rng, shape, dtype) for shape in shapes for dtype in op.dtypes]


every = pytest.mark.parametrize("op", OPERATIONS.values(), ids=OPERATIONS)
every_image = pytest.mark.parametrize("op", IMAGE_OPERATIONS.values(), ids=IMAGE_OPERATIONS)


@every
def test_any_strides_and_read_only(op: Operation, rng: np.random.Generator) -> None:
    for image in images(op, rng, 22, 70):
        layouts = {
            "cropped": image[3:-4, 5:-6],
            "every other": image[::2, ::3],
            "rows reversed": image[::-1],
            "columns reversed": image[:, ::-1],
            "Fortran": np.asfortranarray(image),
            "transposed": np.swapaxes(image, 0, 1),
            "channels reversed": image[..., ::-1] if image.ndim == 3 else image,
            "broadcast": np.broadcast_to(image[:1], image.shape),
            "unaligned": unaligned(image),
        }
        for name, layout in layouts.items():
            expected = np.array(layout, order="C")
            before = expected.copy()
            layout.flags.writeable = False
            result = call(op, layout)
            assert same(result, call(op, expected)), f"{name} {image.dtype} {image.shape}"
            assert np.array_equal(layout, before), f"{name}: the input changed"
            for array in result if isinstance(result, tuple) else (result,):
                assert array.flags.c_contiguous


@every
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (2, 1), (1, 97), (97, 1), (3, 3), (1, 70_000), (70_000, 1)]
)
def test_any_size(op: Operation, shape: tuple[int, int], rng: np.random.Generator) -> None:
    for image in images(op, rng, *shape):
        result = call(op, image)
        if op.result == "image":
            expected = required(op).get("shape", image.shape[:2])
            for array in result if isinstance(result, tuple) else (result,):
                assert array.shape[:2] == expected


@every
def test_rows_2_31_bytes_apart(op: Operation, rng: np.random.Generator) -> None:
    store = np.frombuffer(mmap.mmap(-1, 9 << 31), np.uint8)  # pages that nobody touches take no memory
    for image in images(op, rng, 9, 23):
        far = np.ndarray(image.shape, image.dtype, store, strides=(1 << 31, *image.strides[1:]))
        far[...] = image
        for view in (far, far[::-1]):
            assert same(call(op, view), call(op, view.copy())), f"{image.dtype} {image.shape}"


@every
def test_wrong_dtype_is_named(op: Operation) -> None:
    shape = (4, 5, 3) if 3 in op.channels else (4, 5)
    wrong = [np.zeros(shape, kind) for kind in ("f8", "f2", "i4", "i8", "u4", "?", "c8", "O")]
    wrong += [np.zeros(shape, kind) for kind in (">u2", ">f4")]
    for image in wrong:
        with pytest.raises(TypeError, match=rf"^{op.name}: image must be .*uint8.*got dtype {image.dtype}"):
            call(op, image)


@every
def test_wrong_kind_is_named(op: Operation) -> None:
    masked = np.ma.masked_array(np.zeros((4, 5, 3), np.uint8))
    for image in ([[1, 2], [3, 4]], None, "photo.png", 3, masked):
        with pytest.raises(TypeError, match=rf"^{op.name}: image must be .*, got "):
            call(op, image)


@every
def test_wrong_shape_is_named(op: Operation) -> None:
    shapes = [(4,), (4, 5, 2), (4, 5, 5), (2, 4, 5, 3), (0, 5, 3), (4, 0, 3), (4, 5, 0), ()]
    shapes += [(4, 5, count) for count in (1, 3, 4) if count not in op.channels]
    for shape in shapes:
        with pytest.raises(
            ValueError, match=rf"^{op.name}: image must be .*, got shape {re.escape(str(shape))}"
        ):
            call(op, np.zeros(shape, np.uint8))


@every
def test_nan_and_infinity_never_crash_nor_spread(op: Operation, rng: np.random.Generator) -> None:
    for image in images(op, rng, 20, 33):
        if image.dtype != np.float32:
            continue
        image[0, 0] = np.nan
        result = call(op, image)
        halo = op.reach(**required(op))
        if op.result == "image" and halo is not None:
            assert np.isfinite(result[halo + 1 :]).all()
            assert np.isfinite(result[:, halo + 1 :]).all()
        elif op.result == "image":
            assert np.isfinite(result[1:]).all()
        for special in (np.nan, np.inf, -np.inf):
            call(op, np.full_like(image, special))
        image[1, 1], image[2, 2] = np.inf, -np.inf
        call(op, image)


@every_image
def test_out(op: Operation, rng: np.random.Generator) -> None:
    assert "out" in op.arguments
    for image in images(op, rng, 9, 34):
        expected = call(op, image)
        if isinstance(expected, tuple):
            continue
        out = np.empty_like(expected)
        assert call(op, image, out=out) is out
        assert same(out, expected)
        if op.in_place:
            inside = image.copy()
            assert call(op, inside, out=inside) is inside
            assert same(inside, expected)


@every_image
def test_bad_out_is_named_and_not_touched(op: Operation, rng: np.random.Generator) -> None:
    image = images(op, rng, 9, 34)[0]
    expected = call(op, image)
    if isinstance(expected, tuple):
        return
    frozen = np.zeros_like(expected)
    frozen.flags.writeable = False
    bad: list[Any] = [
        np.zeros((8, *expected.shape[1:]), expected.dtype),
        np.zeros(expected.shape, np.float64),
        frozen,
        np.zeros((18, *expected.shape[1:]), expected.dtype)[::2],
    ]
    for out in bad:
        with pytest.raises(ValueError, match=rf"^{op.name}: out must be .*, got "):
            call(op, image, out=out)
        assert not out.any()
    with pytest.raises(TypeError, match=rf"^{op.name}: out must be .*, got "):
        call(op, image, out="result")
    if expected.dtype == image.dtype and expected.size <= image.size:
        store = np.zeros(image.size + image.itemsize * 8, image.dtype)
        source = store[: image.size].reshape(image.shape)
        source[...] = image
        shifted = store[8 : 8 + expected.size].reshape(expected.shape)
        before = store.copy()
        with pytest.raises(ValueError, match=rf"^{op.name}: out must be .*shares memory"):
            call(op, source, out=shifted)
        assert np.array_equal(store, before)


@every
def test_wrong_parameters_are_named_and_nothing_is_written(op: Operation, rng: np.random.Generator) -> None:
    image = images(op, rng, 9, 34)[0]
    for name, parameter in op.parameters.items():
        for value in parameter.constraint.wrong_values():
            arguments: dict[str, Any] = {name: value}
            if op.result == "image":
                arguments["out"] = np.full_like(call(op, image), 7)
            with pytest.raises((TypeError, ValueError), match=rf"^{op.name}: {name}\S* must be .*, got "):
                call(op, image, **arguments)
            assert op.result != "image" or (arguments["out"] == 7).all()


@every
def test_mask(op: Operation, rng: np.random.Generator) -> None:
    if "mask" not in op.arguments:
        return
    for image in images(op, rng, 9, 34):
        everything = np.ones(image.shape[:2], bool)
        assert same(call(op, image, mask=everything), call(op, image))
        some = rng.random(image.shape[:2]) < 0.5
        by_bool = call(op, image, mask=some)
        assert same(by_bool, call(op, image, mask=some.astype(np.uint8) * 255))
        assert same(by_bool, call(op, image, mask=np.asfortranarray(some)))
        if "out" in op.arguments and image.dtype == np.uint8 and image.ndim == 2:
            mask = np.ones_like(image)
            with pytest.raises(ValueError, match=rf"^{op.name}: out must be .*shares memory"):
                call(op, image, mask=mask, out=mask)
        for bad in (some[1:], some.astype(np.float32), "all", np.zeros_like(some), [1]):
            with pytest.raises((TypeError, ValueError), match=rf"^{op.name}: mask must be .*, got "):
                call(op, image, mask=bad)


@every_image
def test_alpha_is_kept(op: Operation, rng: np.random.Generator) -> None:
    for image in images(op, rng, 9, 34):
        result = call(op, image)
        if image.ndim == 3 and image.shape[2] == 4 and result.shape == image.shape:
            assert np.array_equal(result[..., 3], image[..., 3])


@every
def test_same_bits_at_every_level_and_thread_count(
    op: Operation, threads: int, rng: np.random.Generator
) -> None:
    for image in images(op, rng, 37, 131):
        if image.dtype == np.float32:
            image[rng.random(image.shape) < 0.1] = -0.0
        result = call(op, image)
        level, count = imgproc.get_cpu_level(), imgproc.get_num_threads()
        imgproc.set_cpu_level("baseline")
        imgproc.set_num_threads(1)
        plain = call(op, image)
        imgproc.set_cpu_level(level)
        imgproc.set_num_threads(count)
        assert same(result, plain), f"{image.dtype} {image.shape}"
        for a, b in zip(*(r if isinstance(r, tuple) else (r,) for r in (result, plain)), strict=True):
            assert np.array_equal(np.signbit(a), np.signbit(b)), "zeros of another sign"


# These apply a border twice, the second time to what the first step made of the image.
TWO_STEPS = {"opening", "closing"}


@every
@pytest.mark.parametrize("border", ["reflect", "symmetric", "edge", "wrap", "constant"])
def test_borders_are_those_of_numpy_pad(op: Operation, border: str, rng: np.random.Generator) -> None:
    halo = op.reach(**required(op))
    if "border" not in op.parameters or "coordinates" in op.arguments or op.name in TWO_STEPS:
        return
    assert halo is not None
    for height, width in ((23, 35), (2, 3), (1, 1)):
        for image in images(op, rng, height, width):
            pads = [(halo, halo)] * 2 + [(0, 0)] * (image.ndim - 2)
            fill: Any = 0.5 if image.dtype == np.float32 else 77
            constant = {"constant_values": fill} if border == "constant" else {}
            padded = np.pad(image, pads, border, **constant)
            inside = (slice(halo, halo + height), slice(halo, halo + width))
            result, wanted = call(op, image, border=border, fill=fill), call(op, padded)
            for ours, whole in zip(
                result if isinstance(result, tuple) else (result,),
                wanted if isinstance(wanted, tuple) else (wanted,),
                strict=True,
            ):
                if ours.dtype.kind == "f":
                    # Running sums may round otherwise at another position in the row.
                    np.testing.assert_allclose(ours, whole[inside], rtol=1e-5, atol=1e-6)
                else:
                    np.testing.assert_array_equal(ours, whole[inside])


@every
def test_fill_must_fit_the_image(op: Operation) -> None:
    if "fill" not in op.parameters:
        return
    for dtype, wrong in (("u1", (-1, 256, 0.5)), ("u2", (-1, 65536, 0.5)), ("f4", (1e39, -1e300))):
        for fill in wrong:
            with pytest.raises(ValueError, match=rf"^{op.name}: fill must be .*, got "):
                call(op, np.zeros((4, 5), dtype), border="constant", fill=fill)


@every
def test_many_user_threads(op: Operation, threads: int, rng: np.random.Generator) -> None:
    sample = images(op, rng, 37, 131)
    expected = [call(op, image) for image in sample]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            for result, plain in zip(pool.map(lambda image: call(op, image), sample), expected, strict=True):
                assert same(result, plain)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_after_fork() -> None:
    script = """
import os, sys, warnings
import numpy as np
import imgproc
import imgproc._core.threads as threads
threads._SHORTEST_BAND_NS = threads._SHORTEST_SURE_BAND_NS = 1.0
imgproc.set_num_threads(2)
image = np.arange(60000, dtype=np.uint16).reshape(100, 200, 3)
def run():
    return [np.asarray(op.function(image)).tobytes()
            for name, op in imgproc.operations().items()
            if "coordinates" not in op.arguments and not any(p.required for p in op.parameters.values())]
before = run()
warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads alive is what is tested
child = os.fork()
if child == 0:
    os._exit(0 if run() == before else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", script], timeout=120, check=False).returncode == 0


@every
def test_documentation_is_complete(op: Operation) -> None:
    check_documentation(op)
    for parameter in op.parameters.values():
        assert parameter.text, f"{op.name}: {parameter.name} has no text for the command line"
