"""Makes panopticapi_quality.npz: `python tests/goldens/panopticapi_quality.py` where panopticapi is installed.

Ten scenes of rectangles with void and crowds, predictions that are off by a pixel, and what panopticapi counts for each
of three classes: TP, FP, FN, IoU sum; and its overall PQ, SQ, RQ of all scenes together.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path

import numpy as np
from panopticapi.evaluation import PQStat, pq_compute_single_core
from panopticapi.utils import id2rgb
from PIL import Image

CLASSES = (0, 1, 2)
SHAPE = (30, 44)


def scene(rng):
    """Ids of the truth and of a prediction: the truth moved, with ids of its own and holes."""
    truth = np.zeros(SHAPE, np.int32)
    for _ in range(14):
        (y, x), (height, width) = rng.integers(0, SHAPE), rng.integers(3, 18, 2)
        truth[y : y + height, x : x + width] = rng.integers(1, 100_000)
    pred = np.roll(truth, 1, 1) * 3
    pred[rng.random(SHAPE) < 0.05] = 0
    return truth, pred


def main() -> None:
    rng = np.random.default_rng(11)
    saved, whole = {}, PQStat()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(10):
            truth, pred = scene(rng)
            real = {i: int(rng.integers(0, 3)) for i in np.unique(truth).tolist() if i}
            own = {i: int((real[i // 3] + (rng.random() < 0.2)) % 3) for i in np.unique(pred).tolist() if i}
            # One of a class at most: it remembers the last one alone.
            crowd = list({real[i]: i for i in real if rng.random() < 0.2}.values())
            for name, ids in (("truth", truth), ("pred", pred)):
                os.makedirs(Path(folder, name), exist_ok=True)
                Image.fromarray(id2rgb(ids)).save(Path(folder, name, "0.png"))
            pair = (
                {
                    "image_id": 0,
                    "file_name": "0.png",
                    "segments_info": [
                        {
                            "id": i,
                            "category_id": c,
                            "iscrowd": int(i in crowd),
                            "area": int((truth == i).sum()),
                        }
                        for i, c in real.items()
                    ],
                },
                {
                    "image_id": 0,
                    "file_name": "0.png",
                    "segments_info": [{"id": i, "category_id": c} for i, c in own.items()],
                },
            )
            folders = (str(Path(folder, "truth")), str(Path(folder, "pred")))
            with contextlib.redirect_stdout(io.StringIO()):
                counts = pq_compute_single_core(0, [pair], *folders, {c: {} for c in CLASSES})
            whole += counts
            saved |= {
                f"truth{number}": truth,
                f"pred{number}": pred,
                f"real{number}": np.array(list(real.items())),
                f"own{number}": np.array(list(own.items())),
                f"crowd{number}": np.array(crowd, np.int64),
                f"counts{number}": np.array(
                    [[counts[c].tp, counts[c].fp, counts[c].fn, counts[c].iou] for c in CLASSES]
                ),
            }
    mean, _ = whole.pq_average({c: {} for c in CLASSES}, None)
    saved["overall"] = np.array([mean["pq"], mean["sq"], mean["rq"]])
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **saved)


if __name__ == "__main__":
    main()
