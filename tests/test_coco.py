"""COCO's evaluation: against its slow twin, in every form of input, and bad input in bulk."""

from __future__ import annotations

import copy
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from coco_cases import random_case
from reference import coco as slow

import imgproc

LIMITS = (1, 3, 7)


def same(a: imgproc.CocoScores, b: imgproc.CocoScores) -> bool:
    return a == b and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("precision", "recall", "scores")
    )


def test_twin(rng: np.random.Generator) -> None:
    thresholds = np.linspace(0.5, 0.95, 10)
    for number in range(12):
        found, truth = random_case(rng)
        for entry in truth["annotations"]:
            if rng.random() < 0.2:
                entry["ignore"] = 1
        some = thresholds if number < 3 else rng.permutation(np.array([0.0, 0.5, 0.75, 1.0]))
        result = imgproc.coco_evaluate(found, truth, iou_thresholds=some, max_detections=LIMITS)
        precision, recall, scores = slow.evaluate(found, truth, some, LIMITS)
        np.testing.assert_array_equal(result.recall, recall)
        np.testing.assert_array_equal(result.scores, scores)
        np.testing.assert_array_equal(result.precision, precision)


def test_more_thresholds_than_a_word_has_room_for(rng: np.random.Generator) -> None:
    found, truth = random_case(rng)
    thresholds = np.linspace(0, 1, 37)
    whole = imgproc.coco_evaluate(found, truth, iou_thresholds=thresholds)
    for t, threshold in enumerate(thresholds):
        single = imgproc.coco_evaluate(found, truth, iou_thresholds=[threshold])
        for name in ("precision", "recall", "scores"):
            np.testing.assert_array_equal(getattr(whole, name)[t], getattr(single, name)[0])


def test_many_detections_of_many_classes(rng: np.random.Generator) -> None:
    """Long lists take another sort than short ones; limits are passed late."""
    images, n = 6, 1500
    truth = {
        "images": [{"id": i} for i in range(images)],
        "categories": [{"id": 0}],
        "annotations": [
            {"image_id": i % images, "category_id": 0, "bbox": [40 * i, 0, 30, 30], "area": 900}
            for i in range(40)
        ],
    }
    found = [
        {
            "image_id": int(rng.integers(images)),
            "category_id": 0,
            "bbox": [40 * int(rng.integers(40)) + float(rng.normal(0, 3)), 0, 30, 30],
            "score": float(np.float32(rng.random())) - 0.5,
        }
        for _ in range(n)
    ]
    result = imgproc.coco_evaluate(found, truth, iou_thresholds=[0.5, 0.8], max_detections=(2, 150, 240))
    precision, recall, scores = slow.evaluate(found, truth, [0.5, 0.8], (2, 150, 240))
    np.testing.assert_array_equal(result.precision, precision)
    np.testing.assert_array_equal(result.recall, recall)
    np.testing.assert_array_equal(result.scores, scores)


def test_real_boxes_and_masks(data: Path) -> None:
    folder = data / "metrics_coco"
    expected = json.loads((folder / "expected.json").read_text())
    for kind in ("bbox", "segm"):
        found = folder / f"fake{kind}_results.json"
        result = imgproc.coco_evaluate(found, folder / "instances_val2014_50.json", iou_type=kind)
        assert result.stats == pytest.approx(expected[kind]["stats"], abs=1e-12)
        ours = {str(row["id"]): [row["AP"], row["AP50"]] for row in result.per_class()}
        for identity, numbers in expected[kind]["per_category_AP_AP50"].items():
            assert ours[identity] == pytest.approx(numbers, abs=1e-12)
    small = folder / "small"
    result = imgproc.coco_evaluate(small / "dt_dataset.json", small / "gt_dataset.json")
    assert result.stats == pytest.approx(
        json.loads((small / "expected_bbox.json").read_text())["stats"], abs=1e-12
    )


def boxes_by_image(entries: list[dict[str, Any]], images: list[int]) -> dict[int, Any]:
    records = {}
    for image in images:
        own = [entry for entry in entries if entry["image_id"] == image]
        box = np.array([entry["bbox"] for entry in own], np.float32).reshape(-1, 4)
        box[:, 2:] += box[:, :2]
        records[image] = SimpleNamespace(
            boxes=box,
            scores=np.array([entry.get("score", 1) for entry in own], np.float32),
            labels=np.array([entry["category_id"] for entry in own], np.int32),
            masks=None,
        )
    return records


