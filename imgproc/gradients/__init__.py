"""Gradients: derivatives, their magnitude and direction, and edges."""

from .derivatives import gradient
from .derivatives import gradient_polar

__all__ = [
    "gradient",
    "gradient_polar",
]
