"""Depth from two cameras: disparity by block matching or semi-globally, and what it says about depth."""

__all__: list[str] = []
