"""The mean of frames against its slow twin, and the laws it obeys."""

from __future__ import annotations

import itertools
import re
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from reference import frames as reference

import imgproc
from imgproc.filters import frames as module

SIZES = [*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 97]
TAILS = [(), (1,), (3,), (4,)]
DTYPES = [np.uint8, np.uint16, np.float32]


def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Any:
    """Neighbouring values, whose means are often half integers, and the largest ones."""
    if dtype == np.float32:
        return rng.normal(0.5, 0.5, shape).astype(np.float32)
    top = np.iinfo(dtype).max
    stack = (rng.integers(0, 3, shape) + rng.integers(0, top - 2, shape[1:])).astype(dtype)
    stack[:, rng.random(shape[1:]) < 0.2] = top
    return stack


def assert_mean(result: Any, stack: Any) -> None:
    assert result.dtype == stack.dtype
    assert result.shape == stack.shape[1:]
    assert result.flags.c_contiguous
    expected = reference.average(stack)
    if stack.dtype == np.float32:
        # Half a unit in the last place on either side, and float64 rounding of sums far below 2^10.
        np.testing.assert_allclose(result, expected, rtol=2**-23, atol=1e-12)
    else:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tail", TAILS)
def test_equals_its_slow_twin(rng: Any, level: str, dtype: Any, tail: Any) -> None:
    for count, width in itertools.product((1, 2, 3, 4, 5, 8, 11, 16), SIZES):
        stack = draw(rng, (count, 3, width, *tail), dtype)
        assert_mean(imgproc.average_frames(stack), stack)
        assert_mean(imgproc.average_frames(frame for frame in stack), stack)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [16, 127, 128, 129, 256, 257, 258, 514, 515, 1024])
def test_many_frames(rng: Any, level: str, dtype: Any, count: int) -> None:
    stack = draw(rng, (count, 2, 19), dtype)
    stack[:, 0, :3] = 1 if dtype == np.float32 else np.iinfo(dtype).max
    result = imgproc.average_frames(stack)
    assert_mean(result, stack)
    streamed = imgproc.average_frames(iter(stack))
    assert streamed.tobytes() == result.tobytes()


@pytest.mark.heavy
def test_more_frames_than_16_bit_counters_hold(level: str) -> None:
    for dtype, even in ((np.uint8, 1000), (np.uint16, 70_000)):
        top = np.iinfo(dtype).max
        frames = np.broadcast_to(np.array([[top, top - 1, 0]], dtype), (even + 1, 1, 3))
        assert imgproc.average_frames(frames).tolist() == [[top, top - 1, 0]]
        # A stream of every second one, one level lower: exactly half of an even number, below of an odd one.
        other = frames[0] - np.array([[1, 1, 0]], dtype)
        for count, expected in ((even, [top - 1, top - 1, 0]), (even + 1, [top, top - 1, 0])):
            stream = (other if number % 2 else frames[0] for number in range(count))
            result = imgproc.average_frames(stream)
            if count == even:
                assert result.tolist() == [[round(top - 0.5), round(top - 1.5), 0]]
            else:
                assert result.tolist() == [expected]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("count", [2, 4, 6, 12, 16, 128, 130, 250, 300])
