"""The peers that are installed, with the versions that stand in the table."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def load(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        return None


cv2 = load("cv2")
PIL = load("PIL")
skimage = load("skimage")
scipy = load("scipy")
sklearn = load("sklearn")
torchvision = load("torchvision")

OPENCV = f"opencv {cv2.__version__}" if cv2 else ""
PILLOW = f"pillow {PIL.__version__}" if PIL else ""
SKIMAGE = f"scikit-image {skimage.__version__}" if skimage else ""
SCIPY = f"scipy {scipy.__version__}" if scipy else ""
SKLEARN = f"scikit-learn {sklearn.__version__}" if sklearn else ""
TORCHVISION = f"torchvision {torchvision.__version__}" if torchvision else ""


def set_threads(count: int) -> None:
    if cv2:
        cv2.setNumThreads(count)
    if torchvision:
        import torch

        torch.set_num_threads(count)


def versions() -> dict[str, str]:
    import numpy

    return {
        "numpy": numpy.__version__,
        **{
            module.__name__: module.__version__
            for module in (cv2, PIL, skimage, scipy, sklearn, torchvision)
            if module
        },
    }
