"""``python -m benchmarks.summary``: the tables of speed in the README, from the results that lie beside this file.

It draws the README's chart of the first table too, ``results/speed.svg``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
LEVELS = {"avx512": "AVX-512", "avx2": "AVX2"}

# What stands in the table: subject, and the cases of it that a reader looks for first.
SHOWN = {
    "tone": (
        "gamma uint8 RGB",
        "gamma uint16 gray",
        "histogram uint8 photo",
        "histogram uint8 noise",
        "equalize uint8 gray",
        "equalize uint16 gray",
        "CLAHE uint8 gray 8x8",
        "autocontrast uint8 gray, cutoff 1",
        "autocontrast uint8 RGB each, cutoff 1",
        "autocontrast uint8 RGB luma, cutoff 1",
    ),
    "color": ("RGB to gray uint8", "RGB to YUV uint8", "gray world uint8 RGB"),
    "integral": ("integral gray uint8", "integral gray float32", "mean of 16 frames gray uint8"),
    "box": ("box uint8 gray r=1", "box uint8 gray r=7", "box uint8 gray r=50", "box float32 gray r=7"),
    "gaussian": (
        "gaussian gray uint8 σ=1",
        "gaussian gray uint8 σ=5",
        "gaussian gray uint8 σ=20",
        "gaussian gray float32 σ=5",
        "sharpen RGB uint8 σ=2",
    ),
    "convolution": (
        "correlate 3×3 uint8",
        "correlate 7×7 uint8",
        "correlate 7×7 float32",
        "correlate 31×31 float32",
        "correlate 31×31 of rank 1 uint8",
    ),
    "median": (
        "median uint8 gray, radius 1",
        "median uint8 gray, radius 2",
        "median uint8 gray, radius 3",
        "median uint8 gray, radius 7",
        "median uint8 gray, radius 20",
    ),
    "gradients": ("sobel pair uint8 gray", "magnitude, direction uint8 gray", "canny 50, 150 uint8 gray"),
    "morphology": (
        "erode uint8 gray 3",
        "erode uint8 gray 15",
        "erode uint8 gray 51",
        "erode uint8 gray ellipse 15",
    ),
    "resampling": (
        "resize linear to 640x640 uint8 RGB",
        "resize area to 640x640 uint8 RGB",
        "warp rotation and zoom uint8 gray",
        "warp rotation and zoom uint8 RGB",
    ),
    "regions": (
        "components 8, photograph",
        "components 8, noise",
        "components 8 and statistics, photograph",
        "distances, photograph",
        "distances, one point",
    ),
    "watershed": ("watershed uint8, lines", "watershed uint8, lines, as gray of 3 channels"),
    "superpixels": ("felzenszwalb RGB, scale 100, sigma 0.8",),
    "stereo": (
        "block sad 15x15 64 disparities",
        "sgm census 64 disparities",
        "sgm census 8 paths 64 disparities",
    ),
}


# Jobs whose size is a number of boxes, not of pixels; the sizes of the benchmark only tell how many.
COUNTED = {
    "boxes": (
        "NMS clustered t=0.5, 100 boxes",
        "NMS clustered t=0.5, 1,000 boxes",
        "NMS clustered t=0.5, 10,000 boxes",
        "NMS scattered t=0.3, 10,000 boxes",
        "NMS heap t=0.5, 10,000 boxes",
        "NMS 80 labels t=0.5, 10,000 boxes",
        "soft-NMS gaussian, 10,000 boxes",
    ),
    "fusion": ("weighted boxes fusion, 10000 boxes, many objects", "grouping, 10000 boxes, many objects"),
    "rotated": ("rotated NMS, 2000 boxes, many objects",),
    "masks": ("mask NMS, 100 large masks", "mask IoU, 100 large packed masks"),
    "mask_files": (
        "encode RLE, 100 large masks",
        "decode RLE, 100 large masks",
        "encode RLE, 4 photographs",
        "polygon to mask, 60 corners",
    ),
    "anchors": ("assign 100 boxes, any order, 518130 anchors", "k-means, 9 of 100000 sizes"),
    "segmentation_scores": ("confusion, 21 classes, uint8", "panoptic quality"),
    "coco": ("coco_evaluate 5000 images, loaded", "coco_evaluate 5000 images, files"),
    "cascade": (
        "frontalface_default, objects from 24 pixels",
        "frontalface_default, objects from 80 pixels",
        "frontalface_alt2, objects from 24 pixels",
    ),
    "bodyparts": ("parts of a body, 320 x 240, 5142 pixels, 3 trees",),
    "neural_preprocess": (
        "normalise BGR to planes, new memory",
        "letterbox BGR to 640",
        "shortest edge 800, antialiased",
        "shortest edge 800, bicubic",
    ),
    "neural_dense": (
        "select 1000 of 163206 × 91 logits",
        "RetinaNet, 163206 anchors",
        "SSD, 8732 default boxes",
        "proposals of 217413 anchors",
        "YOLO, (84, 8400)",
    ),
    "neural_roi": (
        "RoIAlign, 1000 boxes, 256 channels, 2² samples",
        "RoIPool, 1000 boxes, 256 channels",
        "CenterNet's peaks, 80 classes",
        "keypoints of 20 people",
        "paste of 100 masks",
    ),
    "neural_maps": (
        "label map, SegFormer, ADE20K",
        "label map, 150 classes of noise",
        "depth map, bicubic",
    ),
    "neural_queries": (
        "panoptic map, 100 queries",
        "label map, 100 queries",
        "instances, 100 queries",
    ),
    "neural_tiles": ("slicer, 231 objects with boxes", "slicer, 29 objects with masks"),
}


def ratios(level: str, subject: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The row of the fastest peer for each case and size; nothing where that was not measured."""
    path = RESULTS / level / f"{subject}.json"
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for row in json.loads(path.read_text("utf-8"))["rows"] if path.exists() else ():
        key = row["case"], row["size"]
        if key not in best or row["ratio"] < best[key]["ratio"]:
            best[key] = row
    return best


