"""Draws ``filters.jpg`` and ``edges.jpg``, all on one photograph, and ``objects.jpg``: ``python docs/pictures.py``.

The photograph is scikit-image's ``astronaut``: Eileen Collins, by NASA, in the public domain. The nuclei are of the
2018 Data Science Bowl, by the Carpenter lab, Broad Institute, CC0: of the data folder; without it they are left out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from skimage.data import astronaut

import imgproc

Array = np.ndarray[Any, Any]

TILE, GAP, LABEL = 240, 8, 26
HERE = Path(__file__).parent


def filters(photo: Array) -> dict[str, Array]:
    rng = np.random.default_rng(0)
    noisy = np.clip(photo + rng.normal(0, 30, (16, *photo.shape)), 0, 255).astype(np.uint8)
    peppered = np.where(
        rng.random(photo.shape[:2])[..., None] < 0.1, rng.integers(0, 2, photo.shape) * 255, photo
    )
    peppered = peppered.astype(np.uint8)
    emboss = np.array([[-1, -0.5, 0], [-0.5, 1, 0.5], [0, 0.5, 1]])
    height, width = photo.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) - np.float32(height / 2)
    angle = np.hypot(y, x) / 160 - np.float32(0.75)
    swirl = np.stack([y * np.cos(angle) - x * np.sin(angle), y * np.sin(angle) + x * np.cos(angle)], -1)
    small = imgproc.resize(photo, (height // 6, width // 6), method="area")
    return {
        "photograph": photo,
        "box_filter(4)": imgproc.box_filter(photo, 4),
        "gaussian_blur(3)": imgproc.gaussian_blur(photo, 3),
        "sharpen(2, sigma=2)": imgproc.sharpen(photo, 2, sigma=2),
        "convolve(emboss)": imgproc.convolve(photo, emboss),
        "salt and pepper": peppered,
        "median_filter(1)": imgproc.median_filter(peppered, 1),
        "median_filter(5)": imgproc.median_filter(photo, 5),
        "one noisy frame": noisy[0],
        "average_frames(16)": imgproc.average_frames(noisy),
        "resize(area), then nearest": imgproc.resize(small, (height, width), method="nearest"),
        "warp_backward": imgproc.warp_backward(photo, np.ascontiguousarray(swirl + height / 2, np.float32)),
    }


def edges(photo: Array) -> dict[str, Array]:
    gray = imgproc.rgb_to_gray(photo)
    gx, gy = imgproc.gradient(gray)
    magnitude, direction = imgproc.gradient_polar(gray)
    hue = np.uint8((direction + np.pi) / (2 * np.pi) * 179)
    value = np.uint8(np.clip(magnitude, 0, 255))
    disk = np.hypot(*np.mgrid[-4:5, -4:5]) <= 4
    return {
        "gradient: gx": np.uint8(np.clip(gx // 4 + 128, 0, 255)),
        "gradient: gy": np.uint8(np.clip(gy // 4 + 128, 0, 255)),
        "gradient_polar": cv2.cvtColor(np.dstack([hue, np.full_like(hue, 255), value]), cv2.COLOR_HSV2RGB),
        "canny(100, 200)": imgproc.canny(gray, 100, 200),
        "erode(7)": imgproc.erode(photo, 7),
        "dilate(7)": imgproc.dilate(photo, 7),
        "opening(disk)": imgproc.opening(photo, footprint=disk),
        "closing(disk)": imgproc.closing(photo, footprint=disk),
        "morphological_gradient": imgproc.morphological_gradient(gray),
    }


def objects(nuclei: Array) -> dict[str, Array]:
    """From a photograph of nuclei to a label for each, and what labels of components would be."""
    bright = imgproc.gaussian_blur(nuclei, 1)
    threshold = cv2.threshold(bright, 0, 255, cv2.THRESH_OTSU)[0]
    mask = bright > threshold
    distance = imgproc.distance_transform(mask)
    stretched = imgproc.autocontrast(nuclei, cutoff=1)
    return {
        "nuclei": stretched,
        "distance_transform(mask)": np.uint8(255 * distance / distance.max()),
        "connected_components(mask)": colored(imgproc.connected_components(mask).labels, stretched),
        "split_touching_objects(mask)": colored(imgproc.split_touching_objects(mask), stretched),
    }


def colored(labels: Array, gray: Array) -> Array:
    """Each region in a colour of its own, as bright as the photograph, and dark borders between them."""
    hue = np.uint8(labels * 67 % 180)
    hsv = np.dstack([hue, np.where(labels, 150, 0).astype(np.uint8), gray // 2 + np.uint8(90) * (labels > 0)])
    drawn = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    drawn[imgproc.dilate(labels.astype(np.uint16)) != imgproc.erode(labels.astype(np.uint16))] = 20
    return drawn


def sheet(tiles: dict[str, Array], across: int) -> Array:
    down = -(-len(tiles) // across)
    page = np.full((GAP + down * (TILE + LABEL + GAP), GAP + across * (TILE + GAP), 3), 255, np.uint8)
    for number, (label, tile) in enumerate(tiles.items()):
        y = GAP + number // across * (TILE + LABEL + GAP)
        x = GAP + number % across * (TILE + GAP)
        page[y : y + TILE, x : x + TILE] = tile if tile.ndim == 3 else tile[..., None]
        where = (x + 2, y + TILE + 18)
        cv2.putText(page, label, where, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 40, 40), 1, cv2.LINE_AA)
    return page


if __name__ == "__main__":
    photo = np.ascontiguousarray(astronaut()[:TILE, 100 : 100 + TILE])
    for name, page in (("filters", sheet(filters(photo), 4)), ("edges", sheet(edges(photo), 3))):
        cv2.imwrite(str(HERE / f"{name}.jpg"), page[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    data = Path(os.environ.get("IMGPROC_DATA", HERE.parents[1] / "shared" / "data"))
    nuclei = cv2.imread(str(data / "cells_dsb2018" / "images" / "3ebd2ab34ba86e51.png"), cv2.IMREAD_GRAYSCALE)
    if nuclei is not None:
        page = sheet(objects(np.ascontiguousarray(nuclei[180 : 180 + TILE, 420 : 420 + TILE])), 4)
        cv2.imwrite(str(HERE / "objects.jpg"), page[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
