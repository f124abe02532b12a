"""The fast way through COCO's files against the json module: the same values, or none at all."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from imgproc.metrics.coco_files import places, read_results, read_truth

ENTRY = '{"image_id": 3, "category_id": 4, "bbox": [1, 2.5, 3, 4e0], "score": %s}'


def columns(entries: Any) -> list[tuple[Any, ...]]:
    return [
        (
            entry["image"],
            entry["category"],
            entry["box"].tolist(),
            entry["number"],
            entry["crowd"],
            entry["ignore"],
        )
        for entry in entries
    ]


def wanted(content: Any, number: str) -> list[tuple[Any, ...]]:
    return [
        (e["image_id"], e["category_id"], e["bbox"], e[number], e.get("iscrowd", 0), e.get("ignore", 0))
        for e in content
    ]


def numbers(rng: np.random.Generator) -> list[str]:
    bits = rng.integers(0, 2**63, 300, np.uint64).view(np.float64)
    values = [
        *rng.random(600),
        *rng.random(300) * 10.0 ** rng.integers(-30, 30, 300),
        *bits[np.isfinite(bits)],
    ]
    texts = [repr(float(value)) for value in values]
    texts += [repr(float(np.float32(value))) for value in rng.random(300)]
    # Halfway between two doubles, and next to that.
    texts += [
        str(2**53 + 1),
        "9007199254740993.0",
        "0.90071992547409930",
        "9007199254740992.9",
        "900719925474099.25e1",
    ]
    for value in rng.random(300):
        middle = (
            (value.as_integer_ratio()[0] * 2 + 1) * 5**60 // (value.as_integer_ratio()[1] * 2 // 2**60 or 1)
        )
        texts.append(f"0.{str(middle)[:19]}")
    texts += ["0", "-0", "-0.0", "1e22", "1e23", "123456789012345678", "0.1e-6", "1E+5", "5e-324", "1e-400"]
    texts += ["0." + "0" * 25 + "1", "1" * 17 + ".5", "1." + "3" * 35, "0.3e-12", "8.98846567431158e307"]
    return texts


def test_numbers_are_rounded_as_python_rounds_them(rng: np.random.Generator) -> None:
    texts = numbers(rng)
    entries = read_results(("[" + ",".join(ENTRY % text for text in texts) + "]").encode())
    assert entries is not None
    for text, ours in zip(texts, entries["number"].tolist(), strict=True):
        assert (ours, math.copysign(1, ours)) == (float(text), math.copysign(1, float(text))), text


@pytest.mark.parametrize(
    "text",
    [
        "01",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "--1",
        "0x1",
        "NaN",
        "Infinity",
        "-Infinity",
        "1_0",
        "1e400",
        "-",
        "1e99999",
        '"1"',
        "true",
        "null",
        "[1]",
        "{}",
        "",
        "1 1",
        "9" * 50,
    ],
)
def test_what_is_no_usual_number_is_left_alone(text: str) -> None:
    assert read_results(f"[{ENTRY % text}]".encode()) is None


def test_order_spaces_and_other_keys_do_not_matter() -> None:
    text = r"""
    [ {"score":1,"bbox":[1,2,3,4], "x": {"a": [1, "\"}]\u00e9\n", true, false, null, {}, []]} ,"category_id" :-5,
       "image_id":7, "iscrowd":1, "score":0.5 } , {"image_id":1,"category_id":2,"bbox":[ 0 , 0 , 0 , 0 ],"score":1e-3,
       "segmentation":[[1,2,3.5e1]],"ignore":1}
    ] """
    entries = read_results(text.encode())
    assert entries is not None
    assert columns(entries) == wanted(json.loads(text), "score")
    empty = read_results(b" [ ] ")
    assert empty is not None
    assert len(empty) == 0


def test_truth() -> None:
    content = {
        "info": {"year": 2014, "images": [1]},
        "images": [{"id": 3, "file_name": "a.jpg"}],
        "annotations": [
            {"image_id": 3, "category_id": 1, "bbox": [1, 2, 3, 4.5], "area": 5.25, "iscrowd": 1, "id": 0},
            {"image_id": 3, "category_id": 2, "bbox": [1, 2, 3, 4.5], "area": 5, "ignore": 1},
        ],
        "categories": [{"id": 1}, {"id": 2}],
    }
    found = read_truth(json.dumps(content).encode())
    assert found is not None
    assert found[0] == {"images": content["images"], "categories": content["categories"], "annotations": []}
    assert columns(found[1]) == wanted(content["annotations"], "area")
    for missing in ("images", "annotations", "categories"):
        assert read_truth(json.dumps({k: v for k, v in content.items() if k != missing}).encode()) is None


def test_broken_texts_are_never_taken(rng: np.random.Generator) -> None:
    """Cut and changed anywhere: what is taken is JSON, and has the values that the json module reads."""
    results = f"[{ENTRY % '0.25'}, {ENTRY % '1'}]"
    truth = (
        '{"images": [{"id": 1}], "categories": [], "annotations": ['
        + (ENTRY % "1").replace("score", "area")
        + "]}"
    )
    for text, read in ((results, read_results), (truth, lambda data: (read_truth(data) or (None, None))[1])):
        data = text.encode()
        for end in range(len(data)):
            assert read(data[:end]) is None
        for _ in range(3000):
            changed = bytearray(data)
            for _ in range(rng.integers(1, 3)):
                changed[rng.integers(len(data))] = rng.choice([*list(b'"{}[],:\\0e-.9 \n\x00\xff'), ord("a")])
            entries = read(bytes(changed))
            if entries is not None:
                content = json.loads(bytes(changed))
                content = content if isinstance(content, list) else content["annotations"]
                number = "score" if text is results else "area"
                assert columns(entries) == wanted(content, number)


def test_deep_texts_are_left_alone() -> None:
    assert read_results(b'[{"x": ' + b"[" * 100_000) is None
    assert read_results(b"[" * 100_000) is None


def test_places() -> None:
    found = places(np.array([5, 1, 7, -9]), (1, 5, 6))
    assert found is not None
    assert found.tolist() == [1, 0, -1, -1]
    assert places(np.array([1]), ("a", "b")) is None
    assert places(np.array([1]), (1, 2**70)) is None
    none = places(np.array([1]), ())
    assert none is not None
    assert none.tolist() == [-1]
