"""Tone: histograms, and the maps that follow from them."""

from .adaptive import clahe
from .histograms import histogram
from .maps import autocontrast, equalize_histogram, gamma_correct

__all__ = ["autocontrast", "clahe", "equalize_histogram", "gamma_correct", "histogram"]
