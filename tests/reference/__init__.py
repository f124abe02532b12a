"""Slow twins: plain transcriptions of the formulas, which specify what the kernels compute."""
