"""Heat maps against torch and transformers: CenterNet, the stacked hourglass, and VitPose's processor."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from imgproc import Detections
from imgproc.neural import (
    Geometry,
    decode_centernet,
    decode_pose,
    decode_superpoint,
    decode_superpoint_descriptors,
    heatmap_peaks,
    load,
    pose_crops,
    refined_peaks,
)

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="the extra neural-test is not installed")
torch.set_num_threads(1)


def heads(rng: np.random.Generator, classes: int = 5, height: int = 24, width: int = 40) -> dict[str, Any]:
    arrays = {
        "hm": rng.normal(-3, 2, (classes, height, width)),
        "reg": rng.random((2, height, width)),
        "wh": rng.normal(4, 3, (2, height, width)),
    }
    return {name: torch.from_numpy(array.astype(np.float32)) for name, array in arrays.items()}


@pytest.mark.parametrize("count", [1, 40, 700])
def test_centernet_is_the_papers_way(count: int, level: str, rng: np.random.Generator) -> None:
    """More peaks asked for than there are: torch fills up with pixels that are none, of score 0."""
    from reference_nets.centernet import decode

    outputs = heads(rng)
    boxes, scores, classes = (array.numpy() for array in decode(outputs, count, 4))
    batch = {name: array.numpy()[None] for name, array in outputs.items()}
    geometry = Geometry.stretched((96, 160), (96, 160))
    (found,) = decode_centernet(batch, geometry, top_k=count)
    some = scores > 0
    np.testing.assert_array_equal(found.labels, classes[some])
    np.testing.assert_allclose(found.scores, scores[some], rtol=1e-6)
    clipped = boxes[some].clip(0, [160, 96, 160, 96])
    np.testing.assert_allclose(found.boxes, clipped, atol=1e-4)


def test_from_image_to_boxes(rng: np.random.Generator) -> None:
    """The wiring of a network, from pixels to boxes of the image."""
    from reference_nets.centernet import CenterNet, decode

    torch.manual_seed(1)
    net = CenterNet().eval()
    images = rng.random((2, 3, 64, 96), np.float32)
    with torch.no_grad():
        outputs = net(torch.from_numpy(images))
    geometry = Geometry((32, 48), (64, 96), (2.0, 2.0))
    arrays = {name: array.numpy() for name, array in outputs.items()}
    assert arrays["hm"].shape == (2, 4, 16, 24)
    for image, found in enumerate(decode_centernet(arrays, geometry, top_k=20)):
        one = {name: array[image] for name, array in outputs.items()}
        boxes, scores, classes = (array.numpy() for array in decode(one, 20, 4))
        np.testing.assert_allclose(found.scores, scores, rtol=1e-6)
        np.testing.assert_allclose(found.boxes, (boxes / 2).clip(0, [48, 32, 48, 32]), atol=1e-4)
        np.testing.assert_array_equal(found.labels, classes)


def test_from_image_to_joints(rng: np.random.Generator) -> None:
    from reference_nets.hourglass import StackedHourglass

    torch.manual_seed(2)
    images = rng.random((2, 3, 64, 64), np.float32)
    with torch.no_grad():
        heat = StackedHourglass().eval()(torch.from_numpy(images))["heatmaps"]
    assert heat.shape == (2, 6, 16, 16)
    place, best = heat.flatten(2).argmax(2).numpy(), heat.flatten(2).amax(2).numpy()
    points = refined_peaks(heat.numpy(), kernel_size=1)
    np.testing.assert_array_equal(points[..., 2], best)
    at = np.stack([place % 16, place // 16], axis=2)
    assert (np.abs(points[..., :2] - at)[best <= 0] == 0).all()
    for image, found in enumerate(heatmap_peaks(heat.numpy(), top_k=6 * 256)):
        for joint in range(6):
            first = np.flatnonzero(found.labels == joint)[0]
            assert found.rows[first] * 16 + found.columns[first] == place[image, joint]


def maps(rng: np.random.Generator, people: int, height: int = 64, width: int = 48) -> Any:
    y, x = np.mgrid[:height, :width]
    tops = rng.uniform((1, 1), (width - 2, height - 2), (people, 17, 2))[..., None, None]
    bells = 0.9 * np.exp(-((x - tops[:, :, 0]) ** 2 + (y - tops[:, :, 1]) ** 2) / 8)
    return (bells + rng.normal(0, 0.003, bells.shape)).astype(np.float32)


def vitpose(heat: Any, boxes: Any, kernel_size: int) -> Any:
    module = pytest.importorskip("transformers.models.vitpose.image_processing_pil_vitpose")
    sided = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    outputs = SimpleNamespace(heatmaps=torch.from_numpy(heat))
    people = module.VitPoseImageProcessorPil().post_process_pose_estimation(
        outputs, [sided.tolist()], kernel_size=kernel_size
    )[0]
    return np.stack([np.column_stack([one["keypoints"], one["scores"]]) for one in people])


@pytest.mark.parametrize("kernel_size", [3, 11])
def test_vitpose(kernel_size: int, rng: np.random.Generator) -> None:
    pytest.importorskip("scipy")
    corner = rng.uniform(0, 300, (4, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, 300, (4, 2))], axis=1).astype(np.float32)
    heat = maps(rng, 4)
    found = decode_pose({"heatmaps": heat}, Detections(boxes), kernel_size=kernel_size)
    np.testing.assert_allclose(found.keypoints, vitpose(heat, boxes, kernel_size), rtol=0, atol=1e-3)


@pytest.mark.heavy
def test_regression_indices_in_float32_beyond_300_people(rng: np.random.Generator) -> None:
    """VitPose's processor numbers pixels of all maps in float32: beyond 2**24 it refines by a neighbour's values."""
    pytest.importorskip("scipy")
    heat = np.tile(maps(rng, 1), (310, 1, 1, 1))
    boxes = np.tile(np.array([[10.0, 20, 110, 220]], np.float32), (310, 1))
    found = decode_pose({"heatmaps": heat}, Detections(boxes), kernel_size=3).keypoints
    np.testing.assert_array_equal(found, np.tile(found[:1], (310, 1, 1)))
    theirs = vitpose(heat, boxes, 3)
    np.testing.assert_allclose(theirs[:290], found[:290], rtol=0, atol=1e-3)
    if np.abs(theirs - found).max() < 1e-3:
        pytest.skip("this version of transformers is right")


def test_vitpose_crops(rng: np.random.Generator) -> None:
    """SciPy cuts fractions of a grey level off, and is 0 where a part of a sample lies outside of the image."""
    module = pytest.importorskip("transformers.models.vitpose.image_processing_pil_vitpose")
    ndimage = pytest.importorskip("scipy.ndimage")
    image = ndimage.uniform_filter(rng.integers(0, 256, (120, 150, 3), np.uint8), (7, 7, 1))
    boxes = np.array([[40.0, 30, 80, 90], [100, 50, 160, 95]])
    sided = [[40, 30, 40, 60], [100, 50, 60, 45]]
    given = module.VitPoseImageProcessorPil()(
        image, boxes=[sided], do_rescale=False, do_normalize=False, return_tensors="np"
    )["pixel_values"].transpose(0, 2, 3, 1)
    found = pose_crops(image, boxes)
    apart = np.abs(found.astype(int) - given)
    assert apart[0].max() <= 1
    assert (apart[1] > 1).mean() < 0.03


@pytest.mark.parametrize("radius", [0, 1, 4])
def test_superpoint(radius: int, rng: np.random.Generator) -> None:
    """The rounds of suppression, the threshold and the border of transformers; its points are pixels' corners."""
    module = pytest.importorskip("transformers.models.superpoint.modeling_superpoint")
    logits = rng.normal(0, 2, (1, 65, 6, 8)).astype(np.float32)
    shares = torch.from_numpy(logits).softmax(1)[:, :-1].permute(0, 2, 3, 1).reshape(1, 6, 8, 8, 8)
    scores = module.simple_nms(shares.permute(0, 1, 3, 2, 4).reshape(1, 48, 64), radius)[0]
    at = torch.nonzero(scores > 0.01)
    at, best = module.remove_keypoints_from_borders(at, scores[tuple(at.T)], 3, 48, 64)
    at, best = module.top_k_keypoints(at, best, 50)
    geometry = Geometry.stretched((48, 64), (48, 64))
    options = {"radius": radius, "score_threshold": 0.01, "border": 3, "top_k": 50}
    (found,) = decode_superpoint({"semi": logits}, geometry, **options)
    order = np.argsort(-best.numpy(), kind="stable")
    np.testing.assert_allclose(found[:, 2], best.numpy()[order], rtol=1e-5)
    np.testing.assert_array_equal(found[:, :2] - 0.5, at.numpy()[order, ::-1])


