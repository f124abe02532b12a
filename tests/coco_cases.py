"""Random truth and detections in COCO's format, with everything in it that is rare in the real ones."""

from __future__ import annotations

from typing import Any

import numpy as np


def random_case(rng: np.random.Generator) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Ties of scores and overlaps, crowds, empty images, classes without truth, boxes at the bounds of area ranges."""
    images, classes = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    image_ids = rng.choice(50, images, replace=False).tolist()
    class_ids = rng.choice(20, classes, replace=False).tolist()
    sides = [1, 8, 31, 32, 33, 40, 95, 96, 97, 150, 3000, 100_000, 110_000]

    def box() -> list[float]:
        size = rng.choice(sides, 2)
        size[1] = size[0] if rng.random() < 0.5 else size[1]
        return [*rng.integers(0, 3, 2).tolist(), *size.tolist()]

    def near(source: list[float]) -> list[float]:
        if rng.random() < 0.3:
            return list(source)
        return [
            round(source[i] + rng.normal(0, 0.07) * source[2 + i % 2], int(rng.integers(0, 3)))
            for i in range(2)
        ] + [max(round(side * rng.uniform(0.7, 1.3), int(rng.integers(0, 3))), 0) for side in source[2:]]

    annotations: list[dict[str, Any]] = []
    for identity in range(1, int(rng.integers(1, 25))):
        where = box()
        annotations.append(
            {
                "id": identity,
                "image_id": int(rng.choice(image_ids)),
                "category_id": int(rng.choice(class_ids)),
                "bbox": where,
                "area": where[2] * where[3]
                if rng.random() < 0.7
                else float(rng.choice([0, 1024, 9216, 1e10, 2e10])),
                "iscrowd": int(rng.random() < 0.15),
            }
        )
    found: list[dict[str, Any]] = []
    for _ in range(int(rng.integers(0, 60))):
        if annotations and rng.random() < 0.7:
            source = annotations[int(rng.integers(len(annotations)))]
            image, label, where = source["image_id"], source["category_id"], near(source["bbox"])
        else:
            image, label, where = int(rng.choice(image_ids)), int(rng.choice([*class_ids, 21])), box()
        score = float(rng.choice([0, 0.25, 0.5, 1])) if rng.random() < 0.5 else float(rng.random())
        found.append({"image_id": image, "category_id": label, "bbox": where, "score": score})
    truth = {
        "images": [{"id": identity} for identity in image_ids],
        "categories": [{"id": identity, "name": f"class {identity}"} for identity in class_ids],
        "annotations": annotations,
    }
    return found, truth
