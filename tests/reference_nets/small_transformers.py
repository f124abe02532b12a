"""Networks of transformers at their smallest, with random weights that carry what they see to their outputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import transformers
from torch import nn

CLASSES = 5
QUERIES = 12
TASK = torch.tensor([[3.0, 1, 4, 1, 5, 9, 2]])
"""What OneFormer is asked for, in place of tokens of a text."""
STAGES = ["stage1", "stage2", "stage3", "stage4"]


def livened(network: Any, gain: float = 1.0) -> Any:
    """As transformers begins, signals of narrow layers die out, and every picture gives the same: larger weights."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                fan_in = (
                    module.weight[0].numel()
                    if not isinstance(module, nn.ConvTranspose2d)
                    else module.in_channels
                )
                module.weight.normal_(0, gain / math.sqrt(fan_in))
                if module.bias is not None:
                    module.bias.normal_(0, 0.3)
            elif isinstance(module, nn.Embedding):
                module.weight.normal_(0, 1)
            elif isinstance(module, nn.BatchNorm2d):
                module.weight.fill_(1)  # some begin near 0
    return network.eval()


def settled(
    network: Any, head: Any, size: tuple[int, int], spread: float = 3.0, mean: float = 0.0, **more: Any
) -> Any:
    """A network the last layer of whose head has, for a picture of blots, channels of that mean and deviation.

    Else one class or query leads everywhere, and every answer is the same.
    """
    layer = [part for part in head.modules() if isinstance(part, nn.Linear | nn.Conv2d)][-1]
    caught: list[torch.Tensor] = []
    hook = layer.register_forward_hook(lambda module, inputs, output: caught.append(output))
    blots = nn.functional.interpolate(2 * torch.randn(1, 3, 5, 7), size, mode="bilinear")
    with torch.no_grad():
        network(pixel_values=blots, **more)
        hook.remove()
        given = caught[-1]
        axis = -1 if isinstance(layer, nn.Linear) else 1
        channels = given.movedim(axis, 0).flatten(1)
        factor = spread / channels.std(1)
        layer.weight.mul_(factor.view(-1, *[1] * (layer.weight.ndim - 1)))
        layer.bias.copy_((layer.bias - channels.mean(1)) * factor + mean)
    return network


def resnet(*out: str) -> Any:
    return transformers.ResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 8, 16, 16],
        depths=[1] * 4,
        layer_type="basic",
        out_features=list(out),
    )


def swin(size: int = 64) -> Any:
    return transformers.SwinConfig(
        image_size=size, embed_dim=8, depths=[1] * 4, num_heads=[1] * 4, window_size=2, out_features=STAGES
    )


def vit(**more: Any) -> dict[str, Any]:
    return {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "num_labels": CLASSES,
        **more,
    }


def deformable_detr() -> Any:
    config = transformers.DeformableDetrConfig(
        backbone_config=resnet("stage3", "stage4"),
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_queries=30,
        num_feature_levels=2,
        num_labels=CLASSES,
    )
    return livened(transformers.DeformableDetrForObjectDetection(config))


def yolos() -> Any:
    config = transformers.YolosConfig(**vit(image_size=[96, 144], num_detection_tokens=20))
    network = livened(transformers.YolosForObjectDetection(config))
    nn.init.normal_(network.vit.embeddings.detection_tokens)
    return settled(network, network.class_labels_classifier, (96, 144), 2.0)


RT_DETR = {
    "encoder_hidden_dim": 16,
    "encoder_in_channels": [8, 16, 16],
    "encoder_ffn_dim": 16,
    "encoder_attention_heads": 2,
    "d_model": 16,
    "num_queries": 30,
    "decoder_in_channels": [16, 16, 16],
    "decoder_ffn_dim": 16,
    "decoder_layers": 2,
    "decoder_attention_heads": 2,
    "hidden_expansion": 0.5,
    "num_denoising": 0,
    "num_labels": CLASSES,
}


