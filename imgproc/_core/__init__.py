"""Rules that every subject shares: images, parameters, errors, borders, threads, CPU levels, seeds, registry."""
