"""Colour: conversions, and the illuminants that colour constancy removes."""
