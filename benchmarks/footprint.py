"""What speed tables leave out: import time, size on disk, peak memory. ``python -m benchmarks.footprint``."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import imgproc

_PEAK = """
import json, resource, sys
import numpy as np, imgproc
name, dtype, channels = sys.argv[1], sys.argv[2], int(sys.argv[3])
operation = imgproc.operations()[name]
arguments = (0.8,) if name == "gamma_correct" else ()
shape = (2160, 3840) if channels == 1 else (2160, 3840, channels)
image = np.empty(shape, dtype)
random = np.random.default_rng(0)
for row in image:
    row[...] = random.integers(0, 255, row.shape, np.uint8)
if dtype == "float32":
    image /= np.float32(255)
operation.function(image[:8, :8].copy(), *arguments)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = operation.function(image, *arguments)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([after - before, np.asarray(result).nbytes // 1024]))
"""


def import_milliseconds(statement: str, repeats: int = 9) -> float:
    code = f"import time; t = time.perf_counter(); {statement}; print((time.perf_counter() - t) * 1e3)"
    runs = [
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
        for _ in range(repeats)
    ]
    return statistics.median(runs)


def main() -> None:
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
    print(f"{'peak memory beyond the image at 4K':<40}{'dtype':>8}{'peak MB':>9}{'result MB':>11}")
    for name, operation in imgproc.operations().items():
        for dtype in operation.dtypes:
            channels = 3 if 3 in operation.channels else 1
            command = [sys.executable, "-c", _PEAK, name, str(dtype), str(channels)]
            peak: list[Any] = json.loads(
                subprocess.run(command, check=True, capture_output=True, text=True).stdout
            )
            print(f"{name:<40}{dtype!s:>8}{peak[0] / 1024:>9.1f}{peak[1] / 1024:>11.1f}")


if __name__ == "__main__":
    main()
