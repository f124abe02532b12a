"""Dense decoders against torch: its sigmoid and topk, and whole networks from pixels to boxes."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from imgproc.neural import (
    YOLOV3_ANCHORS,
    Geometry,
    decode_retinanet,
    decode_yolov1,
    decode_yolov3,
    join_levels,
    load,
    pyramid_anchors,
)
from imgproc.neural.decode.heads import least_logit, sigmoid

torch = pytest.importorskip("torch", reason="torch is not installed")
torch.set_num_threads(1)

INPUT = (96, 128)
STRIDES = (8, 16, 32)


@pytest.fixture
def seeded():
    torch.manual_seed(8)
    return torch.rand(2, 3, *INPUT)


@pytest.mark.torch
@pytest.mark.parametrize("threshold", [0.01, 0.05, 0.25, 0.5, 0.9])
def test_the_set_of_torch_but_for_its_last_places(threshold, rng):
    """torch's float32 sigmoid is off by a unit or two, and there alone a logit may be on the other side."""
    middle = np.float32(np.log(threshold / (1 - threshold))).view(np.int32)
    near = (middle + np.arange(-500, 500, dtype=np.int32)).view(np.float32)
    x = np.concatenate([rng.normal(0, 5, 200_000).astype(np.float32), near])
    theirs = (torch.sigmoid(torch.from_numpy(x)) > threshold).numpy()
    ours = x >= np.float32(least_logit(threshold))
    limit = np.float32(threshold)
    wrong = np.flatnonzero(ours != theirs)
    assert (np.abs(sigmoid(x[wrong]) - limit) <= 2 * np.spacing(limit)).all()
    assert theirs.sum() > 1000


def rows_of(found):
    return np.column_stack([found.boxes, found.scores, found.labels])


def check(found, expected, atol=1e-3):
    """The same rows; the order of equal scores is anyone's."""
    ours, theirs = rows_of(found), np.asarray(expected)
    assert ours.shape == theirs.shape and len(ours) > 5
    np.testing.assert_allclose(ours[:, 4], theirs[:, 4], rtol=1e-5)
    for rows in (ours, theirs):
        rows[:] = rows[np.lexsort((*rows[:, :4].round(1).T, rows[:, 5]))]
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=atol)


def kept(boxes, scores, threshold, overlap):
    """Candidates of one image, clipped and suppressed in torch."""
    from reference_nets.retina import suppress

    place, label = (scores > threshold).nonzero(as_tuple=True)
    boxes = torch.minimum(boxes[place].clamp(min=0), torch.tensor([INPUT[1], INPUT[0]] * 2))
    rows = torch.cat([boxes, scores[place, label][:, None], label[:, None]], 1)
    rows = rows[(boxes[:, 2:] > boxes[:, :2]).all(1)]
    return suppress(rows[rows[:, 4].argsort(descending=True)], overlap)


@pytest.mark.torch
def test_the_first_yolo_from_pixels_to_boxes(seeded):
    from reference_nets.yolo import FirstYolo

    net = FirstYolo(classes=5).eval()
    with torch.no_grad():
        grid = net(seeded)
        boxes, scores = net.candidates(grid, INPUT)
    found = decode_yolov1(
        {"predictions": grid.numpy()}, Geometry(INPUT, INPUT), classes=5, score_threshold=0.25
    )
    for one, box, score in zip(found, boxes.flatten(1, 3), scores.flatten(1, 3), strict=True):
        check(one, kept(box, score, 0.25, 0.5)[:100])


@pytest.mark.torch
def test_yolov3_from_pixels_to_boxes(seeded):
    from reference_nets.yolo import ThirdYolo

    net = ThirdYolo(YOLOV3_ANCHORS).eval()
    with torch.no_grad():
        heads = net(seeded)
        boxes, scores = net.candidates(heads, INPUT)
    outputs = {f"head{i}": head.numpy() for i, head in enumerate(heads)}
    threshold = float(scores.max()) * 0.6
    found = decode_yolov3(outputs, Geometry(INPUT, INPUT), score_threshold=threshold, max_output=1000)
    for one, box, score in zip(found, boxes, scores, strict=True):
        check(one, kept(box, score, threshold, 0.45))


@pytest.mark.onnx
@pytest.mark.parametrize("joined", [True, False])
def test_raw_heads_exported_and_run_give_what_torch_gives(joined, seeded, tmp_path):
    """Export the heads alone, run them anywhere, decode here: the way for all dense detectors."""
    pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    from reference_nets.retina import TinyRetina, detect

    net = TinyRetina(joined=joined).eval()
    file = tmp_path / "heads.onnx"
    names = ["cls_logits", "bbox_regression"] if joined else [f"{kind}{i}" for i in range(3) for kind in "cb"]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        torch.onnx.export(
            net, (seeded,), file, input_names=["image"], output_names=names, opset_version=17, dynamo=False
        )
        outputs = net(seeded)
    anchors = pyramid_anchors(INPUT, strides=STRIDES)
    with load(file) as model:
        heads = model.run({"image": seeded.numpy()})
    if not joined:
        heads = {
            "cls_logits": join_levels([heads[f"c{i}"] for i in range(3)], 3),
            "bbox_regression": join_levels([heads[f"b{i}"] for i in range(3)], 4),
        }
        outputs = [
            torch.cat([net.rows(own, columns) for own in outputs[kind::2]], 1)
            for kind, columns in enumerate((3, 4))
        ]
    found = decode_retinanet(
        heads, Geometry(INPUT, INPUT), anchors=anchors, score_threshold=0.02, candidates=60
    )
    levels = [torch.tensor(level) for level in anchors]
    for image, one in enumerate(found):
        expected = detect(*(head[image] for head in outputs), levels, INPUT, 0.02, 60, 0.5)
        check(one, expected[:300])
