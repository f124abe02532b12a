"""Rules that every subject shares: images, parameters, errors, borders, threads, CPU levels, seeds, registry."""

from . import cpu as cpu  # applies IMGPROC_CPU_LEVEL before any kernel runs
