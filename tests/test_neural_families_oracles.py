"""Families of networks beside transformers, from the picture to the result.

Each is a network of transformers at its smallest with random weights (`reference_nets.small_transformers`), run by one
of our pipelines, which prepares the picture and reads the outputs; beside it the same network behind transformers' own
processor, and that one's ``post_process_…`` or its formula in torch. `test_neural_pipeline_oracles` has DETR,
Conditional DETR, SegFormer, GLPN and ViT.

Without torchvision some parts of transformers are not there, and stand as formulas here: what ZoeDepth does after the
network (``tvF.resize`` without antialiasing, which is torch's ``interpolate``). OneFormer's panoptic maps need it as
well, and are read by MaskFormer's processor, whose rule is the same. Left out are the reflected padding
before ZoeDepth, which `Preprocess` does not do, OneFormer's instances, for which its processor loads a list of classes
from the network, and DAB-DETR, Grounding DINO and others that are read as one of those here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import imgproc
from imgproc.neural import (
    Classifier,
    DepthEstimator,
    Detector,
    Preprocess,
    Segmenter,
    decode_classes,
    decode_depth,
    decode_pose,
    decode_query_instances,
    decode_query_panoptic,
    decode_query_semantic,
    decode_semantic,
    from_processor_config,
    load,
    pose_crops,
    preset,
)

pytestmark = pytest.mark.torch

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from reference_nets import small_transformers as nets  # noqa: E402

SIZE = (70, 110)
EDGES = {"size": {"shortest_edge": 96, "longest_edge": 160}}
SQUARE = {"size": {"height": 64, "width": 64}}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """One thread, the same weights each time, and none of transformers' warnings, which are not ours to mend."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    """Discs and bars on a slope of colours."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    picture = np.stack([2 * x, 3 * y, 255 - x - y], axis=-1).clip(0, 255).astype(np.uint8)
    picture[np.hypot(y - 25, x - 30) < 15] = (250, 30, 40)
    picture[np.hypot(y - 45, x - 85) < 18] = (20, 200, 90)
    picture[55:65, 10:60] = (10, 10, 240)
    return picture


def processor(model: str, name: str, **settings: Any) -> Any:
    try:
        module = import_module(f"transformers.models.{model}.image_processing_pil_{model}")
    except ImportError as error:
        pytest.skip(f"transformers lacks {name}: {error}")
    return getattr(module, f"{name}ImageProcessorPil")(**settings)


