"""The page of an evaluation: numbers, curves, confusion, and the worst images with their boxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import imgproc

from ..._core.images import Array
from ..evaluation import FALSE, HIT, Evaluation, ImageErrors
from .boxes import Box, layered, place_box
from .charts import equal_f1_path, log_position, log_ticks, percent_ticks, precision_recall_path, step_path
from .pages import template
from .previews import Preview, take_preview

WORST = 12
"""Images shown with pictures."""

LISTED = 40
"""Images listed where there are no pictures."""

COLORED = 6
"""Classes whose curves have colours of their own; of more, the colours could not be told apart."""

CONFUSED = 20
"""Classes in the confusion matrix, those with most boxes."""

SIDE = 720

STATS = (
    ("AP", "AP", "IoU 0.50–0.95"),
    ("AP50", "AP₅₀", "IoU 0.50"),
    ("AP75", "AP₇₅", "IoU 0.75"),
    ("APs", "AP small", "below 32² px"),
    ("APm", "AP medium", "32² to 96² px"),
    ("APl", "AP large", "above 96² px"),
    ("AR1", "AR₁", "1 per image"),
    ("AR10", "AR₁₀", "10 per image"),
    ("AR100", "AR₁₀₀", "100 per image"),
    ("ARs", "AR small", "below 32² px"),
    ("ARm", "AR medium", "32² to 96² px"),
    ("ARl", "AR large", "above 96² px"),
)

ReadImage = Callable[[str], Array]
"""An image by its name; raises ValueError or OSError with a sentence."""


@dataclass
class Card:
    """One of the worst images."""

    errors: ImageErrors
    preview: Preview | None = None
    problem: str = ""
    boxes: list[Box] = field(default_factory=list)


def build_evaluation_page(result: Evaluation, command: str, read: ReadImage | None) -> tuple[str, list[str]]:
    """The page, and a sentence for each image that could not be shown."""
    wrong = [image for image in result.images if image.missed or image.false]
    cards = [_card(result, image, read) for image in wrong[:WORST]] if read is not None else []
    confusion = _confusion(result)
    page = template("evaluation.html").render(
        version=imgproc.__version__,
        command=command,
        result=result,
        title=_title(result),
        stats=[(title, hint, _percent(result.coco.stats[name])) for name, title, hint in STATS],
        percent=_percent,
        score=_score,
        pr=_pr_chart(result),
        roc=_roc_chart(result),
        confusion=confusion,
        wrong=wrong,
        listed=[] if cards else wrong[:LISTED],
        cards=cards,
    )
    return page, [f"{card.errors.name}: {card.problem}" for card in cards if card.problem]


def _percent(value: float | None) -> str:
    return "–" if value is None or value < 0 else f"{100 * value:.1f}"


def _score(value: float | None) -> str:
    return "–" if value is None or not np.isfinite(value) else f"{value:.4g}"


def _title(result: Evaluation) -> str:
    ap = result.coco.AP
    return "Nothing to find" if ap < 0 else f"{100 * ap:.1f} % average precision"


def _pr_chart(result: Evaluation) -> dict[str, Any] | None:
    if result.curve is None:
        return None
    known = [one for one in result.classes if one.curve is not None]
    classes = []
    for place, one in enumerate(sorted(known, key=lambda one: (-one.n_truth, one.label))):
        assert one.curve is not None
        kind = f"c{place}" if len(known) <= COLORED else "thin"
        path = precision_recall_path(one.curve.recall, one.curve.precision, closed=False)
        classes.append({"name": one.name, "kind": kind, "path": path, "voc": one.voc})
    return {
        "classes": classes if len(known) > 1 else [],
        "colored": len(known) <= COLORED,
        "path": precision_recall_path(result.curve.recall, result.curve.precision),
        "f1": [(value, equal_f1_path(value), 100 * value / (2 - value)) for value in (0.2, 0.4, 0.6, 0.8)],
        "x": percent_ticks(),
        "y": percent_ticks(),
        "point": None
        if result.precision is None or result.recall is None
        else (100 * result.recall, 100 * result.precision),
    }


def _roc_chart(result: Evaluation) -> dict[str, Any] | None:
    roc = result.roc
    if roc is None:
        return None
    positive = roc.false_positives[roc.false_positives > 0]
    low = min(0.01, *(positive[:1] / 2)) if len(positive) else 0.01
    low = 10.0 ** np.floor(np.log10(max(low, 1e-5)))
    high = max(1.2 * float(positive[-1]) if len(positive) else 1.0, 10 * low)
    x = log_position(roc.false_positives, low, high)
    xs, ys = (
        np.concatenate([[0.0], x, [1.0]]),
        np.concatenate([[0.0], roc.detection_rate, roc.detection_rate[-1:]]),
    )
    if not len(roc.detection_rate):
        xs, ys = np.array([0.0, 1.0]), np.zeros(2)
    point = None
    if result.score is not None:
        at = int((roc.thresholds >= result.score).sum()) - 1
        if at >= 0:
            point = (100 * float(x[at]), 100 * float(roc.detection_rate[at]))
    return {"path": step_path(xs, ys), "x": log_ticks(low, high), "y": percent_ticks(), "point": point}


def _confusion(result: Evaluation) -> dict[str, Any] | None:
    counts, names = result.confusion, result.confusion_names
    k = len(names)
    if not k or not counts.sum():
        return None
    load = counts[:k].sum(axis=1) + counts[:, :k].sum(axis=0)
    shown = np.sort(np.argsort(-load, kind="stable")[:CONFUSED])
    picked = np.append(shown, k)
    totals = counts[picked].sum(axis=1, keepdims=True)
    rows = []
    for row, total in zip(picked.tolist(), totals[:, 0].tolist(), strict=True):
        cells = [
            {
                "count": int(counts[row, column]),
                "share": float(counts[row, column] / total) if total else 0.0,
                "kind": "good" if row == column != k else "none" if row == column == k else "bad",
            }
            for column in picked.tolist()
        ]
        rows.append({"name": names[row] if row < k else "nothing", "cells": cells})
    return {"names": [names[row] for row in shown.tolist()], "rows": rows, "left_out": k - len(shown)}


def _card(result: Evaluation, errors: ImageErrors, read: ReadImage) -> Card:
    card = Card(errors)
    try:
        image = read(errors.name)
    except (ValueError, OSError) as error:
        card.problem = str(error).removeprefix(f"{errors.name}: ")
        return card
    height, width = image.shape[:2]
    known = tuple(result.truth.image_sizes[errors.position].tolist())
    if known not in ((0, 0), (height, width)):
        card.problem = (
            f"the picture is {width} × {height} and its boxes are of {known[1]} × {known[0]} pixels"
        )
        return card
    card.preview = take_preview(image, SIDE)
    card.boxes = _boxes(result, errors.position, height, width)
    return card


def _boxes(result: Evaluation, position: int, height: int, width: int) -> list[Box]:
    truth, found = result.truth, result.found
    assert found.scores is not None
    least = np.inf if result.score is None else result.score
    several = len(result.classes) > 1
    boxes = []

    size = height, width
    rows, mine = truth.rows(position), found.rows(position)
    for row in range(rows.start, rows.stop):
        name, by = found.class_name(int(truth.labels[row])), int(result.hit_by[row])
        if truth.crowd[row]:
            boxes.append(place_box("ignored", truth.boxes[row].tolist(), size, f"not counted: {name}"))
        elif by < 0 or found.scores[by] < least:
            boxes.append(
                place_box(
                    "missed", truth.boxes[row].tolist(), size, f"missed: {name}", name if several else ""
                )
            )
    for row in range(mine.start, mine.stop):
        if found.scores[row] < least or result.outcome[row] not in (HIT, FALSE):
            continue
        name, score = found.class_name(int(found.labels[row])), f"{found.scores[row]:.3g}"
        if result.outcome[row] == HIT:
            boxes.append(place_box("hit", found.boxes[row].tolist(), size, f"found: {name}, score {score}"))
        else:
            title = f"false: {name}, score {score}"
            tag = f"{name} {score}" if several else score
            boxes.append(place_box("false", found.boxes[row].tolist(), size, title, tag))
    return layered(boxes)
