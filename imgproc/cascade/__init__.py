"""Viola-Jones cascades: load, save, detect, and the boosting that trains them."""

from .boosting import Samples, StageBooster, Stump
from .haar import FeatureSet, haar_features, lbp_features
from .model import Cascade
from .records import Progress, StageRecord, Training
from .training import train_cascade

__all__ = [
    "Cascade",
    "FeatureSet",
    "Progress",
    "Samples",
    "StageBooster",
    "StageRecord",
    "Stump",
    "Training",
    "haar_features",
    "lbp_features",
    "train_cascade",
]
