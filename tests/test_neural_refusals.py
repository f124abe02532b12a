"""What the decoders do with what is wrong: each refusal is one sentence of the house's form that names the function and
the tensor, and all else gives a defined result, without a warning. One table of valid calls, and ways to spoil them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

from imgproc import Detections, neural
from imgproc._core.packed_masks import PackedMasks
from imgproc.neural import Geometry, OutputMismatch

FLOAT32 = np.float32
SEEN = Geometry((37, 53), (64, 64), scale=(0.9, 0.9), offset=(3.0, 5.0))

rng = np.random.default_rng(7)
ANCHORS = np.concatenate(neural.pyramid_anchors((64, 64), strides=(16, 32)))
POINTS = len(neural.anchor_points((64, 64), strides=(16, 32))[0])
PROPOSALS = ANCHORS[:6].clip(0, 60) + np.array([0, 0, 1, 1], FLOAT32)


def logits(*shape: int) -> Any:
    return rng.standard_normal(shape, FLOAT32)


def shares(*shape: int) -> Any:
    return rng.random(shape, FLOAT32)


def boxes(rows: int) -> Any:
    low = 30 * shares(1, rows, 2)
    return np.concatenate([low, low + 20 * shares(1, rows, 2) + 1], axis=2)


class Case(NamedTuple):
    function: Callable[..., Any]
    outputs: dict[str, Any]
    more: Mapping[str, Any] = MappingProxyType({})
    before: tuple[Any, ...] = ()
    after: tuple[Any, ...] = ()
    placed: bool = True

    def __call__(self, outputs: Any = None, geometries: Any = SEEN, **changes: Any) -> Any:
        given = self.outputs if outputs is None else outputs
        places = (geometries,) if self.placed else ()
        return self.function(given, *self.before, *places, *self.after, **{**self.more, **changes})


def anchored(function: Callable[..., Any]) -> Case:
    heads = {"cls_logits": logits(1, len(ANCHORS), 3), "bbox_regression": logits(1, len(ANCHORS), 4)}
    return Case(function, heads, {"anchors": ANCHORS})


def queried(function: Callable[..., Any], **more: Any) -> Case:
    return Case(
        function,
        {"class_queries_logits": 3 * logits(1, 5, 4), "masks_queries_logits": logits(1, 5, 8, 8)},
        more,
    )


EXPORTED = np.concatenate([60 * shares(1, 30, 4), shares(1, 30, 4)], axis=2)
COLUMNS = EXPORTED.transpose(0, 2, 1).copy()
NOTHING = Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
FOUND = Detections(boxes(3)[0], shares(3), np.array([0, 1, 1]))
OTHER = "transformers"
CASES = {
    "decode_retinanet": anchored(neural.decode_retinanet),
    "decode_ssd": anchored(neural.decode_ssd),
    "decode_efficientdet": anchored(neural.decode_efficientdet),
    "decode_fcos": Case(
        neural.decode_fcos,
        {
            "cls_logits": logits(1, POINTS, 3),
            "bbox_ctrness": logits(1, POINTS, 1),
            "bbox_regression": logits(1, POINTS, 4),
        },
        {"strides": (16, 32)},
    ),
    "decode_rpn": Case(
        neural.decode_rpn,
        {"objectness": logits(1, len(ANCHORS), 1), "bbox_regression": logits(1, len(ANCHORS), 4)},
        {"anchors": ANCHORS},
    ),
    "decode_roi_heads": Case(
        neural.decode_roi_heads,
        {"class_logits": logits(6, 3), "box_regression": logits(6, 12)},
        before=([PROPOSALS],),
    ),
    "decode_windows": Case(
        neural.decode_windows, {"cls_logits": logits(6, 3)}, before=(PROPOSALS,), placed=False
    ),
    "decode_yolo": Case(neural.decode_yolo, {"predictions": COLUMNS}),
    "decode_yolo, several": Case(neural.decode_yolo, {"predictions": COLUMNS}, {"multi_label": True}),
    "decode_yolo, objectness": Case(neural.decode_yolo, {"predictions": EXPORTED}, {"layout": "objectness"}),
    "decode_yolo, end": Case(
        neural.decode_yolo,
        {"predictions": np.concatenate([boxes(9), shares(1, 9, 1), np.ones((1, 9, 1), FLOAT32)], axis=2)},
        {"layout": "end-to-end"},
    ),
    "decode_yolo_extras": Case(neural.decode_yolo_extras, {"predictions": COLUMNS}, after=(2,)),
    "decode_yolo_masks": Case(
        neural.decode_yolo_masks, {"predictions": COLUMNS, "prototypes": logits(1, 3, 8, 8)}
    ),
    "decode_yolo_points": Case(neural.decode_yolo_points, {"predictions": COLUMNS}, {"points": 1}),
    "decode_mask_head": Case(neural.decode_mask_head, {"masks": logits(3, 2, 7, 7)}, before=([FOUND],)),
    "decode_keypoint_head": Case(
        neural.decode_keypoint_head, {"keypoints": logits(3, 2, 7, 7)}, before=([FOUND],)
    ),
    "decode_superpoint": Case(neural.decode_superpoint, {"logits": 3 * logits(1, 65, 8, 8)}),
    "decode_superpoint_descriptors": Case(
        neural.decode_superpoint_descriptors,
        {"descriptors": logits(1, 5, 8, 8)},
        before=([30 * shares(4, 3)],),
    ),
    "decode_pose": Case(neural.decode_pose, {"heatmaps": shares(3, 2, 8, 6)}, before=(FOUND,), placed=False),
    "decode_yolov1": Case(neural.decode_yolov1, {"predictions": shares(1, 3, 3, 13)}, {"classes": 3}),
    "decode_yolov3": Case(
        neural.decode_yolov3, {"head": logits(1, 16, 4, 4)}, {"anchors": [[(10, 13), (20, 20)]]}
    ),
    "decode_dfl": Case(neural.decode_dfl, {"head": 3 * logits(1, 11, 4, 4)}, {"bins": 2, "heads": ["head"]}),
    "decode_given_boxes": Case(
        neural.decode_given_boxes,
        {"boxes": boxes(5), "scores": shares(1, 5), "labels": np.ones((1, 5), FLOAT32)},
        {"score_threshold": 0.1},
    ),
    "decode_detr": Case(
        neural.decode_detr,
        {"logits": logits(1, 7, 4), "pred_boxes": shares(1, 7, 4)},
        {"score_threshold": 0.1},
    ),
    "decode_detr, pairs": Case(
        neural.decode_detr, {"logits": logits(1, 7, 4), "pred_boxes": shares(1, 7, 4)}, {"scores": "sigmoid"}
    ),
    "decode_query_instances": queried(neural.decode_query_instances),
    "decode_query_instances, other": queried(
        neural.decode_query_instances, semantics=OTHER, resample_to=(16, 16)
    ),
    "decode_query_panoptic": queried(neural.decode_query_panoptic, score_threshold=0.3),
    "decode_query_panoptic, other": queried(
        neural.decode_query_panoptic, score_threshold=0.3, semantics=OTHER, resample_to=(16, 16)
    ),
    "decode_query_semantic": queried(neural.decode_query_semantic),
    "decode_query_semantic, other": queried(
        neural.decode_query_semantic, semantics=OTHER, resample_to=(16, 16)
    ),
    "decode_semantic": Case(neural.decode_semantic, {"logits": logits(1, 3, 8, 8)}, {"score": "probability"}),
    "decode_semantic, binary": Case(
        neural.decode_semantic, {"logits": logits(1, 1, 8, 8)}, {"head": "binary", "score": "probability"}
    ),
    "decode_semantic, several": Case(
        neural.decode_semantic, {"logits": logits(1, 3, 8, 8)}, {"head": "several"}
    ),
    "decode_panoptic_fpn": Case(
        neural.decode_panoptic_fpn,
        {"semantic_logits": logits(1, 3, 8, 8)},
        {"min_stuff_area": 1},
        after=([NOTHING],),
    ),
    "decode_centernet": Case(
        neural.decode_centernet,
        {"heatmap": logits(1, 3, 8, 8), "offset": logits(1, 2, 8, 8), "size": logits(1, 2, 8, 8)},
    ),
    "decode_classes": Case(neural.decode_classes, {"logits": logits(1, 5)}),
    "decode_classes, each": Case(neural.decode_classes, {"logits": logits(1, 5)}, {"activation": "sigmoid"}),
    "decode_depth": Case(neural.decode_depth, {"predicted_depth": 1 + shares(1, 8, 8)}),
    "decode_depth, disparity": Case(
        neural.decode_depth,
        {"predicted_depth": 1 + shares(1, 8, 8)},
        {"unit": "disparity", "flipped": {"predicted_depth": 1 + shares(1, 8, 8)}},
    ),
    "decode_monodepth": Case(
        neural.decode_monodepth, {"disparities": shares(1, 2, 8, 8)}, {"baseline": 0.5, "focal": 12}
    ),
    "decode_monodepth, activated": Case(
        neural.decode_monodepth, {"disparities": shares(1, 2, 8, 8)}, {"activated": True}
    ),
}
KERNEL_LOOKS = {"decode_semantic"}
"""Logits that lie beside no pixel of the image are not looked at there."""


@pytest.fixture(params=CASES.values(), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def outcome(case: Case, *arguments: Any, **changes: Any) -> Any:
    """The result, or the error once it is one of the house's sentences."""
    name = case.function.__name__
    try:
        return case(*arguments, **changes)
    except (TypeError, ValueError) as error:
        sentence = str(error)
        assert sentence.startswith(f"{name}: "), repr(sentence)
        assert " must be " in sentence and ", got " in sentence and "\n" not in sentence, repr(sentence)
        return error


