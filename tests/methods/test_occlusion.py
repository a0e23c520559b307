"""The occlusion map, against a slow loop written from the paper and against Captum."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from captum.attr import Occlusion
from torch import Tensor, nn

from cnnviz_core.methods.occlusion import (
    at_pixels,
    centered_on,
    covered,
    occlude,
    occlusion_logits,
    occlusion_map,
    occlusion_sweep,
    square_and_stride,
    starts,
)

MEAN = (0.2, 0.5, 0.7)


@dataclass(frozen=True)
class Network:
    """A classifier with a mean colour, as the method wants it."""

    net: nn.Module
    mean: tuple[float, float, float] = MEAN

    def __call__(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.net(pixels - torch.tensor(self.mean, dtype=pixels.dtype).view(1, 3, 1, 1))
        return logits


def small_network(height: int, width: int) -> Network:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(5)).double()
    net(torch.zeros(1, 3, height, width, dtype=torch.float64))
    return Network(net.requires_grad_(False))


@pytest.fixture
def network() -> Network:
    return small_network(13, 16)


@pytest.fixture
def image() -> Tensor:
    return torch.from_numpy(np.random.default_rng(1).random((3, 13, 16)))


def slow_map(network: Network, image: Tensor, label: int, patch: int, stride: int) -> np.ndarray:
    """One image at a time, one pixel at a time."""
    height, width = image.shape[1:]
    tops = sorted({*range(0, height - patch + 1, stride), height - patch})
    lefts = sorted({*range(0, width - patch + 1, stride), width - patch})
    found = np.zeros((len(tops), len(lefts)))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            hidden = image.clone()
            for y in range(top, top + patch):
                for x in range(left, left + patch):
                    for channel in range(3):
                        hidden[channel, y, x] = MEAN[channel]
            scores = np.exp(network(hidden[None])[0].numpy())
            found[i, j] = scores[label] / scores.sum()
    return found


@pytest.mark.parametrize(("patch", "stride", "batch"), [(4, 3, 7), (5, 2, 32), (13, 1, 2), (1, 5, 1)])
def test_the_map_is_that_of_a_slow_loop(network: Network, image: Tensor, patch: int, stride: int, batch: int) -> None:
    found = occlusion_map(network, image, label=2, patch=patch, stride=stride, batch=batch)
    np.testing.assert_allclose(found, slow_map(network, image, 2, patch, stride), atol=1e-12)


def test_every_place_is_inside_and_the_last_one_touches_the_border() -> None:
    assert starts(13, 4, 3).tolist() == [0, 3, 6, 9]
    assert starts(13, 4, 4).tolist() == [0, 4, 8, 9]
    assert starts(13, 13, 4).tolist() == [0]
    assert starts(13, 4, 100).tolist() == [0, 9]


def test_the_square_is_where_its_corner_says_and_shows_the_fill() -> None:
    image, blurred = torch.zeros(3, 5, 6), torch.arange(90.0).reshape(3, 5, 6)
    (hidden,) = occlude(image, np.array([[1, 3]]), patch=2, fill=blurred)
    assert torch.equal(hidden[:, 1:3, 3:5], blurred[:, 1:3, 3:5])
    assert hidden.count_nonzero() == 3 * 2 * 2


def test_rows_are_vertical_places(image: Tensor) -> None:
    def lost_rows(pixels: Tensor) -> Tensor:
        return (pixels != image)[:, 0].any(dim=2).to(torch.float64)

    lost = occlusion_sweep(lost_rows, image, patch=4, stride=4, fill=torch.tensor([2.0, 2.0, 2.0]))
    assert lost.shape == (4, 4, 13)
    assert lost[3, 0].nonzero().flatten().tolist() == [9, 10, 11, 12]


def test_a_square_of_no_size_changes_nothing_and_one_of_full_size_leaves_only_grey(
    network: Network, image: Tensor
) -> None:
    clean = network(image[None]).softmax(1)[0, 1].item()
    grey = (
        network(torch.tensor(MEAN, dtype=torch.float64).view(1, 3, 1, 1).expand(1, 3, 13, 16)).softmax(1)[0, 1].item()
    )
    np.testing.assert_allclose(occlusion_map(network, image, label=1, patch=0, stride=5), clean, atol=1e-12)
    np.testing.assert_allclose(occlusion_map(network, image, label=1, patch=16, stride=5), [[grey]], atol=1e-12)


def test_agrees_with_captum_where_squares_do_not_overlap() -> None:
    image, network = torch.from_numpy(np.random.default_rng(3).random((3, 12, 16))), small_network(12, 16)

    def probability(pixels: Tensor) -> Tensor:
        return network(pixels).softmax(1)

    grey = torch.tensor(MEAN, dtype=torch.float64).view(1, 3, 1, 1).expand(1, 3, 12, 16)
    difference = Occlusion(probability).attribute(
        image[None], sliding_window_shapes=(3, 4, 4), strides=(3, 4, 4), baselines=grey, target=2
    )
    captum = probability(image[None])[0, 2] - difference[0, 0, ::4, ::4]
    np.testing.assert_allclose(occlusion_map(network, image, label=2, patch=4, stride=4), captum, atol=1e-5)


def test_the_most_probable_label_is_that_of_the_logits(network: Network, image: Tensor) -> None:
    logits = occlusion_logits(network, image, patch=4, stride=3)
    maps = [occlusion_map(network, image, label=label, patch=4, stride=3) for label in range(5)]
    np.testing.assert_array_equal(np.argmax(maps, axis=0), logits.argmax(dim=2))


@pytest.mark.parametrize(("patch", "stride"), [(-1, 1), (4, 0)])
def test_impossible_squares_are_refused(network: Network, image: Tensor, patch: int, stride: int) -> None:
    with pytest.raises(ValueError, match=f"a square of {patch} pixels cannot move by {stride} pixels"):
        occlusion_map(network, image, label=0, patch=patch, stride=stride)


@pytest.mark.parametrize(("length", "share", "places"), [(224, 0.21, 31), (32, 0.21, 31), (32, 1.0, 8), (7, 0.01, 3)])
def test_the_stride_is_the_smallest_with_no_more_places_than_asked(length: int, share: float, places: int) -> None:
    patch, stride = square_and_stride(length, share=share, places=places)
    assert patch == max(round(share * length), 1)
    assert len(starts(length, patch, stride)) <= places
    assert stride == 1 or len(starts(length, patch, stride - 1)) > places


def test_each_pixel_shows_the_square_centered_nearest_to_it() -> None:
    """Squares of 3 pixels at 0, 2 and 3 of 6 have their centers at 1, 3 and 4."""
    numbers = np.arange(9.0).reshape(3, 3)
    spread = at_pixels(numbers, (6, 6), patch=3, stride=2)
    assert spread[1, 1:].tolist()[:4] == [0, 0, 1, 2]
    assert spread[1:5, 1].tolist() == [0, 0, 3, 6]
    assert at_pixels(numbers, (7, 7), patch=1, stride=3)[0].tolist()[:3] == [0, 0, 1]
    assert np.isnan(at_pixels(np.ones((5, 5)), (7, 7), patch=3, stride=1)[0]).all()
    assert np.isnan(at_pixels(np.ones((1, 1)), (9, 9), patch=9, stride=2)[0]).all()


def test_a_place_is_on_the_object_when_its_middle_is() -> None:
    mask = np.zeros((6, 6), dtype=bool)
    mask[3:, 4:] = True
    assert centered_on(mask, patch=3, stride=2).tolist() == [[False] * 3, [False, False, True], [False, False, True]]


def test_what_the_square_covers_is_summed() -> None:
    energy = np.random.default_rng(7).random((7, 9))
    found = covered(energy, patch=3, stride=3)
    expected = [[energy[t : t + 3, left : left + 3].sum() for left in (0, 3, 6)] for t in (0, 3, 4)]
    np.testing.assert_allclose(found, expected)
