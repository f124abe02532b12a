"""Arrays that cross the boundary: what is shared, what is copied, and what is refused. Tensors: see the oracles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from imgproc.neural import to_host, to_model


class Lent:
    """An array of another library, told by DLPack alone."""

    def __init__(self, array: np.ndarray, device: int = 1) -> None:
        self.array, self.device = array, device

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device, 0


class OnDevice(Lent):
    """One in the memory of a GPU, which its library copies when asked to."""

    def __init__(self, array: np.ndarray) -> None:
        super().__init__(array, device=2)
        self.copies = 0

    def __dlpack__(self, **options: Any) -> Any:
        raise AssertionError("it was pulled to the host")

    def get(self) -> np.ndarray:
        self.copies += 1
        return self.array


class CudaOnly:
    """As libraries from before DLPack say it."""

    __cuda_array_interface__ = {"shape": (2,), "typestr": "<f4", "data": (0, False), "version": 3}  # noqa: RUF012


@pytest.mark.parametrize("dtype", ["u1", "i2", "i8", "f2", "f4", "f8", "c8", "?"])
def test_arrays_of_numpy_are_themselves(dtype: str) -> None:
    array = np.zeros((2, 3), dtype)
    assert to_host(array) is array
    assert to_model(array) is array
    assert to_host(array.T) is not array
    assert np.shares_memory(to_host(array.T), array)


def test_negative_strides_are_copied_for_models() -> None:
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[..., ::-1]
    made = to_model(image)
    assert made.flags.c_contiguous and made.flags.aligned
    np.testing.assert_array_equal(made, image)
    assert np.shares_memory(to_host(image), image)


def test_big_endian_numbers_become_native() -> None:
    """ONNX Runtime 1.31 reads them as little-endian without a word."""
    array = np.array([1.5, -2, 1e9], ">f4")
    for made in (to_host(array), to_model(array)):
        assert made.dtype.isnative
        np.testing.assert_array_equal(made, array)


def test_unaligned_arrays_are_copied_for_models() -> None:
    array = np.zeros(17, np.uint8)[1:].view(np.float32)
    assert not array.flags.aligned
    assert to_model(array).flags.aligned


def test_read_only_arrays_are_copied_where_a_library_would_write() -> None:
    array = np.zeros(4, np.float32)
    array.flags.writeable = False
    assert to_model(array) is array
    made = to_model(array, writeable=True)
    assert made.flags.writeable and not np.shares_memory(made, array)


def test_numbers_of_no_axes_keep_their_shape() -> None:
    assert to_model(np.array(3.0, ">f8")).shape == ()
    assert to_host(np.array(3, np.int64)).shape == to_host(np.float32(3)).shape == ()


def test_subclasses_become_plain() -> None:
    class Mine(np.ndarray):
        pass

    assert type(to_host(np.zeros(1).view(Mine))) is np.ndarray


def test_arrays_lent_by_dlpack_share_memory() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.shares_memory(to_host(Lent(array)), array)


def test_arrays_on_a_device_stay_there_unless_allowed() -> None:
    array = OnDevice(np.arange(3.0))
    for function in (to_host, to_model):
        with pytest.raises(
            TypeError, match=rf"{function.__name__}: x must be in the processor's memory.*to_host=True"
        ):
            function(array)
    assert array.copies == 0
    np.testing.assert_array_equal(to_host(array, to_host=True), array.array)
    assert array.copies == 1
    with pytest.raises(TypeError, match="CudaOnly on a device"):
        to_host(CudaOnly())
    with pytest.raises(TypeError, match="hand in that copy"):
        to_host(CudaOnly(), to_host=True)
    with pytest.raises(TypeError, match="on a device"):
        to_host(Lent(np.zeros(2), device=13))


class Broken:
    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0

    def __dlpack__(self, **options: Any) -> Any:
        raise BufferError("no such dtype there")


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.0,
        [1.0],
        "x",
        b"x",
        np.array(["x"]),
        np.array([None]),
        np.array([("a", 1)], [("name", "U1"), ("n", "i4")]),
        np.array(["2026-01-01"], "datetime64[D]"),
        np.ma.masked_array([1.0], [True]),
        Broken(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_array_is_refused(value: object) -> None:
    for function in (to_host, to_model):
        with pytest.raises(TypeError, match=rf"^{function.__name__}: x must be "):
            function(value)


@pytest.mark.parametrize("wrong", [1, None, "yes"])
def test_flags_are_flags(wrong: Any) -> None:
    with pytest.raises(TypeError, match="to_host: to_host must be True or False"):
        to_host(np.zeros(1), to_host=wrong)
    with pytest.raises(TypeError, match="to_model: writeable must be True or False"):
        to_model(np.zeros(1), writeable=wrong)