def whole_case(rng: np.random.Generator) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Without what `Detections` cannot say: crowds, areas of their own, classes without boxes, other than float32."""
    found, truth = random_case(rng)
    for entry in [*found, *truth["annotations"]]:
        entry["bbox"] = [float(round(value)) for value in entry["bbox"]]
        entry["score"] = round(entry.get("score", 1) * 8) / 8
    for entry in truth["annotations"]:
        entry["iscrowd"], entry["area"] = 0, entry["bbox"][2] * entry["bbox"][3]
    used = {entry["category_id"] for entry in truth["annotations"]}
    truth["categories"] = [{"id": identity} for identity in used]
    return found, truth


def test_every_form_of_input_gives_the_same(tmp_path: Path, rng: np.random.Generator) -> None:
    for _ in range(20):
        found, truth = whole_case(rng)
        expected = imgproc.coco_evaluate(found, truth)
        (tmp_path / "found.json").write_text(json.dumps(found))
        (tmp_path / "truth.json").write_text(json.dumps(truth))
        images = [image["id"] for image in truth["images"]]
        loaded = imgproc.CocoTruth.load(truth)
        for detections in (
            tmp_path / "found.json",
            str(tmp_path / "found.json"),
            tuple(found),
            boxes_by_image(found, images),
            [
                {**entry, "score": np.float64(entry["score"])} for entry in found
            ],  # not what JSON gives: read slowly
        ):
            for source in (
                truth,
                str(tmp_path / "truth.json"),
                boxes_by_image(truth["annotations"], images),
                loaded,
            ):
                assert same(imgproc.coco_evaluate(detections, source), expected)
        again = imgproc.CocoDetections.load(found, loaded)
        assert same(imgproc.coco_evaluate(again, loaded), expected)


def text_ids(
    found: list[dict[str, Any]], truth: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The same with texts as ids, in the same order."""
    found, truth = copy.deepcopy(found), copy.deepcopy(truth)
    for entry in [*found, *truth["annotations"]]:
        entry["image_id"] = f"image {entry['image_id']:03}"
    for image in truth["images"]:
        image["id"] = f"image {image['id']:03}"
    return found, truth


def test_images_may_be_named(rng: np.random.Generator) -> None:
    found, truth = whole_case(rng)
    assert same(imgproc.coco_evaluate(*text_ids(found, truth)), imgproc.coco_evaluate(found, truth))


def test_nothing_handed_in_changes(rng: np.random.Generator) -> None:
    found, truth = random_case(rng)
    before = copy.deepcopy((found, truth))
    first = imgproc.coco_evaluate(found, truth)
    assert (found, truth) == before
    assert same(imgproc.coco_evaluate(found, truth), first)


def test_order_of_input_matters_only_between_equal_scores(rng: np.random.Generator) -> None:
    found, truth = random_case(rng)
    for entry, score in zip(found, rng.permutation(len(found)), strict=True):
        entry["score"] = float(score)
    expected = imgproc.coco_evaluate(found, truth)
    truth["images"].reverse(), truth["categories"].reverse()
    assert same(imgproc.coco_evaluate(found[::-1], truth), expected)


def test_threads(rng: np.random.Generator) -> None:
    cases = [random_case(rng) for _ in range(12)]
    expected = [imgproc.coco_evaluate(*case) for case in cases]
    with ThreadPoolExecutor(4) as pool:
        for result, plain in zip(
            pool.map(lambda case: imgproc.coco_evaluate(*case), cases), expected, strict=True
        ):
            assert same(result, plain)


def masks_case(rng: np.random.Generator) -> tuple[dict[int, Any], dict[int, Any]]:
    def records(sure: bool) -> dict[int, Any]:
        result = {}
        for image in (3, 5):
            n = int(rng.integers(0, 6))
            masks = np.zeros((n, 12, 9), bool)
            for mask in masks:
                y, x = rng.integers(0, 6, 2)
                mask[y : y + rng.integers(0, 7), x : x + rng.integers(0, 5)] = True
                mask &= rng.random(mask.shape) < 0.9
            result[image] = SimpleNamespace(
                boxes=np.zeros((n, 4), np.float32),
                scores=np.ones(n, np.float32) if sure else rng.random(n, np.float32),
                labels=rng.integers(0, 2, n).astype(np.int32),
                masks=masks,
            )
        return result

    return records(False), records(True)


