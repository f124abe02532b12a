"""Decoders of queries beside transformers' own post-processing, on synthetic heads; every difference is explained."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import imgproc
from imgproc.neural import (
    Geometry,
    decode_detr,
    decode_panoptic_fpn,
    decode_query_instances,
    decode_query_panoptic,
    decode_query_semantic,
)
from imgproc.segmentation import PanopticSegments

pytestmark = pytest.mark.torch

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

SIZE = (70, 90)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """One thread, and none of transformers' warnings, which are not ours to mend."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.set_num_threads(threads)


def processor(model: str, name: str) -> Any:
    """Without its settings, which are made for pictures: what it does to outputs needs none of them."""
    try:
        module = import_module(f"transformers.models.{model}.image_processing_pil_{model}")
    except ImportError as error:
        pytest.skip(f"transformers lacks {name}: {error}")
    kind = getattr(module, name)
    return kind.__new__(kind)


def tensors(outputs: dict[str, Any], **others: Any) -> Any:
    return SimpleNamespace(**{name: torch.from_numpy(array) for name, array in outputs.items()}, **others)


# Boxes.


def heads(rng: np.random.Generator, queries: int = 50, classes: int = 12, batch: int = 3) -> dict[str, Any]:
    return {
        "logits": rng.normal(-1, 3, (batch, queries, classes)).astype(np.float32),
        "pred_boxes": rng.uniform(0, 1, (batch, queries, 4)).astype(np.float32),
    }


def same_boxes(found: Any, expected: Any, size: tuple[int, int]) -> None:
    """Ours are cut to the image, theirs are not; theirs come by query where softmax is used, ours by score."""
    order = np.argsort(-expected["scores"].numpy(), kind="stable")
    assert found.labels.tolist() == expected["labels"].numpy()[order].tolist()
    np.testing.assert_allclose(found.scores, expected["scores"].numpy()[order], rtol=2e-6)
    limits = np.array([size[1], size[0]] * 2, np.float32)
    boxes = expected["boxes"].numpy()[order].clip(0, limits)
    np.testing.assert_allclose(found.boxes, boxes, rtol=1e-5, atol=1e-4)


BOX_PROCESSORS = (
    ("detr", "DetrImageProcessorPil", "softmax", {}, {}),
    ("yolos", "YolosImageProcessorPil", "softmax", {}, {}),
    ("conditional_detr", "ConditionalDetrImageProcessorPil", "sigmoid", {}, {"max_output": 100}),
    ("deformable_detr", "DeformableDetrImageProcessorPil", "sigmoid", {"top_k": 30}, {"max_output": 30}),
    # Those of RT-DETRv2 and D-FINE as well.
    ("rt_detr", "RTDetrImageProcessorPil", "sigmoid", {}, {}),
)


@pytest.mark.parametrize(("model", "name", "scores", "theirs", "ours"), BOX_PROCESSORS)
def test_boxes(model: str, name: str, scores: str, theirs: Any, ours: Any) -> None:
    sizes = [SIZE, (33, 44), (512, 300)]
    for seed, threshold in enumerate((0.5, 0.05, 0.9)):
        outputs = heads(np.random.default_rng(seed))
        expected = processor(model, name).post_process_object_detection(
            tensors(outputs), threshold=threshold, target_sizes=sizes, **theirs
        )
        geometries = [Geometry.stretched(size, (800, 800)) for size in sizes]
        found = decode_detr(outputs, geometries, scores=scores, score_threshold=threshold, **ours)
        assert sum(map(len, found)) > 3
        for of_image, rows, size in zip(found, expected, sizes, strict=True):
            same_boxes(of_image, rows, size)


