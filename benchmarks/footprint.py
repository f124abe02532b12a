"""What speed tables leave out: import time, size on disk, peak memory. ``python -m benchmarks.footprint``."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import imgproc

# What to call operations with, where they need more than an image or where memory may depend on it. Kernels are given
# by their shapes.
_CALLS: dict[str, tuple[dict[str, Any], ...]] = {
    "box_filter": ({"radius": 7}, {"radius": 100}),
    "canny": ({"low": 0.1, "high": 0.2}, {"low": 0.1, "high": 0.2, "sigma": 1.4}),
    "convolve": ({"kernel": [5, 5]}, {"kernel": [31, 31]}),
    "convolve_separable": ({"ky": [31], "kx": [31]},),
    "correlate": ({"kernel": [5, 5]},),
    "dilate": ({"size": 3}, {"size": 51}),
    "erode": ({"size": 3}, {"size": 51}),
    "gamma_correct": ({"gamma": 0.8},),
    "gaussian_blur": ({"sigma": 1}, {"sigma": 20}),
    "median_filter": ({"radius": 1}, {"radius": 20}),
    "resize": tuple(
        {"shape": shape, "method": method}
        for method in ("linear", "nearest", "area")
        for shape in ([224, 224], [3000, 5000])
    ),
    "warp_backward": ({"coordinates": None},),
}

# The highest mark of the process before and after one call on one thread, and the result, in kB.
_PEAK = """
import json, resource, sys
import numpy as np, imgproc
name, dtype, channels, arguments = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
imgproc.set_num_threads(1)
function = imgproc.operations()[name].function
shape = (2160, 3840) if channels == 1 else (2160, 3840, channels)
image = np.empty(shape, dtype)
random = np.random.default_rng(0)
for row in image:
    row[...] = random.integers(0, 255, row.shape, np.uint8)
if dtype == "float32":
    image /= np.float32(255)
for key in {"kernel", "ky", "kx"} & arguments.keys():
    arguments[key] = random.random(arguments[key])
small = dict(arguments)
if "coordinates" in arguments:
    arguments["coordinates"] = np.empty((*shape[:2], 2), np.float32)
    for number, row in enumerate(arguments["coordinates"]):
        row[:, 0], row[:, 1] = number + 0.5, np.arange(0.5, shape[1])
    small["coordinates"] = arguments["coordinates"][:8, :8].copy()
if "shape" in arguments:
    arguments["shape"], small["shape"] = tuple(arguments["shape"]), (5, 5)
function(image[:8, :8].copy(), **small)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = function(image, **arguments)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
parts = result if isinstance(result, tuple) else (result,)
print(json.dumps([after - before, sum(np.asarray(part).nbytes for part in parts) // 1024]))
"""


def import_milliseconds(statement: str, repeats: int = 9) -> float:
    code = f"import time; t = time.perf_counter(); {statement}; print((time.perf_counter() - t) * 1e3)"
    runs = [
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
        for _ in range(repeats)
    ]
    return statistics.median(runs)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.footprint", description=__doc__)
    parser.add_argument("--only", help="operations whose name contains this")
    options = parser.parse_args()
    numpy_alone = import_milliseconds("import numpy")
    bare = import_milliseconds("import numpy, imgproc") - numpy_alone
    used = import_milliseconds("import numpy, imgproc; imgproc.autocontrast") - numpy_alone
    print(
        f"import: NumPy {numpy_alone:.0f} ms, imgproc {bare:.1f} ms more, with its first function {used:.1f} ms more"
    )
    package = Path(imgproc.__file__).parent
    kernels = sum(
        path.stat().st_size for path in (package / "_ext").iterdir() if path.suffix in (".so", ".pyd")
    )
    print(f"kernels on disk: {kernels / 1e6:.1f} MB")
    print(f"{'peak memory beyond the image at 4K':<56}{'dtype':>8}{'result MB':>11}{'beside it MB':>14}")
    for name, operation in imgproc.operations().items():
        if operation.takes != "image" or (options.only and options.only not in name):
            continue
        channels = 3 if 3 in operation.channels else 1
        for arguments in _CALLS.get(name, ({},)):
            label = f"{name} {', '.join(f'{key} {value}' for key, value in arguments.items())}"
            for dtype in operation.dtypes:
                command = [
                    sys.executable,
                    "-c",
                    _PEAK,
                    name,
                    str(dtype),
                    str(channels),
                    json.dumps(arguments),
                ]
                run = subprocess.run(command, check=True, capture_output=True, text=True)
                peak, result = (kilobytes / 1024 for kilobytes in json.loads(run.stdout))
                print(f"{label:<56}{dtype!s:>8}{result:>11.1f}{peak - result:>14.1f}", flush=True)


if __name__ == "__main__":
    main()
