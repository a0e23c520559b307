import numpy as np
import torch
from torch import Tensor

from cnnviz_core.methods.sparsity import active_area, silent, silent_so_far, zero_share


def rectified_noise(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=shape)).clamp(min=0)


def test_zero_share_counts_exact_zeros_of_each_image() -> None:
    maps = rectified_noise(3, 4, 5, 6)
    maps[1, 0, 0, 0] = 1e-30
    for image, share in zip(maps.numpy(), zero_share(maps).tolist(), strict=True):
        assert share == sum(value == 0 for value in image.ravel()) / image.size


def slow_active_area(image: np.ndarray) -> float:
    areas = []
    for channel in image:
        if channel.max() > 0:
            areas.append(sum(value > channel.max() / 2 for value in channel.ravel()) / channel.size)
    return float(np.mean(areas)) if areas else 0


def test_active_area_is_the_area_above_half_of_each_maps_maximum() -> None:
    maps = rectified_noise(4, 5, 3, 7)
    maps[0, 2] = 0
    maps[3] = 0
    np.testing.assert_allclose(active_area(maps).numpy(), [slow_active_area(image) for image in maps.numpy()])


def test_active_area_of_a_single_spot_is_one_position() -> None:
    maps = torch.zeros(1, 2, 4, 5)
    maps[0, 0, 1, 1] = 3
    assert active_area(maps).item() == 1 / 20


def test_silent_is_zero_at_every_position() -> None:
    maps = torch.zeros(2, 3, 2, 2)
    maps[0, 1, 1, 0] = 1e-20
    maps[1, 2] = -1
    assert silent(maps).tolist() == [[True, False, True], [True, True, False]]
    assert silent(maps[:, :, 1, 0]).tolist() == [[True, False, True], [True, True, False]]


def test_silent_so_far_counts_channels_silent_on_every_image_up_to_each() -> None:
    silences = torch.from_numpy(np.random.default_rng(1).random((20, 50)) < 0.9)
    counts = silent_so_far(silences).tolist()
    expected = [sum(all(silences[i, c] for i in range(k + 1)) for c in range(50)) for k in range(20)]
    assert counts == expected
    assert counts[0] > counts[-1] > 0


def test_a_channel_that_spoke_once_is_never_silent_again() -> None:
    silences = torch.tensor([[True, True], [False, True], [True, True]])
    assert silent_so_far(silences).tolist() == [2, 1, 1]
