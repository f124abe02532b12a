from . import color as color
from . import filters as filters
from . import gradients as gradients
from . import io as io
from . import metrics as metrics
from . import morphology as morphology
from . import tone as tone
from ._core.config import show_config as show_config
from ._core.cpu import cpu_levels as cpu_levels
from ._core.cpu import get_cpu_level as get_cpu_level
from ._core.cpu import set_cpu_level as set_cpu_level
from ._core.operations import Operation, Takes
from ._core.threads import get_num_threads as get_num_threads
from ._core.threads import set_num_threads as set_num_threads
from .color.constancy import estimate_illuminant as estimate_illuminant
from .color.constancy import gray_world as gray_world
from .color.constancy import shades_of_gray as shades_of_gray
from .color.constancy import white_patch as white_patch
from .color.convert import rgb_to_gray as rgb_to_gray
from .color.convert import rgb_to_yiq as rgb_to_yiq
from .color.convert import rgb_to_yuv as rgb_to_yuv
from .color.convert import yiq_to_rgb as yiq_to_rgb
from .color.convert import yuv_to_rgb as yuv_to_rgb
from .filters.box import box_filter as box_filter
from .filters.convolution import convolve as convolve
from .filters.convolution import convolve_separable as convolve_separable
from .filters.convolution import correlate as correlate
from .filters.frames import average_frames as average_frames
from .filters.gaussian import gaussian_blur as gaussian_blur
from .filters.gaussian import sharpen as sharpen
from .filters.integral import box_sum as box_sum
from .filters.integral import integral_image as integral_image
from .filters.median import median_filter as median_filter
from .filters.resize import resize as resize
from .filters.warp import warp_backward as warp_backward
from .gradients.canny import canny as canny
from .gradients.derivatives import gradient as gradient
from .gradients.derivatives import gradient_polar as gradient_polar
from .metrics.coco import CocoScores as CocoScores
from .metrics.coco import coco_evaluate as coco_evaluate
from .metrics.coco_entries import CocoDetections as CocoDetections
from .metrics.coco_entries import CocoTruth as CocoTruth
from .metrics.matching import Matches as Matches
from .metrics.matching import match_detections as match_detections
from .morphology.compound import closing as closing
from .morphology.compound import morphological_gradient as morphological_gradient
from .morphology.compound import opening as opening
from .morphology.flat import dilate as dilate
from .morphology.flat import erode as erode
from .tone.adaptive import clahe as clahe
from .tone.histograms import histogram as histogram
from .tone.maps import autocontrast as autocontrast
from .tone.maps import equalize_histogram as equalize_histogram
from .tone.maps import gamma_correct as gamma_correct

__version__: str

def operations(takes: Takes = "image") -> dict[str, Operation]: ...