def refusal(case: Case, *arguments: Any, **changes: Any) -> Exception:
    found = outcome(case, *arguments, **changes)
    assert isinstance(found, Exception), f"accepted: {arguments[:1]} {changes}"
    return found


def spoiled(case: Case, key: str, tensor: Any) -> dict[str, Any]:
    return {**case.outputs, key: tensor}


def numbers(result: Any) -> Iterator[Any]:
    """All arrays in a result."""
    if isinstance(result, np.ndarray):
        yield result
    elif isinstance(result, list | tuple):
        for part in result:
            yield from numbers(part)
    elif isinstance(result, Detections):
        yield from (result.boxes, result.scores, result.labels)
        if isinstance(result.masks, PackedMasks):
            yield from numbers([result.masks.boxes, result.masks.words])
    else:
        for name in getattr(result, "__dataclass_fields__", ()):
            yield from numbers(getattr(result, name))


def same(a: Any, b: Any) -> None:
    for left, right in zip(numbers(a), numbers(b), strict=True):
        np.testing.assert_array_equal(left, right)


def test_all_decoders_are_in_the_table() -> None:
    decoders = {name for name in neural.__all__ if name.startswith("decode_")}
    decoders.remove("decode_prototype_masks")  # takes arrays, and is what decode_yolo_masks calls
    assert {case.function.__name__ for case in CASES.values()} == decoders


