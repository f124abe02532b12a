"""``python -m benchmarks.cascade_pairs``: do our boxes pair with those of OpenCV 4, over its cascades and photographs?

Every cascade of the installed OpenCV (which must be a version 4 that still has them) looks at every photograph of the
face sets and of Kodak, with the default parameters of ``detectMultiScale``, in OpenCV and here. Boxes pair one to one,
largest IoU first, from 0.9 on; the share of boxes of both sides that have a partner is printed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import imgproc
from imgproc.compat.cv2 import CascadeClassifier

from .face_photographs import DATA, FACE_FREE, FACES
from .rivals import cv2

IOU = 0.9
FOLDERS = (*(f"{name}/images" for name in FACES), FACE_FREE[0], "photos_kodak")


def paired(theirs: np.ndarray, ours: np.ndarray) -> int:
    """How many boxes (x, y, width, height) of two lists are partners."""
    if not len(theirs) or not len(ours):
        return 0
    a, b = (
        imgproc.convert_boxes(np.asarray(boxes, np.float32).reshape(-1, 4), "xywh", "xyxy")
        for boxes in (theirs, ours)
    )
    overlap = imgproc.iou_matrix(a, b)
    count = 0
    while overlap.size and overlap.max() >= IOU:
        row, column = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[row], overlap[:, column] = -1, -1
        count += 1
    return count


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cascade_pairs", description=__doc__)
    parser.add_argument("--json", type=Path, help="where to write the counts")
    options = parser.parse_args(arguments)
    if not hasattr(cv2, "CascadeClassifier"):
        raise SystemExit("this needs an OpenCV 4: pip install 'opencv-contrib-python-headless<5'")
    files = sorted(Path(cv2.data.haarcascades).glob("*.xml"))
    photographs = [
        path
        for name in FOLDERS
        for path in sorted((DATA / name).iterdir())
        if path.suffix in (".jpg", ".png")
    ]
    pictures = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in photographs]
    cv2.setNumThreads(1)  # the order of its windows, and with it that of groups, depends on threads
    total = np.zeros(3, int)
    rows = {}
    print(f"OpenCV {cv2.__version__}, {len(files)} cascades, {len(pictures)} photographs, IoU {IOU}")
    for file in files:
        theirs, ours = cv2.CascadeClassifier(str(file)), CascadeClassifier(file)
        counts = np.zeros(3, int)
        for picture in pictures:
            a, b = theirs.detectMultiScale(picture), ours.detectMultiScale(picture)
            counts += len(a), len(b), paired(a, b)
        total += counts
        rows[file.stem] = counts.tolist()
        print(f"{file.stem}: {counts[0]} of OpenCV, {counts[1]} of ours, {counts[2]} paired", flush=True)
    share = 2 * total[2] / total[:2].sum()
    print(f"all: {total[0]} of OpenCV, {total[1]} of ours, {total[2]} paired: {100 * share:.3f} %")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