def charted() -> list[dict[str, Any]]:
    """The first table's rows at 1080p and AVX-512."""
    return [ratios("avx512", subject)[case, "1080p"] for subject, cases in SHOWN.items() for case in cases]


def table() -> str:
    """Ratios to the fastest peer at 1080p and 4K, by level; our time, speed and share of the memory's at 1080p."""
    lines = [
        "| case | AVX-512, 1080p | 4K | AVX2, 1080p | 4K | fastest peer | ours, 1080p | MPix/s | memory |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for subject, cases in SHOWN.items():
        high, low = (ratios(level, subject) for level in LEVELS)

        def cell(rows: dict[tuple[str, str], dict[str, Any]], case: str, size: str) -> str:
            return f"{rows[case, size]['ratio']:.2f}×" if (case, size) in rows else "–"

        for case in cases:
            first = high[case, "1080p"]
            lines.append(
                f"| {case} | {cell(high, case, '1080p')} | {cell(high, case, '4K')} "
                f"| {cell(low, case, '1080p')} | {cell(low, case, '4K')} | {first['rival']} "
                f"| {first['ours_ms']:.2f} ms | {first['mpix_per_s']:,.0f} "
                f"| {format(first['roofline'], '.0%') if first['roofline'] else '–'} |"
            )
    return "\n".join(lines) + "\n"


def milliseconds(time: float) -> str:
    """Three digits, or all that stand before the point."""
    return f"{time:,.0f} ms" if time >= 100 else f"{time:.3g} ms"


def counted_table() -> str:
    """Our time, that of the fastest peer, and the ratio at each level, for the largest size that was measured."""
    lines = [
        "| case | ours | fastest peer | AVX-512 | AVX2 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for subject, cases in COUNTED.items():
        high, low = (ratios(level, subject) for level in LEVELS)
        for case in cases:
            found = [
                (rows[case, size])
                for rows in (high, low)
                for size in ("1080p", "512")
                if (case, size) in rows
            ]
            if not found:
                continue
            first, other = found[0], low.get((case, found[0]["size"]))
            lines.append(
                f"| {case} | {milliseconds(first['ours_ms'])} | {first['rival']}, {milliseconds(first['rival_ms'])} "
                f"| {first['ratio']:.1f}× | {'–' if other is None else format(other['ratio'], '.1f') + '×'} |"
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from .charts import condition, draw

    report = json.loads((RESULTS / "avx512" / "tone.json").read_text("utf-8"))
    draw(charted(), f"Times as fast as the fastest peer, 1080p\n{condition(report)}", RESULTS / "speed.svg")
    print(table())
    print(counted_table(), end="")
