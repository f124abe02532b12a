"""Filters: box, Gaussian, median and general convolution; integral images; resampling."""
