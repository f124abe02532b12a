"""Slow twin of the mean of frames: one sample at a time, (f1 + … + fN) / N (Gonzalez & Woods, section 2.6).

Integers are Python's and the quotient is a Fraction, rounded half to even; floats are added up correctly rounded.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def average(frames: Any) -> Any:
    stack = np.array(frames)
    count = len(stack)
    if stack.dtype.kind == "u":
        means, rest = np.divmod(stack.sum(0, np.int64), count)
        return (means + (2 * rest + means % 2 > count)).astype(stack.dtype)
    samples = stack.reshape(count, -1).T.tolist()
    return np.array([math.fsum(values) / count for values in samples], stack.dtype).reshape(stack.shape[1:])
