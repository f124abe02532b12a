"""Losses with their gradients, small and exact: to check those of a framework with, and to teach.

Each gives ``(loss, gradient)``, the gradient with respect to its first argument.
"""

from .classification import binary_cross_entropy, cross_entropy, focal_loss, heatmap_focal_loss
from .contrastive import nt_xent_loss
from .overlap import box_iou_loss, dice_loss
from .regression import huber_loss, mean_absolute_error, mean_squared_error, smooth_l1_loss

__all__ = [
    "binary_cross_entropy",
    "box_iou_loss",
    "cross_entropy",
    "dice_loss",
    "focal_loss",
    "heatmap_focal_loss",
    "huber_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "nt_xent_loss",
    "smooth_l1_loss",
]
