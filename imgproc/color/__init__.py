"""Colour: conversions between spaces, and colour constancy."""
