"""Slow twins of the body parts: a ray that walks to a surface, probes one by one, splits by counting."""

from __future__ import annotations

import math

import numpy as np


def surface_distance(point: np.ndarray, length: float, radii: tuple[float, float]) -> float:
    """Signed distance of a point to the hull of two balls on the z axis (Quilez, round cone), > 0 outside.

    In the half plane (rho, z) the hull's side is the line that touches both circles.
    """
    rho, z = math.hypot(point[0], point[1]), point[2]
    r1, r2 = radii
    if length == 0:
        return math.hypot(rho, z) - max(r1, r2)
    sine = (r1 - r2) / length
    cosine = math.sqrt(1 - sine * sine)
    foot = (z * cosine - rho * sine) / cosine
    if foot < 0:
        return math.hypot(rho, z) - r1
    if foot > length:
        return math.hypot(rho, z - length) - r2
    return rho * cosine + z * sine - r1


def march(frame: np.ndarray, length: float, radii: tuple[float, float], direction: np.ndarray) -> float:
    """Depth at which a ray from the origin enters a primitive, or infinity.

    Sphere tracing: a step of the distance never passes the surface, once divided by how much the frame stretches.
    """
    turn, shift = frame[:, :3], frame[:, 3]
    stretch = float(np.linalg.norm(turn, 2)) * float(np.linalg.norm(direction))
    z = 0.2
    for _ in range(4000):
        distance = surface_distance(turn @ (direction * z) + shift, length, radii)
        if distance < 1e-9:
            return z
        z += distance / stretch
        if z > 10.0:
            break
    return math.inf


def feature(depth: np.ndarray, row: int, column: int, offsets: np.ndarray, far: float) -> np.float32:
    """Equation 1 of Shotton et al., float32, places rounded half to even."""

    def look(offset: np.ndarray) -> np.float32:
        inverse = np.float32(1) / depth[row, column]
        y = row + round(float(np.float32(offset[0]) * inverse))
        x = column + round(float(np.float32(offset[1]) * inverse))
        inside = 0 <= y < depth.shape[0] and 0 <= x < depth.shape[1]
        return np.float32(depth[y, x]) if inside else np.float32(far)

    return look(offsets[0]) - look(offsets[1])


def entropy_sum(labels: np.ndarray) -> float:
    """Number of pixels times the entropy of their labels, in nats."""
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    return float(-(counts * np.log(counts / counts.sum())).sum())


def gain(values: np.ndarray, labels: np.ndarray, threshold: np.float32) -> float:
    """What a split gains, in nats times pixels."""
    below = values < threshold
    return entropy_sum(labels) - entropy_sum(labels[below]) - entropy_sum(labels[~below])
