"""What only the OpenCV with ximgproc does, run in the interpreter of an environment that holds it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

_SCRIPT = """
import json, sys
import cv2, numpy as np
job = json.load(open(sys.argv[1]))
cv2.setNumThreads(1)
made = cv2.ximgproc.segmentation
results = {}
for number, file in enumerate(job["files"]):
    image = cv2.imread(file, cv2.IMREAD_COLOR)
    if job["kind"] == "boxes":
        cv2.setRNGSeed(1)
        search = made.createSelectiveSearchSegmentation()
        search.setBaseImage(image)
        search.switchToSelectiveSearchFast()
        found = search.process()
        results[str(number)] = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:]], axis=1)
    else:
        for scale in job["scales"]:
            graph = made.createGraphSegmentation(job["sigma"], scale, job["min_size"])
            results[f"{number} {scale}"] = graph.processImage(image)
np.savez(sys.argv[2], **results)
"""


def run_contrib(python: str | None, kind: str, files: Sequence[Path], **settings: Any) -> dict[str, Any]:
    """Results by number of the file, of labels with the scale behind it; empty without ximgproc."""
    interpreter = python or sys.executable
    has = "import cv2; cv2.ximgproc.segmentation"
    if subprocess.run([interpreter, "-c", has], capture_output=True, check=False).returncode:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        job, output = Path(folder, "job.json"), Path(folder, "results.npz")
        job.write_text(json.dumps({"kind": kind, "files": [str(file) for file in files], **settings}))
        subprocess.run([interpreter, "-c", _SCRIPT, str(job), str(output)], check=True)
        with np.load(output) as results:
            return {name: results[name] for name in results.files}
