"""How good detections are against the truth, as ``imgproc evaluate`` prints, writes and draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import imgproc

from .._core.images import Array
from ..detections import DetectionSet
from ..detections.coco import coco_dataset, coco_results
from ..detections.fields import plain
from ..metrics.coco import CocoScores
from ..metrics.curves import PrecisionRecall, Roc

FALSE_POSITIVES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Per image, at which detection rates are told."""

HIT, FALSE, IGNORED = 1, 0, -1


@dataclass(frozen=True)
class ClassScores:
    """One class; None where the truth has none of it."""

    label: int
    name: str
    n_truth: int
    n_detections: int
    ap: float | None
    """COCO's, the mean over IoU 0.50 to 0.95."""
    ap50: float | None
    voc: float | None
    """Area under the interpolated curve at the IoU asked for."""
    voc11: float | None
    precision: float | None
    """At the score asked for; None without detections."""
    recall: float | None
    curve: PrecisionRecall | None


@dataclass(frozen=True)
class ImageErrors:
    """What went wrong in one image at the score asked for."""

    position: int
    name: str
    hits: int
    missed: int
    false: int


@dataclass(frozen=True)
class Evaluation:
    """All numbers of one evaluation, and what the page draws."""

    truth: DetectionSet
    found: DetectionSet
    iou: float
    score: float | None
    """Detections from here on count where one score is needed; None without detections."""
    chosen: bool
    """Whether the user gave the score, or it is that of the best F1."""
    coco: CocoScores
    classes: list[ClassScores]
    curve: PrecisionRecall | None
    """Of all classes together."""
    roc: Roc | None
    rates: list[tuple[float, float, float]]
    """False positives per image, detection rate, score."""
    confusion_names: list[str]
    confusion: Array
    """True classes and one row for what is none, by predicted classes and one column for what was missed."""
    images: list[ImageErrors]
    """Worst first."""
    outcome: Array
    """HIT, FALSE or IGNORED of each detection."""
    hit_by: Array
    """Row of the detection that found each true box, or -1."""

    @property
    def n_truth(self) -> int:
        return int((~self.truth.crowd).sum())

    @property
    def counts(self) -> tuple[int, int, int]:
        """Hits, missed and false at the score."""
        return (
            sum(image.hits for image in self.images),
            sum(image.missed for image in self.images),
            sum(image.false for image in self.images),
        )

    @property
    def precision(self) -> float | None:
        hits, _, false = self.counts
        return hits / (hits + false) if hits + false else None

    @property
    def recall(self) -> float | None:
        hits, missed, _ = self.counts
        return hits / (hits + missed) if hits + missed else None

    @property
    def mean_voc(self) -> float | None:
        return _mean([one.voc for one in self.classes])

    @property
    def mean_voc11(self) -> float | None:
        return _mean([one.voc11 for one in self.classes])

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        hits, missed, false = self.counts
        return {
            "images": len(self.truth),
            "true_boxes": self.n_truth,
            "ignored_regions": int(self.truth.crowd.sum()),
            "detections": len(self.found.boxes),
            "iou": self.iou,
            "coco": {name: _known(value) for name, value in self.coco.stats.items()},
            "voc": {"AP": self.mean_voc, "AP11": self.mean_voc11},
            "at_score": {
                "score": self.score,
                "is_best_f1": not self.chosen,
                "hits": hits,
                "missed": missed,
                "false": false,
                "precision": self.precision,
                "recall": self.recall,
            },
            "detection_rates": [
                {"false_positives_per_image": limit, "detection_rate": rate, "score": _known(score, np.inf)}
                for limit, rate, score in self.rates
            ],
            "classes": [
                {
                    "label": one.label,
                    "name": one.name,
                    "true_boxes": one.n_truth,
                    "detections": one.n_detections,
                    "AP": one.ap,
                    "AP50": one.ap50,
                    "voc_AP": one.voc,
                    "voc_AP11": one.voc11,
                    "precision": one.precision,
                    "recall": one.recall,
                }
                for one in self.classes
            ],
            "confusion": {"names": self.confusion_names, "counts": self.confusion.tolist()},
            "worst_images": [
                {"image": image.name, "hits": image.hits, "missed": image.missed, "false": image.false}
                for image in self.images
                if image.missed or image.false
            ],
        }


def evaluate_sets(found: DetectionSet, truth: DetectionSet, *, iou: float, score: float | None) -> Evaluation:
    """Of aligned detections with scores. ``score`` None: that of the best F1."""
    assert found.scores is not None
    coco = imgproc.coco_evaluate(plain(coco_results(found)), plain(coco_dataset(truth)))
    outcome, hit_by = _match(found, truth, iou)
    n_truth = int((~truth.crowd).sum())
    counted = outcome != IGNORED
    curve = _curve(outcome[counted] == HIT, found.scores[counted], n_truth)
    least = _best(curve) if score is None else score
    at = found.scores >= (np.inf if least is None else least)
    names, confusion = _confusion(found, truth, at, iou)
    roc = None
    if n_truth and len(truth):
        matched = outcome[counted] == HIT
        roc = imgproc.roc_curve(matched, found.scores[counted], n_truth, len(truth), ties="group")
    return Evaluation(
        truth=truth,
        found=found,
        iou=iou,
        score=least,
        chosen=score is not None,
        coco=coco,
        classes=_classes(found, truth, coco, outcome, at),
        curve=curve,
        roc=roc,
        rates=_rates(roc),
        confusion_names=names,
        confusion=confusion,
        images=_images(truth, found, outcome, hit_by, at),
        outcome=outcome,
        hit_by=hit_by,
    )