def as_coco(records: dict[int, Any], form: str) -> list[dict[str, Any]]:
    entries = []
    for image, record in records.items():
        for mask, score, label in zip(record.masks, record.scores, record.labels, strict=True):
            pixels = mask.T.ravel()
            counts = [len(list(run)) for run in runs_of(pixels.tolist())]
            segmentation: Any = {"size": list(mask.shape), "counts": counts}
            if form != "list":
                text = slow.text_of_counts(counts)
                segmentation["counts"] = text if form == "text" else text.encode()
            np.testing.assert_array_equal(slow.mask_of_counts(counts, *mask.shape), mask)
            entry = {"image_id": image, "category_id": int(label), "segmentation": segmentation}
            entries.append({**entry, "area": int(mask.sum()), "score": float(score)})
    return entries


def runs_of(pixels: list[bool]) -> list[list[bool]]:
    """Background first, empty where the first pixel is set."""
    runs: list[list[bool]] = [[]]
    for pixel in pixels:
        if pixel != (len(runs) % 2 == 0):
            runs.append([])
        runs[-1].append(pixel)
    return runs


def test_every_form_of_masks_gives_the_same_and_iou_is_of_pixels(rng: np.random.Generator) -> None:
    for _ in range(25):
        found, truth = masks_case(rng)
        expected = imgproc.coco_evaluate(found, truth, iou_type="segm")
        used = sorted({label for record in truth.values() for label in record.labels.tolist()})
        content = {
            "images": [{"id": image, "height": 12, "width": 9} for image in truth],
            "categories": [{"id": label} for label in used],
            "annotations": as_coco(truth, "text"),
        }
        for form in ("text", "bytes", "list"):
            assert same(imgproc.coco_evaluate(as_coco(found, form), content, iou_type="segm"), expected)
        # The rule itself was held against its twin with boxes; here the overlaps alone are others.
        for label in used:
            hits = 0
            total = sum(int(np.count_nonzero(record.labels == label)) for record in truth.values())
            for image, record in found.items():
                own = np.flatnonzero(record.labels == label)
                own = own[np.argsort(-record.scores[own], kind="stable")]
                true = truth[image].masks[truth[image].labels == label]
                ious = [[(a & b).sum() / max((a | b).sum(), 1) for b in true] for a in record.masks[own]]
                matched = slow.match_coco(
                    ious, list(range(len(own))), [False] * len(true), [False] * len(true), 0.5
                )
                hits += sum(g >= 0 for g in matched[0])
            assert expected.recall[0, used.index(label), 0, 2] == hits / total


def test_polygons_cover_the_pixels_whose_centre_they_hold() -> None:
    size = {"height": 10, "width": 12}
    for x, y, width, height in ((2, 3, 4, 5), (0, 0, 12, 10), (11, 9, 1, 1), (-3, -2, 6, 7), (9, 5, 20, 20)):
        mask = np.zeros((10, 12), bool)
        mask[max(y, 0) : y + height, max(x, 0) : x + width] = True
        corners = [x, y, x + width, y, x + width, y + height, x, y + height]
        halves = [[x, y, x + width, y, x, y + height], [x + width, y, x + width, y + height, x, y + height]]
        back = np.array(corners).reshape(-1, 2)[::-1].ravel().tolist()
        for polygons in ([corners], [back], halves, [corners, corners]):
            entry = {"image_id": 0, "category_id": 0, "segmentation": polygons, "area": int(mask.sum())}
            counts = [len(run) for run in runs_of(mask.T.ravel().tolist())]
            runs = {"size": [10, 12], "counts": counts}
            truth = {"images": [{"id": 0, **size}], "categories": [{"id": 0}], "annotations": [entry]}
            found = [{"image_id": 0, "category_id": 0, "segmentation": runs, "score": 1}]
            assert pytest.approx(1) == imgproc.coco_evaluate(found, truth, iou_type="segm").AP, (
                x,
                y,
                polygons,
            )


