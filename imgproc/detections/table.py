"""The table that readers fill row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._core.runs import Runs
from .checks import Points, arrays_of
from .fields import Place
from .sets import NO_SIZE, DetectionSet

Corners = tuple[float, float, float, float]


@dataclass
class Table:
    """Columns of a `DetectionSet` as lists; a column that no row needs stays empty."""

    place: Place
    image_names: list[str] = field(default_factory=list)
    image_sizes: list[tuple[int, int]] = field(default_factory=list)
    image_ids: list[int] = field(default_factory=list)
    class_names: dict[int, str] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    images: list[int] = field(default_factory=list)
    boxes: list[Corners] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    crowd: list[bool] = field(default_factory=list)
    areas: list[float] = field(default_factory=list)
    masks: list[Runs | None] = field(default_factory=list)
    keypoints: list[Points | None] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)

    def add_image(
        self, element: str, name: str, size: tuple[int, int] = NO_SIZE, number: int | None = None
    ) -> int:
        """Position of a new image."""
        if name in self.positions:
            raise self.place.wrong(element, "an image that was not named before", name)
        position = self.positions[name] = len(self.image_names)
        self.image_names.append(name)
        self.image_sizes.append(size)
        if number is not None:
            self.image_ids.append(number)
        return position

    def add_box(
        self,
        image: int,
        corners: Corners,
        label: int,
        *,
        score: float | None = None,
        area: float | None = None,
        count: int = 1,
        crowd: bool = False,
        mask: Runs | None = None,
        keypoints: Points | None = None,
    ) -> None:
        self.images.append(image)
        self.boxes.append(corners)
        self.labels.append(label)
        self.counts.append(count)
        self.crowd.append(crowd)
        x1, y1, x2, y2 = corners
        self.areas.append((x2 - x1) * (y2 - y1) if area is None else area)
        self.masks.append(mask)
        self.keypoints.append(keypoints)
        if score is not None:
            self.scores.append(score)

    def name_labels(self, names: Sequence[str]) -> None:
        """Turn labels that are positions in ``names`` into those of the names in sorted order."""
        order = sorted(range(len(names)), key=names.__getitem__)
        rank = {position: label for label, position in enumerate(order)}
        self.labels = [rank[label] for label in self.labels]
        self.class_names = {rank[position]: names[position] for position in order}

    def to_set(self, *, truth: bool) -> DetectionSet:
        """The set; detections without any row are no truth, as only the caller can know."""
        n = len(self.boxes)
        return self.place.made(
            lambda: DetectionSet(
                self.image_names,
                np.array(self.images, np.int64),
                np.array(self.boxes, np.float64).reshape(n, 4),
                scores=None if truth else np.array(self.scores, np.float64),
                labels=np.array(self.labels, np.int64),
                counts=np.array(self.counts, np.int64),
                crowd=np.array(self.crowd, np.bool_),
                areas=np.array(self.areas, np.float64),
                masks=self.masks if any(mask is not None for mask in self.masks) else None,
                keypoints=arrays_of(
                    self.keypoints if any(one is not None for one in self.keypoints) else None
                ),
                image_sizes=np.array(self.image_sizes, np.int64).reshape(-1, 2),
                image_ids=np.array(self.image_ids, np.int64) if self.image_ids else None,
                class_names=self.class_names,
                params=self.params,
            )
        )
