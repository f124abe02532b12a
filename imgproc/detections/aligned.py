"""Detections brought into the images and classes of the ground truth that they are judged by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

import numpy as np

from .._core.errors import Got, wrong_value
from .._core.images import Array
from .checks import arrays_of
from .fields import check_set
from .sets import DetectionSet

_NAME = "align_detections"
_SHOWN = 5

# From the strictest: a detector may have been started in another folder, or its files may have no suffix.
_KEYS: tuple[Callable[[str], str], ...] = (
    str,
    lambda name: PurePosixPath(name).name,
    lambda name: PurePosixPath(name).stem,
)


def align_detections(detections: DetectionSet, truth: DetectionSet) -> DetectionSet:
    """Give detections the images, ids and labels of a ground truth.

    Parameters
    ----------
    detections : DetectionSet
        Of images that are all in the truth; it need not name all of them.
    truth : DetectionSet
        The set whose images and labels count.

    Returns
    -------
    DetectionSet
        The same boxes, with ``image_names``, ``image_ids`` and ``image_sizes`` of the truth.

    Raises
    ------
    ValueError
        Detections name images that the truth does not have; the sentence says which.

    Notes
    -----
    Images are found by their whole name, else by the name without folders, else also without suffix, where that belongs
    to one image alone. Where both sets name their classes, labels are matched by name, and names that the truth does
    not have get labels of their own after its last; else labels are taken to mean the same in both.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import DetectionSet, Detections
    >>> from imgproc.detections import align_detections
    >>> box = Detections(np.array([[0, 0, 8, 9]], np.float32))
    >>> truth = DetectionSet.of({"a.jpg": Detections.empty(), "b.jpg": box}, class_names={7: "cat"}, truth=True)
    >>> found = DetectionSet.of({"out/b.jpg": box}, class_names={0: "cat"})
    >>> aligned = align_detections(found, truth)
    >>> aligned.image_names, aligned.labels
    (('a.jpg', 'b.jpg'), array([7], dtype=int32))
    """
    check_set(_NAME, detections)
    check_set(_NAME, truth, argument="truth")
    positions = _image_positions(detections.image_names, truth.image_names)
    names, labels = _labels(detections, truth)
    return DetectionSet(
        truth.image_names,
        positions[detections.images],
        detections.boxes,
        scores=detections.scores,
        labels=labels,
        counts=detections.counts,
        crowd=detections.crowd,
        areas=detections.areas,
        masks=detections.masks,
        keypoints=arrays_of(detections.keypoints),
        image_sizes=truth.image_sizes,
        image_ids=truth.image_ids,
        class_names=names,
        params=detections.params,
    )


def _image_positions(names: tuple[str, ...], known: tuple[str, ...]) -> Array:
    tables: list[dict[str, int]] = []
    for key in _KEYS:
        table: dict[str, int] = {}
        for position, name in enumerate(known):
            table[key(name)] = -1 if key(name) in table else position
        tables.append(table)
    positions = np.full(len(names), -1)
    strangers: list[str] = []
    owners: dict[int, str] = {}
    for row, name in enumerate(names):
        keys = zip(tables, _KEYS, strict=True)
        position = next((table[key(name)] for table, key in keys if table.get(key(name), -1) >= 0), -1)
        if position < 0:
            strangers.append(name)
        elif position in owners:
            must = "of different images of the truth"
            got = f"{owners[position]!r} and {name!r}, which are both {known[position]!r} there"
            raise wrong_value(_NAME, "detections", must, Got(got))
        owners[position] = name
        positions[row] = position
    if strangers:
        more = f" and {len(strangers) - _SHOWN} more" if len(strangers) > _SHOWN else ""
        got = f"{len(strangers)} unknown: {', '.join(map(repr, strangers[:_SHOWN]))}{more}"
        raise wrong_value(_NAME, "detections", "of images that the truth has", Got(got))
    return positions


def _labels(detections: DetectionSet, truth: DetectionSet) -> tuple[dict[int, str], Array]:
    if not detections.class_names or not truth.class_names:
        return {**detections.class_names, **truth.class_names}, detections.labels
    names = dict(truth.class_names)
    known = {name: label for label, name in names.items()}
    used = {*names, *truth.labels.tolist()}
    labels = {}
    for label in sorted({*detections.class_names, *detections.labels.tolist()}):
        name = detections.class_name(label)
        if name not in known:
            known[name] = max(used, default=-1) + 1
            names[known[name]] = name
            used.add(known[name])
        labels[label] = known[name]
    return names, np.array([labels[label] for label in detections.labels.tolist()], np.int64)
