"""Changes of images: their sizes, and what each does to a picture of which it is known."""

import numpy as np
import pytest
import torch
from scipy.ndimage import rotate

from cnnviz_core.methods.attacks import threats
from cnnviz_core.methods.blur import blurred

PIXELS = torch.from_numpy(np.random.default_rng(0).uniform(0.3, 0.7, (2, 3, 11, 11))).double()


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_noise_has_its_size() -> None:
    change = threats.sign_noise(PIXELS, 0.1, rng()) - PIXELS
    torch.testing.assert_close(change.abs(), torch.full_like(change, 0.1))
    assert 0.4 < (change > 0).double().mean() < 0.6
    uniform = (threats.uniform_noise(PIXELS, 0.1, rng()) - PIXELS).abs()
    assert uniform.max() <= 0.1
    assert 0.045 < uniform.mean() < 0.055
    lengths = (threats.gaussian_noise(PIXELS, 0.5, rng()) - PIXELS).flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, torch.full_like(lengths, 0.5))
    for noise in (threats.sign_noise, threats.uniform_noise, threats.gaussian_noise):
        assert noise(PIXELS, 40.0, rng()).min() >= 0
        assert noise(PIXELS, 40.0, rng()).max() <= 1


def test_a_shift_moves_the_picture_and_repeats_its_edge() -> None:
    image = threats.shifted(PIXELS, 2, -3)
    assert torch.equal(image[:, :, 2:, :-3], PIXELS[:, :, :-2, 3:])
    assert torch.equal(image[:, :, 0, :-3], PIXELS[:, :, 0, 3:])
    assert torch.equal(image[:, :, 2:, -1], PIXELS[:, :, :-2, -1])


@pytest.mark.parametrize("degrees", [0, 90, -90, 180])
def test_right_angles_turn_the_picture_counterclockwise(degrees: int) -> None:
    torch.testing.assert_close(threats.turned(PIXELS, degrees), torch.rot90(PIXELS, degrees // 90, (2, 3)))


def test_other_angles_turn_as_scipy_does() -> None:
    expected = rotate(PIXELS[0].numpy(), 20, axes=(1, 2), reshape=False, order=1, mode="nearest")
    np.testing.assert_allclose(threats.turned(PIXELS, 20)[0].numpy(), expected, atol=1e-6)


def test_a_square_covers_its_place_alone() -> None:
    image = threats.covered(PIXELS, 1, 2, 4, torch.tensor([0.1, 0.2, 0.3]))
    inside = torch.zeros(11, 11, dtype=torch.bool)
    inside[1:5, 2:6] = True
    assert torch.equal(image[:, :, ~inside], PIXELS[:, :, ~inside])
    torch.testing.assert_close(image[0, :, 3, 3], torch.tensor([0.1, 0.2, 0.3]).double())


def test_light_and_contrast() -> None:
    torch.testing.assert_close(threats.relit(PIXELS, 0.05, 0), PIXELS + 0.05)
    mean = PIXELS.mean(dim=(1, 2, 3), keepdim=True)
    torch.testing.assert_close(threats.relit(PIXELS, 0, 0.2) - mean, 1.2 * (PIXELS - mean))


def test_squares_lie_on_a_grid_from_edge_to_edge() -> None:
    images = list(threats.squares(PIXELS, 3, torch.zeros(3), 3))
    corners = [tuple((image[0] == 0).all(dim=0).nonzero()[0].tolist()) for image in images]
    assert corners == [(row, column) for row in (0, 4, 8) for column in (0, 4, 8)]


def test_grids_of_changes_leave_out_the_image_itself() -> None:
    moved = list(threats.shifts(PIXELS, 2, 3))
    expected = [threats.shifted(PIXELS, y, x) for y in (-2, 0, 2) for x in (-2, 0, 2) if (y, x) != (0, 0)]
    assert all(torch.equal(*pair) for pair in zip(moved, expected, strict=True))
    assert len(list(threats.lights(PIXELS, 0.1, 3))) == 8
    turned = [threats.turned(PIXELS, degrees) for degrees in (-10, 10)]
    assert all(torch.equal(*pair) for pair in zip(threats.turns(PIXELS, 10, 3), turned, strict=True))
    assert not any(torch.equal(image, PIXELS) for image in [*moved, *threats.lights(PIXELS, 0.1, 2)])


def test_blurs_rise_to_the_largest() -> None:
    found = list(threats.blurs(PIXELS, 1.5, 3))
    assert all(
        torch.equal(image, blurred(PIXELS, s).clamp(0, 1)) for image, s in zip(found, (0.5, 1, 1.5), strict=True)
    )