def rt_detr(version: str = "") -> Any:
    backbone = transformers.RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 8, 16, 16],
        depths=[1] * 4,
        layer_type="basic",
        out_features=STAGES[1:],
    )
    config = getattr(transformers, f"RTDetr{version}Config")(backbone_config=backbone, **RT_DETR)
    network = livened(getattr(transformers, f"RTDetr{version}ForObjectDetection")(config))
    return settled(network, network.model.decoder.class_embed[-1], (64, 64), 1.0, -1.0)


def d_fine() -> Any:
    backbone = transformers.HGNetV2Config(
        stem_channels=[3, 8, 8],
        hidden_sizes=[8, 8, 16, 16],
        stage_in_channels=[8, 8, 8, 16],
        stage_mid_channels=[8] * 4,
        stage_out_channels=[8, 8, 16, 16],
        stage_num_blocks=[1] * 4,
        stage_numb_of_layers=[1] * 4,
        out_features=STAGES[1:],
    )
    config = transformers.DFineConfig(backbone_config=backbone, lqe_hidden_dim=8, **RT_DETR)
    network = livened(transformers.DFineForObjectDetection(config))
    settled(network, network.model.decoder.lqe_layers[-1].reg_conf, (64, 64), 0.3)
    return settled(network, network.model.decoder.class_embed[-1], (64, 64), 1.0, -1.0)


def maskformer() -> Any:
    config = transformers.MaskFormerConfig(
        backbone_config=swin(),
        decoder_config=transformers.DetrConfig(
            d_model=16, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=16, num_queries=QUERIES
        ),
        fpn_feature_size=32,
        mask_feature_size=32,
        num_labels=CLASSES,
    )
    network = livened(transformers.MaskFormerForInstanceSegmentation(config))
    decoder = network.model.pixel_level_module.decoder
    settled(network, decoder.mask_projection, (96, 160), 1.0)
    settled(network, network.mask_embedder, (96, 160))
    return settled(network, network.class_predictor, (96, 160), 2.0)


def mask2former() -> Any:
    config = transformers.Mask2FormerConfig(
        backbone_config=swin(),
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        encoder_feedforward_dim=16,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        dim_feedforward=16,
        num_queries=QUERIES,
        num_labels=CLASSES,
    )
    network = livened(transformers.Mask2FormerForUniversalSegmentation(config))
    decoder = network.model.pixel_level_module.decoder
    settled(network, decoder.mask_projection, (96, 160), 1.0)
    settled(network, network.model.transformer_module.decoder.mask_predictor.mask_embedder, (96, 160), 0.5)
    return settled(network, network.class_predictor, (96, 160))


def oneformer() -> Any:
    config = transformers.OneFormerConfig(
        backbone_config=swin(),
        conv_dim=32,
        mask_dim=32,
        hidden_dim=32,
        encoder_feedforward_dim=16,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        dim_feedforward=16,
        num_queries=QUERIES,
        query_dec_layers=1,
        task_seq_len=7,
        num_labels=CLASSES,
    )
    network = livened(transformers.OneFormerForUniversalSegmentation(config))
    decoder = network.model.pixel_level_module.decoder
    settled(network, decoder.mask_projection, (96, 160), 1.0, task_inputs=TASK)
    settled(network, network.model.transformer_module.decoder.mask_embed, (96, 160), 0.5, task_inputs=TASK)
    return settled(network, network.model.transformer_module.decoder.class_embed, (96, 160), task_inputs=TASK)


def eomt() -> Any:
    config = transformers.EomtConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=1,
        image_size=64,
        patch_size=16,
        num_upscale_blocks=2,
        num_blocks=1,
        num_queries=QUERIES,
        num_register_tokens=1,
        num_labels=CLASSES,
    )
    network = livened(transformers.EomtForUniversalSegmentation(config))
    settled(network, network.mask_head, (64, 64), 0.5)
    return settled(network, network.class_predictor, (64, 64))


