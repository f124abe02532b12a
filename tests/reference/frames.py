"""Slow twin of the mean of frames: one sample at a time, (f1 + … + fN) / N (Gonzalez & Woods, section 2.6).

Integers are Python's and the quotient is a Fraction, rounded half to even; floats are added up correctly rounded.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np


def average(frames: Any) -> Any:
    stack = np.array(frames)
    samples = stack.reshape(len(stack), -1).T.tolist()
    if stack.dtype.kind == "u":
        means: list[Any] = [round(Fraction(sum(values), len(values))) for values in samples]
    else:
        means = [math.fsum(values) / len(values) for values in samples]
    return np.array(means, stack.dtype).reshape(stack.shape[1:])