def test_the_list_of_names() -> None:
    assert [name for name in neural.__all__ if not hasattr(neural, name)] == []
    assert len(set(neural.__all__)) == len(neural.__all__)


def test_what_is_no_tensor(case: Case) -> None:
    for key, tensor in case.outputs.items():
        integers = tensor.astype(int)
        bad = [None, 3, "x", tensor.tolist(), tensor.astype(object), tensor.astype(complex)]
        bad += [
            tensor.astype(bool),
            np.ma.masked_array(tensor, mask=tensor > 0),
            np.full(tensor.shape, 2**64 - 1),
        ]
        for wrong in [*bad, *([] if key == "labels" else [integers])]:
            assert isinstance(refusal(case, spoiled(case, key, wrong)), OutputMismatch)


def test_a_tensor_of_another_library(case: Case) -> None:
    """Its numbers may lie on a device, so that they are not printed."""

    class Foreign:
        shape, dtype = (1, 3), "bfloat16"

        def __repr__(self) -> str:
            raise AssertionError

    key = next(iter(case.outputs))
    sentence = str(refusal(case, spoiled(case, key, Foreign())))
    assert sentence.endswith("to_host makes one of a tensor, got bfloat16 Foreign of shape (1, 3)")


def test_other_shapes(case: Case) -> None:
    """Refused, or a defined result: a batch of none, no queries, one class."""
    for key, tensor in case.outputs.items():
        assert isinstance(refusal(case, spoiled(case, key, tensor[None, None])), OutputMismatch)
        assert isinstance(refusal(case, spoiled(case, key, tensor.sum())), OutputMismatch | TypeError)
        for axis in range(tensor.ndim):
            before = (slice(None),) * axis
            for other in (np.concatenate([tensor, tensor], axis), tensor[*before, :1], tensor[*before, :0]):
                outcome(case, spoiled(case, key, np.ascontiguousarray(other)))


