"""Tensors and modules of torch: what crosses to NumPy, and how modules are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from imgproc.neural import (
    BackendUnavailable,
    InputMismatch,
    NeuralError,
    OutputMismatch,
    TensorSpec,
    load,
    to_host,
    to_model,
)
from imgproc.neural.backends.torch_lanes import Lane

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="the extra neural-test is not installed")
torch.set_num_threads(1)
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")
X = np.random.default_rng(8).standard_normal((2, 3, 5, 4)).astype(np.float32)


class Net(torch.nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 4, 3, padding=1)
        self.dropout = torch.nn.Dropout(0.5)

    def forward(self, pixel_values: Any, scale: Any = None) -> Any:
        made = self.dropout(self.convolution(pixel_values))
        made = made if scale is None else made * scale
        return {"logits": made, "mean": made.mean((2, 3)), "hidden_states": (made,), "loss": None}


def convolved(net: Any, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        found: np.ndarray = net.convolution(torch.from_numpy(x)).numpy()
    return found


# ---- tensors


def test_tensors_share_memory() -> None:
    tensor = torch.arange(6.0).reshape(2, 3)
    for function in (to_host, to_model):
        assert np.shares_memory(function(tensor), tensor.numpy())
    assert to_host(tensor.T).shape == (3, 2)
    assert to_host(torch.tensor(3.0)).shape == to_model(torch.tensor(3.0)).shape == ()


def test_a_gradient_stands_against_nothing() -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    np.testing.assert_array_equal(to_host(parameter), [1, 1])
    np.testing.assert_array_equal(to_host(parameter * 2), [2, 2])


def test_the_negative_bit_is_resolved() -> None:
    """np.from_dlpack gives the wrong sign for this one."""
    tensor = torch.tensor([1 + 2j, 3 - 4j]).conj().imag
    assert tensor.is_neg()
    np.testing.assert_array_equal(to_host(tensor), [-2, 4])


def test_the_conjugate_bit_is_resolved() -> None:
    tensor = torch.tensor([1 + 2j]).conj()
    assert tensor.is_conj()
    np.testing.assert_array_equal(to_host(tensor), [1 - 2j])


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_floats_that_numpy_lacks_become_float32(dtype: str) -> None:
    made = to_host(torch.tensor([1.5, -2]).to(getattr(torch, dtype)))
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, [1.5, -2])


@pytest.mark.filterwarnings("ignore:.*quantize:UserWarning", "ignore:.*quantized:DeprecationWarning")
def test_tensors_of_other_kinds_are_refused() -> None:
    quantised = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    for tensor in (torch.eye(2).to_sparse(), torch.empty(2, device="meta"), quantised):
        with pytest.raises(TypeError, match="to_host: x must be a dense tensor"):
            to_host(tensor, to_host=True)


def test_views_of_negative_strides_reach_a_module() -> None:
    """torch.from_dlpack of such an array aborts the process in torch 2.13."""
    with load(torch.nn.Identity()) as model:
        flipped = X[..., ::-1]
        np.testing.assert_array_equal(model.run({"input": flipped})["output"], flipped)
        np.testing.assert_array_equal(model.run({"input": X.astype(">f4")})["output"], X)


def test_read_only_arrays_stay_as_they_are() -> None:
    """torch writes into what from_dlpack made of one."""

    class Writes(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return x.add_(1)

    x = np.zeros(3, np.float32)
    x.flags.writeable = False
    with load(Writes()) as model:
        np.testing.assert_array_equal(model.run({"x": x})["output"], 1)
    np.testing.assert_array_equal(x, 0)


@pytest.mark.gpu
@GPU
def test_tensors_on_a_gpu_are_not_pulled_silently() -> None:
    tensor = torch.ones(2, device="cuda")
    with pytest.raises(
        TypeError, match=r"to_host: x must be in the processor's memory.*torch tensor on cuda:0"
    ):
        to_host(tensor)
    np.testing.assert_array_equal(to_host(tensor, to_host=True), 1)
    with load(torch.nn.Identity()) as model, pytest.raises(TypeError, match="run: input must be in"):
        model.run({"input": tensor})


# ---- modules


def test_a_module_is_called_by_its_names(device: str) -> None:
    net = Net().train()
    wanted = convolved(net, X)
    with load(net, device=device) as model:
        assert model.device == device
        outputs = model.run({"pixel_values": X})
        assert list(outputs) == ["logits", "mean"], "None and tuples are passed over"
        np.testing.assert_allclose(outputs["logits"], wanted, atol=1e-5)
        outputs = model.run({"scale": np.array(2, np.float32), "pixel_values": X})
        np.testing.assert_allclose(outputs["logits"], 2 * wanted, atol=1e-5)
        outputs = model.run({"images": X})
        np.testing.assert_allclose(outputs["logits"], wanted, atol=1e-5, err_msg="in order, by another name")


def test_declared_inputs_give_the_order(device: str) -> None:
    specs = [TensorSpec("images", ("N", 3, None, None), "float32"), TensorSpec("by", (), "float32")]
    net = Net()
    with load(net, device=device, inputs=specs, outputs=["mean"]) as model:
        outputs = model.run({"by": np.array(0, np.float32), "images": X})
        assert list(outputs) == ["mean"] and not outputs["mean"].any()
        with pytest.raises(InputMismatch, match="images must be of shape"):
            model.run({"by": np.array(0, np.float32), "images": X[0]})


def test_tensors_may_be_fed(device: str) -> None:
    net = Net()
    with load(net, device=device) as model:
        tensor = torch.from_numpy(X).to(device)
        np.testing.assert_allclose(
            model.run({"pixel_values": tensor})["logits"], model.run({"pixel_values": X})["logits"], atol=1e-6
        )


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_modules_of_half_precision(dtype: str, device: str) -> None:
    net = torch.nn.Linear(3, 2)
    x = X[0, :, 0].T.copy()
    wanted = net(torch.from_numpy(x)).detach().numpy()
    with load(net.to(getattr(torch, dtype)), device=device) as model:
        made = model.run({"input": x})["output"]
    np.testing.assert_allclose(made.astype(np.float32), wanted, atol=0.05)


def test_outputs_are_those_of_the_caller(device: str) -> None:
    with load(Net(), device=device) as model:
        first = model.run({"pixel_values": X})["mean"]
        kept = first.copy()
        for _ in range(4):
            model.run({"pixel_values": 0 * X})
        np.testing.assert_array_equal(first, kept)


def test_what_a_module_raises_is_one_error() -> None:
    with load(Net()) as model:
        with pytest.raises(NeuralError, match="run: the torch module failed: RuntimeError"):
            model.run({"pixel_values": X[:, :2]})
        model.run({"pixel_values": X})
    with pytest.raises(NeuralError, match="must be open"):
        model.run({"pixel_values": X})


def test_results_that_are_no_tensors() -> None:
    class Lists(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return [{"boxes": x}]

    with load(Lists()) as model, pytest.raises(OutputMismatch, match="output0 must be a torch tensor"):
        model.run({"x": X})


@pytest.mark.parametrize("device", ["cuda:99", "tensorrt", "mps"])
def test_devices_that_are_not_there(device: str) -> None:
    if device == "mps" and torch.backends.mps.is_available():
        pytest.skip("this machine has one")
    with pytest.raises(BackendUnavailable, match="load: device must be"):
        load(Net(), device=device)


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="load: reduce must be"):
        load(Net(), reduce=3)
    with pytest.raises(TypeError, match="load: module must be None where the source is no file"):
        load(Net(), module=Net())
    with pytest.raises(TypeError, match="load: source must be a torch module"):
        load(dict, backend="torch")


@pytest.mark.gpu
@GPU
def test_two_runs_at_a_time_have_buffers_of_their_own() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with load(torch.nn.Identity(), device="cuda") as model, ThreadPoolExecutor(4) as pool:
        batches = [np.full((1 << 18,), i, np.float32) for i in range(64)]
        for i, outputs in enumerate(pool.map(lambda x: model.run({"x": x}), batches)):
            np.testing.assert_array_equal(outputs["output"], i)


def test_a_lane_on_the_processor_copies_nothing() -> None:
    lane = Lane(torch.device("cpu"))
    tensors = lane.upload({"x": X})
    assert np.shares_memory(tensors["x"].numpy(), X)
    assert np.shares_memory(lane.download(tensors)["x"], X)
