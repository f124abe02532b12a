"""Body parts and joints from depth images: synthetic bodies, a forest of depth probes, mean shift."""

from .body import Body, Primitives
from .camera import Camera
from .evaluation import JointScores, score_joints
from .features import depth_features
from .forest import DepthForest
from .forest_parameters import Progress
from .inspection import export_tree, probe_importances
from .joints import FOUND_JOINTS, JOINT_PARTS, Joints, estimate_joints
from .motion import Motion, read_motion
from .poses import distinct_poses, motion_poses, sample_poses
from .render import BACKGROUND, Rendering, render_body
from .scenes import Scenes
from .sensor import sensor_noise
from .skeleton import JOINTS, PARENTS, PARTS

__all__ = [
    "BACKGROUND",
    "FOUND_JOINTS",
    "JOINTS",
    "JOINT_PARTS",
    "PARENTS",
    "PARTS",
    "Body",
    "Camera",
    "DepthForest",
    "JointScores",
    "Joints",
    "Motion",
    "Primitives",
    "Progress",
    "Rendering",
    "Scenes",
    "depth_features",
    "distinct_poses",
    "estimate_joints",
    "export_tree",
    "motion_poses",
    "probe_importances",
    "read_motion",
    "render_body",
    "sample_poses",
    "score_joints",
    "sensor_noise",
]
