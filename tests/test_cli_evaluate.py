"""``imgproc evaluate``: its numbers, what it writes, its page, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Run, make, outputs
from evaluations import FOUND, TRUTH, a_set, evaluated

pytest.importorskip("cv2")
pytest.importorskip("typer")

from imgproc import write_detections
from imgproc.cli.evaluation import evaluate_sets
from imgproc.cli.report.evaluation import build_evaluation_page
from imgproc.detections import align_detections


def test_counts_by_hand() -> None:
    result = evaluated()
    assert result.counts == (1, 2, 2)
    assert (result.precision, result.recall) == (1 / 3, 1 / 3)
    assert result.n_truth == 3
    cat, dog = result.classes
    assert (cat.name, cat.n_truth, cat.n_detections, cat.voc, cat.precision, cat.recall) == (
        "cat",
        2,
        3,
        0.5,
        1 / 3,
        0.5,
    )
    assert (dog.name, dog.n_truth, dog.n_detections, dog.voc, dog.recall) == ("dog", 1, 2, 0.0, 0.0)
    assert dog.precision is None
    assert result.mean_voc == 0.25
    assert cat.voc11 == pytest.approx(6 / 11)
    assert result.rates[-1] == (3.0, 1 / 3, 0.2)
    assert {limit: rate for limit, rate, _ in result.rates}[0.3] == 1 / 3
    assert [(image.name, image.hits, image.missed, image.false) for image in result.images] == [
        ("a.png", 1, 1, 2),
        ("b.png", 0, 1, 0),
        ("c.png", 0, 0, 0),
    ]
    assert result.confusion_names == ["cat", "dog"]
    assert result.confusion.tolist() == [[1, 0, 1], [1, 0, 0], [1, 0, 0]]


def test_the_score_is_that_of_the_best_f1_unless_given() -> None:
    result = evaluated(score=None)
    assert (result.score, result.chosen) == (0.9, False)
    assert result.counts == (1, 2, 0)
    assert evaluated(score=2.0).counts == (0, 3, 0)
    assert evaluated(score=2.0).precision is None
    assert evaluated(iou=0.9, score=0.0).counts == (1, 2, 3)


def test_without_detections_or_without_anything_to_find() -> None:
    nothing = a_set([], [])
    result = evaluate_sets(nothing, TRUTH, iou=0.5, score=None)
    assert (result.score, result.counts, result.precision, result.recall) == (None, (0, 3, 0), None, 0.0)
    assert [one.voc for one in result.classes] == [0.0, 0.0]
    empty = evaluate_sets(FOUND, a_set([]), iou=0.5, score=0.5)
    assert (empty.counts, empty.recall, empty.curve, empty.roc, empty.rates) == (
        (0, 0, 4),
        None,
        None,
        None,
        [],
    )
    assert empty.to_dict()["coco"]["AP"] is None
    for every in (result, empty, evaluate_sets(nothing, a_set([]), iou=0.5, score=None)):
        page, problems = build_evaluation_page(every, "imgproc evaluate", None)
        assert problems == []
        assert "<h2>Classes</h2>" in page


def test_coco_numbers_are_pycocotools(data: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data / "metrics_coco"
    expected = json.loads((folder / "expected.json").read_text())["bbox"]
    arguments = [str(folder / "fakebbox_results.json"), str(folder / "instances_val2014_50.json")]
    assert run("evaluate", *arguments, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    for name, value in expected["stats"].items():
        assert result["coco"][name] == pytest.approx(value, abs=1e-9)
    per_class = {str(one["label"]): one for one in result["classes"]}
    for label, (ap, ap50) in expected["per_category_AP_AP50"].items():
        found = per_class.get(label, {"AP": None, "AP50": None})
        assert (-1 if found["AP"] is None else found["AP"]) == pytest.approx(ap, abs=1e-9)
        assert (-1 if found["AP50"] is None else found["AP50"]) == pytest.approx(ap50, abs=1e-9)
    small = [str(folder / "small/dt_dataset.json"), str(folder / "small/gt_dataset.json")]
    assert run("evaluate", *small, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    for name, value in json.loads((folder / "small/expected_bbox.json").read_text())["stats"].items():
        assert (result["coco"][name] or 0) == pytest.approx(max(value, 0), abs=1e-9)


def test_voc_numbers_of_the_known_example(data: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data / "metrics_coco/padilla_voc"
    for name, columns in (("groundtruths", "class"), ("detections", "class,score")):
        lines = [f"image,{columns},x,y,w,h"]
        for file in sorted((folder / name).glob("*.txt")):
            for line in file.read_text().splitlines():
                *facts, width, height = line.split()
                # That evaluation counts pixels: a box reaches one further than its corners.
                lines.append(",".join([file.stem, *facts, str(int(width) + 1), str(int(height) + 1)]))
        Path(f"{name}.csv").write_text("\n".join(lines) + "\n")
    assert run("evaluate", "detections.csv", "groundtruths.csv", "--iou", "0.3", "--json") == 0
    voc = json.loads(capsys.readouterr().out)["voc"]
    assert voc["AP"] == pytest.approx(0.245687, abs=5e-7)
    assert voc["AP11"] == pytest.approx(0.2684, abs=5e-5)


@pytest.fixture
def files(run: Run) -> None:
    write_detections("found.jsonl", FOUND)
    write_detections("truth.json", TRUTH)
    for name in TRUTH.image_names:
        make(f"photos/{name}", shape=(60, 80, 3))


@pytest.mark.usefixtures("files")
def test_table_json_and_page(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["evaluate", "found.jsonl", "truth.json"]
    assert run(*command, "--score", "0.5", "-o", "out", "--images", "photos") == 0
    out, err = capsys.readouterr()
    for part in (
        "3 images, 3 true boxes, 5 detections",
        "Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = ",
        "cat       2      3",
        "at IoU >= 0.5, score >= 0.5: 1 found, 2 missed, 2 false",
        "false positives per image  0.01  0.03   0.1   0.3     1     3",
    ):
        assert part in out
    assert err == "written: out/evaluation.json, out/report.html\n"
    assert outputs() == ["evaluation.json", "report.html"]
    numbers = json.loads(Path("out/evaluation.json").read_text())
    assert numbers["at_score"] == {
        "score": 0.5,
        "is_best_f1": False,
        "hits": 1,
        "missed": 2,
        "false": 2,
        "precision": 1 / 3,
        "recall": 1 / 3,
    }
    assert numbers["worst_images"][0] == {"image": "a.png", "hits": 1, "missed": 1, "false": 2}
    assert run(*command, "--score", "0.5", "--json", "-q") == 0
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == (numbers, "")
    assert run(*command, "-o", "out") == 2  # nothing is replaced unasked
    assert run(*command, "-o", "out", "--overwrite", "-q") == 0
    assert run(*command, "-q", "--report") == 0
    assert Path("imgproc-evaluation.html").exists()
    assert run(*command, "-q", "--report", "pages/page.html", "-o", "other") == 0
    assert outputs("other") == ["evaluation.json"]
    assert outputs("pages") == ["page.html"]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "coco", "coco-results", "yolo", "voc"])
@pytest.mark.parametrize("truth_kind", ["jsonl", "csv", "coco", "yolo", "voc"])
@pytest.mark.usefixtures("files")
def test_every_format_gives_the_same_numbers(
    run: Run, capsys: pytest.CaptureFixture[str], kind: str, truth_kind: str
) -> None:
    if kind == "coco-results" and truth_kind in ("csv", "yolo", "voc"):
        return  # their images and classes have no ids that results could refer to
    truth = a_set([("a.png", 0, 0, 20, 20, 1), ("a.png", 40, 0, 60, 20, 2), ("b.png", 0, 0, 20, 20, 1)])
    write_detections("f", FOUND, format=kind)
    write_detections("t", truth, format=truth_kind)
    assert run("evaluate", "f", "t", "--images", "photos", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    expected = evaluate_sets(align_detections(FOUND, truth), truth, iou=0.5, score=None).to_dict()
    if truth_kind != "jsonl" or kind != "jsonl":
        for numbers in (result, expected):
            for one in numbers["classes"]:
                one.pop("label")
    expected["classes"].sort(key=lambda one: one["name"])
    for entry in ("detections_file", "truth_file", "version"):
        result.pop(entry)
    assert result == json.loads(json.dumps(expected))


@pytest.mark.usefixtures("files")
def test_an_unreadable_image_is_1_and_the_page_is_there(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos/a.png").write_bytes(b"")
    Path("photos/b.png").unlink()
    assert run("evaluate", "found.jsonl", "truth.json", "--images", "photos", "-o", "out", "-q") == 1
    err = capsys.readouterr().err
    assert "failed  a.png: the file is empty\n" in err
    assert "failed  b.png: photos/b.png: no such file or directory\n" in err
    assert outputs() == ["evaluation.json", "report.html"]


STRANGE = '{"image": "x/z.png", "boxes": [[0, 0, 1, 1]], "scores": [1]}\n'


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing.json", "truth.json"], "missing.json: no such file or directory"),
        (["found.jsonl", "missing"], "missing: no such file or directory"),
        (
            ["broken.json", "truth.json"],
            "file broken.json: line 1 column 2 must be JSON, got expecting property name",
        ),
        (["found.jsonl", "image.png"], "file image.png must be JSON lines of imgproc, CSV, COCO's JSON or"),
        (
            ["strange.jsonl", "truth.json"],
            "detections must be of images that the truth has, got 1 unknown: 'x/z.png'",
        ),
        (
            ["truth.json", "found.jsonl"],
            "the boxes of 'truth.json' have no scores, so that they are no detections; the t",
        ),
        (
            ["truth.json", "truth.json"],
            "the boxes of 'truth.json' have no scores, so that they are no detections\n",
        ),
        (["found.jsonl", "empty.jsonl"], "the truth 'empty.jsonl' names no image"),
        (["yolo", "truth.csv"], "the folder of these with --images"),
        (["found.jsonl", "yolo"], "the folder of these with --images"),
        (["found.jsonl", "yolo", "--images", "none"], "--images needs a folder, and there is none 'none'"),
        (["found.jsonl", "yolo", "--images", "broken"], "broken/a.png: the file is empty"),
        (
            ["found.jsonl", "truth.json", "--format", "xls"],
            "--format must be one of jsonl, csv, coco, coco-results, y",
        ),
        (["found.jsonl", "truth.json", "--truth-format", "xls"], "--truth-format must be one of jsonl, csv"),
        (["found.jsonl", "truth.json", "--truth-format", "jsonl"], "file truth.json: line 1 must be JSON"),
        (
            ["found.jsonl", "truth.json", "-o", "truth.json"],
            "the output 'truth.json' is a file; name a folder",
        ),
        (
            ["found.jsonl", "truth.json", "-o", "full"],
            "'full/evaluation.json' exists already; say --overwrite",
        ),
        (
            ["found.jsonl", "truth.json", "--report", "page.html"],
            "'page.html' exists and is no report of imgproc",
        ),
        (["found.jsonl", "truth.json", "--score", "nan"], "--score must be a finite number, got nan"),
    ],
)
@pytest.mark.usefixtures("files")
def test_wrong_usage_is_one_sentence_and_2(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    Path("broken.json").write_text("{")
    Path("image.png").write_bytes(b"\x89PNG")
    Path("page.html").write_text("mine")
    header = Path("found.jsonl").read_text().splitlines()[0] + "\n"
    Path("strange.jsonl").write_text(header + STRANGE)
    Path("empty.jsonl").write_text(header)
    Path("truth.csv").write_text("image,x1,y1,x2,y2\na.png,0,0,1,1\n")
    write_detections("yolo", FOUND, format="yolo")
    Path("broken").mkdir()
    Path("broken/a.png").touch()
    Path("full").mkdir()
    Path("full/evaluation.json").touch()
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert run("evaluate", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("imgproc evaluate: ")
    assert sentence in err
    assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_options_are_checked(run: Run) -> None:
    assert run("evaluate") == 2
    assert run("evaluate", "a") == 2
    assert run("evaluate", "a", "b", "--iou", "1.5") == 2
    assert run("evaluate", "a", "b", "--iou", "nan") == 2
