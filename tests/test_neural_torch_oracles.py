"""Tensors and modules of torch: what crosses to NumPy, how modules are called, and what is done on the device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference import neural_device as slow

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
from imgproc.neural.backends.torch_device import Lane, label_map, top_of_heads

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="the extra neural-test is not installed")
torch.set_num_threads(1)
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")
X = np.random.default_rng(8).standard_normal((2, 3, 5, 4)).astype(np.float32)


@pytest.fixture(params=["cpu", pytest.param("cuda:0", marks=[GPU, pytest.mark.gpu])])
def device(request: pytest.FixtureRequest) -> str:
    """The same tests on the processor, where torch has no GPU."""
    return str(request.param)


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


def test_reducing_comes_before_the_copy(device: str) -> None:
    seen: list[str] = []

    def reduce(outputs: dict[str, Any]) -> dict[str, Any]:
        seen.extend(str(tensor.device) for tensor in outputs.values())
        return {"labels": label_map(outputs["logits"], (20, 16))}

    net = Net()
    spec = TensorSpec("labels", ("N", 20, 16), "uint8")
    with load(net, device=device, reduce=reduce, outputs=[spec]) as model:
        labels = model.run({"pixel_values": X})["labels"]
    assert set(seen) == {device}
    check_labels(labels, convolved(net.cpu(), X), (20, 16))


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


# ---- reductions on the device


def check_labels(labels: np.ndarray, logits: np.ndarray, size: tuple[int, int]) -> None:
    """The class of the best logit, and of no other unless that is as good within rounding."""
    for image, found in zip(logits, labels, strict=True):
        values = slow.upsampled(image, *size)
        best = values.max(axis=0)
        chosen = np.take_along_axis(values, found[None].astype(np.int64), axis=0)[0]
        assert (best - chosen <= 1e-5).all()
        clear = np.sort(values, axis=0)[-2:]
        sure = clear[-1] - clear[0] > 1e-5 if len(values) > 1 else np.ones(size, bool)
        np.testing.assert_array_equal(found[sure], values.argmax(axis=0)[sure])


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((2, 5, 4, 3), (17, 9)),
        ((1, 3, 8, 8), (8, 8)),
        ((1, 4, 9, 7), (4, 3)),
        ((1, 1, 2, 2), (5, 5)),
        ((1, 2, 1, 1), (3, 4)),
        ((1, 300, 2, 3), (4, 5)),
        ((0, 3, 2, 2), (4, 4)),
    ],
)
def test_label_map(shape: Any, size: Any, device: str, rng: np.random.Generator) -> None:
    logits = rng.standard_normal(shape).astype(np.float32)
    labels = to_host(label_map(torch.from_numpy(logits).to(device), size), to_host=True)
    assert labels.dtype == (np.uint8 if shape[1] <= 256 else np.int32)
    assert labels.shape == (shape[0], *size)
    check_labels(labels, logits, size)


def test_label_map_in_bands_is_the_same(
    monkeypatch: pytest.MonkeyPatch, device: str, rng: np.random.Generator
) -> None:
    logits = torch.from_numpy(rng.standard_normal((1, 6, 7, 5)).astype(np.float32)).to(device)
    whole = label_map(logits, (33, 21))
    monkeypatch.setattr("imgproc.neural.backends.torch_device._BAND_BYTES", 4 * 6 * 21 * 4)
    assert torch.equal(label_map(logits, (33, 21)), whole)


def test_label_map_is_that_of_interpolate(device: str, rng: np.random.Generator) -> None:
    logits = torch.from_numpy(rng.standard_normal((1, 20, 16, 16)).astype(np.float32)).to(device)
    grown = torch.nn.functional.interpolate(logits, (90, 160), mode="bilinear", align_corners=False)
    best, order = grown.topk(2, dim=1)
    sure = best[:, 0] - best[:, 1] > 1e-5
    labels = label_map(logits, (90, 160))
    assert torch.equal(labels[sure].long(), order[:, 0][sure])
    assert sure.float().mean() > 0.999


@pytest.mark.parametrize("threshold", [0.05, 0.5, 0.0, None])
@pytest.mark.parametrize("top", [1, 7, 1000])
def test_top_of_heads(threshold: float | None, top: int, device: str, rng: np.random.Generator) -> None:
    logits = rng.normal(-2, 2, (2, 30, 4)).astype(np.float32)
    deltas = rng.standard_normal((2, 30, 5)).astype(np.float32)
    found = top_of_heads(
        torch.from_numpy(logits).to(device), torch.from_numpy(deltas).to(device), threshold=threshold, top=top
    )
    arrays = {name: to_host(tensor, to_host=True) for name, tensor in found.items()}
    count = min(top, 120)
    assert arrays["scores"].shape == (2, count) and arrays["deltas"].shape == (2, count, 5)
    for image, wanted in enumerate(slow.top_of_heads(logits, threshold, top)):
        kept = len(wanted)
        np.testing.assert_allclose(arrays["scores"][image, :kept], [pair[0] for pair in wanted], rtol=1e-5)
        assert arrays["anchors"][image, :kept].tolist() == [pair[1] for pair in wanted]
        assert arrays["labels"][image, :kept].tolist() == [pair[2] for pair in wanted]
        np.testing.assert_array_equal(
            arrays["deltas"][image, :kept], deltas[image, arrays["anchors"][image, :kept]]
        )
        assert (arrays["anchors"][image, kept:] == -1).all() and (arrays["labels"][image, kept:] == -1).all()
        assert not arrays["scores"][image, kept:].any() and not arrays["deltas"][image, kept:].any()


def test_top_of_heads_of_scores_and_of_nothing(device: str) -> None:
    scores = torch.tensor([[[0.2, 0.9], [0.5, 0.1]]], device=device)
    found = top_of_heads(scores, threshold=0.5, top=3, activation="none")
    assert found["scores"].tolist() == [[pytest.approx(0.9), 0, 0]]
    assert found["anchors"].tolist() == [[0, -1, -1]] and found["labels"].tolist() == [[1, -1, -1]]
    for shape in ((0, 4, 2), (2, 0, 3), (2, 3, 0)):
        assert top_of_heads(torch.zeros(shape, device=device))["scores"].shape[0] == shape[0]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: top_of_heads(np.zeros((1, 2, 3))), TypeError),
        (lambda: top_of_heads(torch.zeros(1, 2, 3, dtype=torch.int64)), TypeError),
        (lambda: top_of_heads(torch.zeros(2, 3)), ValueError),
        (lambda: top_of_heads(torch.zeros(1, 2, 3), torch.zeros(1, 3, 4)), ValueError),
        (lambda: top_of_heads(torch.zeros(1, 2, 3), threshold=1.0), ValueError),
        (lambda: top_of_heads(torch.zeros(1, 2, 3), top=0), ValueError),
        (lambda: top_of_heads(torch.zeros(1, 2, 3), activation="softmax"), ValueError),
        (lambda: label_map(torch.zeros(3, 4, 4), (2, 2)), ValueError),
        (lambda: label_map(torch.zeros(1, 0, 4, 4), (2, 2)), ValueError),
        (lambda: label_map(torch.zeros(1, 2, 4, 4), (0, 2)), ValueError),
        (lambda: label_map(torch.zeros(1, 2, 4, 4), 3), TypeError),
    ],
)
def test_wrong_heads(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^(top_of_heads|label_map): "):
        call()


def test_a_lane_on_the_processor_copies_nothing() -> None:
    lane = Lane(torch.device("cpu"))
    tensors = lane.upload({"x": X})
    assert np.shares_memory(tensors["x"].numpy(), X)
    assert np.shares_memory(lane.download(tensors)["x"], X)
