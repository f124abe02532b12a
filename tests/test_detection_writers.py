"""Files of detections: what is replaced, and what writers refuse with which words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from detection_records import small

from imgproc import Detections, DetectionSet, write_detections
from imgproc.detections import (
    write_coco,
    write_coco_results,
    write_csv,
    write_jsonl,
    write_voc,
    write_yolo,
)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "coco", "coco-results", "yolo", "voc"])
def test_nothing_is_replaced_unless_asked_and_nothing_half_written(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    write_detections(path, small(), format=kind)
    files = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_detections(path, small(class_names={0: "cat"}), format=kind)
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(OSError, match="no space"):
            write_detections(path, small(class_names={0: "cat"}), format=kind, overwrite=True)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == files
    write_detections(path, small(class_names={0: "cat"}), format=kind, overwrite=True)


@pytest.mark.parametrize("write", [write_yolo, write_voc])
def test_images_that_would_share_a_file_or_leave_the_folder_are_refused(
    tmp_path: Path, write: Callable[..., None]
) -> None:
    empty = Detections.empty()
    for names, sentence in (
        (["a.jpg", "a.png"], "different but for their suffix, as both belong in a."),
        (["x/a.jpg", "x/a.png"], "different but for their suffix, as both belong in x/a."),
        (["../a.jpg"], "below one folder, and not hidden, got '../a.jpg'"),
        (["/etc/a.jpg"], "below one folder, and not hidden, got '/etc/a.jpg'"),
        (["x/../../a.jpg"], "below one folder, and not hidden, got "),
        (["a\0.jpg"], "below one folder, and not hidden, got "),
    ):
        with pytest.raises(ValueError, match=rf"^{write.__name__}: image names must be ") as caught:
            write(tmp_path / "out", DetectionSet.of(dict.fromkeys(names, empty)))
        assert sentence in str(caught.value)
    assert not (tmp_path / "out").exists()
    write(tmp_path / "out", DetectionSet.of(dict.fromkeys(["x/a.jpg", "y/a.jpg"], empty)))
    found = sorted(file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("a.*"))
    assert [name[:3] for name in found] == ["x/a", "y/a"]


def test_what_writers_refuse(tmp_path: Path) -> None:
    truth = DetectionSet.of({"a.jpg": Detections.empty()}, truth=True)
    for write, found, sentence in (
        (
            write_coco_results,
            truth,
            "write_coco_results: detections must be detections with scores, got ground t",
        ),
        (write_yolo, small(image_sizes={}), "write_yolo: image_sizes must be known, got none of 'a.jpg'"),
        (write_yolo, small(class_names={0: "a\nb"}), "write_yolo: class names must be one line each"),
        (
            write_yolo,
            DetectionSet.of({"classes.jpg": Detections.empty()}, class_names={0: "a"}),
            "write_yolo: image names must be others",
        ),
        (
            write_jsonl,
            small(params={"a": object()}),
            "write_jsonl: detections.params must be what JSON can hold",
        ),
        (
            write_jsonl,
            small(params={"a": float("nan")}),
            "write_jsonl: detections.params must be what JSON can",
        ),
        (
            write_detections,
            small(),
            "write_detections: format must be given where the suffix is none of .jsonl",
        ),
    ):
        with pytest.raises(ValueError, match=r"^write_") as caught:
            write(tmp_path / "out", found)
        assert str(caught.value).startswith(sentence)
    for write in (write_jsonl, write_csv, write_coco, write_coco_results, write_yolo, write_voc):
        with pytest.raises(TypeError, match=rf"^{write.__name__}: detections must be a DetectionSet"):
            write(tmp_path / "out", [])
        with pytest.raises(TypeError, match=rf"^{write.__name__}: path must be a path, got 3"):
            write(3, small())
    with pytest.raises(ValueError, match=r"^write_detections: format must be None or one of"):
        write_detections(tmp_path / "a.json", small(), format="pickle")
    assert list(tmp_path.iterdir()) == []