@pytest.mark.parametrize("shape", [(6, 8), (1, 3), (5, 1)])
def test_superpoint_descriptors(shape: tuple[int, int], rng: np.random.Generator) -> None:
    """transformers looks beyond the map at zeros, which changes no direction; its points are pixels' corners."""
    module = pytest.importorskip("transformers.models.superpoint.modeling_superpoint")
    cells = rng.normal(0, 2, (1, 32, *shape)).astype(np.float32)
    size = (8 * shape[0], 8 * shape[1])
    corners = rng.integers(0, size[::-1], (40, 2)).astype(np.float32)
    corners[:2] = [[0, 0], [size[1] - 1, size[0] - 1]]
    sample = module.SuperPointDescriptorDecoder._sample_descriptors
    normal = torch.nn.functional.normalize(torch.from_numpy(cells), p=2, dim=1)
    theirs = sample(torch.from_numpy(corners)[None], normal, 8)[0].T.numpy()
    points, geometry = [corners + np.float32(0.5)], Geometry.stretched(size, size)
    (found,) = decode_superpoint_descriptors({"desc": cells}, points, geometry, semantics="transformers")
    np.testing.assert_allclose(found, theirs, atol=2e-6)


def test_a_module_is_decoded_through_its_model(rng: np.random.Generator) -> None:
    from reference_nets.centernet import CenterNet

    torch.manual_seed(1)
    net = CenterNet().eval()
    images = rng.random((1, 3, 64, 96), np.float32)
    with torch.no_grad():
        expected = {name: array.numpy() for name, array in net(torch.from_numpy(images)).items()}
    geometry = Geometry.stretched((64, 96), (64, 96))
    with load(net, backend="torch") as model:
        made = model.run({"x": images})
    assert decode_centernet(made, geometry, top_k=9) == decode_centernet(expected, geometry, top_k=9)
