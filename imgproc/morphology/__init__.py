"""Morphology: erosion, dilation, and what is made of them."""

from .compound import closing, morphological_gradient, opening
from .flat import dilate, erode

__all__ = [
    "closing",
    "dilate",
    "erode",
    "morphological_gradient",
    "opening",
]
