"""Viola-Jones cascades: load, save, detect, train, and the boosting that trains them."""

from .boosting import Samples, StageBooster
from .estimator import AdaBoostStumps
from .haar import FeatureSet, haar_features, lbp_features
from .model import Cascade
from .records import Progress, StageRecord, Training
from .rounds import Stump
from .training import train_cascade

__all__ = [
    "AdaBoostStumps",
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
