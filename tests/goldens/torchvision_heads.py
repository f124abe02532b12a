"""Makes torchvision_heads.npz: `python tests/goldens/torchvision_heads.py` where torchvision is installed.

What torchvision's detectors make of the raw heads of a batch of two images, of which the second covers a part of the
input. The heads are drawn, for networks with random weights say nothing; logits are all different, so that no result
hangs on the order of equal ones."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torchvision
from torchvision.models.detection import fcos, retinanet, roi_heads, rpn, ssd
from torchvision.models.detection._utils import BoxCoder, BoxLinearCoder
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList

INPUT = (72, 100)
SHAPES = [(72, 100), (51, 83)]
GRIDS = ((9, 13), (5, 7), (3, 4), (2, 2), (1, 1))
SSD = {"aspect_ratios": [[2], [2, 3]], "scales": [0.2, 0.45, 0.9]}
SSD_GRIDS = ((5, 7), (3, 4))

rng = np.random.default_rng(8)
kept: dict[str, np.ndarray] = {}


def logits(name: str, *shape: int, low: float = -6, high: float = 3) -> torch.Tensor:
    """Evenly spread and shuffled; the file holds the order alone."""
    order = rng.permutation(int(np.prod(shape))).reshape(shape)
    kept[name] = order.astype(np.uint16)
    return torch.from_numpy((low + (high - low) * order / order.size).astype(np.float32))


def numbers(name: str, *shape: int, scale: float = 1, positive: bool = False) -> torch.Tensor:
    drawn = rng.normal(0, scale, shape)
    kept[name] = (np.abs(drawn) if positive else drawn).astype(np.float16)
    return torch.from_numpy(kept[name].astype(np.float32))


def keep(name: str, found: list[dict[str, torch.Tensor]]) -> None:
    for image, one in enumerate(found):
        for key, value in one.items():
            array = value.numpy()
            kept[f"{name}_{key}_{image}"] = array.astype(np.int16) if array.dtype == np.int64 else array
        print(name, image, len(one["boxes"]))


def of_generator(sizes: tuple, ratios: tuple) -> list[torch.Tensor]:
    images = ImageList(torch.zeros(2, 3, *INPUT), SHAPES)
    features = [torch.zeros(2, 1, *grid) for grid in GRIDS[: len(sizes)]]
    generator = AnchorGenerator(sizes, ratios)
    counts = [
        grid[0] * grid[1] * len(size) * len(ratio)
        for grid, size, ratio in zip(GRIDS, sizes, ratios, strict=False)
    ]
    return list(generator(images, features)[0].split(counts))


def split(tensor: torch.Tensor, levels: list[torch.Tensor]) -> list[torch.Tensor]:
    return list(tensor.split([len(level) for level in levels], 1))


def retina() -> None:
    generator = retinanet._default_anchorgen()
    levels = of_generator(generator.sizes, generator.aspect_ratios)
    kept["retinanet_anchors"] = torch.cat(levels).numpy()
    count = sum(map(len, levels))
    heads = {
        "cls_logits": split(logits("retinanet_logits", 2, count, 3), levels),
        "bbox_regression": split(numbers("retinanet_deltas", 2, count, 4, scale=0.4), levels),
    }
    own = SimpleNamespace(
        score_thresh=0.05,
        topk_candidates=200,
        nms_thresh=0.5,
        detections_per_img=150,
        box_coder=BoxCoder((1.0, 1.0, 1.0, 1.0)),
    )
    keep(
        "retinanet",
        retinanet.RetinaNet.postprocess_detections(own, heads, [levels, levels], SHAPES),
    )


def points() -> None:
    levels = of_generator(tuple((size,) for size in (8, 16, 32, 64, 128)), ((1.0,),) * 5)
    count = sum(map(len, levels))
    heads = {
        "cls_logits": split(logits("fcos_logits", 2, count, 3, high=4), levels),
        "bbox_ctrness": split(logits("fcos_ctrness", 2, count, 1), levels),
        "bbox_regression": split(numbers("fcos_sides", 2, count, 4, scale=2, positive=True), levels),
    }
    own = SimpleNamespace(
        score_thresh=0.2,
        topk_candidates=50,
        nms_thresh=0.6,
        detections_per_img=60,
        box_coder=BoxLinearCoder(normalize_by_size=True),
    )
    keep("fcos", fcos.FCOS.postprocess_detections(own, heads, [levels, levels], SHAPES))


def default_boxes() -> None:
    def boxes(grids: tuple, size: tuple, **arguments: object) -> torch.Tensor:
        images = ImageList(torch.zeros(1, 3, *size), [size])
        return DefaultBoxGenerator(**arguments)(images, [torch.zeros(1, 1, *grid) for grid in grids])[0]

    ssd300 = boxes(
        ((38, 38), (19, 19), (10, 10), (5, 5), (3, 3), (1, 1)),
        (300, 300),
        aspect_ratios=[[2], [2, 3], [2, 3], [2, 3], [2], [2]],
        scales=[0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05],
        steps=[8, 16, 32, 64, 100, 300],
    )
    kept["ssd300_boxes"] = ssd300.numpy()[::17]
    lite = boxes(
        ((20, 20), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)),
        (320, 320),
        aspect_ratios=[[2, 3] for _ in range(6)],
        min_ratio=0.2,
        max_ratio=0.95,
    )
    kept["ssdlite_boxes"] = lite.numpy()[::17]
    anchors = boxes(SSD_GRIDS, INPUT, **SSD)
    kept["ssd_anchors"] = anchors.numpy()
    heads = {
        "cls_logits": logits("ssd_logits", 2, len(anchors), 4, low=-3),
        "bbox_regression": numbers("ssd_deltas", 2, len(anchors), 4, scale=2),
    }
    own = SimpleNamespace(
        score_thresh=0.01,
        topk_candidates=40,
        nms_thresh=0.45,
        detections_per_img=50,
        box_coder=BoxCoder((10.0, 10.0, 5.0, 5.0)),
    )
    keep("ssd", ssd.SSD.postprocess_detections(own, heads, [anchors, anchors], SHAPES))


def proposals() -> None:
    levels = of_generator(((16,), (32,), (64,)), ((0.5, 1.0, 2.0),) * 3)
    anchors = torch.cat(levels)
    kept["rpn_anchors"] = anchors.numpy()
    objectness = logits("rpn_logits", 2, len(anchors), 1)
    deltas = numbers("rpn_deltas", 2, len(anchors), 4, scale=0.5)
    coder = BoxCoder((1.0, 1.0, 1.0, 1.0))
    boxes = coder.decode(deltas.reshape(-1, 4), [anchors, anchors]).view(2, -1, 4)
    own = SimpleNamespace(
        nms_thresh=0.7,
        score_thresh=0.0,
        min_size=1e-3,
        pre_nms_top_n=lambda: 100,
        post_nms_top_n=lambda: 60,
    )
    own._get_top_n_idx = lambda *arguments: rpn.RegionProposalNetwork._get_top_n_idx(own, *arguments)
    counts = [len(level) for level in levels]
    found, scores = rpn.RegionProposalNetwork.filter_proposals(own, boxes, objectness, SHAPES, counts)
    keep("rpn", [{"boxes": b, "scores": s} for b, s in zip(found, scores, strict=True)])

    some = [found[0][:30], found[1][:20]]
    own = SimpleNamespace(
        box_coder=BoxCoder((10.0, 10.0, 5.0, 5.0)), score_thresh=0.05, nms_thresh=0.5, detections_per_img=40
    )
    class_logits = logits("roi_logits", 50, 5, low=-2)
    regression = numbers("roi_deltas", 50, 20, scale=2)
    results = roi_heads.RoIHeads.postprocess_detections(own, class_logits, regression, some, SHAPES)
    keep(
        "roi",
        [dict(zip(("boxes", "scores", "labels"), one, strict=True)) for one in zip(*results, strict=True)],
    )


def main() -> None:
    for part in (retina, points, default_boxes, proposals):
        part()
    versions = np.array([torch.__version__, torchvision.__version__])
    np.savez_compressed(Path(__file__).with_suffix(".npz"), versions=versions, **kept)


if __name__ == "__main__":
    main()
