"""Inputs of torchvision 0.29's detectors and classifiers, for tests/test_neural_preprocess_oracles.py.

pip install torchvision==0.29.1 && python tests/goldens/torchvision_inputs.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.transforms._presets import ImageClassification

SHAPES = [(45, 61), (70, 37)]


def main() -> None:
    rng = np.random.default_rng(8)
    images = [rng.integers(0, 256, (*shape, 3), np.uint8) for shape in SHAPES]
    tensors = [torch.from_numpy(image).permute(2, 0, 1).float() / 255 for image in images]
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    found = {f"image{number}": image for number, image in enumerate(images)}
    detector = GeneralizedRCNNTransform(30, 48, mean, std).eval()
    found["rcnn"] = detector(tensors)[0].tensors.numpy()
    fixed = GeneralizedRCNNTransform(
        0, 0, [0.48235, 0.45882, 0.40784], [1 / 255] * 3, fixed_size=(40, 24), size_divisible=1
    )
    found["ssd"] = fixed.eval()(tensors)[0].tensors.numpy()
    classifier = ImageClassification(crop_size=21, resize_size=28)
    found["classifier"] = torch.stack([classifier(Image.fromarray(image)) for image in images]).numpy()
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **found)


if __name__ == "__main__":
    main()
