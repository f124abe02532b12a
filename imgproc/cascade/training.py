"""Training: from pictures of an object, and pictures without it, to a cascade that finds it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.parameters import Choice, Flag, OrNone, Pair, Range
from .._core.threads import get_num_threads
from .boosting import ALGORITHM
from .checkpoints import FUNCTION, load_checkpoint, save_checkpoint
from .detection import SCALE_FACTOR
from .growing import flat_windows
from .haar import haar_features, lbp_features
from .negatives import LADDER, Miner
from .positives import Variety
from .records import Progress, Training, told_skipped
from .trainer import Targets, Trainer
from .training_data import TrainingData, collect_data
from .validation import Validation

WINDOW = Pair(Range(low=8, high=128, integer=True), ("height", "width"))
FEATURES = Choice(("haar", "haar+tilted", "lbp"))
STAGES = Range(low=1, high=100, integer=True)
DETECTION_RATE = Range(above=0, high=1)
FALSE_ALARM = Range(above=0, below=1)
TARGET = Range(low=0, below=1)
STUMPS = Range(low=1, high=10_000, integer=True)
COUNT = OrNone(Range(low=1, high=10_000_000, integer=True))
COPIES = Range(low=0, high=1000, integer=True)
SHARE = Range(low=0, high=0.5)
BRIGHTNESS = Range(low=0, high=1)
SEED = Range(low=0, high=2**63 - 1, integer=True)
JOBS = OrNone(Range(low=1, high=1024, integer=True))
MEMORY = Range(low=64 * 2**20, high=2**50)

_BESIDE = 2**28
"""Bytes for what stands beside positives, images and feature values."""


def train_cascade(
    positives: Any,
    negatives: Any,
    *,
    images: str | os.PathLike[str] | None = None,
    window: Annotated[int | tuple[int, int], WINDOW] = (24, 24),
    features: Annotated[Literal["haar", "haar+tilted", "lbp"], FEATURES] = "haar",
    stages: Annotated[int, STAGES] = 20,
    min_detection_rate: Annotated[float, DETECTION_RATE] = 0.995,
    max_false_alarm: Annotated[float, FALSE_ALARM] = 0.5,
    target_false_alarm: Annotated[float, TARGET] = 0.0,
    max_stumps: Annotated[int, STUMPS] = 200,
    algorithm: Annotated[str, ALGORITHM] = "gentle",
    n_positives: Annotated[int | None, COUNT] = None,
    n_negatives: Annotated[int | None, COUNT] = None,
    groups: Any = None,
    mirror: Annotated[bool, Flag()] = False,
    copies: Annotated[int, COPIES] = 0,
    shift: Annotated[float, SHARE] = 0.05,
    brightness: Annotated[float, BRIGHTNESS] = 0.1,
    validation: float | tuple[Any, Any] | None = 0.1,
    scale_factor: Annotated[float, SCALE_FACTOR] = 1.1,
    seed: Annotated[int, SEED] = 0,
    n_jobs: Annotated[int | None, JOBS] = None,
    memory: Annotated[float, MEMORY] = 4e9,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Training:
    """Train a cascade of boosted stumps from pictures of an object and pictures without it.

    Parameters
    ----------
    positives : folder, file, sequence of images or DetectionSet
        Pictures of the object: a folder or a sequence of crops, or boxes in images, as a file that `read_detections`
        reads or a DetectionSet. Images are (H, W[, C]) arrays of uint8, uint16 or float32. Those smaller than the
        window are left out, as the detector looks at nothing smaller.
    negatives : folder or sequence of images
        Pictures without the object, of any size; a folder is read with all below it.
    images : folder, optional
        Where the images of the boxes are; by default beside the file, or in ``images`` there.
    window : int or (int, int), default (24, 24)
        Height and width of the smallest objects that will be found, 8 to 128 pixels. Boxes of other proportions are
        widened around their middle, crops of other proportions stretched; both is told in ``facts["notes"]``.
    features : {"haar", "haar+tilted", "lbp"}, default "haar"
        What stumps are made of: all upright rectangle features of the window, those and the tilted ones, or local
        binary patterns of blocks, which are far fewer and train and detect faster.
    stages : int, default 20
        Stages at most, 1 to 100.
    min_detection_rate : float, default 0.995
        Share of its positives that each stage lets pass, in (0, 1]; its threshold is lowered until they do.
    max_false_alarm : float, default 0.5
        A stage gets stumps until at most this share of its negatives pass it, in (0, 1).
    target_false_alarm : float, default 0
        No further stage is trained once at most this share of the negatives' windows passes the cascade.
    max_stumps : int, default 200
        Of one stage.
    algorithm : {"discrete", "gentle"}, default "gentle"
        Which boosting; see `StageBooster`.
    n_positives, n_negatives : int, optional
        Windows that each stage is trained on: by default all positives (twice where ``mirror``), and as many negatives.
    groups : (N,) sequence of int, optional
        One number for each image of ``positives``; images of one number are never parted between training and
        validation. Boxes of one image are not parted anyway.
    mirror : bool, default False
        Whether the object's mirror image is one too.
    copies : int, default 0
        Random copies of each positive, 0 to 1000. They take the places of positives that the stages before reject.
    shift : float, default 0.05
        By which share of the window's sides copies are moved and resized at most, 0 to 0.5.
    brightness : float, default 0.1
        Copies have a gamma between ``1 / (1 + brightness)`` and ``1 + brightness``, 0 to 1. A gain or an offset would
        do nothing: Haar features are normalised by the window's own contrast, and LBP ignores both.
    validation : float, pair (positives, negatives) or None, default 0.1
        Share of positives and of negative images that is held back, in (0, 0.5], or others to judge by. Where fewer
        than 20 positives would be held back, none are.
    scale_factor : float, default 1.1
        From one size of the negatives' windows to the next, as in `Cascade.detect`.
    seed : int, default 0
        Same seed, same data: the same cascade, bit for bit, for any number of threads.
    n_jobs : int, optional
        Threads, 1 to 1024; `get_num_threads` by default.
    memory : float, default 4e9
        Bytes that the training keeps within, at least 64 MB. The result does not depend on it.
    checkpoint : folder, optional
        Where the state is kept after every stage. A training that finds one there goes on from it, and gives the same
        cascade as one that was never interrupted.
    progress : callable, optional
        Called with a `Progress` after every stump and at every turn; what it raises ends the training.

    Returns
    -------
    Training
        The cascade, a record of every stage, and the reason why there are no more.

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong kind or out of range; targets contradict each other; no positive or negative can be
        used; the checkpoint is damaged or of a training with other data or parameters.
    OSError
        A folder or file is not there, or the checkpoint cannot be written: the one before is then untouched.

    Notes
    -----
    Each stage is boosted (P. Viola, M. Jones, 2001) from windows that pass all stages before it. Sums of votes and
    thresholds are those of the detector to the bit: what passes here passes in `Cascade.detect`.

    Negatives are mined by the detector itself from all windows of the images: first as it looks at them, then, where
    these no longer give enough, mirrored, at sizes in between, at every pixel, turned by 90 degrees, and at finer
    sizes. None is used twice. Those that pass a stage stay for the next. What is looked at and used is in the record.

    The training ends when ``stages`` are trained, the target is reached, too few windows of the negatives pass for
    another stage (a twentieth of those asked for), two stages in a row do no better on the validation part than a
    higher threshold would have, or a stage does not come near its false-alarm rate with all its stumps. The last two
    cases leave out the stages that were of no use.

    The time is that of `AdaBoostStumps` for each stump, plus some seconds to minutes for mining in each stage: about
    0.1 µs for each window that is looked at, on one thread.

    References
    ----------
    P. Viola, M. Jones, Rapid object detection using a boosted cascade of simple features, CVPR 2001; Robust real-time
    face detection, IJCV 57(2), 2004.

    Examples
    --------
    >>> import imgproc
    >>> training = imgproc.cascade.train_cascade("faces/", "no_faces/", mirror=True)  # doctest: +SKIP
    >>> training.reason  # doctest: +SKIP
    'all 20 stages are trained'
    >>> training.cascade.save("faces.xml")  # doctest: +SKIP
    """
    function = FUNCTION
    window = WINDOW.check(function, "window", window)
    kind = FEATURES.check(function, "features", features)
    stages = STAGES.check(function, "stages", stages)
    min_detection_rate = DETECTION_RATE.check(function, "min_detection_rate", min_detection_rate)
    max_false_alarm = FALSE_ALARM.check(function, "max_false_alarm", max_false_alarm)
    if min_detection_rate <= max_false_alarm:
        must = f"greater than max_false_alarm, {max_false_alarm:g}, or a stage would gain nothing"
        raise wrong_value(function, "min_detection_rate", must, min_detection_rate)
    target_false_alarm = TARGET.check(function, "target_false_alarm", target_false_alarm)
    max_stumps = STUMPS.check(function, "max_stumps", max_stumps)
    algorithm = ALGORITHM.check(function, "algorithm", algorithm)
    n_positives = COUNT.check(function, "n_positives", n_positives)
    n_negatives = COUNT.check(function, "n_negatives", n_negatives)
    seed = SEED.check(function, "seed", seed)
    variety = Variety(
        mirror=Flag().check(function, "mirror", mirror),
        copies=COPIES.check(function, "copies", copies),
        shift=SHARE.check(function, "shift", shift),
        brightness=BRIGHTNESS.check(function, "brightness", brightness),
        seed=seed,
    )
    if variety.copies and not (variety.shift or variety.brightness):
        must = "greater than 0 where brightness is 0 too, or all copies would be the same"
        raise wrong_value(function, "shift", must, shift)
    scale_factor = SCALE_FACTOR.check(function, "scale_factor", scale_factor)
    jobs = JOBS.check(function, "n_jobs", n_jobs) or get_num_threads()
    memory = MEMORY.check(function, "memory", memory)
    if progress is not None and not callable(progress):
        raise wrong_type(function, "progress", "None or a function", progress)
    folder = _made_folder(checkpoint)

    data = collect_data(positives, negatives, images, groups, validation, window, variety, int(memory / 8))
    table = lbp_features(window) if kind == "lbp" else haar_features(window, tilted=kind == "haar+tilted")
    windows = data.windows
    plain = len(data.rows) * variety.plain
    targets = Targets(
        stages=stages,
        min_detection_rate=min_detection_rate,
        max_false_alarm=max_false_alarm,
        target_false_alarm=target_false_alarm,
        max_stumps=max_stumps,
        positives=n_positives or plain,
        negatives=n_negatives or n_positives or plain,
    )
    judge = None
    if len(data.judged):
        miner = Miner(data.judge_pictures, data.judge_images, window, scale_factor, seed + 1, jobs)
        judge = Validation(table, data.judged, flat_windows(table, data.judged), miner)
    held = windows.nbytes + data.found.windows.nbytes + data.judged.nbytes + int(memory / 4) + _BESIDE
    trainer = Trainer(
        table,
        windows,
        Miner(data.pictures, data.images, window, scale_factor, seed, jobs),
        judge,
        targets,
        boosting={
            "algorithm": algorithm,
            "n_threads": jobs,
            "memory_budget": int(max(memory / 4, memory - held)),
        },
        report=progress,
    )
    parameters: dict[str, Any] = {
        "window": list(window),
        "features": kind,
        **{name: value for name, value in asdict(targets).items() if name != "stages"},
        **asdict(variety),
        "algorithm": algorithm,
        "scale_factor": scale_factor,
        "validation": validation if isinstance(validation, float | int | None) else "given",
    }
    same = parameters | {"data": data.fingerprint}
    if folder is not None:
        load_checkpoint(folder, same, trainer.restore)

    def save() -> None:
        if folder is not None:
            save_checkpoint(folder, same, trainer.state())

    trainer.run(save)
    return _result(trainer, data, parameters | {"stages_asked": stages})


def _made_folder(checkpoint: object) -> str | None:
    if checkpoint is None:
        return None
    if not isinstance(checkpoint, str | os.PathLike):
        raise wrong_type(FUNCTION, "checkpoint", "None or a folder", checkpoint)
    folder = os.fspath(checkpoint)
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise wrong_value(FUNCTION, "checkpoint", "a folder", Got(f"{folder!r}, a file"))
    os.makedirs(folder, exist_ok=True)
    return folder


def _result(trainer: Trainer, data: TrainingData, parameters: dict[str, Any]) -> Training:
    found, miner, judge = data.found, trainer.miner, trainer.validation
    searched = trainer.searched
    facts: dict[str, Any] = {
        "parameters": parameters,
        "positives": {
            "trained_on": len(data.rows),
            "held_back": len(data.judged),
            "windows": len(trainer.positives),
            "too_flat": len(trainer.positives) - len(trainer.order),
            "skipped": told_skipped(found.skipped),
        },
        "negatives": {
            "trained_on": len(data.images),
            "held_back": len(data.judge_images),
            "too_small": len(miner.small),
            "skipped": told_skipped(data.pictures.left_out()),
        },
        "coverage": {
            "windows_scanned": searched.scanned,
            "windows_used": len(miner.used),
            "share_used": len(miner.used) / searched.scanned,
            "searched": [rung.name for rung in LADDER[: searched.rungs]],
        },
        "notes": data.notes,
    }
    roc = None if judge is None else judge.roc([float(stage.limit) for stage in trainer.stages])
    mean = np.rint(found.windows[0].mean(axis=0)).astype(np.uint8)
    return Training(trainer.cascade, trainer.records, trainer.reason, roc, mean, *trainer.hardest(), facts)
