"""Torchvision's own architectures with few channels and blocks: every operation of the large ones, little work.

Functions for `model.factory`, named as the networks that they stand for.
"""

from functools import partial

from torch import nn
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision.models.densenet import DenseNet
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.models.swin_transformer import SwinTransformer
from torchvision.models.vision_transformer import VisionTransformer


def densenet121() -> nn.Module:
    net: nn.Module = DenseNet(growth_rate=8, block_config=(2, 2, 2, 2), num_init_features=16)
    return net


def resnet18() -> nn.Module:
    net: nn.Module = ResNet(BasicBlock, [1, 1, 1, 1])
    return net


def convnext_tiny() -> nn.Module:
    widths = (16, 32, 48, 64)
    net: nn.Module = ConvNeXt(
        [CNBlockConfig(width, wider, 1) for width, wider in zip(widths, (*widths[1:], None), strict=True)]
    )
    return net


def vit_b_16() -> nn.Module:
    net: nn.Module = VisionTransformer(
        image_size=96, patch_size=16, num_layers=3, num_heads=2, hidden_dim=32, mlp_dim=64
    )
    return net


def swin_t() -> nn.Module:
    net: nn.Module = SwinTransformer(
        patch_size=[4, 4], embed_dim=16, depths=[1, 1, 2, 1], num_heads=[1, 2, 4, 8], window_size=[7, 7],
        norm_layer=partial(nn.LayerNorm, eps=1e-5),
    )  # fmt: skip
    return net