def test_rt_detr_softmax_runs_over_the_batch_in_transformers() -> None:
    """use_focal_loss=False: softmax without an axis takes the first of three. Of equal images in a batch of two each
    probability is a half; ours are those of an image alone."""
    outputs = heads(np.random.default_rng(5), batch=1)
    twice = {name: np.concatenate([array, array]) for name, array in outputs.items()}
    theirs = processor("rt_detr", "RTDetrImageProcessorPil").post_process_object_detection(
        tensors(twice), threshold=0.4, target_sizes=[SIZE, SIZE], use_focal_loss=False
    )
    scores = theirs[0]["scores"].numpy()
    if not (scores == 0.5).all():
        pytest.skip("transformers has mended it")
    geometry = Geometry.stretched(SIZE, (800, 800))
    alone = decode_detr(outputs, geometry, score_threshold=0.4)[0]
    assert decode_detr(twice, geometry, score_threshold=0.4) == [alone, alone]
    as_detr = processor("detr", "DetrImageProcessorPil").post_process_object_detection(
        tensors(outputs), threshold=0.4, target_sizes=[SIZE]
    )
    same_boxes(alone, as_detr[0], SIZE)


# Masks.


def masks(rng: np.random.Generator, queries: int = 14, classes: int = 5, shape: Any = (24, 28)) -> Any:
    """Two images of regions about middles, more than one query for some classes."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    logits = np.empty((2, queries, *shape))
    for image in range(2):
        middles = rng.uniform(0, shape, (queries, 2))
        far = np.stack([np.hypot(y - cy, x - cx) for cy, cx in middles])
        near = np.partition(far, 1, axis=0)[:2]
        logits[image] = np.clip(np.where(far == near[0], near[1], near[0]) - far + 0.5, -8, 8)
    logits += rng.normal(0, 0.2, logits.shape)
    chances = rng.normal(0, 1, (2, queries, classes + 1))
    chances[:, np.arange(queries), rng.integers(0, classes, queries)] += rng.uniform(2, 7, queries)
    return {
        "class_queries_logits": chances.astype(np.float32),
        "masks_queries_logits": logits.astype(np.float32),
    }


def few_differ(ours: Any, theirs: Any) -> None:
    """Weights of interpolation are rounded elsewhere: only pixels where two queries tie may differ."""
    assert ours.shape == theirs.shape
    assert (ours != theirs).mean() < 2e-3


def same_segments(found: PanopticSegments, expected: Any, *, shift: int = 0) -> None:
    info = expected["segments_info"]
    assert [(s.id, s.label) for s in found.segments] == [(i["id"] + shift, i["label_id"]) for i in info]
    np.testing.assert_allclose([s.score for s in found.segments], [i["score"] for i in info], atol=2e-6)
    few_differ(found.ids, expected["segmentation"].numpy() + shift)


PANOPTIC = (
    ("maskformer", "MaskFormerImageProcessorPil", None),
    ("mask2former", "Mask2FormerImageProcessorPil", (384, 384)),
    ("detr", "DetrImageProcessorPil", None),
    ("conditional_detr", "ConditionalDetrImageProcessorPil", None),
)


def named(model: str, outputs: Any) -> Any:
    """DETR gives other names to its outputs."""
    if "detr" not in model:
        return outputs
    return {"logits": outputs["class_queries_logits"], "pred_masks": outputs["masks_queries_logits"]}


@pytest.mark.parametrize(("model", "name", "resample"), PANOPTIC)
def test_panoptic_of_transformers(model: str, name: str, resample: Any) -> None:
    sizes, found_any = [SIZE, (31, 45)], 0
    for seed in range(3):
        outputs = named(model, masks(np.random.default_rng(seed)))
        expected = processor(model, name).post_process_panoptic_segmentation(
            tensors(outputs), threshold=0.5, label_ids_to_fuse={1, 3}, target_sizes=sizes
        )
        found = decode_query_panoptic(
            outputs,
            [Geometry.stretched(size, (96, 96)) for size in sizes],
            stuff_labels={1, 3},
            score_threshold=0.5,
            resample_to=resample,
            semantics="transformers",
        )
        for of_image, rows in zip(found, expected, strict=True):
            same_segments(of_image, rows)
            found_any += len(of_image.segments)
    assert found_any > 12


def test_panoptic_of_eomt() -> None:
    """Its newer copy is the rule of the papers, but for where ids begin and void lies (0 and -1), the float32 map."""
    outputs = masks(np.random.default_rng(1), shape=(24, 24))
    expected = processor("eomt", "EomtImageProcessorPil").post_process_panoptic_segmentation(
        tensors(outputs, patch_offsets=None),
        target_sizes=[(64, 64), (80, 80)],
        threshold=0.5,
        stuff_classes=[1, 3],
        size={"shortest_edge": 40, "longest_edge": 40},
    )
    found = decode_query_panoptic(
        outputs,
        [Geometry.stretched((64, 64), (40, 40)), Geometry.stretched((80, 80), (40, 40))],
        stuff_labels=[1, 3],
        score_threshold=0.5,
        resample_to=(40, 40),
    )
    for of_image, rows in zip(found, expected, strict=True):
        few_differ(of_image.ids, rows["segmentation"].numpy() + 1)
        # Stuff is named once in theirs too; its score is that of its first query there, of its best in ours.
        assert [(s.id, s.label) for s in of_image.segments] == [
            (i["id"] + 1, i["label_id"]) for i in rows["segments_info"]
        ]


def test_nothing_found_is_a_map_of_minus_one_in_transformers() -> None:
    outputs = masks(np.random.default_rng(1))
    expected = processor("maskformer", "MaskFormerImageProcessorPil").post_process_panoptic_segmentation(
        tensors(outputs), threshold=1.0, label_ids_to_fuse=set(), target_sizes=[SIZE, SIZE]
    )
    geometry = Geometry.stretched(SIZE, (96, 96))
    found = decode_query_panoptic(outputs, geometry, score_threshold=1.0, semantics="transformers")
    for of_image, rows in zip(found, expected, strict=True):
        np.testing.assert_array_equal(of_image.ids, rows["segmentation"].numpy())
    assert not any(
        of_image.ids.any() for of_image in decode_query_panoptic(outputs, geometry, score_threshold=1.0)
    )


@pytest.mark.parametrize(
    ("model", "name", "resample"),
    [*PANOPTIC, ("oneformer", "OneFormerImageProcessorPil", None)],
)
def test_semantic_of_transformers(model: str, name: str, resample: Any) -> None:
    outputs, sizes = named(model, masks(np.random.default_rng(7))), [SIZE, (31, 45)]
    expected = processor(model, name).post_process_semantic_segmentation(tensors(outputs), target_sizes=sizes)
    geometries = [Geometry.stretched(size, (96, 96)) for size in sizes]
    found = decode_query_semantic(outputs, geometries, resample_to=resample, semantics="transformers")
    for labels, theirs in zip(found, expected, strict=True):
        few_differ(labels, theirs.numpy())


def test_semantic_of_the_paper() -> None:
    """The code of MaskFormer: logits are interpolated, then sigmoid, einsum, argmax."""
    outputs = masks(np.random.default_rng(8))
    found = decode_query_semantic(outputs, Geometry.stretched(SIZE, (96, 96)))
    large = torch.nn.functional.interpolate(
        torch.from_numpy(outputs["masks_queries_logits"]), size=SIZE, mode="bilinear", align_corners=False
    )
    chances = torch.from_numpy(outputs["class_queries_logits"]).softmax(-1)[..., :-1]
    expected = torch.einsum("bqc,bqhw->bchw", chances, large.sigmoid()).argmax(1).numpy()
    for labels, theirs in zip(found, expected, strict=True):
        few_differ(labels, theirs)


@pytest.mark.parametrize(("model", "name", "resample"), PANOPTIC[:2])
def test_instances_of_transformers(model: str, name: str, resample: Any) -> None:
    """Its map shows the later of overlapping instances; as bits they are whole."""
    outputs, sizes = masks(np.random.default_rng(9)), [SIZE, (31, 45)]
    expected = processor(model, name).post_process_instance_segmentation(
        tensors(outputs), threshold=0.2, target_sizes=sizes, return_binary_maps=True
    )
    found = decode_query_instances(
        outputs,
        [Geometry.stretched(size, (96, 96)) for size in sizes],
        score_threshold=0.2,
        max_output=14,
        resample_to=resample,
        semantics="transformers",
    )
    for of_image, rows in zip(found, expected, strict=True):
        scores = np.array([info["score"] for info in rows["segments_info"]])
        order = np.argsort(-scores, kind="stable")
        assert len(of_image) == len(scores) > 3
        np.testing.assert_allclose(of_image.scores, scores[order], atol=2e-6)
        assert of_image.labels.tolist() == [rows["segments_info"][at]["label_id"] for at in order]
        bits = rows["segmentation"].numpy().astype(bool)[order]
        assert (imgproc.unpack_masks(of_image.masks) != bits).mean() < 1e-3


# Wiring: networks with random weights, whose heads are only known to have the names and shapes that are read.


def test_panoptic_fpn_is_wired() -> None:
    from reference_nets.panoptic_fpn import PanopticFPN

    torch.manual_seed(3)
    network = PanopticFPN(things=4, stuff=3).eval()
    boxes = torch.tensor([[0.1, 0.1, 0.6, 0.5], [0.3, 0.2, 0.9, 0.9], [0.0, 0.5, 0.4, 1.0]])
    with torch.no_grad():
        outputs = {name: tensor.numpy() for name, tensor in network(torch.rand(1, 3, 64, 96), boxes).items()}
    assert outputs["semantic_logits"].shape == (1, 4, 16, 24) and outputs["region_masks"].shape == (
        3,
        4,
        28,
        28,
    )
    geometry = Geometry.stretched((48, 80), (64, 96))
    chances = np.exp(outputs["region_logits"])[:, :4]
    labels, places = chances.argmax(axis=1), boxes.numpy() * np.float32([80, 48, 80, 48])
    probabilities = 1 / (1 + np.exp(-outputs["region_masks"][range(3), labels]))
    pasted = imgproc.paste_mask(probabilities, places, geometry.image_shape, threshold=0.4, packed=True)
    things = imgproc.Detections(places, np.float32([0.9, 0.8, 0.7]), labels, masks=pasted)
    merged = decode_panoptic_fpn(
        outputs, geometry, [things], stuff_labels=[None, 10, 11, 12], min_stuff_area=16
    )[0]
    assert merged.ids.shape == geometry.image_shape and merged.ids.max() == len(merged.segments) > 0
    assert {segment.label for segment in merged.segments if not segment.is_thing} <= {10, 11, 12}
    assert pasted.areas.any() and any(segment.is_thing for segment in merged.segments)


@pytest.mark.parametrize("name", ["maskformer", "detr"])
def test_transformers_networks_are_wired(name: str) -> None:
    """Networks of their configurations at their smallest."""
    import transformers

    torch.manual_seed(4)
    if name == "detr":
        backbone = transformers.ResNetConfig(
            embedding_size=8,
            hidden_sizes=[8, 8, 8, 8],
            depths=[1, 1, 1, 1],
            layer_type="basic",
            out_features=["stage4"],
        )
        config = transformers.DetrConfig(
            use_timm_backbone=False,
            use_pretrained_backbone=False,
            backbone=None,
            backbone_config=backbone,
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=16,
            decoder_ffn_dim=16,
            num_queries=7,
            num_labels=5,
        )
        network = transformers.DetrForObjectDetection(config)
    else:
        config = transformers.MaskFormerConfig(
            backbone_config=transformers.SwinConfig(
                image_size=64,
                embed_dim=8,
                depths=[1, 1, 1, 1],
                num_heads=[1, 1, 1, 1],
                window_size=2,
                out_features=["stage1", "stage2", "stage3", "stage4"],
            ),
            decoder_config=transformers.DetrConfig(
                d_model=16, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=16, num_queries=7
            ),
            fpn_feature_size=32,
            mask_feature_size=32,
            num_labels=5,
        )
        network = transformers.MaskFormerForInstanceSegmentation(config)
    with torch.no_grad():
        given = network.eval()(torch.rand(2, 3, 64, 64))
    outputs = {key: value.numpy() for key, value in given.items() if isinstance(value, torch.Tensor)}
    geometry = Geometry.stretched((50, 70), (64, 64))
    if name == "detr":
        assert len(decode_detr(outputs, geometry, score_threshold=0)) == 2
    else:
        assert [found.ids.shape for found in decode_query_panoptic(outputs, geometry)] == [(50, 70)] * 2
        assert [labels.shape for labels in decode_query_semantic(outputs, geometry)] == [(50, 70)] * 2
        assert len(decode_query_instances(outputs, geometry)) == 2