def test_every_half_rounds_to_even(level: str, dtype: Any, count: int) -> None:
    values = np.arange(np.iinfo(dtype).max).astype(dtype)[None]
    stack = np.concatenate([np.stack([values] * (count // 2)), np.stack([values + 1] * (count // 2))])
    expected = values + (values & 1)
    np.testing.assert_array_equal(imgproc.average_frames(stack), expected)
    np.testing.assert_array_equal(imgproc.average_frames(iter(stack)), expected)
    # One level less or more in one sample of all decides.
    stack[0, 0, 1:] -= 1
    np.testing.assert_array_equal(imgproc.average_frames(stack)[0, 1:], values[0, 1:])
    stack[0, 0, 1:-1] += 2
    np.testing.assert_array_equal(imgproc.average_frames(stack)[0, 1:-1], values[0, 1:-1] + 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tail", TAILS)
def test_every_way_to_hand_frames_in(rng: Any, level: str, threads: int, dtype: Any, tail: Any) -> None:
    for count in (1, 4, 7, 16):
        stack = draw(rng, (count, 37, 131, *tail), dtype)
        expected = imgproc.average_frames(stack)
        assert_mean(expected[:3], stack[:, :3])
        out = np.full_like(expected, 7)
        assert imgproc.average_frames(list(stack), out=out) is out
        for other in (
            out,
            imgproc.average_frames(tuple(stack)),
            imgproc.average_frames(frame for frame in stack),
            imgproc.average_frames(dict(enumerate(stack)).values()),
            imgproc.average_frames(iter(stack), out=np.full_like(expected, 7)),
        ):
            assert other.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tail", TAILS)
def test_strides(rng: Any, level: str, threads: int, dtype: Any, tail: Any) -> None:
    big = draw(rng, (9, 40, 50, *tail), dtype)
    big.flags.writeable = False
    views = [
        np.s_[:, ::-1],
        np.s_[::2, 5:33, 3:40],
        np.s_[:, ::2, ::3],
        np.s_[::-1, :, ::-1],
        np.s_[:, ::-2, 1:],
    ]
    for view in views:
        stack = big[view]
        plain = imgproc.average_frames(stack.copy())
        for frames in (stack, list(stack), iter(stack)):
            assert imgproc.average_frames(frames).tobytes() == plain.tobytes()
    swapped = np.swapaxes(big, 1, 2)
    assert imgproc.average_frames(swapped).tobytes() == imgproc.average_frames(swapped.copy()).tobytes()
    mixed = [big[0], np.asfortranarray(big[1]), big[2].copy(), big[::-1][0]]
    assert imgproc.average_frames(mixed).tobytes() == imgproc.average_frames(np.stack(mixed)).tobytes()
    still = np.broadcast_to(big[0], big.shape)
    np.testing.assert_array_equal(imgproc.average_frames(still), big[0])
    raw = np.zeros(big.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(dtype).reshape(big.shape)
    unaligned[...] = big
    assert imgproc.average_frames(unaligned).tobytes() == imgproc.average_frames(big).tobytes()


def test_same_bits_at_every_level(rng: Any, level: str) -> None:
    for dtype in DTYPES:
        for count in (5, 16, 300):
            stack = draw(rng, (count, 7, 131), dtype)
            result = imgproc.average_frames(stack)
            imgproc.set_cpu_level("baseline")
            plain = imgproc.average_frames(stack)
            imgproc.set_cpu_level(level)
            assert result.tobytes() == plain.tobytes()


def test_images_larger_than_a_strip(rng: Any, level: str, threads: int) -> None:
    for dtype in DTYPES:
        stack = draw(rng, (6, 3, 5000), dtype)
        assert_mean(imgproc.average_frames(stack), stack)
        assert_mean(imgproc.average_frames(iter(stack)), stack)


def test_frames_that_the_stream_overwrites(rng: Any) -> None:
    stack = draw(rng, (11, 8, 9, 3), np.uint8)

    def camera() -> Iterator[Any]:
        buffer = np.empty_like(stack[0])
        for frame in stack:
            buffer[...] = frame
            yield buffer

    assert_mean(imgproc.average_frames(camera()), stack)


def test_a_stream_is_not_kept() -> None:
    alive: list[Any] = []
    most = 0

    class Frame(np.ndarray[Any, Any]):
        pass

    def stream() -> Iterator[Any]:
        nonlocal most
        for number in range(40):
            frame = np.full((5, 6), number, np.uint8).view(Frame)
            alive.append(weakref.ref(frame))
            yield frame
            most = max(most, sum(reference() is not None for reference in alive))

    np.testing.assert_array_equal(imgproc.average_frames(stream()), 20)  # 19.5
    assert most <= 4


def test_not_finite_values_stay_where_they_are(level: str) -> None:
    stack = np.ones((5, 4, 33), np.float32)
    stack[2, 1, 5], stack[3, 2, 7], stack[:2, 3, 9] = np.nan, np.inf, [np.inf, -np.inf]
    stack[0, 0, 0] = 3e38
    stack[1, 0, 0] = 3e38  # their sum is no float32
    for frames in (stack, iter(stack)):
        mean = imgproc.average_frames(frames)
        assert np.isnan(mean[1, 5])
        assert mean[2, 7] == np.inf
        assert np.isnan(mean[3, 9])
        assert mean[0, 0] == np.float32(2 * float(np.float32(3e38)) / 5)
        assert np.count_nonzero(mean != 1) == 4


def test_alpha_is_averaged() -> None:
    frames = np.zeros((2, 3, 4, 4), np.uint8)
    frames[0, ..., 3], frames[1, ..., 3] = 100, 200
    assert (imgproc.average_frames(frames)[..., 3] == 150).all()


def test_one_frame_is_copied(rng: Any) -> None:
    for dtype in DTYPES:
        frame = draw(rng, (1, 5, 6), dtype)
        result = imgproc.average_frames(frame)
        np.testing.assert_array_equal(result, frame[0])
        assert not np.shares_memory(result, frame)


@pytest.mark.parametrize("none", [[], (), iter([]), np.zeros((0, 4, 5), np.uint8)])
def test_no_frames(none: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^average_frames: frames must be .*, got (none|shape \(0, 4, 5\))$"
    ):
        imgproc.average_frames(none)


def test_odd_frames_are_named() -> None:
    good, out = np.zeros((4, 5, 3), np.uint8), np.full((4, 5, 3), 7, np.uint8)
    cases: list[tuple[Any, type[Exception], str]] = [
        (
            np.zeros((4, 5, 4), np.uint8),
            ValueError,
            r"of shape \(4, 5, 3\) as frames\[0\], got shape \(4, 5, 4\)",
        ),
        (
            np.zeros((5, 4, 3), np.uint8),
            ValueError,
            r"of shape \(4, 5, 3\) as frames\[0\], got shape \(5, 4, 3\)",
        ),
        (np.zeros((4, 5), np.uint8), ValueError, r"of shape \(4, 5, 3\) as frames\[0\], got shape \(4, 5\)"),
        (np.zeros((4, 5, 3), np.uint16), TypeError, r"of dtype uint8 as frames\[0\], got dtype uint16"),
        (np.zeros((4, 5, 3)), TypeError, r"of dtype uint8, uint16, float32, got dtype float64"),
        (np.zeros((4, 5, 2), np.uint8), ValueError, r"of shape .*, got shape \(4, 5, 2\)"),
        ("frame", TypeError, r"a NumPy array .*, got 'frame'"),
        (None, TypeError, r"a NumPy array .*, got None"),
    ]
    for odd, error, sentence in cases:
        frames = [good] * 6 + [odd, good]
        for given_ in (frames, tuple(frames), iter(frames)):
            with pytest.raises(error, match=rf"^average_frames: frames\[6\] must be {sentence}$"):
                imgproc.average_frames(given_, out=out)
        assert (out == 7).all()
        if not isinstance(odd, np.ndarray) or odd.dtype == np.float64 or odd.shape[-1] == 2:
            with pytest.raises(error, match=r"^average_frames: frames\[0\] must be "):
                imgproc.average_frames([odd, good])


def test_what_is_no_frames_is_named() -> None:
    for wrong in (None, 3, object()):
        with pytest.raises(TypeError, match=r"^average_frames: frames must be an array .*, got "):
            imgproc.average_frames(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^average_frames: frames\[0\] must be "):
        imgproc.average_frames("frames")  # type: ignore[arg-type]
    for shape in ((4,), (4, 5), (2, 2, 4, 5, 3), ()):
        with pytest.raises(ValueError, match=rf"^average_frames: frames must be .*{re.escape(str(shape))}$"):
            imgproc.average_frames(np.zeros(shape, np.uint8))
    with pytest.raises(TypeError, match=r"^average_frames: frames\[0\] must be .*got dtype float64$"):
        imgproc.average_frames(np.zeros((2, 4, 5)))
    with pytest.raises(ValueError, match=r"^average_frames: frames\[0\] must be .*got shape \(4, 5, 2\)$"):
        imgproc.average_frames(np.zeros((3, 4, 5, 2), np.uint8))
    with pytest.raises(TypeError, match=r"^average_frames: frames must be .*got a MaskedArray$"):
        imgproc.average_frames(np.ma.masked_array(np.zeros((2, 4, 5), np.uint8)))


def test_too_many_frames_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module._MOST, np.dtype(np.uint8), 6)
    frames = np.zeros((6, 2, 3), np.uint8)
    imgproc.average_frames(frames)
    imgproc.average_frames(iter(frames))
    frames = np.zeros((7, 2, 3), np.uint8)
    for given_ in (frames, list(frames), iter(frames)):
        with pytest.raises(
            ValueError, match=r"^average_frames: frames must be at most 6 uint8 images, got more$"
        ):
            imgproc.average_frames(given_)


def test_errors_of_the_stream_come_through() -> None:
    def stream() -> Iterator[Any]:
        yield np.zeros((4, 5), np.uint8)
        raise OSError("camera gone")

    out = np.full((4, 5), 7, np.uint8)
    with pytest.raises(OSError, match="camera gone"):
        imgproc.average_frames(stream(), out=out)
    assert (out == 7).all()


def test_wrong_out_is_named_and_not_touched() -> None:
    frames = np.ones((3, 4, 5), np.uint8)
    frozen = np.zeros((4, 5), np.uint8)
    frozen.flags.writeable = False
    for out in (
        np.zeros((5, 4), np.uint8),
        np.zeros((4, 5), np.uint16),
        frozen,
        np.zeros((5, 4), np.uint8).T,
    ):
        for given_ in (frames, list(frames), iter(frames)):
            with pytest.raises(ValueError, match=r"^average_frames: out must be .*, got "):
                imgproc.average_frames(given_, out=out)
            assert not out.any()
    with pytest.raises(TypeError, match=r"^average_frames: out must be None or a uint8 array"):
        imgproc.average_frames(frames, out="out")  # type: ignore[arg-type]
    for number in range(3):
        with pytest.raises(ValueError, match=r"^average_frames: out must be .*shares memory"):
            imgproc.average_frames(frames, out=frames[number])


def test_many_user_threads(rng: Any, level: str, threads: int) -> None:
    stacks = [draw(rng, (7, 37, 131), dtype) for dtype in DTYPES]
    expected = [imgproc.average_frames(stack) for stack in stacks]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            at_hand = pool.map(imgproc.average_frames, stacks)
            streamed = pool.map(imgproc.average_frames, [iter(stack) for stack in stacks])
            for results in (at_hand, streamed):
                for result, plain in zip(results, expected, strict=True):
                    assert result.tobytes() == plain.tobytes()


def test_noise_falls_with_the_root_of_the_number(rng: Any) -> None:
    noisy = np.clip(np.rint(rng.normal(128, 12, (64, 100, 100))), 0, 255).astype(np.uint8)
    spread = imgproc.average_frames(noisy).std()
    # 12 / √64, and 1 / √12 of the rounding, to a hundredth for 10 000 samples within three deviations.
    assert abs(spread - np.hypot(12 / 8, 12**-0.5)) < 0.035


stacks = stn.arrays(
    st.sampled_from([np.dtype(np.uint8), np.dtype(np.uint16)]),
    stn.array_shapes(min_dims=3, max_dims=3, max_side=12),
)


@settings(deadline=None, max_examples=80)
@given(stacks)
def test_laws(stack: Any) -> None:
    mean = imgproc.average_frames(stack)
    assert (mean >= stack.min(axis=0)).all()
    assert (mean <= stack.max(axis=0)).all()
    np.testing.assert_array_equal(mean, np.rint(stack.mean(axis=0)))
    np.testing.assert_array_equal(imgproc.average_frames(stack[::-1]), mean)
    np.testing.assert_array_equal(imgproc.average_frames([*stack, *stack]), mean)
