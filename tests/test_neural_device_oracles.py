"""What is done with torch on the device: the same as on the host, before anything is copied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference import neural_device as slow

import imgproc
from imgproc.neural import TensorSpec, load, to_host
from imgproc.neural.backends.torch_device import best_anchors, label_map, top_of_heads

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="the extra neural-test is not installed")
torch.set_num_threads(1)
X = np.random.default_rng(8).standard_normal((2, 3, 5, 4)).astype(np.float32)


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


def test_reducing_comes_before_the_copy(device: str) -> None:
    seen: list[str] = []

    def reduce(outputs: dict[str, Any]) -> dict[str, Any]:
        seen.extend(str(tensor.device) for tensor in outputs.values())
        return {"labels": label_map(outputs["output"], (20, 16))}

    net = torch.nn.Conv2d(3, 4, 3, padding=1)
    with torch.no_grad():
        wanted = net(torch.from_numpy(X)).numpy()
    spec = TensorSpec("labels", ("N", 20, 16), "uint8")
    with load(net, device=device, reduce=reduce, outputs=[spec]) as model:
        labels = model.run({"x": X})["labels"]
    assert set(seen) == {device}
    check_labels(labels, wanted, (20, 16))


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


def test_label_map_is_that_of_the_host(device: str, rng: np.random.Generator) -> None:
    logits = rng.standard_normal((1, 20, 16, 16)).astype(np.float32)
    labels, margins = imgproc.neural.label_map(logits, (90, 160), score="margin")
    found = to_host(label_map(torch.from_numpy(logits).to(device), (90, 160)), to_host=True)
    sure = margins > 1e-5
    np.testing.assert_array_equal(found[sure], labels[sure])
    assert sure.mean() > 0.999


@pytest.mark.parametrize("top", [1, 7, 30, 1000])
def test_the_best_pairs_lie_on_the_best_anchors(top: int, device: str, rng: np.random.Generator) -> None:
    heads = {
        name: torch.from_numpy(rng.standard_normal((2, 30, n)).astype(np.float32)).to(device)
        for name, n in (("logits", 4), ("deltas", 5))
    }
    found = best_anchors(heads, "logits", top=top)
    rows = found.pop("anchors")
    assert rows.shape == (2, min(top, 30)) and bool((rows.diff(dim=1) > 0).all())
    for name, tensor in found.items():
        assert torch.equal(tensor, torch.stack([heads[name][i, rows[i]] for i in range(2)]))
    whole = top_of_heads(heads["logits"], heads["deltas"], threshold=None, top=top)
    part = top_of_heads(found["logits"], found["deltas"], threshold=None, top=top)
    part["anchors"] = rows.gather(1, part["anchors"])
    for name, tensor in part.items():
        assert torch.equal(tensor, whole[name][:, : tensor.shape[1]]), name


def test_a_decoder_goes_on_from_the_best_anchors(device: str, rng: np.random.Generator) -> None:
    shape, top = (64, 96), 40
    levels = imgproc.neural.pyramid_anchors(shape, strides=(8, 16, 32))
    sizes = [len(level) for level in levels]
    assert sizes[1] > top > 0
    geometry = imgproc.neural.Geometry(shape, shape)
    heads = {
        "cls_logits": rng.normal(-3, 2, (2, sum(sizes), 5)),
        "bbox_regression": rng.normal(0, 0.2, (2, sum(sizes), 4)),
    }
    heads = {name: array.astype(np.float32) for name, array in heads.items()}
    wanted = imgproc.neural.decode_retinanet(heads, geometry, anchors=levels, candidates=top)
    tensors = {name: torch.from_numpy(array).to(device) for name, array in heads.items()}
    found = best_anchors(tensors, "cls_logits", top=top, levels=sizes)
    arrays = {name: to_host(tensor, to_host=True) for name, tensor in found.items()}
    ends = np.cumsum([min(top, size) for size in sizes])[:-1]
    for i, rows in enumerate(arrays.pop("anchors")):
        few = np.split(np.concatenate(levels)[rows], ends)
        own = {name: array[i : i + 1] for name, array in arrays.items()}
        (got,) = imgproc.neural.decode_retinanet(own, geometry, anchors=few, candidates=top)
        np.testing.assert_array_equal(got.boxes, wanted[i].boxes)
        np.testing.assert_array_equal(got.scores, wanted[i].scores)
        np.testing.assert_array_equal(got.labels, wanted[i].labels)


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
        (lambda: best_anchors({"a": torch.zeros(1, 2, 3)}, "b"), TypeError),
        (lambda: best_anchors({"a": torch.zeros(1, 2, 3), "b": torch.zeros(1, 3, 3)}, "a"), ValueError),
        (lambda: best_anchors({"a": torch.zeros(1, 2, 0)}, "a"), ValueError),
        (lambda: best_anchors({"a": torch.zeros(1, 2, 3)}, "a", levels=[1, 2]), ValueError),
        (lambda: label_map(torch.zeros(3, 4, 4), (2, 2)), ValueError),
        (lambda: label_map(torch.zeros(1, 0, 4, 4), (2, 2)), ValueError),
        (lambda: label_map(torch.zeros(1, 2, 4, 4), (0, 2)), ValueError),
        (lambda: label_map(torch.zeros(1, 2, 4, 4), 3), TypeError),
    ],
)
def test_wrong_heads(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^(top_of_heads|best_anchors|label_map): "):
        call()
