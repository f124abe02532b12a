"""Which size an image gets for a model, and the presets of well-known ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgproc.neural import PRESETS, Preprocess, preset


@settings(deadline=None, max_examples=200)
@given(
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    st.tuples(st.integers(1, 1500), st.integers(1, 1500)),
    st.sampled_from(["stretch", "letterbox", "fit", "shortest_edge", "near_multiple", "crop"]),
    st.integers(1, 64),
    st.integers(0, 5),
)
def test_laws_of_policies(
    image: tuple[int, int], size: tuple[int, int], policy: str, multiple: int, number: int
) -> None:
    rounding = {
        "letterbox": ("nearest", "half_up", "down"),
        "fit": ("nearest", "half_up", "down"),
        "shortest_edge": ("detr", "torchvision", "rcnn", "mask2former", "yolos"),
        "crop": ("torchvision", "transformers"),
    }.get(policy, (None,))
    reads = policy in ("fit", "shortest_edge", "near_multiple")
    word = rounding[number % len(rounding)]
    longest = max(size) if policy == "shortest_edge" and number % 2 else None
    wanted = min(size) if policy == "shortest_edge" else size
    made = Preprocess(
        wanted, policy=policy, rounding=word, longest=longest, multiple=multiple if reads else 1
    )
    (geometry,) = made.geometries([image])
    height, width = (round(scale * own) for scale, own in zip(geometry.scale, image, strict=True))
    inputs = geometry.input_shape
    assert height >= 1 and width >= 1 and geometry.image_shape == image
    if policy in ("stretch", "letterbox", "crop"):
        assert inputs == size
    if policy in ("fit", "shortest_edge"):
        assert inputs[0] % multiple == inputs[1] % multiple == 0
        assert 0 <= inputs[0] - height < multiple and 0 <= inputs[1] - width < multiple
    if policy in ("letterbox", "fit"):
        # Rounding down is that of a product in float64, which may be just below the length that it stands for.
        near = 1 + (word == "down")
        assert height <= size[0] and width <= size[1] and (height + near > size[0] or width + near > size[1])
        spare = inputs[0] - height - geometry.offset[0], inputs[1] - width - geometry.offset[1]
        if policy == "letterbox":
            assert all(0 <= rest - own <= 1 for rest, own in zip(spare, geometry.offset, strict=True))
    if longest is not None and word != "mask2former":
        # DETR leaves an image as it is whose shorter side has the length already, after rounding.
        assert max(height, width) <= max(longest, multiple) or (word == "detr" and (height, width) == image)
    if policy == "near_multiple":
        assert height % multiple == width % multiple == 0


# From torchvision 0.29 (Resize and GeneralizedRCNNTransform) and transformers 5.23 (get_size_with_aspect_ratio).
@pytest.mark.parametrize(
    ("rounding", "image", "expected"),
    [
        ("detr", (480, 640), (800, 1066)),
        ("detr", (427, 640), (800, 1199)),
        ("detr", (375, 1242), (402, 1333)),
        ("detr", (1080, 1920), (750, 1333)),
        ("torchvision", (375, 1242), (402, 1333)),
        ("torchvision", (640, 427), (1199, 800)),
        ("rcnn", (375, 1242), (402, 1333)),
        ("rcnn", (427, 640), (800, 1199)),
        ("rcnn", (333, 500), (800, 1201)),
        ("torchvision", (333, 500), (800, 1201)),
    ],
)
def test_shortest_edges_of_others(rounding: str, image: tuple[int, int], expected: tuple[int, int]) -> None:
    made = Preprocess(800, policy="shortest_edge", longest=1333, rounding=rounding)
    assert made.geometries([image])[0].input_shape == expected


def test_presets(rng: np.random.Generator) -> None:
    images = [rng.integers(0, 256, (70, 50, 3), np.uint8), rng.integers(0, 256, (41, 64), np.uint8)]
    for name in PRESETS:
        changes = {"size": 32} if PRESETS[name].get("size") else {}
        changes |= {"resize": 36} if name in ("imagenet", "mobilevit") else {}
        changes |= {"longest": 50} if PRESETS[name].get("longest") else {}
        batch, geometries = preset(name, **changes)(images[: 1 if name == "glpn" else 2])
        assert batch.dtype == np.float32 and np.isfinite(batch).all()
        assert {geometry.input_shape for geometry in geometries} == {batch.shape[2:]}
    assert preset("yolo", image_order="bgr").image_order == "bgr"
    with pytest.raises(ValueError, match=r"^preset: name must be one of .*, got 'resnet'"):
        preset("resnet")
