"""The page of a training: how well the cascade separates, stage by stage, and what it looks at."""

from __future__ import annotations

from typing import Any

import numpy as np

import imgproc

from ..._core.images import Array
from ...cascade import Training
from ..feature_picture import draw_feature_on, first_features
from .charts import decade_ticks, line_path, log_position, percent_ticks, step_path
from .pages import template
from .previews import Preview, take_preview

FEATURES = 16
"""Shown on the mean positive."""

_SIDE = 144
"""Pixels of the pictures of windows."""

_PARAMETERS = (
    ("features", "Features"),
    ("algorithm", "Boosting"),
    ("min_detection_rate", "Least detection rate of a stage"),
    ("max_false_alarm", "Most false alarms of a stage"),
    ("max_stumps", "Most stumps of a stage"),
    ("scale_factor", "Scale factor"),
    ("mirror", "Mirrored"),
    ("copies", "Copies of each positive"),
    ("validation", "Held back"),
    ("seed", "Seed"),
)


def build_training_page(training: Training, command: str, name: str) -> str:
    """The page as text."""
    facts, last = training.facts, training.stages[-1]
    judged = training.roc is not None
    skipped = [
        (part, one["name"], one["cause"])
        for part in ("positives", "negatives")
        for one in facts[part]["skipped"]
    ]
    return template("training.html").render(
        version=imgproc.__version__,
        command=command,
        training=training,
        file=name,
        judged=judged,
        detection=last.validation_detection if judged else _product(training, "detection_rate"),
        alarm=last.validation_false_alarm if judged else _product(training, "false_alarm"),
        seconds=sum(stage.seconds for stage in training.stages),
        stumps=sum(stage.stumps for stage in training.stages),
        roc=_roc_chart(training),
        rates=_rates_chart(training),
        alarms=_alarms_chart(training),
        rows=_rows(training),
        features=_features(training),
        hardest=_hardest(training),
        skipped=skipped,
        parameters=[(title, _plain(facts["parameters"][key])) for key, title in _PARAMETERS],
        window=training.cascade.window,
        percent=lambda value: "–" if value is None else f"{100 * value:.2f}",
        rate=lambda value: "–" if value is None else f"{value:.2g}",
    )


def _plain(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _product(training: Training, name: str) -> float:
    return float(np.prod([getattr(stage, name) for stage in training.stages]))


def _roc_chart(training: Training) -> dict[str, Any] | None:
    """Detection rate over false alarms per window, logarithmic, with the cascade's own point."""
    roc, last = training.roc, training.stages[-1]
    if roc is None:
        return None
    positive = roc[roc[:, 0] > 0, 0]
    if not len(positive):
        return None
    low = 10.0 ** np.floor(np.log10(positive[0]))
    x = log_position(roc[:, 0], low, 1.0)
    point = None
    if last.validation_detection is not None and last.validation_false_alarm:
        at = float(log_position(np.array(last.validation_false_alarm), low, 1.0))
        point = (100 * at, 100 * last.validation_detection)
    xs, ys = np.append(x, 1.0), np.append(roc[:, 1], roc[-1, 1])
    return {"path": step_path(xs, ys), "x": decade_ticks(low, 1.0), "y": percent_ticks(), "point": point}


def _places(count: int) -> Array:
    return np.linspace(0, 1, count) if count > 1 else np.array([0.5])


def _stage_ticks(count: int) -> list[dict[str, Any]]:
    every = max(1, -(-count // 10))
    return [
        {"at": 100 * float(place), "text": f"{number}"}
        for number, place in enumerate(_places(count), 1)
        if number % every == 0 or number == 1
    ]


def _rates_chart(training: Training) -> dict[str, Any]:
    """Detection rates of the stages together, on an axis that begins where they end."""
    own = np.cumprod([stage.detection_rate for stage in training.stages])
    held = [stage.validation_detection for stage in training.stages]
    judged = np.array(held, float) if None not in held else None
    least = min(own.min(), 1.0 if judged is None else judged.min())
    low = np.floor(20 * min(least, 0.95)) / 20
    places = _places(len(own))
    ticks = [low + part * (1 - low) for part in (0, 0.25, 0.5, 0.75, 1)]
    return {
        "own": line_path(places, (own - low) / (1 - low)),
        "held": None if judged is None else line_path(places, (judged - low) / (1 - low)),
        "x": _stage_ticks(len(own)),
        "y": [{"at": 100 * (tick - low) / (1 - low), "text": f"{100 * tick:.3g}"} for tick in ticks],
    }


def _alarms_chart(training: Training) -> dict[str, Any]:
    """Shares of all windows that reach and pass the stages, logarithmic."""
    own = [stage.false_alarm * stage.windows_passed / stage.windows_scanned for stage in training.stages]
    held = [stage.validation_false_alarm for stage in training.stages]
    known = [value for value in [*own, *held] if value]
    low = 10.0 ** np.floor(np.log10(min(known))) if known else 0.1
    places = _places(len(own))
    judged = np.array(held, float) if None not in held else None
    return {
        "own": line_path(places, log_position(np.array(own), low, 1.0)),
        "held": None if judged is None else line_path(places, log_position(judged, low, 1.0)),
        "x": _stage_ticks(len(own)),
        "y": decade_ticks(low, 1.0),
    }


def _rows(training: Training) -> list[dict[str, Any]]:
    most = max(stage.stumps for stage in training.stages)
    return [
        {"number": number, "stage": stage, "share": 100 * stage.stumps / most}
        for number, stage in enumerate(training.stages, 1)
    ]


def _picture(image: Array) -> Preview:
    zoom = max(1, _SIDE // max(image.shape[:2]))
    large = image if image.ndim == 3 else np.repeat(np.repeat(image, zoom, axis=0), zoom, axis=1)
    return take_preview(np.ascontiguousarray(large), max(large.shape[:2]))


def _features(training: Training) -> list[dict[str, Any]]:
    cascade = training.cascade
    shown = first_features(cascade)[:FEATURES]
    drawn = [(draw_feature_on(cascade, feature, training.mean, _SIDE), stage) for feature, stage in shown]
    return [{"picture": _picture(picture), "stage": stage} for picture, stage in drawn]


def _hardest(training: Training) -> list[dict[str, Any]]:
    return [
        {"picture": _picture(window), "image": one["image"], "margin": f"{one['margin']:+.2f}"}
        for window, one in zip(training.hardest, training.hardest_from, strict=True)
    ]