def test_an_annotation_with_id_0_is_matched_and_ids_do_not_matter() -> None:
    found, truth = small()
    expected = imgproc.coco_evaluate(found, truth)
    assert pytest.approx(1) == expected.AP
    for identity in (0, 1, None):
        truth["annotations"][0]["id"] = identity
        assert same(imgproc.coco_evaluate(found, truth), expected)


def test_an_ignored_truth_is_neither_missed_nor_found() -> None:
    found, truth = small()
    truth["annotations"].append({**truth["annotations"][0], "bbox": [50, 50, 20, 20], "ignore": 1})
    found.append({**found[0], "bbox": [50, 50, 20, 20], "score": 1.0})
    result = imgproc.coco_evaluate(found, truth)
    assert pytest.approx((1, 1)) == (result.AP, result.AR100)
    found.append({**found[1], "score": 0.95})  # a second one there is a false positive: it is no crowd
    assert pytest.approx(0.5) == imgproc.coco_evaluate(found, truth).AP
    truth["annotations"][1]["iscrowd"] = 1
    assert pytest.approx(1) == imgproc.coco_evaluate(found, truth).AP


def test_nothing_to_find_and_nothing_found() -> None:
    found, truth = small()
    none = imgproc.coco_evaluate([], truth)
    assert none.AP == none.AR100 == 0
    assert none.APl == -1
    truth["annotations"] = []
    assert set(imgproc.coco_evaluate(found, truth).stats.values()) == {-1.0}
    assert set(imgproc.coco_evaluate({}, truth).stats.values()) == {-1.0}
    nowhere: dict[str, list[Any]] = {"images": [], "categories": [], "annotations": []}
    result = imgproc.coco_evaluate([], nowhere)
    assert result.precision.shape == (10, 101, 0, 4, 3)
    assert set(result.stats.values()) == {-1.0}


def test_result_as_text_and_as_data() -> None:
    found, truth = small()
    result = imgproc.coco_evaluate(found, truth)
    lines = result.summary().splitlines()
    assert len(lines) == 12
    assert lines[0] == " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 1.000"
    assert lines[6] == " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 1.000"
    assert result.class_table().splitlines()[1].split() == [
        "cat",
        *["1.000"] * 3,
        "1.000",
        "-1.000",
        "-1.000",
        "1.000",
    ]
    content = json.loads(json.dumps(result.to_dict()))
    assert content["stats"] == result.stats
    assert content["per_class"][0]["name"] == "cat"
    with pytest.raises(AttributeError):
        result.AP = 1  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        result.precision[0] = 0


def small() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """One box, found exactly."""
    truth = {
        "images": [{"id": 1, "height": 100, "width": 100}],
        "categories": [{"id": 7, "name": "cat"}],
        "annotations": [{"image_id": 1, "category_id": 7, "bbox": [5, 5, 20, 20], "area": 400}],
    }
    return [{"image_id": 1, "category_id": 7, "bbox": [5, 5, 20, 20], "score": 0.9}], truth


NUMBER = [None, "0.5", True, float("nan"), float("inf"), 10**400, [1], 1j]
BOX = [
    None,
    5,
    "abcd",
    [],
    [1, 2, 3],
    [1, 2, 3, 4, 5],
    [1, 2, -3, 4],
    [1, 2, 3, float("nan")],
    [1, 2, 3, "4"],
    {},
]
IDENTITY = [None, 1.0, True, [1], 99, "other"]
FLAG = [None, "0", 2, -1, 0.5]


