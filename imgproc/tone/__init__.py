"""Tone: histograms, and the maps that follow from them."""
