"""Regions: watershed, components, distances, superpixels, proposals, and masks as runs or polygons."""

from .components import Components, RegionStatistics, connected_components
from .distance import distance_transform
from .felzenszwalb import felzenszwalb
from .objects import split_touching_objects
from .outlines import mask_to_polygons
from .panoptic import PanopticSegments, Segment, merge_panoptic
from .paste import paste_mask
from .runs import decode_rle, encode_rle, polygons_to_mask
from .selective_search import selective_search
from .watershed import watershed

__all__ = [
    "Components",
    "PanopticSegments",
    "RegionStatistics",
    "Segment",
    "connected_components",
    "decode_rle",
    "distance_transform",
    "encode_rle",
    "felzenszwalb",
    "mask_to_polygons",
    "merge_panoptic",
    "paste_mask",
    "polygons_to_mask",
    "selective_search",
    "split_touching_objects",
    "watershed",
]
