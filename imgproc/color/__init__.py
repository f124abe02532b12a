"""Colour: conversions between colour spaces, and colour constancy."""