def _match(found: DetectionSet, truth: DetectionSet, iou: float) -> tuple[Array, Array]:
    outcome = np.zeros(len(found.boxes), np.int8)
    hit_by = np.full(len(truth.boxes), -1)
    for image in range(len(truth)):
        mine, true = found.rows(image), truth.rows(image)
        if mine.start == mine.stop:
            continue
        matches = _matched(
            found, truth, mine, true, np.ones(mine.stop - mine.start, bool), iou, labelled=True
        )
        outcome[mine] = np.where(matches.ignored, IGNORED, matches.truth_of_detection >= 0)
        hit_by[true] = np.where(matches.detection_of_truth >= 0, matches.detection_of_truth + mine.start, -1)
    return outcome, hit_by


def _matched(
    found: DetectionSet,
    truth: DetectionSet,
    mine: slice,
    true: slice,
    kept: Array,
    iou: float,
    *,
    labelled: bool,
) -> Any:
    assert found.scores is not None
    return imgproc.match_detections(
        found.boxes[mine][kept],
        found.scores[mine][kept],
        truth.boxes[true],
        iou_threshold=iou,
        labels=found.labels[mine][kept] if labelled else None,
        truth_labels=truth.labels[true] if labelled else None,
        ignore=truth.crowd[true],
        rule="voc",
    )


def _curve(matched: Array, scores: Array, n_truth: int) -> PrecisionRecall | None:
    """Ties count as one point, because no threshold can tell them apart."""
    return imgproc.precision_recall(matched, scores, n_truth, ties="group") if n_truth else None


def _best(curve: PrecisionRecall | None) -> float | None:
    if curve is None or not len(curve.thresholds):
        return None
    total = curve.precision + curve.recall
    f1 = np.divide(2 * curve.precision * curve.recall, total, out=np.zeros_like(total), where=total > 0)
    return float(curve.thresholds[np.argmax(f1)])


def _rates(roc: Roc | None) -> list[tuple[float, float, float]]:
    if roc is None:
        return []
    rates = []
    for limit in FALSE_POSITIVES:
        reached = int(np.searchsorted(roc.false_positives, limit, side="right"))
        rate = float(roc.detection_rate[reached - 1]) if reached else 0.0
        rates.append((limit, rate, float(roc.thresholds[reached - 1]) if reached else np.inf))
    return rates


def _classes(
    found: DetectionSet, truth: DetectionSet, coco: CocoScores, outcome: Array, at: Array
) -> list[ClassScores]:
    assert found.scores is not None
    numbers = {row["id"]: row for row in coco.per_class()}
    counted = outcome != IGNORED
    classes = []
    for label in sorted({*truth.labels.tolist(), *found.labels.tolist()}):
        mine = (found.labels == label) & counted
        n_truth = int(((truth.labels == label) & ~truth.crowd).sum())
        hits = outcome[mine] == HIT
        curve = _curve(hits, found.scores[mine], n_truth)
        ordered = imgproc.precision_recall(hits, found.scores[mine], n_truth) if n_truth else None
        kept, good = int((mine & at).sum()), int((outcome[mine & at] == HIT).sum())
        coco_row = numbers.get(label, {})
        voc, voc11 = (
            None
            if ordered is None
            else imgproc.average_precision(ordered.recall, ordered.precision, method=method)
            for method in ("voc", "voc11")
        )
        classes.append(
            ClassScores(
                label=label,
                name=found.class_name(label),
                n_truth=n_truth,
                n_detections=int((found.labels == label).sum()),
                ap=_known(coco_row.get("AP", -1.0)),
                ap50=_known(coco_row.get("AP50", -1.0)),
                voc=voc,
                voc11=voc11,
                precision=good / kept if kept else None,
                recall=good / n_truth if n_truth else None,
                curve=curve,
            )
        )
    return classes


def _confusion(found: DetectionSet, truth: DetectionSet, at: Array, iou: float) -> tuple[list[str], Array]:
    """Matched by overlap alone, so that what was found under another name shows."""
    labels = sorted({*truth.labels[~truth.crowd].tolist(), *found.labels[at].tolist()})
    rank = {label: row for row, label in enumerate(labels)}
    k = len(labels)
    counts = np.zeros((k + 1, k + 1), np.int64)
    true_rank = np.array([rank.get(label, k) for label in truth.labels.tolist()], np.int64)
    found_rank = np.array([rank.get(label, k) for label in found.labels.tolist()], np.int64)
    for image in range(len(truth)):
        mine, true = found.rows(image), truth.rows(image)
        kept = at[mine]
        matches = _matched(found, truth, mine, true, kept, iou, labelled=False)
        predicted, partner = found_rank[mine][kept], matches.truth_of_detection
        for label, other, ignored in zip(predicted, partner, matches.ignored, strict=True):
            if not ignored:
                counts[true_rank[true][other] if other >= 0 else k, label] += 1
        missed = (matches.detection_of_truth < 0) & ~truth.crowd[true]
        np.add.at(counts, (true_rank[true][missed], k), 1)
    return [found.class_name(label) for label in labels], counts


def _images(
    truth: DetectionSet, found: DetectionSet, outcome: Array, hit_by: Array, at: Array
) -> list[ImageErrors]:
    hit = (hit_by >= 0) & ~truth.crowd
    hit[hit] = at[hit_by[hit]]
    m = len(truth)
    hits = np.bincount(truth.images[hit], minlength=m)
    missed = np.bincount(truth.images[~hit & ~truth.crowd], minlength=m)
    false = np.bincount(found.images[at & (outcome == FALSE)], minlength=m)
    order = np.lexsort((np.arange(m), -missed, -(missed + false)))
    return [
        ImageErrors(i, truth.image_names[i], int(hits[i]), int(missed[i]), int(false[i]))
        for i in order.tolist()
    ]


def _known(value: float, unknown: float = -1.0) -> float | None:
    return None if value == unknown else float(value)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
