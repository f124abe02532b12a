"""The same model on ONNX Runtime, OpenCV and torch, and what those libraries do wrong by themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgproc.neural import (
    BackendUnavailable,
    InputMismatch,
    ModelFormatError,
    NeuralError,
    OutputMismatch,
    TensorSpec,
    UntrustedModelError,
    load,
    scan_onnx,
)

pytestmark = pytest.mark.onnx
REASON = "the extra neural-test is not installed"
onnx = pytest.importorskip("onnx", reason=REASON)
pytest.importorskip("onnxruntime", reason=REASON)

RNG = np.random.default_rng(8)
FEEDS = {"x": RNG.standard_normal((2, 3, 9, 7)).astype(np.float32)}
WEIGHTS = RNG.standard_normal((4, 3, 3, 3)).astype(np.float32)
BIAS = RNG.standard_normal(4).astype(np.float32)


def save(
    path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], tensors: list[Any] = ()
) -> Path:  # type: ignore[assignment]
    graph = onnx.helper.make_graph(nodes, "g", inputs, outputs, list(tensors))
    opsets = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def info(name: str, shape: Any, kind: str = "FLOAT") -> Any:
    return onnx.helper.make_tensor_value_info(name, getattr(onnx.TensorProto, kind), shape)


@pytest.fixture(scope="module")
def convolution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two outputs: a convolution with ReLU, and the mean of it over the pixels."""
    node, array = onnx.helper.make_node, onnx.numpy_helper.from_array
    nodes = [
        node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
        node("Relu", ["c"], ["map"]),
        node("GlobalAveragePool", ["map"], ["mean"]),
    ]
    return save(
        tmp_path_factory.mktemp("models") / "convolution.onnx",
        nodes,
        [info("x", ["N", 3, 9, 7])],
        [info("map", ["N", 4, 9, 7]), info("mean", ["N", 4, 1, 1])],
        [array(WEIGHTS, "w"), array(BIAS, "b")],
    )


def test_backends_agree(convolution: Path) -> None:
    with load(convolution) as model:
        assert type(model).__name__ == "OnnxModel"
        assert (model.inputs, model.outputs) == (
            scan_onnx(convolution).inputs,
            scan_onnx(convolution).outputs,
        )
        wanted = model.run(FEEDS)
    assert list(wanted) == ["map", "mean"]
    pytest.importorskip("cv2")
    with load(convolution, backend="opencv") as model:
        for batch in (slice(None), slice(1)):
            got = model.run({"x": FEEDS["x"][batch]})
            for name, array in got.items():
                np.testing.assert_allclose(array, wanted[name][batch], atol=1e-5, err_msg=name)


@pytest.mark.torch
def test_torch_agrees(convolution: Path) -> None:
    torch = pytest.importorskip("torch", reason=REASON)
    torch.set_num_threads(1)

    class Net(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            made = torch.nn.functional.conv2d(
                x, torch.from_numpy(WEIGHTS), torch.from_numpy(BIAS), padding=1
            ).relu()
            return {"map": made, "mean": made.mean((2, 3), keepdim=True)}

    with (
        load(convolution, threads=1) as model,
        load(Net(), inputs=model.inputs, outputs=model.outputs) as other,
    ):
        wanted, got = model.run(FEEDS), other.run(FEEDS)
    for name, array in got.items():
        np.testing.assert_allclose(array, wanted[name], atol=1e-4)


def test_a_worker_agrees(convolution: Path) -> None:
    with load(convolution) as model, load(convolution, worker=True, threads=1) as other:
        wanted, got = model.run(FEEDS), other.run(FEEDS)
        assert (model.inputs, model.outputs, model.device) == (other.inputs, other.outputs, other.device)
    for name, array in got.items():
        np.testing.assert_array_equal(array, wanted[name])


def test_big_endian_and_negative_strides_give_the_same(convolution: Path) -> None:
    with load(convolution) as model:
        wanted = model.run(FEEDS)["map"]
        np.testing.assert_array_equal(model.run({"x": FEEDS["x"].astype(">f4")})["map"], wanted)
        flipped = np.ascontiguousarray(FEEDS["x"][..., ::-1])[..., ::-1]
        np.testing.assert_array_equal(model.run({"x": flipped})["map"], wanted)


@pytest.mark.parametrize(
    ("feeds", "message"),
    [
        ({"y": FEEDS["x"]}, "y must be one of the inputs x"),
        ({"x": FEEDS["x"][0]}, r"x must be of shape \(N, 3, 9, 7\), got shape \(3, 9, 7\)"),
        ({"x": FEEDS["x"][..., :5]}, r"got shape \(2, 3, 9, 5\)"),
        ({"x": FEEDS["x"].astype(np.float16)}, "x must be of dtype float32.* got dtype float16"),
        ({"x": np.full_like(FEEDS["x"], np.nan)}, "x must be finite"),
    ],
)
def test_wrong_feeds(convolution: Path, feeds: dict[str, Any], message: str) -> None:
    for backend in ("onnx", "opencv"):
        with load(convolution, backend=backend) as model, pytest.raises(InputMismatch, match=message):
            model.run(feeds)


def test_empty_batches_run(convolution: Path) -> None:
    with load(convolution) as model:
        assert model.run({"x": FEEDS["x"][:0]})["mean"].shape == (0, 4, 1, 1)


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "tensorrt", "mps"])
def test_a_device_that_is_not_there_is_an_error(convolution: Path, device: str) -> None:
    """ONNX Runtime itself falls back to the processor with a warning."""
    import onnxruntime

    if any(name.startswith(("CUDA", "Tensorrt")) for name in onnxruntime.get_available_providers()):
        pytest.skip("this ONNX Runtime is for GPUs")
    with pytest.raises((BackendUnavailable, ValueError), match="load: device must be"):
        load(convolution, device=device)