def test_what_is_not_finite(case: Case) -> None:
    for key, tensor in case.outputs.items():
        for wrong in (np.nan, np.inf, -np.inf):
            for place in (0, -1):
                bad = tensor.copy()
                bad.reshape(-1)[place] = wrong
                found = outcome(case, spoiled(case, key, bad))
                unseen = case.function.__name__ in KERNEL_LOOKS and place == -1
                assert isinstance(found, OutputMismatch) or unseen
        bad = np.full(tensor.shape, 1e300)
        assert isinstance(refusal(case, spoiled(case, key, bad)), OutputMismatch)


def test_huge_numbers(case: Case) -> None:
    """No warning, no NaN: what leaves float32 ends at the image's edge or is refused."""
    for key, tensor in case.outputs.items():
        for huge in (3e38, -3e38, 1e19, -1e19, 1e-45):
            for step in (1, 3):
                bad = tensor.copy()
                bad.reshape(-1)[::step] = huge
                found = outcome(case, spoiled(case, key, bad))
                depth = case.function.__name__ in ("decode_depth", "decode_monodepth")
                if not depth and not isinstance(found, Exception):
                    assert not any(np.isnan(array).any() for array in numbers(found))


def test_the_same_numbers_in_other_memory(case: Case) -> None:
    whole = case()
    for key, tensor in case.outputs.items():
        frozen = tensor.copy()
        frozen.flags.writeable = False
        odd = np.zeros(tensor.nbytes + 1, np.uint8)[1:].view(FLOAT32).reshape(tensor.shape)
        odd[...] = tensor
        others = [tensor.astype(">f4"), tensor.astype(float), np.asfortranarray(tensor), frozen, odd]
        others += [np.flip(np.flip(tensor, axis).copy(), axis) for axis in range(tensor.ndim)]
        for other in others:
            same(case(spoiled(case, key, other)), whole)
        half = tensor.astype(np.float16)
        rounded = outcome(case, spoiled(case, key, half.astype(FLOAT32)))
        if not isinstance(rounded, Exception):
            same(case(spoiled(case, key, half)), rounded)


def test_outputs_are_left_as_they_are(case: Case) -> None:
    before = {key: tensor.copy() for key, tensor in case.outputs.items()}
    case()
    for key, tensor in before.items():
        np.testing.assert_array_equal(case.outputs[key], tensor)


