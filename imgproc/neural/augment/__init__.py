"""Augmentations: functions of a sample and a seed that move boxes, masks and keypoints along with the pixels.

A parameter that is one number is taken as it is; of a pair a number between the two is drawn. The same seed gives the
same result; a `numpy.random.Generator` in its place is drawn from.
"""

from .compose import Compose, sometimes
from .geometry import crop, flip, resize, rotate
from .mixing import cutmix, mix_samples, mixup, stochastic_depth_mask
from .pixels import add_noise, brightness, channel_dropout, coarse_dropout, gamma
from .sample import Sample

__all__ = [
    "Compose",
    "Sample",
    "add_noise",
    "brightness",
    "channel_dropout",
    "coarse_dropout",
    "crop",
    "cutmix",
    "flip",
    "gamma",
    "mix_samples",
    "mixup",
    "resize",
    "rotate",
    "sometimes",
    "stochastic_depth_mask",
]