def test_sessions_wait_without_spinning(convolution: Path) -> None:
    with load(convolution, threads=2) as model:
        options = model._session.get_session_options()
        assert options.intra_op_num_threads == 2 and options.inter_op_num_threads == 1
        assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
        assert options.get_session_config_entry("session.inter_op.allow_spinning") == "0"


@pytest.mark.torch
def test_tensors_are_read_where_they_lie(convolution: Path) -> None:
    """The way of tensors on a GPU, with tensors that the processor has."""
    torch = pytest.importorskip("torch", reason=REASON)
    with load(convolution) as model:
        found = model._run_bound(model._session, {"x": torch.from_numpy(FEEDS["x"])})
        np.testing.assert_array_equal(found[0], model.run(FEEDS)["map"])


def has_cuda() -> bool:
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


@pytest.mark.gpu
@pytest.mark.skipif(not has_cuda(), reason="this ONNX Runtime has no CUDA")
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_gpu_gives_what_the_processor_gives(convolution: Path, device: str) -> None:
    try:
        other = load(convolution, device=device)
    except BackendUnavailable as error:
        pytest.skip(str(error))
    with load(convolution) as model, other:
        assert other.device == f"{device}:0"
        wanted = model.run(FEEDS)
        for name, array in other.run(FEEDS).items():
            np.testing.assert_allclose(array, wanted[name], atol=1e-2)  # TF32
        torch = pytest.importorskip("torch", reason=REASON)
        if torch.cuda.is_available():
            for name, array in other.run({"x": torch.from_numpy(FEEDS["x"]).cuda()}).items():
                np.testing.assert_allclose(array, wanted[name], atol=1e-2)


def test_dtypes_pass_through(tmp_path: Path) -> None:
    kinds = ("FLOAT", "DOUBLE", "FLOAT16", "INT64", "UINT8", "BOOL")
    nodes = [onnx.helper.make_node("Identity", [f"x{i}"], [f"y{i}"]) for i in range(len(kinds))]
    inputs = [info(f"x{i}", [None], kind) for i, kind in enumerate(kinds)]
    outputs = [info(f"y{i}", [None], kind) for i, kind in enumerate(kinds)]
    with load(save(tmp_path / "m.onnx", nodes, inputs, outputs)) as model:
        feeds = {spec.name: np.ones(3, spec.dtype) for spec in model.inputs}
        for i, array in enumerate(model.run(feeds).values()):
            assert array.dtype == model.inputs[i].dtype == feeds[f"x{i}"].dtype
            np.testing.assert_array_equal(array, feeds[f"x{i}"])


def test_a_run_that_fails_is_one_error(tmp_path: Path) -> None:
    nodes = [onnx.helper.make_node("Add", ["x", "z"], ["y"])]
    with load(
        save(tmp_path / "m.onnx", nodes, [info("x", ["N"]), info("z", ["M"])], [info("y", ["N"])])
    ) as model:
        with pytest.raises(NeuralError, match=r"run: ONNX Runtime failed: .*broadcast"):
            model.run({"x": np.ones(3, np.float32), "z": np.ones(2, np.float32)})
        assert len(model.run({"x": np.ones(2, np.float32), "z": np.ones(2, np.float32)})["y"]) == 2