def test_outputs_and_their_names(case: Case) -> None:
    wrong: Any
    for wrong in ([], 3, "abc", [("a", 1)]):
        assert isinstance(refusal(case, wrong), TypeError)
    assert isinstance(refusal(case, {}), OutputMismatch)
    if case.function in (neural.decode_yolov3, neural.decode_dfl):
        for wrong in ("head", b"x", [None], ["other"], 3):
            refusal(case, heads=wrong)
        return
    key = next(iter(case.outputs))
    for wrong in ("abc", 3, True, [key], {key: None}, {key: ["x"]}):
        assert isinstance(refusal(case, keys=wrong), TypeError)
    declared = case.function.reads  # type: ignore[attr-defined]
    assert set(case.outputs) <= set(declared)
    for unknown in ({"nothing": key}, {key: key, 3: key}):
        error = refusal(case, keys=unknown)
        assert isinstance(error, ValueError)
        assert all(repr(name) in str(error) for name in declared)
        assert str(error).endswith(f"got {list(unknown)[-1]!r}")
    missing = refusal(case, keys={key: "nowhere"})
    assert isinstance(missing, OutputMismatch) and "nowhere" in str(missing)
    for key in case.outputs:
        if case.function is not neural.decode_given_boxes or key != "labels":
            rest = {name: tensor for name, tensor in case.outputs.items() if name != key}
            assert isinstance(refusal(case, rest), OutputMismatch)
    if "flipped" not in case.more:  # keys name both
        renamed = {f"renamed {name}": tensor for name, tensor in case.outputs.items()}
        same(case(renamed, keys={name: f"renamed {name}" for name in case.outputs}), case())


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry((1, 1), (64, 64)),
        Geometry.stretched((1, 1), (1, 1)),
        Geometry.stretched((1, 1), (64, 64)),
        Geometry((37, 53), (64, 64), flip=True),
        Geometry((11, 7), (64, 64), scale=(0.5, 0.2), offset=(-30, 500)),
        Geometry((11, 7), (64, 64), offset=(1000, 1000)),
        Geometry((11, 7), (64, 64), offset=(-1000, -1000)),
        Geometry.stretched((1, 3000), (64, 64)),
        Geometry.stretched((37, 53), (96, 32)),
    ],
    ids=["corner", "one", "all of one", "flip", "other", "beyond", "before", "line", "another input"],
)
def test_geometries_of_other_images(geometry: Geometry) -> None:
    for case in CASES.values():
        outcome(case, None, geometry)


def test_what_is_no_geometry(case: Case) -> None:
    if case.placed:
        for wrong in (None, 3, "x", [], [SEEN, SEEN], [None], (37, 53), Geometry, {0: SEEN}):
            refusal(case, None, wrong)


def test_an_empty_batch(case: Case) -> None:
    if not case.placed or case.before:
        return
    nothing = {key: tensor[:0] for key, tensor in case.outputs.items()}
    more = {"flipped": nothing} if "flipped" in case.more else {}
    empty = case._replace(after=([],)) if case.function is neural.decode_panoptic_fpn else case
    assert empty(nothing, [], **more) == []
    assert empty(nothing, SEEN, **more) == []


def test_wrong_parameters(case: Case) -> None:
    values = [math.nan, math.inf, -math.inf, True, "x", b"x", -1, 2.5, 1j, 10**400, (math.nan, 1.0)]
    values += [None, [], {}, [None], object(), np.array(1.0), np.array([1, 2])]
    for name, parameter in inspect.signature(case.function).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and name != "keys":
            for wrong in values:
                outcome(case, **{name: wrong})
            if name.endswith("threshold"):
                for wrong in (math.nan, math.inf, True, "0.5"):
                    refusal(case, **{name: wrong})


def test_a_background_that_is_no_column() -> None:
    """All classes would count as objects."""
    for case in CASES.values():
        if "background" in inspect.signature(case.function).parameters:
            assert "background must be an integer from 0 to 2" in str(refusal(case, background=3))


@pytest.mark.parametrize("name", ["image_shape", "input_shape", "scale", "offset", "flip"])
def test_no_geometries(name: str) -> None:
    known: dict[str, Any] = {"image_shape": (3, 4), "input_shape": (6, 8)}
    wrong: list[Any] = [None, math.nan, "x", 3, [], (1,), (1, 2, 3), (math.nan, 1.0), (1.0, math.inf)]
    wrong += [("a", "b"), (True, True), {}, np.ones(2)]
    wrong += [] if name == "offset" else [(0, 0), (-1, 3)]
    for value in wrong:
        with pytest.raises((TypeError, ValueError), match=rf"^Geometry: {name}.* must be .*, got "):
            Geometry(**{**known, name: value})
    with pytest.raises(ValueError, match=r"^Geometry\.stretched: image_shape.* must be "):
        Geometry.stretched((0, 4), (6, 8))
