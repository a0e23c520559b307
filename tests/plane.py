"""Images at known distances from a plane, and the classifier that says on which side they are."""

import torch
from torch import Tensor

SIDE = 4
SIGNS = torch.tensor([1.0, -1.0]).repeat(3 * SIDE * SIDE // 2).view(3, SIDE, SIDE)
DISTANCES = torch.tensor([2.0, 5.0, 11.0])  # levels of 255, in the infinity norm
PIXELS = (128 + DISTANCES.view(3, 1, 1, 1) * SIGNS).round() / 255
LABELS = torch.zeros(3, dtype=torch.long)


def plane(images: Tensor) -> Tensor:
    """Says 0 above the plane and on it: the score is the distance in levels."""
    score = ((images - 128 / 255) * SIGNS).mean(dim=(1, 2, 3)) * 255 + 1e-3
    return torch.stack([score, torch.zeros_like(score)], dim=1)