def test_operators_of_others_are_named(tmp_path: Path) -> None:
    node = onnx.helper.make_node("Strange", ["x"], ["y"], domain="org.example")
    path = save(tmp_path / "m.onnx", [node], [info("x", [1])], [info("y", [1])])
    assert scan_onnx(path).domains == ("org.example",)
    with pytest.raises(ModelFormatError, match=r"does not take it \(it uses operators of org\.example\)"):
        load(path)


def test_outputs_that_opencv_gets_wrong_are_refused(
    convolution: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenCV 5.0 gives garbage of 1e21 for an export of UperNet, without a word."""
    pytest.importorskip("cv2")
    from imgproc.neural.backends.opencv import OpencvModel

    true = OpencvModel._run
    monkeypatch.setattr(
        OpencvModel,
        "_run",
        lambda self, feeds: {name: 1.5 * array for name, array in true(self, feeds).items()},
    )
    with pytest.raises(OutputMismatch, match=r"load: map must be within .* of ONNX Runtime"):
        load(convolution, backend="opencv")
    load(convolution, backend="opencv", verify=False).close()


@pytest.mark.parametrize("backend", ["onnx", "opencv"])
def test_external_weights(backend: str, tmp_path: Path) -> None:
    from onnx.external_data_helper import convert_model_to_external_data

    node, array = onnx.helper.make_node, onnx.numpy_helper.from_array
    weights = np.arange(6, dtype=np.float32).reshape(3, 2)
    graph = onnx.helper.make_graph(
        [node("MatMul", ["x", "w"], ["y"])],
        "g",
        [info("x", ["N", 3])],
        [info("y", ["N", 2])],
        [array(weights, "w")],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    convert_model_to_external_data(made, location="w.bin", size_threshold=0)
    (tmp_path / "sub").mkdir()
    path = tmp_path / "sub" / "m.onnx"
    onnx.save(made, path)
    assert scan_onnx(path).external == (tmp_path / "sub" / "w.bin",)
    with load(path, backend=backend) as model:
        x = np.eye(3, dtype=np.float32)
        np.testing.assert_allclose(model.run({"x": x})["y"], weights)
    # The same file, its weights now somewhere else.
    (tmp_path / "sub" / "w.bin").rename(tmp_path / "w.bin")
    made.graph.initializer[0].external_data[0].value = "../w.bin"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(UntrustedModelError, match="not a plain path"):
        load(path, backend=backend)
    made.graph.initializer[0].external_data[0].value = "w.bin"
    path.write_bytes(made.SerializeToString())
    (tmp_path / "sub" / "w.bin").symlink_to(tmp_path / "w.bin")
    with pytest.raises(UntrustedModelError, match="behind a link"):
        load(path, backend=backend)


MUTATE = """
import sys, numpy as np
from imgproc.neural import ModelFormatError, NeuralError, UntrustedModelError
from imgproc.neural.backends.onnx import OnnxModel
from pathlib import Path
path = Path(sys.argv[1])
whole, rng, ran = path.read_bytes(), np.random.default_rng(5), 0
for number in range(150):
    content = bytearray(whole)
    for at in rng.integers(len(content), size=number % 3):
        content[at] = rng.integers(256)
    path.write_bytes(content)
    try:
        with OnnxModel(path, threads=1) as model:
            model.run({"x": np.ones((1, 3, 9, 7), np.float32)})
            ran += 1
    except NeuralError:
        pass
print(ran)
"""


def test_mutated_files_are_named_errors(convolution: Path, tmp_path: Path) -> None:
    path = tmp_path / "mutated.onnx"
    path.write_bytes(convolution.read_bytes())
    arguments = [sys.executable, "-c", MUTATE, str(path)]
    ran = subprocess.run(arguments, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stderr
    assert 50 <= int(ran.stdout) < 150


def test_what_the_scan_reads_is_what_onnx_reads(convolution: Path) -> None:
    found, theirs = scan_onnx(convolution), onnx.load(convolution)
    assert found.ir_version == theirs.ir_version
    assert found.opset == theirs.opset_import[0].version
    assert found.operators == {node.op_type for node in theirs.graph.node}
    assert found.inputs == (TensorSpec("x", ("N", 3, 9, 7), "float32"),)
