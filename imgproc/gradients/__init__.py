"""Gradients: derivatives, their magnitude and direction, and edges."""

from .canny import canny
from .derivatives import gradient, gradient_polar

__all__ = [
    "canny",
    "gradient",
    "gradient_polar",
]
