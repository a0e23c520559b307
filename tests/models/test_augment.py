"""Images are changed within their bounds, and each differently."""

import numpy as np
import pytest
import torch

from cnnviz_core.models.augment import moved, relit


def test_moved_images_are_cuts_of_the_original_within_the_shift() -> None:
    rng = np.random.default_rng(0)
    images = np.zeros((60, 12, 12, 3), dtype=np.uint8)
    images[:, 6, 3] = rng.integers(1, 255, (60, 3))
    result = moved(images, 2, rng)
    assert result.shape == images.shape
    assert result.dtype == np.uint8
    rows, columns = zip(*(np.argwhere(image.any(-1))[0] for image in result), strict=True)
    assert set(rows) == {4, 5, 6, 7, 8}
    assert {3 - 2, 3 + 2, 8 - 2, 8 + 2} < set(columns)
    mirrored = np.array(columns) > 5
    assert 15 < mirrored.sum() < 45
    for image, before in zip(result, images, strict=True):
        assert np.array_equal(image[image.any(-1)][0], before[6, 3])
    assert np.array_equal(images[:, 6, 3].any(-1), np.ones(60, dtype=bool))


def test_what_comes_in_at_the_edge_is_the_image_mirrored() -> None:
    image = np.arange(1, 6, dtype=np.uint8)[None, :, None, None] * np.ones((20, 1, 5, 3), dtype=np.uint8)
    rows = {tuple(result[:, 0, 0].tolist()) for result in moved(image, 1, np.random.default_rng(0))}
    assert rows == {(1, 2, 3, 4, 5), (2, 1, 2, 3, 4), (2, 3, 4, 5, 4)}


def test_nothing_changes_where_nothing_may() -> None:
    images = torch.rand(3, 3, 4, 4)
    torch.testing.assert_close(relit(images, 0, 0, 0, np.random.default_rng(0)), images)
    pixels = np.random.default_rng(0).integers(0, 255, (8, 5, 5, 3), dtype=np.uint8)
    for image, result in zip(pixels, moved(pixels, 0, np.random.default_rng(1)), strict=True):
        assert np.array_equal(result, image) or np.array_equal(result, image[:, ::-1])


@pytest.mark.parametrize(("brightness", "contrast", "colour"), [(0.1, 0, 0), (0, 0.2, 0), (0, 0, 0.1)])
def test_light_changes_within_its_bounds(brightness: float, contrast: float, colour: float) -> None:
    grey, light = (torch.full((200, 3, 1, 1), value, dtype=torch.float64) for value in (0.5, 0.7))
    results = [relit(values, brightness, contrast, colour, np.random.default_rng(0)) for values in (grey, light)]
    shift = (results[0] - 0.5).abs().max().item()
    gain = ((results[1] - results[0]) / 0.2 - 1).abs().max().item()
    assert shift == pytest.approx(brightness + 0.5 * colour, rel=0.05)
    assert gain == pytest.approx(contrast + colour, rel=0.05, abs=1e-9)
    same = (results[1].amax(1) - results[1].amin(1)).max().item()
    assert (same > 0.1) == (colour > 0)


def test_light_stays_in_range() -> None:
    result = relit(torch.rand(50, 3, 4, 4), 0.5, 0.5, 0.5, np.random.default_rng(0))
    assert result.min() == 0
    assert result.max() == 1
