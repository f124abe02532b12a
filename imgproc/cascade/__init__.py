"""Viola-Jones cascades: load, save, detect, and the boosting that trains them."""

from .boosting import Samples, StageBooster
from .estimator import AdaBoostStumps
from .haar import FeatureSet, haar_features, lbp_features
from .model import Cascade
from .rounds import Stump

__all__ = [
    "AdaBoostStumps",
    "Cascade",
    "FeatureSet",
    "Samples",
    "StageBooster",
    "Stump",
    "haar_features",
    "lbp_features",
]
