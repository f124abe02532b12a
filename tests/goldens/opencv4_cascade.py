"""What OpenCV 4 finds with the cascades of tests/cascades.py; needs opencv-contrib-python-headless < 5.

python opencv4_cascade.py      # writes opencv4_cascade.npz beside itself
"""

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from cascades import KINDS, image, random_cascade  # noqa: E402

assert cv2.__version__.startswith("4"), cv2.__version__
cv2.setNumThreads(1)
goldens: dict[str, np.ndarray] = {"version": np.array(cv2.__version__)}
with tempfile.TemporaryDirectory() as folder:
    for kind, options in KINDS.items():
        for seed in range(3):
            path = f"{folder}/{seed}.xml"
            random_cascade(seed, **options).save(path, overwrite=True)
            classifier = cv2.CascadeClassifier(path)
            assert not classifier.empty()
            picture = image(seed + 10, 61, 83)
            name = f"{kind} {seed}"
            goldens[f"{name} windows"] = np.array(classifier.detectMultiScale(picture, 1.2, 0)).reshape(-1, 4)
            boxes, counts = classifier.detectMultiScale2(picture, 1.1, 2, minSize=(14, 14))
            goldens[f"{name} boxes"] = np.array(boxes).reshape(-1, 4)
            goldens[f"{name} counts"] = np.array(counts).reshape(-1)
            _, _, sums = classifier.detectMultiScale3(
                picture, 1.1, 2, minSize=(14, 14), outputRejectLevels=True
            )
            goldens[f"{name} sums"] = np.array(sums).reshape(-1)
np.savez_compressed(HERE / "opencv4_cascade.npz", **goldens)