@pytest.mark.parametrize(
    ("field", "values"),
    [("score", NUMBER), ("bbox", BOX), ("image_id", IDENTITY), ("category_id", [None, 1.0, True, [1]])],
)
def test_bad_detections_are_named(field: str, values: list[Any], tmp_path: Path) -> None:
    found, truth = small()
    entries = [found[0], dict(found[0])]
    for value in values:
        entries[1][field] = value
        with pytest.raises(
            ValueError, match=rf'^coco_evaluate: detections\[1\]\["{field}"\].* must be .*, got '
        ):
            imgproc.coco_evaluate(entries, truth)
        if not isinstance(value, complex):
            path = tmp_path / "results.json"
            path.write_text(json.dumps(entries))
            with pytest.raises(
                ValueError, match=rf'^coco_evaluate: detections\[1\]\["{field}"\].* in .*results.json must'
            ):
                imgproc.coco_evaluate(path, truth)
    del entries[1][field]
    with pytest.raises(
        ValueError, match=rf'^coco_evaluate: detections\[1\]\["{field}"\] must be given, got '
    ):
        imgproc.coco_evaluate(entries, truth)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("area", NUMBER),
        ("bbox", BOX),
        ("image_id", IDENTITY),
        ("category_id", IDENTITY),
        ("iscrowd", FLAG),
        ("ignore", FLAG),
    ],
)
def test_bad_annotations_are_named(field: str, values: list[Any]) -> None:
    found, truth = small()
    entry = truth["annotations"][0]
    where = rf'^coco_evaluate: ground_truth\["annotations"\]\[0\]\["{field}"\]'
    for value in values:
        entry[field] = value
        with pytest.raises(ValueError, match=rf"{where}.* must be .*, got "):
            imgproc.coco_evaluate(found, truth)
    del entry[field]
    if field not in ("iscrowd", "ignore"):
        with pytest.raises(ValueError, match=rf"{where} must be given, got "):
            imgproc.coco_evaluate(found, truth)


def test_bad_lists_are_named() -> None:
    found, truth = small()
    for key in ("images", "categories", "annotations"):
        for value in (None, {}, "abc", [3], [[]]):
            with pytest.raises(
                ValueError, match=rf'^coco_evaluate: ground_truth\["{key}"\].* must be .*, got '
            ):
                imgproc.coco_evaluate(found, {**truth, key: value})
        with pytest.raises(ValueError, match=rf'^coco_evaluate: ground_truth\["{key}"\] must be given'):
            imgproc.coco_evaluate(found, {k: v for k, v in truth.items() if k != key})
    for key in ("images", "categories"):
        for value in (
            [{}],
            [{"id": None}],
            [{"id": 1.5}],
            [*truth[key], *truth[key]],
            [{"id": 1}, {"id": "1"}],
        ):
            with pytest.raises(
                ValueError, match=rf'^coco_evaluate: ground_truth\["{key}"\].* must be .*, got '
            ):
                imgproc.coco_evaluate(found, {**truth, key: value})
    for entries in ([3], [None], ["x"], [[1]]):
        with pytest.raises(ValueError, match=r"^coco_evaluate: detections\[0\] must be a dict, got "):
            imgproc.coco_evaluate(entries, truth)  # type: ignore[arg-type]


COUNTS = ["", "0", "~~", "00", "PPPP", "é", [], [1, 2], [-1, 10001], [0.5, 9999.5], [10**30], None, 3, ["1"]]


def test_bad_masks_are_named() -> None:
    found, truth = small()
    polygon = [[0, 0, 50, 0, 50, 50]]
    truth["annotations"][0]["segmentation"] = polygon
    bad: list[Any] = [None, 3, "x", {}, {"size": [100, 100]}, {"counts": [10000]}]
    bad += [{"size": size, "counts": [10000]} for size in (None, [100], [99, 100], "100", [100, 100, 1])]
    bad += [{"size": [100, 100], "counts": counts} for counts in COUNTS]
    bad += [
        [],
        [[]],
        [[1, 2, 3, 4]],
        [[1, 2, 3, 4, 5, 6, 7]],
        [[1, 2, 3, 4, 5, float("nan")]],
        [["a"] * 6],
        [[1e9] * 6],
    ]
    bad += [[polygon], [[[1], 2]]]
    for value in bad:
        found[0]["segmentation"] = value
        with pytest.raises(
            ValueError, match=r'^coco_evaluate: detections\[0\]\["segmentation"\].* must be .*, got '
        ):
            imgproc.coco_evaluate(found, truth, iou_type="segm")
    found[0]["segmentation"] = polygon
    imgproc.coco_evaluate(found, truth, iou_type="segm")
    for size in (
        {},
        {"height": 0, "width": 5},
        {"height": 2**17, "width": 2**16},
        {"height": 1.5, "width": 2},
    ):
        truth["images"] = [{"id": 1, **size}]
        with pytest.raises(
            ValueError, match=r'^coco_evaluate: ground_truth\["images"\]\[0\].* must be .*, got '
        ):
            imgproc.coco_evaluate(found, truth, iou_type="segm")


