"""When a pixel is in the mask of an object, for every decoder that gives masks.

One rule: where its probability is at least the threshold. That is the rule of torchvision's and detectron2's mask heads
and of the panoptic merge. Only ``semantics="transformers"`` of instances keeps that library's: above it. Label maps
have no such rule: of equal classes the first wins, so that one class alone is there above its threshold.
"""

from __future__ import annotations

import math

from ..stable import logit


def least_of_logits(threshold: float) -> float:
    """The logit from which on a pixel is in a mask: infinite at 1, which no sigmoid reaches, and at 0 every one is."""
    if 0 < threshold < 1:
        return logit(threshold)
    return -math.inf if threshold <= 0 else math.inf
