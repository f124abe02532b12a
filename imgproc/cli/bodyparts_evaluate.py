"""``imgproc bodyparts evaluate``: a forest judged on labelled depth images."""

from __future__ import annotations

import json as json_format
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import imgproc

from .. import bodyparts as bodies
from .._core.files import check_free, write_file
from .._core.images import Array
from ..io.folders import PlanError, cause
from ..metrics import plot_confusion
from .bodyparts_folder import Labelled, LabelledFolder
from .bodyparts_predict import open_forest
from .bodyparts_training import ForestMonitor
from .options import Json, Quiet
from .progress import loudness
from .text import aligned, counted
from .verbs import refuse


@dataclass(frozen=True, eq=False)
class Verdict:
    """What was found on all images together."""

    confusion: Array
    joints: bodies.JointScores | None

    @property
    def part_accuracy(self) -> Array:
        """Share of each part's pixels that are right; NaN where no pixel has it."""
        total = self.confusion.sum(axis=1)
        right = np.diag(self.confusion).astype(np.float64)
        shares: Array = np.divide(right, total, out=np.full(len(total), np.nan), where=total > 0)
        return shares

    def to_dict(self) -> dict[str, Any]:
        accuracy = self.part_accuracy
        result: dict[str, Any] = {
            "pixels": int(self.confusion.sum()),
            "accuracy": _number(np.trace(self.confusion) / max(int(self.confusion.sum()), 1)),
            "mean_part_accuracy": _number(np.nanmean(accuracy) if np.isfinite(accuracy).any() else np.nan),
            "part_accuracy": dict(zip(bodies.PARTS, map(_number, accuracy.tolist()), strict=True)),
        }
        if self.joints is not None:
            scores = self.joints
            result |= {
                "joint_map": _number(scores.mean_average_precision),
                "joints": {
                    name: {"ap": _number(ap), "recall": _number(recall), "median_distance": _number(distance)}
                    for name, ap, recall, distance in zip(
                        bodies.FOUND_JOINTS,
                        scores.average_precision,
                        scores.recall,
                        scores.distance,
                        strict=True,
                    )
                },
            }
        return result


def evaluate(
    data: Labelled,
    model: Annotated[str, typer.Option("--model", metavar="FILE", help="The forest.", show_default=False)],
    out: Annotated[
        str | None,
        typer.Option("-o", "--out", help="Folder for scores.json and confusion.png.", show_default=False),
    ] = None,
    reach: Annotated[
        float, typer.Option("--reach", min=0.001, help="Metres by which a joint may be off.")
    ] = 0.1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that exist.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Judge a forest: accuracy of each part, and precision of the joints where FOLDER knows them.

    \b
    imgproc bodyparts evaluate test/ --model body.forest -o scores/

    Exit status: 0 done, 2 wrong usage or files that cannot be read or written.
    """
    try:
        forest = open_forest(model)
        images = LabelledFolder(Path(data))
        scores, picture = (
            (None, None) if out is None else (Path(out) / "scores.json", Path(out) / "confusion.png")
        )
        for path in (scores, picture):
            if path is not None:
                check_free(path, overwrite=overwrite)
        with ForestMonitor(loudness(quiet, False)) as monitor:
            verdict = judge(forest, images, reach, monitor)
        if scores is not None and picture is not None:
            scores.parent.mkdir(parents=True, exist_ok=True)
            write_file(scores, json_format.dumps(verdict.to_dict(), indent=1).encode(), overwrite=overwrite)
            axes = plot_confusion(verdict.confusion, names=[name.replace("_", " ") for name in bodies.PARTS])
            figure: Any = axes.figure
            figure.savefig(picture)
    except FileExistsError as error:
        refuse(
            "bodyparts evaluate",
            f"{str(error).partition(': ')[0]!r} exists already; say --overwrite to replace it",
        )
    except ImportError as error:
        refuse("bodyparts evaluate", str(error))
    except (PlanError, ValueError) as error:
        refuse("bodyparts evaluate", str(error))
    except OSError as error:
        refuse("bodyparts evaluate", f"{error.filename}: {cause(error)}")
    if json:
        print(json_format.dumps({"version": imgproc.__version__} | verdict.to_dict(), indent=1))
    elif not quiet:
        print("\n".join(_table(verdict, len(images.names))))
    raise typer.Exit(0)


def judge(
    forest: bodies.DepthForest, images: LabelledFolder, reach: float, monitor: ForestMonitor
) -> Verdict:
    """Compare what the forest says with the labels and, where they are known, the joints."""
    count = len(bodies.PARTS)
    confusion = np.zeros((count, count), np.int64)
    found, truth = [], []
    for number, name in enumerate(images.names):
        labels, depth = images.labels[number], images.depths[number]
        if labels.shape != depth.shape or int(labels.max(initial=-1)) >= count:
            raise PlanError(
                f"{name}: labels must be of the shape of the depth image, and below {count} or 255"
            )
        proba = forest.predict_proba(depth, mask=labels >= 0)
        seen = (labels >= 0) & (proba.sum(axis=2) > 0)
        pairs = labels[seen].astype(np.int64) * count + proba[seen].argmax(axis=1)
        confusion += np.bincount(pairs, minlength=count * count).reshape(count, count)
        if images.camera is not None and name in images.joints and depth.shape == images.camera.shape:
            metres = np.where(labels >= 0, depth.astype(np.float32) / np.float32(1000), np.float32(0))
            found.append(bodies.estimate_joints(metres, proba, images.camera))
            truth.append(bodies.Rendering(metres, labels, images.joints[name]))
        monitor.count("judging", number + 1, len(images.names))
    return Verdict(confusion, bodies.score_joints(found, truth, reach=reach) if found else None)


def _table(verdict: Verdict, count: int) -> list[str]:
    facts = verdict.to_dict()
    lines = [
        f"{counted(count, 'image')}, {counted(facts['pixels'], 'body pixel')}",
        f"  right pixels        {verdict.confusion.trace() / max(facts['pixels'], 1):.3f}",
        f"  mean over parts     {np.nanmean(verdict.part_accuracy):.3f}" if facts["pixels"] else "",
    ]
    rows = [["part", "right"]]
    rows += [[name, f"{value:.3f}"] for name, value in zip(bodies.PARTS, verdict.part_accuracy, strict=True)]
    lines += ["", *(f"  {row}" for row in aligned(rows))]
    if verdict.joints is not None:
        scores = verdict.joints
        rows = [["joint", "AP", "recall", "median distance"]]
        for row in zip(
            bodies.FOUND_JOINTS, scores.average_precision, scores.recall, scores.distance, strict=True
        ):
            rows.append([row[0], *(f"{value:.3f}" for value in row[1:])])
        lines += ["", f"  joint mAP           {scores.mean_average_precision:.3f}", ""]
        lines += [f"  {row}" for row in aligned(rows)]
    return lines


def _number(value: Any) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
