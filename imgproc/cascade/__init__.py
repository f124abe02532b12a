"""Viola-Jones cascades: load, save, detect, and the boosting that trains them."""

from .boosting import Samples, StageBooster, Stump
from .haar import FeatureSet, haar_features, lbp_features
from .model import Cascade

__all__ = ["Cascade", "FeatureSet", "Samples", "StageBooster", "Stump", "haar_features", "lbp_features"]
