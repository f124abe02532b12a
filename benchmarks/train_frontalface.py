"""``python -m benchmarks.train_frontalface``: trains the face cascade that ships with the package.

A boosting chain (R. Xiao, L. Zhu, H.-J. Zhang, Boosting chain learning for object detection, ICCV 2003): every stage
goes on boosting the sum of votes of the one before, on negatives that pass all stages so far, and holds all its stumps
again. So the last stage is one strong classifier whose sum is a good score, at the cost of testing early features
twice where few windows come. Stumps are those of gentle AdaBoost, each stage's from another random part of all
features. Thresholds are set on faces held back: one passes where some of its variants do, as one window in many is
enough to be found.

With ``--folds K`` K cascades are trained instead, each without a part of the people and photographs; ``python -m
benchmarks.face_roc --folds`` judges each on that part.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from imgproc.cascade import Cascade
from imgproc.cascade.boosting import Samples, StageBooster
from imgproc.cascade.growing import GrownStage, grown_cascade
from imgproc.cascade.haar import haar_features

from .face_photographs import Photograph, parts, photographs
from .face_windows import Negatives, Variety, face_variants

OUT = Path(__file__).parents[1] / "imgproc" / "cascade" / "data" / "frontalface.xml"


@dataclass(frozen=True)
class Recipe:
    """All that the result depends on beside the data."""

    side: int = 20
    stumps: tuple[int, ...] = (6, 14, 28, 50, 90, 150, 250, 400, 650, 1000)
    """Of each stage, those of the stages before included."""
    negatives: int = 12000
    """Of each stage."""
    most: int = 90
    """Of one image in one search."""
    features: int = 6000
    """Of each stage, chosen at random."""
    detection_rate: float = 0.996
    """Of each stage, among faces held back, for the search of negatives."""
    final_detection_rate: float = 0.9925
    """Of the whole, among faces held back."""
    pruned: float = 0.001
    """Share of the variants found that the stages before may lose."""
    variants_found: float = 0.3
    """A face held back is found where this share of its variants passes."""
    held_back: float = 0.15
    variety: Variety = field(default_factory=Variety)
    seed: int = 1


class Held:
    """Faces that thresholds are set on."""

    def __init__(self, windows: np.ndarray, faces: np.ndarray, share: float) -> None:
        self.samples = Samples(windows)
        self.faces = [np.flatnonzero(faces == face) for face in np.unique(faces)]
        self.share = share
        self.alive = np.ones(len(windows), bool)

    def best(self, votes: np.ndarray) -> np.ndarray:
        """Of each face the highest threshold at which it is found, -inf where it no longer can be."""
        votes = np.where(self.alive, votes, -np.inf)
        return np.array([np.sort(votes[rows])[-max(1, int(self.share * len(rows)))] for rows in self.faces])

    def threshold(self, votes: np.ndarray, rate: float) -> np.float32:
        """The highest one at which at least the share ``rate`` of all faces is still found, or all that could be;
        variants below are not asked again."""
        best = np.sort(self.best(votes))
        lost = int(np.isinf(best).sum())
        threshold = np.float32(best[max(lost, int((1 - rate) * len(best)))] - 1e-4)
        self.alive &= votes >= threshold
        return threshold

    @property
    def found(self) -> float:
        """The share of faces that can still be found."""
        return float(np.isfinite(self.best(np.zeros(len(self.alive)))).mean())


def train(pictures: Sequence[Photograph], recipe: Recipe) -> tuple[Cascade, list[dict[str, Any]]]:
    """The cascade, and what each stage did."""
    rng = np.random.default_rng(recipe.seed)
    windows, faces = face_variants(pictures, recipe.side, recipe.variety, rng)
    count = int(faces.max()) + 1
    held_back = np.isin(faces, rng.permutation(count)[: round(recipe.held_back * count)])
    held = Held(windows[held_back], faces[held_back], recipe.variants_found)
    objects = windows[~held_back]
    source = Negatives(pictures, recipe.side, rng)
    features = haar_features((recipe.side, recipe.side), tilted=True)
    features = features.take(np.flatnonzero(~features.tilted))
    negatives, share = source.any(recipe.negatives), 1.0
    stages: list[GrownStage] = []
    records = []
    for number, stumps in enumerate(recipe.stumps):
        start = perf_counter()
        if stages:
            keep = stages[-1].votes(features, Samples(negatives)) >= stages[-1].limit
            negatives = negatives[keep]
            cascade = grown_cascade(features, stages)
            more, share = source.hard(cascade, recipe.negatives - len(negatives), recipe.most)
            negatives = np.concatenate([negatives, more])
        samples = Samples(np.concatenate([objects, negatives]))
        is_object = np.arange(len(samples)) < len(objects)
        chosen = np.sort(rng.choice(len(features), recipe.features, replace=False))
        before = stages[-1].votes(features, samples) if stages else np.zeros(len(samples))
        booster = StageBooster(features.take(chosen), samples, is_object, algorithm="gentle", votes=before)
        found = [booster.next_stump() for _ in range(stumps - (recipe.stumps[number - 1] if number else 0))]
        own = GrownStage.of(
            [replace(stump, feature=int(chosen[stump.feature])) for stump in found], np.float32(0), False
        )
        stage = own if not stages else _joined(stages[-1], own)
        votes = stage.votes(features, held.samples)
        stage = replace(stage, threshold=held.threshold(votes, recipe.detection_rate ** (number + 1)))
        stages.append(stage)
        records.append(
            {
                "stumps": stumps,
                "negatives": len(negatives),
                "passed_before": share,
                "false_alarm": float((booster.votes[~is_object] >= stage.limit).mean()),
                "held_found": held.found,
                "seconds": round(perf_counter() - start, 1),
            }
        )
        print(json.dumps({"stage": number + 1} | records[-1]), flush=True)
    sums = np.array([stage.votes(features, Samples(windows)) for stage in stages])
    thresholds = final_thresholds(sums, faces, held_back, recipe)
    stages = [replace(stage, threshold=limit) for stage, limit in zip(stages, thresholds, strict=True)]
    return grown_cascade(features, stages), records


def final_thresholds(
    sums: np.ndarray, faces: np.ndarray, held_back: np.ndarray, recipe: Recipe
) -> list[np.float32]:
    """Thresholds of a chain whose last stage finds the share ``final_detection_rate`` of the faces held back.

    Those of the stages before reject only what it rejects (C. Zhang, P. Viola, Multiple-instance pruning for learning
    efficient cascade detectors, NIPS 2007): of each face that it finds the best variants pass them too, but for the
    share ``pruned``. ``sums`` are the votes of each stage for all windows.
    """
    best, chosen = [], []
    for face in np.unique(faces):
        rows = np.flatnonzero(faces == face)
        order = rows[np.argsort(-sums[-1][rows], kind="stable")]
        chosen.append(order[: max(1, int(recipe.variants_found * len(rows)))])
        best.append(sums[-1][chosen[-1][-1]])
    held = np.sort([least for least, rows in zip(best, chosen, strict=True) if held_back[rows[0]]])
    last = held[int((1 - recipe.final_detection_rate) * len(held))]
    found = np.concatenate([rows for least, rows in zip(best, chosen, strict=True) if least >= last])
    thresholds = np.quantile(sums[:, found], recipe.pruned, axis=1, method="lower")
    thresholds[-1] = last
    return [np.float32(threshold - 1e-4) for threshold in thresholds]


def _joined(before: GrownStage, own: GrownStage) -> GrownStage:
    """A stage of all stumps of both."""
    parts = {
        name: np.concatenate([getattr(before, name), getattr(own, name)])
        for name in ("features", "thresholds", "subsets", "leaves")
    }
    return GrownStage(**parts, threshold=own.threshold)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train_frontalface", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="where to write the cascade")
    parser.add_argument(
        "--folds", type=int, default=0, help="train for cross-validation: OUT_fold0.xml and so on"
    )
    parser.add_argument("--fold", type=int, nargs="*", help="only these of the folds")
    parser.add_argument("--json", type=Path, help="where to write the recipe and what each stage did")
    options = parser.parse_args(arguments)
    recipe = Recipe()
    pictures = list(photographs())
    part = parts(pictures, options.folds)
    facts: dict[str, Any] = {"recipe": asdict(recipe)}
    for fold in (options.fold or range(options.folds)) if options.folds else [-1]:
        start = perf_counter()
        cascade, records = train([p for p, k in zip(pictures, part, strict=True) if k != fold], recipe)
        out = options.out.with_stem(f"{options.out.stem}_fold{fold}") if options.folds else options.out
        out.parent.mkdir(parents=True, exist_ok=True)
        cascade.save(out, overwrite=True)
        facts[out.stem] = {"seconds": round(perf_counter() - start, 1), "stages": records}
        print(f"{cascade}: {out}")
    if options.json:
        options.json.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
