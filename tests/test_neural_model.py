"""Models: what load makes of what, the checks of every call, and OpenCV as a backend. Others: see the oracles."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import onnx_files as write
import pytest

from imgproc.neural import (
    BackendUnavailable,
    InputMismatch,
    Model,
    ModelFormatError,
    NeuralError,
    OutputMismatch,
    TensorSpec,
    UntrustedModelError,
    load,
)
from imgproc.neural.specs import check_feeds, first_not_finite

SPECS = (TensorSpec("x", ("N", 3, 4), "float32"), TensorSpec("n", ("N",), "int64"))
X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
N = np.array([5, 7])


def echo(feeds: dict[str, Any]) -> dict[str, Any]:
    return {"y": feeds["x"] + 1, "m": feeds["n"]}


@pytest.fixture
def model() -> Any:
    return load(echo, inputs=SPECS, outputs=["y", TensorSpec("m", ("N",), "int64")])


def test_importing_loads_no_library_that_runs_networks() -> None:
    code = "import sys, imgproc.neural; imgproc.neural.load(lambda f: f).run({}); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert "numpy" in loaded
    assert not loaded & {"torch", "onnxruntime", "onnx", "cv2", "transformers", "safetensors", "scipy", "PIL"}
    assert "multiprocessing.shared_memory" not in ran.stdout


def test_a_function_is_a_model(model: Any) -> None:
    assert isinstance(model, Model)
    assert model.device == "cpu"
    assert model.inputs == SPECS
    assert [spec.name for spec in model.outputs] == ["y", "m"]
    outputs = model.run({"n": N, "x": X})
    np.testing.assert_array_equal(outputs["y"], X + 1)
    np.testing.assert_array_equal(outputs["m"], N)
    assert repr(model) == (
        "<CallableModel on cpu: x: float32 (N, 3, 4), n: int64 (N,) -> y: any dtype of any rank, m: int64 (N,)>"
    )


def test_feeds_come_as_backends_read_them(model: Any) -> None:
    seen: dict[str, np.ndarray] = {}
    model = load(lambda feeds: seen.update(feeds) or {}, inputs=SPECS)
    assert model.run({"x": X.astype(">f4")[:, ::-1], "n": N[::-1]}) == {}
    assert all(a.flags.c_contiguous and a.dtype.isnative for a in seen.values())
    np.testing.assert_array_equal(seen["x"], X[:, ::-1])
    assert list(seen) == ["x", "n"]


@pytest.mark.parametrize(
    ("feeds", "name", "message"),
    [
        ({"x": X}, "n", r"n must be among the feeds \(the inputs are x, n\), got x"),
        ({}, "x", "got nothing"),
        ({"x": X, "n": N, "z": N}, "z", "z must be one of the inputs x, n, got no input of that name"),
        ({"y": X, "n": N}, "y", "y must be one of the inputs x, n"),
        ({"x": X[0], "n": N}, "x", r"x must be of shape \(N, 3, 4\), got shape \(3, 4\)"),
        ({"x": X[:, :2], "n": N}, "x", r"got shape \(2, 2, 4\)"),
        ({"x": X, "n": N[:1, None]}, "n", r"n must be of shape \(N,\), got shape \(1, 1\)"),
        (
            {"x": X.astype(np.float64), "n": N},
            "x",
            r"of dtype float32; array.astype\('float32'\).*dtype float64",
        ),
        ({"x": X, "n": N.astype(np.int32)}, "n", "got dtype int32"),
        ({"x": np.full_like(X, np.nan), "n": N}, "x", r"x must be finite, got nan at \(0, 0, 0\)"),
    ],
)
def test_wrong_feeds_name_the_input(model: Any, feeds: Any, name: str, message: str) -> None:
    with pytest.raises(InputMismatch, match=message) as caught:
        model.run(feeds)
    assert caught.value.name == name
    assert str(caught.value).startswith("run: ")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_value_that_is_not_finite_is_named(model: Any, value: float) -> None:
    x = X.copy()
    x[1, 2, 1] = value
    with pytest.raises(InputMismatch, match=rf"x must be finite, got {value} at \(1, 2, 1\)"):
        model.run({"x": x, "n": N})


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8"])
def test_finite_sums_that_overflow_are_finite(dtype: str) -> None:
    largest = np.full(70, np.finfo(dtype).max, dtype)
    assert first_not_finite(largest) is None
    assert first_not_finite(np.zeros((0, 3), dtype)) is None
    both = np.array([np.inf, -np.inf, 1], dtype)
    assert first_not_finite(both) == (0,)


@pytest.mark.parametrize("feeds", [None, X, [X], {3: X, "n": N}, {"x": [[1.0]], "n": N}, {"x": None, "n": N}])
def test_feeds_that_are_no_mapping_of_arrays(model: Any, feeds: Any) -> None:
    with pytest.raises(TypeError, match=r"^run: "):
        model.run(feeds)


def test_empty_batches_pass(model: Any) -> None:
    assert model.run({"x": X[:0], "n": N[:0]})["y"].shape == (0, 3, 4)


def test_the_checks_cost_little() -> None:
    """No test fails on time; a factor of a hundred above what was measured is a mistake."""
    feeds, start = {"x": X, "n": N}, time.perf_counter()
    for _ in range(100):
        check_feeds(SPECS, feeds)
    assert (time.perf_counter() - start) / 100 < 2e-3


Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("result", "outputs", "names"),
    [
        (X, None, ["output"]),
        (X, "y", ["y"]),
        ((X, N), None, ["output0", "output1"]),
        ([X, N], ["a", "b"], ["a", "b"]),
        (Pair(X, N), None, ["output0", "output1"]),
        ({"a": X, "b": N}, "b", ["b"]),
        ({"a": X, "hidden": (X, X), "loss": None}, None, ["a"]),
        ({}, None, []),
    ],
)
def test_results_get_names(result: Any, outputs: Any, names: list[str]) -> None:
    assert list(load(lambda feeds: result, outputs=outputs).run({})) == names


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"z": X}, "y must be among the outputs, got nothing"),
        ({"y": X[0]}, r"y must be of shape \(N, 3, 4\), got shape \(3, 4\)"),
        ({"y": X.astype(np.float64)}, "y must be of dtype float32, got dtype float64"),
        ((X, X), r"outputs must be 1 \(y\), got 2"),
        ("words", "the model's result must be a mapping from names"),
        (None, "the model's result must be"),
    ],
)
def test_wrong_results_are_named(result: Any, message: str) -> None:
    with pytest.raises(OutputMismatch, match=f"^run: {message}"):
        load(lambda feeds: result, outputs=[TensorSpec("y", ("N", 3, 4), "float32")]).run({})


def test_what_a_function_raises_is_its_own() -> None:
    def wrong(feeds: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        load(wrong).run({})


def test_closing(model: Any) -> None:
    with model as same:
        assert same is model
    model.close()
    with pytest.raises(NeuralError, match="run: the model must be open"):
        model.run({"x": X, "n": N})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"name": ""}, TypeError),
        ({"name": 3}, TypeError),
        ({"name": "x", "shape": 3}, TypeError),
        ({"name": "x", "shape": (1.0,)}, TypeError),
        ({"name": "x", "shape": (True,)}, TypeError),
        ({"name": "x", "shape": (-1,)}, ValueError),
        ({"name": "x", "dtype": "nonsense"}, TypeError),
    ],
)
def test_specs_are_checked(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^TensorSpec: "):
        TensorSpec(**arguments)


def test_specs_are_equal_where_they_mean_the_same() -> None:
    assert TensorSpec("x", [np.int64(2), None], ">f4") == TensorSpec("x", (2, None), np.float32)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"backend": "tensorflow"}, ValueError),
        ({"backend": 1}, TypeError),
        ({"device": "gpu"}, ValueError),
        ({"device": "cuda:x"}, ValueError),
        ({"device": 0}, TypeError),
        ({"threads": 0}, ValueError),
        ({"threads": 1.5}, TypeError),
        ({"threads": 2}, ValueError),
        ({"trust": 1}, TypeError),
        ({"worker": "yes"}, TypeError),
        ({"verify": True}, TypeError),
        ({"reduce": len}, TypeError),
        ({"inputs": 3}, TypeError),
        ({"inputs": [3]}, TypeError),
        ({"outputs": ["a", "a"]}, ValueError),
    ],
)
def test_options_are_checked(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^load: "):
        load(echo, **options)


@pytest.mark.parametrize("source", [None, 3, b"bytes", np.zeros(2)])
def test_sources_of_no_kind(source: object) -> None:
    with pytest.raises(TypeError, match="load: source must be a path, a torch module or a callable"):
        load(source)


def test_files_of_no_kind(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match=r"models are read from \.onnx"):
        load(tmp_path / "model.h5")
    pytest.importorskip("cv2")
    with pytest.raises(FileNotFoundError, match=r"gone\.onnx: no such file"):
        load(tmp_path / "gone.onnx", backend="opencv")


@pytest.fixture
def scaled(tmp_path: Path) -> Path:
    pytest.importorskip("cv2")
    path = tmp_path / "scaled.onnx"
    path.write_bytes(write.scaled(2.0))
    return path


def test_opencv_runs_an_onnx_file(scaled: Path) -> None:
    with load(scaled, backend="opencv", verify=False) as model:
        assert model.inputs == (TensorSpec("x", ("N", 3), "float32"),)
        first = model.run({"x": X[0].T})["y"]
        np.testing.assert_array_equal(first, 2 * X[0].T)
        model.run({"x": X[0].T * 0})
        np.testing.assert_array_equal(first, 2 * X[0].T, "an output changed with the next run")
        with pytest.raises(InputMismatch, match="of some elements"):
            model.run({"x": X[0].T[:0]})
    for wrong in ("cuda", "mps", "tensorrt:1"):
        with pytest.raises(BackendUnavailable, match='load: device must be "cpu" for OpenCV'):
            load(scaled, backend="opencv", device=wrong)


def test_outputs_of_opencv_are_finite_or_refused(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    path = tmp_path / "overflow.onnx"
    path.write_bytes(write.scaled(3e38))
    with pytest.raises(OutputMismatch, match=r"y must be finite, got -?inf"):
        load(path, backend="opencv", verify={"x": X[0].T}).run({"x": X[0].T})
    path.write_bytes(write.scaled(1e21))
    with pytest.raises(OutputMismatch, match="load: y must be a plausible number for noise"):
        load(path, backend="opencv")


def test_what_is_verified_must_be_there_to_feed(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    path = tmp_path / "free.onnx"
    path.write_bytes(write.scaled(2.0, ("N", "C")))
    with load(path, backend="opencv", verify={"x": X[0]}), load(path, backend="opencv"):
        pass
    with pytest.raises(ValueError, match="load: verify must be feeds"):
        load(path, backend="opencv", verify=True)
    with pytest.raises(InputMismatch, match="run: x must be of shape"):
        load(path, backend="opencv", verify={"x": X})
    with pytest.raises(TypeError, match="load: verify must be None, True, False"):
        load(path, backend="opencv", verify=1)


def test_files_that_a_backend_does_not_take(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    path = tmp_path / "m.onnx"
    content = write.graph([write.node("Nonsense", ["x"], ["y"])], [write.value_info("x", (1,))])
    path.write_bytes(write.model(content))
    with pytest.raises(ModelFormatError, match=r"m\.onnx: OpenCV does not take it"):
        load(path, backend="opencv")
    path.write_bytes(b"not a model")
    with pytest.raises(ModelFormatError, match="not an ONNX file"):
        load(path, backend="opencv")


def test_external_weights_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    """OpenCV 5.0 itself reads them."""
    pytest.importorskip("cv2")
    weights = np.arange(6, dtype=np.float32).reshape(3, 2)
    (tmp_path / "w.bin").write_bytes(weights.tobytes())
    (tmp_path / "sub").mkdir()
    path = tmp_path / "sub" / "m.onnx"
    path.write_bytes(write.dense(weights, {"location": "../w.bin"}))
    with pytest.raises(UntrustedModelError, match=r"\.\./w\.bin"):
        load(path, backend="opencv")
    inside = tmp_path / "m.onnx"
    inside.write_bytes(write.dense(weights, {"location": "w.bin"}))
    with load(inside, backend="opencv") as model:
        np.testing.assert_allclose(model.run({"x": X[0].T})["y"], X[0].T @ weights)


@pytest.mark.parametrize("package", ["onnxruntime", "torch", "cv2"])
def test_libraries_that_are_not_there(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # importing it fails
    path = tmp_path / "m.onnx"
    path.write_bytes(write.scaled())
    backend = {"onnxruntime": "onnx", "torch": "torch", "cv2": "opencv"}[package]
    with pytest.raises(BackendUnavailable, match=r"must be installed .*pip install"):
        load(path, backend=backend)
