"""What was found in each image before, for the heads that look at it again."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.errors import wrong_type
from ...detections import Detections


def check_detections(name: str, detections: object) -> list[Detections]:
    must = "a sequence of Detections, one for each image"
    if isinstance(detections, Detections) or not isinstance(detections, Sequence):
        raise wrong_type(name, "detections", must, detections)
    for position, found in enumerate(detections):
        if not isinstance(found, Detections):
            raise wrong_type(name, f"detections[{position}]", "Detections", found)
    return list(detections)