def run(model: Any, process: Any, image: np.ndarray, **more: Any) -> Any:
    """What the network gives for what transformers makes of the picture: other than for its negative."""
    pixels = process(images=[image], return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        given, negative = model(pixel_values=pixels, **more), model(pixel_values=-pixels, **more)
    name = next(name for name in ("logits", "class_queries_logits", "predicted_depth") if name in given)
    assert (given[name] - negative[name]).abs().mean() > 0.02
    return given


BOXES = [
    (
        "deformable-detr",
        nets.deformable_detr,
        "deformable_detr",
        "DeformableDetr",
        EDGES,
        {"max_output": 100},
    ),
    ("yolos", nets.yolos, "yolos", "Yolos", EDGES, {}),
    ("rt-detr", nets.rt_detr, "rt_detr", "RTDetr", SQUARE, {}),
    ("rt-detr", lambda: nets.rt_detr("V2"), "rt_detr", "RTDetr", SQUARE, {}),
    ("rt-detr", nets.d_fine, "rt_detr", "RTDetr", SQUARE, {}),
]


@pytest.mark.parametrize(
    ("family", "build", "model", "name", "settings", "options"),
    BOXES,
    ids=["deformable_detr", "yolos", "rt_detr", "rt_detr_v2", "d_fine"],
)
def test_boxes(
    family: str,
    build: Callable[[], Any],
    model: str,
    name: str,
    settings: Any,
    options: Any,
    image: np.ndarray,
) -> None:
    """The same set of boxes with labels and scores; by score, as ours are, where theirs are not."""
    network, process = build(), processor(model, name, **settings)
    theirs = process.post_process_object_detection(
        run(network, process, image), threshold=0.3, target_sizes=[SIZE]
    )[0]
    detector = Detector.from_preset(
        network,
        family,
        size=min(settings["size"].values()),
        input_name="pixel_values",
        score_threshold=0.3,
        **options,
    )
    ours = detector(image)
    scores, labels = (theirs[name].numpy() for name in ("scores", "labels"))
    assert len(ours) == len(scores) > 3
    assert len(np.unique(ours.labels)) > 1 and np.ptp(ours.scores) > 0.05
    np.testing.assert_allclose(ours.scores, np.sort(scores)[::-1], atol=5e-5)
    boxes = theirs["boxes"].numpy().clip(0, [*SIZE[::-1], *SIZE[::-1]])  # ours are cut to the image
    apart = [
        np.abs(ours.boxes[:, None] - boxes).max(axis=-1) / 2e-3,
        np.abs(ours.scores[:, None] - scores) / 5e-5,
        (ours.labels[:, None] != labels) * 2.0,
    ]
    assert (np.max(apart, axis=0) <= 1).sum(axis=1).tolist() == [1] * len(ours)
    assert (np.max(apart, axis=0) <= 1).sum(axis=0).tolist() == [1] * len(ours)


EOMT = {"size": {"shortest_edge": 64, "longest_edge": 64}, "do_pad": True}
MASKS = {
    "maskformer": (nets.maskformer, "MaskFormer", EDGES, None),
    "mask2former": (nets.mask2former, "Mask2Former", EDGES, (384, 384)),
    "oneformer": (nets.oneformer, "OneFormer", EDGES, None),
    "eomt": (nets.eomt, "Eomt", EOMT, (64, 64)),
}


def masks(model: str, image: np.ndarray) -> tuple[Any, Any, Any, dict[str, Any]]:
    """The network, transformers' processor, what it gives, and what our pipelines are told."""
    build, name, settings, resample = MASKS[model]
    network, process = build(), processor(model, name, **settings)
    options: dict[str, Any] = {"input_name": "pixel_values", "resample_to": resample}
    if model == "oneformer":
        options["feeds"] = lambda images, geometries: {"task_inputs": nets.TASK.numpy()}
        given = run(network, process, image, task_inputs=nets.TASK)
    else:
        given = run(network, process, image)
    given["patch_offsets"] = None  # EoMT's, whose images are not cut
    return network, process, given, options


def fed(model: str, process: Any) -> Preprocess:
    if model == "eomt":
        return from_processor_config(process.to_dict())
    return preset(model, size=96, longest=160)


def few_differ(ours: np.ndarray, theirs: np.ndarray, share: float = 2e-3) -> None:
    """Interpolation is rounded elsewhere: only pixels where two answers tie may differ. None is everywhere."""
    assert ours.shape == theirs.shape
    assert (ours != theirs).mean() <= share
    values, counts = np.unique(ours, return_counts=True)
    assert len(values) > 1 and counts.max() < 0.995 * ours.size


@pytest.mark.parametrize("model", MASKS)
def test_panoptic(model: str, image: np.ndarray) -> None:
    """The same segments in the same order, and their pixels; but for EoMT's last row, as `test_instances` says."""
    network, process, given, options = masks(model, image)
    newer = model == "eomt"
    if model == "oneformer":
        process = processor("maskformer", "MaskFormer")
    theirs = process.post_process_panoptic_segmentation(
        given,
        threshold=0.3,
        overlap_mask_area_threshold=0.3,
        target_sizes=[SIZE],
        **{"stuff_classes" if newer else "label_ids_to_fuse": [1, 3]},
    )[0]
    ours = Segmenter(
        network,
        fed(model, process),
        decode_query_panoptic,
        stuff_labels=[1, 3],
        score_threshold=0.3,
        overlap_threshold=0.3,
        semantics="paper" if newer else "transformers",
        **options,
    )(image)
    shift = int(newer)  # EoMT's ids begin at 0, and -1 is none of them
    info = theirs["segments_info"]
    assert [(s.id, s.label) for s in ours.segments] == [(i["id"] + shift, i["label_id"]) for i in info]
    np.testing.assert_allclose([s.score for s in ours.segments], [i["score"] for i in info], atol=1e-5)
    assert len(info) > 1
    rows = slice(SIZE[0] - shift)
    few_differ(ours.ids[rows], theirs["segmentation"].numpy()[rows] + shift)


@pytest.mark.parametrize("model", MASKS)
def test_semantic_of_queries(model: str, image: np.ndarray) -> None:
    network, process, given, options = masks(model, image)
    theirs = process.post_process_semantic_segmentation(given, target_sizes=[SIZE])[0]
    ours = Segmenter(
        network, fed(model, process), decode_query_semantic, semantics="transformers", **options
    )(image)
    few_differ(ours, theirs.numpy())


@pytest.mark.parametrize("model", ["maskformer", "mask2former", "eomt"])
def test_instances(model: str, image: np.ndarray) -> None:
    """By score. EoMT's have one class for each query: so have ours where scores are above a half.

    Below EoMT's picture lies padding, which transformers cuts off before it stretches masks: in the last row alone
    ours see some of it. Scores are means over a mask, that row included.
    """
    network, process, given, options = masks(model, image)
    newer = model == "eomt"
    least = 0.5 if newer else 0.3
    more = {} if newer else {"return_binary_maps": True}
    theirs = process.post_process_instance_segmentation(given, threshold=least, target_sizes=[SIZE], **more)[
        0
    ]
    ours = Detector(
        network,
        fed(model, process),
        decode_query_instances,
        score_threshold=least,
        max_output=nets.QUERIES,
        semantics="paper" if newer else "transformers",
        **options,
    )(image)
    info = theirs["segments_info"]
    scores = np.array([one["score"] for one in info])
    order = np.argsort(-scores, kind="stable")
    assert len(ours) == len(info) > 1
    np.testing.assert_allclose(ours.scores, scores[order], atol=5e-4 if newer else 1e-5)
    assert ours.labels.tolist() == [info[at]["label_id"] for at in order]
    found = imgproc.unpack_masks(ours.masks)
    if newer:  # a map, in which the later of its queries lie above
        ids = np.full(SIZE, -1)
        for at, one in sorted(zip(order, found, strict=True), key=lambda pair: pair[0]):
            ids[one] = at
        few_differ(ids[:-1], theirs["segmentation"].numpy()[:-1])
    else:
        assert (found != theirs["segmentation"].numpy().astype(bool)[order]).mean() < 2e-3


LABELS = {
    "upernet": (nets.upernet, "segformer", "Segformer", SQUARE),
    "dpt": (lambda: nets.dpt("SemanticSegmentation"), "dpt", "DPT", SQUARE),
    "beit": (nets.beit, "beit", "Beit", SQUARE),
    "mobilevit": (
        nets.mobilevit,
        "mobilevit",
        "MobileViT",
        {"size": {"shortest_edge": 144}, "crop_size": {"height": 128, "width": 128}},
    ),
}


@pytest.mark.parametrize("family", LABELS)
def test_labels(family: str, image: np.ndarray) -> None:
    """MobileViT sees a crop, which transformers stretches over the whole picture: so do ours when told to."""
    build, model, name, settings = LABELS[family]
    network, process = build(), processor(model, name, **settings)
    theirs = process.post_process_semantic_segmentation(run(network, process, image), target_sizes=[SIZE])[0]
    before = from_processor_config(process.to_dict())
    if family == "upernet":
        assert before == preset("segformer", size=64)
    ours = Segmenter(network, before, decode_semantic, input_name="pixel_values", semantics="transformers")(
        image
    )
    few_differ(ours, theirs.numpy())
    if family != "mobilevit":  # where the picture fills the input, both rules are one
        few_differ(
            Segmenter(network, before, decode_semantic, input_name="pixel_values")(image), theirs.numpy()
        )


DEPTHS = ["dpt", "depth-anything", "zoedepth"]


@pytest.mark.parametrize("family", DEPTHS)
def test_depth(family: str, image: np.ndarray) -> None:
    if family == "zoedepth":
        network = nets.zoedepth()
        before = Preprocess(64, policy="near_multiple", multiple=32, resample="pillow", mean=0.5, std=0.5)
        with torch.no_grad():
            given = network(pixel_values=torch.from_numpy(before([image])[0])).predicted_depth[:, None]
        theirs = torch.nn.functional.interpolate(given, SIZE, mode="bicubic", align_corners=False)
        ours = DepthEstimator(network, before, decode_depth, input_name="pixel_values")(image)
        unit = "metric"
    else:
        settings: dict[str, Any] = SQUARE
        size = 64
        if family == "depth-anything":
            size = 56
            settings = {
                "size": {"height": 56, "width": 56},
                "keep_aspect_ratio": True,
                "ensure_multiple_of": 14,
                "image_mean": [0.485, 0.456, 0.406],
                "image_std": [0.229, 0.224, 0.225],
            }
        network = nets.dpt("DepthEstimation") if family == "dpt" else nets.depth_anything()
        process = processor("dpt", "DPT", **settings)
        given = run(network, process, image)
        theirs = process.post_process_depth_estimation(given, target_sizes=[SIZE])[0]["predicted_depth"]
        ours = DepthEstimator.from_preset(network, family, size=size, input_name="pixel_values")(image)
        unit = "relative"
    assert ours.unit == unit and ours.shape == SIZE and ours.valid.all()
    assert np.ptp(ours.depth) > 0.01
    np.testing.assert_allclose(ours.depth, theirs.numpy().reshape(SIZE), atol=1e-4)


def test_poses(image: np.ndarray) -> None:
    """On one set of heat maps: SciPy's crops, which transformers has, are up to a grey level from ours.

    Where a map of random weights has no top near its largest value, theirs step far away and ours stay; most are equal,
    and all scores.
    """
    pytest.importorskip("scipy")
    network, process = nets.vitpose(), processor("vitpose", "VitPose", size={"height": 64, "width": 48})
    boxes = np.array([[12.0, 8, 50, 60], [60, 20, 105, 66]])
    crops = pose_crops(image, boxes, (64, 48))
    colours = preset("vit", size=(64, 48), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    feeds, _ = colours(list(crops))
    sided = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).tolist()
    given = process(images=[image], boxes=[sided], return_tensors="np")["pixel_values"]
    assert np.median(np.abs(feeds - given)) < 2 / 255 / 0.224
    with load(network) as model:
        outputs = model.run({"pixel_values": feeds})
    with torch.no_grad():
        theirs = process.post_process_pose_estimation(network(pixel_values=torch.from_numpy(feeds)), [sided])[
            0
        ]
    ours = decode_pose(outputs, imgproc.Detections(boxes)).keypoints
    points = np.stack([one["keypoints"].numpy() for one in theirs])
    scores = np.stack([one["scores"].numpy() for one in theirs])
    np.testing.assert_allclose(ours[..., 2], scores, atol=1e-5)
    apart = np.abs(ours[..., :2] - points).max(axis=-1)
    assert (apart < 1e-2).mean() > 0.7


CLASSES = {
    "swin": ("vit", "ViT", SQUARE),
    "convnext": ("convnext", "ConvNext", {"size": {"shortest_edge": 64}}),
    "resnet": ("convnext", "ConvNext", {"size": {"shortest_edge": 64}}),
    "mobilenet_v2": (
        "mobilenet_v2",
        "MobileNetV2",
        {"size": {"shortest_edge": 72}, "crop_size": {"height": 64, "width": 64}},
    ),
    "deit": ("deit", "DeiT", {"size": {"height": 72, "width": 72}, "crop_size": {"height": 64, "width": 64}}),
}


@pytest.mark.parametrize("family", CLASSES)
def test_classes(family: str, image: np.ndarray) -> None:
    """All classes, surest first: none tie."""
    model, name, settings = CLASSES[family]
    network, process = nets.CLASSIFIERS[family](), processor(model, name, **settings)
    theirs = run(network, process, image).logits.softmax(-1)[0].numpy()
    before = from_processor_config(process.to_dict())
    ours = Classifier(network, before, decode_classes, input_name="pixel_values", top_k=nets.CLASSES)(image)
    order = np.argsort(-theirs)
    assert (np.diff(theirs[order]) < -1e-3).all()
    assert ours.labels.tolist() == order.tolist()
    np.testing.assert_allclose(ours.scores, theirs[order], atol=5e-5)
