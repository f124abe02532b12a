"""Files of detections: every format there and back."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imgproc import Detections, DetectionSet, read_detections, write_detections
from imgproc._core.runs import Runs
from imgproc.detections import (
    read_coco,
    read_csv,
    read_jsonl,
    read_voc,
    read_yolo,
    write_coco,
    write_coco_results,
    write_csv,
    write_jsonl,
    write_voc,
    write_yolo,
)

Path_ = str | os.PathLike[str]

# What an XML file can hold too; other signs have a test of their own.
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), min_size=1, max_size=8).filter(
    lambda text: (
        text == text.strip()
        and len(text.splitlines()) == 1
        and "/" not in text
        and text[0] != "."
        and text != "classes"
    )
)


@st.composite
def sets(
    draw: Any,
    *,
    limit: float = 1e9,
    truth: bool | None = None,
    masks: bool = False,
    extremes: bool = True,
    width: int = 64,
) -> DetectionSet:
    names = [f"{name}.jpg" for name in draw(st.lists(texts, max_size=4, unique_by=str.casefold))]
    n = draw(st.integers(0, 6)) if names else 0
    number = st.floats(-limit, limit, allow_subnormal=extremes, width=width)  # type: ignore[arg-type]
    corners = [sorted([draw(number), draw(number)]) + sorted([draw(number), draw(number)]) for _ in range(n)]
    boxes = np.array([[x1, y1, x2, y2] for x1, x2, y1, y2 in corners], np.float64).reshape(-1, 4)
    is_truth = draw(st.booleans()) if truth is None else truth
    images = [draw(st.integers(0, len(names) - 1)) for _ in range(n)]
    runs = [draw(st.sampled_from([None, Runs((1, 2), (0, 2)), Runs((2, 3), (1, 4, 1))])) for _ in range(n)]
    point = st.none() | st.sampled_from([1, 2, 17])
    counts = [draw(point) for _ in range(n)] if masks else []
    points = [
        None if count is None else draw(arrays(np.float64, (count, 3), elements=st.floats(-1e9, 1e9)))
        for count in counts
    ]
    classes = dict(zip(range(3), draw(st.lists(texts, min_size=3, max_size=3, unique=True)), strict=True))
    area = st.floats(0, 1e12)
    return DetectionSet(
        names,
        np.array(images, int),
        boxes,
        scores=None if is_truth or not n else np.array([draw(st.floats(-1e3, 1e3)) for _ in range(n)]),
        labels=np.array([draw(st.integers(0, 2)) for _ in range(n)], int),
        counts=np.array([draw(st.integers(1, 99)) for _ in range(n)], int),
        crowd=np.array([draw(st.booleans()) for _ in range(n)], bool),
        areas=np.array([draw(area) for _ in range(n)], float) if draw(st.booleans()) else None,
        masks=runs if masks and any(runs) else None,
        keypoints=points if masks and any(one is not None for one in points) else None,
        image_sizes=np.array(
            [draw(st.sampled_from([(0, 0), (3, 4), (480, 640)])) for _ in names], int
        ).reshape(-1, 2),
        image_ids=np.arange(len(names)) * 3 + draw(st.integers(-3, 2**40)),
        class_names=classes,
        params={"threshold": 0.5, "scales": [1, 2.5, None], "name": "ä"},
    )


def fields(found: DetectionSet, *names: str) -> list[Any]:
    return [
        getattr(found, name)
        if isinstance(getattr(found, name), tuple | None)
        else getattr(found, name).tolist()
        for name in names
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@settings(max_examples=50, deadline=None)
@given(found=sets(masks=True))
def test_jsonl_keeps_everything(folder: Path, found: DetectionSet) -> None:
    path = folder / "a.jsonl"
    write_jsonl(path, found, overwrite=True)
    back = read_jsonl(path)
    assert back == found
    assert read_detections(path) == found


@settings(max_examples=50, deadline=None)
@given(found=sets(masks=True))
def test_coco_keeps_all_but_counts_and_params(folder: Path, found: DetectionSet) -> None:
    path = folder / "a.json"
    write_coco(path, found, overwrite=True)
    back = read_coco(path, masks=True, keypoints=True)
    kept = (
        "image_names",
        "images",
        "boxes",
        "scores",
        "labels",
        "crowd",
        "areas",
        "masks",
        "keypoints",
        "image_sizes",
        "image_ids",
    )
    assert fields(back, *kept) == fields(found, *kept)
    assert back.class_names == found.class_names
    json.loads(path.read_text("utf-8"))
    assert fields(read_detections(path), "boxes", "masks", "keypoints") == [found.boxes.tolist(), None, None]


@settings(max_examples=50, deadline=None)
@given(found=sets(truth=False, masks=True))
def test_coco_results_keep_boxes_scores_and_masks(folder: Path, found: DetectionSet) -> None:
    if found.scores is None:
        return
    path = folder / "results.json"
    write_coco_results(path, found, overwrite=True)
    back = read_coco(path, dataset=found, masks=True, keypoints=True)
    kept = (
        "image_names",
        "images",
        "boxes",
        "scores",
        "labels",
        "masks",
        "keypoints",
        "image_sizes",
        "image_ids",
    )
    assert fields(back, *kept) == fields(found, *kept)
    np.testing.assert_allclose(
        back.areas,
        (back.boxes[:, 2] - back.boxes[:, 0]) * (back.boxes[:, 3] - back.boxes[:, 1]),
        rtol=1e-6,
        atol=1e-6,
    )


@settings(max_examples=50, deadline=None)
@given(found=sets())
def test_csv_keeps_all_but_ids_and_params(folder: Path, found: DetectionSet) -> None:
    path = folder / "a.csv"
    write_csv(path, found, overwrite=True)
    back = read_csv(path)
    kept = ("image_names", "images", "boxes", "scores", "labels", "counts", "crowd", "areas", "image_sizes")
    assert fields(back, *kept) == fields(found, *kept)
    assert back.class_names.items() <= found.class_names.items()


@settings(max_examples=50, deadline=None)
@given(found=sets())
def test_voc_keeps_boxes_scores_names_sizes_and_difficult(folder: Path, found: DetectionSet) -> None:
    if not len(found):
        return
    shutil.rmtree(folder / "voc", ignore_errors=True)
    write_voc(folder / "voc", found)
    back = read_voc(folder / "voc")
    assert sorted(back.image_names) == sorted(found.image_names)
    for position, name in enumerate(found.image_names):
        mine, theirs = found.rows(name), back.rows(name)
        for column in ("boxes", "crowd", *(() if found.scores is None else ("scores",))):
            assert getattr(back, column)[theirs].tolist() == getattr(found, column)[mine].tolist()
        named = [found.class_name(label) for label in found.labels[mine].tolist()]
        assert [back.class_name(label) for label in back.labels[theirs].tolist()] == named
        assert back.image_sizes[back.image_names.index(name)].tolist() == found.image_sizes[position].tolist()


@settings(max_examples=50, deadline=None)
@given(found=sets(limit=2**20))
def test_yolo_keeps_corners_to_rounding(folder: Path, found: DetectionSet) -> None:
    sizes = np.where(found.image_sizes == 0, 7, found.image_sizes)
    known = DetectionSet(
        found.image_names,
        found.images,
        found.boxes,
        scores=found.scores,
        labels=found.labels,
        image_sizes=sizes,
        class_names=found.class_names,
    )
    shutil.rmtree(folder / "yolo", ignore_errors=True)
    write_yolo(folder / "yolo", known)
    back = read_yolo(folder / "yolo", dict(zip(known.image_names, map(tuple, sizes.tolist()), strict=True)))
    kept = ("image_names", "images", "scores", "labels", "image_sizes")
    assert fields(back, *kept) == fields(known, *kept)
    assert back.class_names == known.class_names
    scale = np.maximum(
        np.tile(sizes[known.images][:, ::-1], 2), np.abs(known.boxes).max(axis=1, initial=0)[:, None]
    )
    assert (np.abs(back.boxes - known.boxes) <= 2.0**-49 * scale).all()
    assert fields(read_detections(folder / "yolo", dataset=known), *kept) == fields(known, *kept)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 4000, width=32)] * 4), min_size=1, max_size=5))
def test_float32_boxes_survive_every_format(folder: Path, corners: list[tuple[float, ...]]) -> None:
    boxes = np.array([[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in corners], np.float32)
    found = Detections(boxes, np.linspace(0, 1, len(boxes), dtype=np.float32))
    every = DetectionSet.of({"a.jpg": found}, image_sizes={"a.jpg": (3000, 4000)}, class_names={0: "x"})
    for kind, name in (
        ("jsonl", "b.jsonl"),
        ("csv", "b.csv"),
        ("coco", "b.json"),
        ("voc", "v"),
        ("yolo", "y"),
    ):
        if kind in ("voc", "yolo"):
            shutil.rmtree(folder / name, ignore_errors=True)
        write_detections(folder / name, every, format=kind, overwrite=True)
        back = read_detections(folder / name, dataset=every).detections("a.jpg")
        if kind == "yolo":  # but for coordinates whose neighbours are nearer than the rounding of a ratio
            np.testing.assert_allclose(back.boxes, boxes, rtol=1e-7, atol=1e-11)
        else:
            assert back == found


def test_numbers_are_written_short(tmp_path: Path) -> None:
    found = Detections(np.array([[0.1, 2, 20.4, 9]], np.float32), np.array([0.3], np.float32))
    every = DetectionSet.of({"a.jpg": found}, image_sizes={"a.jpg": (10, 40)}, class_names={0: "x"})
    write_jsonl(tmp_path / "a.jsonl", every)
    assert '"boxes": [[0.1, 2, 20.4, 9]], "scores": [0.3]' in (tmp_path / "a.jsonl").read_text()
    write_coco(tmp_path / "a.json", every)
    assert '"bbox": [0.1, 2, 20.3, 7], "score": 0.3' in (tmp_path / "a.json").read_text()
    write_csv(tmp_path / "a.csv", every)
    assert (
        (tmp_path / "a.csv")
        .read_text()
        .splitlines()[1]
        .startswith("a.jpg,10,40,0.1,2,20.4,9,0.3,0,x,1,0,142")
    )
    write_voc(tmp_path / "v", every)
    assert "<xmin>1.1</xmin>" in (tmp_path / "v/a.xml").read_text()
    write_yolo(tmp_path / "y", every)
    assert (tmp_path / "y/a.txt").read_text() == "0 0.25625 0.55 0.5075 0.7 0.3\n"
    assert (tmp_path / "y/classes.txt").read_text() == "x\n"


def test_names_of_any_kind(tmp_path: Path) -> None:
    names = [
        "é 日本.jpg",
        'say "hi", you.jpg',
        "a\nb.jpg",
        "\udcff.jpg",
        "=1+1.jpg",
        " lead.jpg",
        "x/y/z.jpg",
    ]
    found = DetectionSet.of({name: Detections(np.array([[0.0, 0, 1, 1]])) for name in names})
    write_jsonl(tmp_path / "a.jsonl", found)
    write_coco(tmp_path / "a.json", found)
    write_csv(tmp_path / "a.csv", found)
    for name in ("a.jsonl", "a.json", "a.csv"):
        assert read_detections(tmp_path / name).image_names == tuple(names)
    for name in ("a\nb.jpg", "a\rb.jpg", "a\r\nb.jpg", "\udcff.jpg", " lead.jpg", "\x07.jpg"):
        with pytest.raises(
            ValueError, match=r"^write_voc: names must be free of spaces around and of signs th"
        ):
            write_voc(tmp_path / "voc", DetectionSet.of({name: Detections.empty()}))
    with pytest.raises(
        ValueError, match=r"^write_csv: detections must be free of signs that UTF-8 cannot hold"
    ):
        write_csv(tmp_path / "b.csv", DetectionSet.of({"\ud800": Detections.empty()}))
    assert not (tmp_path / "voc").exists()
    assert not (tmp_path / "b.csv").exists()


def test_voc_names_images_without_their_folder(tmp_path: Path) -> None:
    found = DetectionSet.of({name: Detections(np.array([[0.0, 0, 1, 1]])) for name in ("a.jpg", "x/y/a.jpg")})
    write_voc(tmp_path / "v", found)
    assert "<filename>a.jpg</filename>" in (tmp_path / "v/x/y/a.xml").read_text()
    assert read_voc(tmp_path / "v").image_names == found.image_names