def test_bad_files_are_named(tmp_path: Path) -> None:
    _, truth = small()
    path = tmp_path / "broken.json"
    for data, where in (
        (b"", "line 1, column 1"),
        (b'[\n{"image_id": 1,,}]', "line 2, column"),
        (b"\xff\xfe\x00", "got"),
        (b"[" * 100_000, "got"),
        (b"1" * 5000, "got"),
        (b"{}", "must be a list of results"),
    ):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=rf"^coco_evaluate: detections .*broken.json.*{where}"):
            imgproc.coco_evaluate(path, truth)
    path.write_bytes(b"[]")
    with pytest.raises(ValueError, match=r"^coco_evaluate: ground_truth in .*broken.json must be a dict"):
        imgproc.coco_evaluate([], path)
    with pytest.raises(FileNotFoundError, match=r"absent.json"):
        imgproc.coco_evaluate(tmp_path / "absent.json", truth)


def record(**changes: Any) -> SimpleNamespace:
    columns = {
        "boxes": np.array([[5, 5, 25, 25]], np.float32),
        "scores": np.ones(1, np.float32),
        "labels": np.array([7], np.int32),
        "masks": None,
    }
    return SimpleNamespace(**{**columns, **changes})


def test_bad_records_are_named() -> None:
    _, truth = small()
    for changes in (
        {"boxes": None},
        {"boxes": np.zeros((1, 3), np.float32)},
        {"boxes": np.full((1, 4), np.nan, np.float32)},
        {"scores": np.zeros(2, np.float32)},
        {"scores": np.full(1, np.inf, np.float32)},
        {"labels": np.zeros(1)},
    ):
        with pytest.raises(ValueError, match=r"^coco_evaluate: detections\[1\] must be .*, got "):
            imgproc.coco_evaluate({1: record(**changes)}, truth)
    with pytest.raises(
        ValueError, match=r"^coco_evaluate: detections must be of the 1 images .*, got image 2"
    ):
        imgproc.coco_evaluate({2: record()}, truth)
    masks = {1: record(masks=np.ones((1, 100, 100), bool))}
    for changes in ({}, {"masks": np.ones((1, 100, 100))}, {"masks": np.ones((1, 99, 100), bool)}):
        with pytest.raises(ValueError, match=r"^coco_evaluate: detections\[1\] must be .*, got "):
            imgproc.coco_evaluate({1: record(**changes)}, masks, iou_type="segm")
    with pytest.raises(ValueError, match=r"^coco_evaluate: ground_truth must be identified by .*, got both"):
        imgproc.coco_evaluate({}, {1: record(), "1": record()})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("detections", 3),
        ("detections", None),
        ("ground_truth", 3),
        ("ground_truth", []),
        ("iou_type", "keypoints"),
        ("iou_type", None),
        ("iou_thresholds", 0.5),
        ("iou_thresholds", []),
        ("iou_thresholds", [1.5]),
        ("iou_thresholds", [float("nan")]),
        ("iou_thresholds", ["0.5"]),
        ("iou_thresholds", [[0.5], 1]),
        ("max_detections", 100),
        ("max_detections", (1, 10)),
        ("max_detections", (10, 1, 100)),
        ("max_detections", (0, 1, 2)),
        ("max_detections", (1, 2, 3.5)),
    ],
)
def test_bad_arguments(name: str, value: Any) -> None:
    found, truth = small()
    arguments: dict[str, Any] = {"detections": found, "ground_truth": truth, name: value}
    with pytest.raises((TypeError, ValueError), match=rf"^coco_evaluate: {name}\S* must be .*, got "):
        imgproc.coco_evaluate(**arguments)


def test_loaded_columns_belong_to_their_truth_and_kind() -> None:
    found, truth = small()
    loaded, other = imgproc.CocoTruth.load(truth), imgproc.CocoTruth.load(truth)
    columns = imgproc.CocoDetections.load(found, loaded)
    with pytest.raises(ValueError, match=r"^coco_evaluate: detections must be loaded against the truth"):
        imgproc.coco_evaluate(columns, other)
    with pytest.raises(ValueError, match=r"^coco_evaluate: ground_truth must be loaded with iou_type"):
        imgproc.coco_evaluate(found, loaded, iou_type="segm")
    with pytest.raises(TypeError, match=r"^CocoDetections.load: truth must be a CocoTruth"):
        imgproc.CocoDetections.load(found, truth)  # type: ignore[arg-type]