def upernet() -> Any:
    config = transformers.UperNetConfig(
        backbone_config=transformers.ConvNextConfig(
            hidden_sizes=[8] * 4, depths=[1] * 4, out_features=STAGES
        ),
        hidden_size=16,
        auxiliary_channels=8,
        auxiliary_in_channels=8,
        use_auxiliary_head=False,
        num_labels=CLASSES,
    )
    network = livened(transformers.UperNetForSemanticSegmentation(config))
    return settled(network, network.decode_head.classifier, (64, 64))


def dpt(task: str) -> Any:
    config = transformers.DPTConfig(
        **vit(num_hidden_layers=4),
        image_size=64,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=16,
        use_auxiliary_head=False,
    )
    network = livened(getattr(transformers, f"DPTFor{task}")(config))
    if task == "DepthEstimation":
        nn.init.constant_(network.head.head[4].bias, 2)  # what is below 0 is cut off
    return network


def mobilevit() -> Any:
    config = transformers.MobileViTConfig(
        image_size=64,
        hidden_sizes=[16, 16, 16],
        neck_hidden_sizes=[8, 8, 8, 8, 8, 8, 16],
        num_attention_heads=2,
        expand_ratio=1.0,
        aspp_out_channels=8,
        num_labels=CLASSES,
    )
    network = livened(transformers.MobileViTForSemanticSegmentation(config))
    return settled(network, network.segmentation_head.classifier, (128, 128))


def beit() -> Any:
    config = transformers.BeitConfig(
        **vit(num_hidden_layers=4),
        image_size=64,
        patch_size=16,
        out_indices=[1, 2, 3, 4],
        use_relative_position_bias=True,
        use_auxiliary_head=False,
    )
    network = livened(transformers.BeitForSemanticSegmentation(config))
    return settled(network, network.decode_head.classifier, (64, 64))


def depth_anything() -> Any:
    backbone = transformers.Dinov2Config(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        mlp_ratio=1,
        image_size=56,
        patch_size=14,
        out_features=STAGES,
        reshape_hidden_states=False,
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=16,
        head_hidden_size=8,
    )
    network = livened(transformers.DepthAnythingForDepthEstimation(config))
    nn.init.constant_(network.head.conv3.bias, 2)  # what is below 0 is cut off
    return network


def zoedepth() -> Any:
    backbone = transformers.BeitConfig(
        **vit(num_hidden_layers=4),
        image_size=64,
        patch_size=16,
        use_relative_position_bias=True,
        out_features=STAGES,
        reshape_hidden_states=False,
    )
    config = transformers.ZoeDepthConfig(
        backbone_config=backbone,
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=16,
        bottleneck_features=16,
        num_attractors=[4, 2, 2, 1],
        bin_embedding_dim=16,
        bin_configurations=[{"n_bins": 8, "min_depth": 0.001, "max_depth": 10.0, "name": "indoors"}],
    )
    return livened(transformers.ZoeDepthForDepthEstimation(config))


def vitpose() -> Any:
    backbone = transformers.VitPoseBackboneConfig(
        image_size=[64, 48],
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=1,
        out_indices=[2],
    )
    config = transformers.VitPoseConfig(backbone_config=backbone, num_labels=4)
    return livened(transformers.VitPoseForPoseEstimation(config))


def classifier(name: str, gain: float = 1.0, **settings: Any) -> Any:
    config = getattr(transformers, f"{name}Config")(num_labels=CLASSES, **settings)
    return livened(getattr(transformers, f"{name}ForImageClassification")(config), gain)


CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "swin": lambda: classifier(
        "Swin", image_size=64, embed_dim=8, depths=[1, 1], num_heads=[1, 1], window_size=2
    ),
    "convnext": lambda: classifier("ConvNext", hidden_sizes=[8] * 4, depths=[1] * 4),
    "resnet": lambda: classifier(
        "ResNet", embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic"
    ),
    "mobilenet_v2": lambda: classifier(
        "MobileNetV2", 1.4, depth_multiplier=0.1, image_size=64, finegrained_output=False
    ),
    "deit": lambda: classifier("DeiT", **{k: v for k, v in vit(image_size=64).items() if k != "num_labels"}),
}
