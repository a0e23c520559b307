from dataclasses import replace

import numpy as np
import pytest
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figures.activations_first_conv import ActivationsFirstConv

FIGURE = ActivationsFirstConv(image=2, search=4, maps=36)


def planted_net() -> nn.Sequential:
    """Four maps: red, the negative of red, red brighter than a half, and nothing."""
    conv = pointwise([[1, 0, 0], [-1, 0, 0], [1, 0, 0], [0, 0, 0]], [0, 0, -0.5, -1])
    return nn.Sequential(conv, nn.ReLU(), nn.Flatten(), nn.Linear(4 * 64, 6))


def test_shows_the_rectified_maps_of_the_chosen_image(make_lab: MakeLab) -> None:
    lab = make_lab(planted_net())
    result = FIGURE.compute(lab)
    red = lab.dataset.images[2][0].numpy() / 255
    np.testing.assert_array_equal(result.arrays["image"], lab.dataset.images[2])
    expected = [red, 0 * red, np.maximum(red - 0.5, 0), 0 * red]
    np.testing.assert_allclose(result.arrays["maps"], expected, atol=1e-6)


def test_measures_all_maps_whatever_is_drawn(make_lab: MakeLab) -> None:
    lab = make_lab(planted_net())
    result = replace(FIGURE, maps=1).compute(lab)
    stats = result.stats
    red = lab.dataset.images[2][0].numpy() / 255
    zeros = (red == 0).mean() + 1 + (red <= 0.5).mean() + 1
    assert stats["zeros"] == pytest.approx(zeros / 4)
    assert len(result.arrays["maps"]) == 1
    assert (stats["shown"], stats["channels"], stats["silent"]) == (1, 4, 2)
    assert (stats["layer"], stats["class"], stats["lowest"]) == ("relu1", "class 2", 0)


def test_without_a_chosen_image_takes_the_surest(make_lab: MakeLab, small_net: nn.Module) -> None:
    lab = make_lab(small_net)
    stats = replace(FIGURE, image=None, search=6).compute(lab).stats
    assert stats["image"] == lab.dataset.ids[lab.examples(1, 6)[0]]


def test_claims_hold_and_fail_with_the_numbers(make_lab: MakeLab) -> None:
    stats = {**FIGURE.compute(make_lab(planted_net())).stats, "zeros": 0.6}
    nonnegative, sparse = FIGURE.claims(stats)
    assert (nonnegative.kind, nonnegative.holds, sparse.holds) == ("identity", True, True)
    nonnegative, sparse = FIGURE.claims({**stats, "lowest": -1e-9, "zeros": 0.4})
    assert (nonnegative.holds, sparse.holds) == (False, False)
    assert sparse.measured == {"share_of_zeros": 0.4}


def test_without_a_relu_the_scale_is_signed_and_nothing_is_claimed(make_lab: MakeLab) -> None:
    net = planted_net()
    net[1] = nn.GELU()
    result = FIGURE.compute(make_lab(net))
    assert result.stats["layer"] == "gelu1"
    (sparse,) = FIGURE.claims(result.stats)
    assert sparse.holds is None
    assert sparse.undecided == "the maps of gelu1 do not come from a ReLU"
    assert "blue below it" in FIGURE.alt(result.stats)
    picture = FIGURE.draw(result)
    bar = picture.axes[1].child_axes[0]
    low, high = bar.get_ylim()
    assert low == pytest.approx(-high)


def test_draws_the_image_and_one_tile_for_each_map(make_lab: MakeLab) -> None:
    picture = FIGURE.draw(FIGURE.compute(make_lab(planted_net())))
    image, grid = (np.asarray(axes.get_images()[0].get_array()) for axes in picture.axes[:2])
    assert image.shape == (8, 8, 3)
    assert grid.shape == (2 * 8 + 1, 2 * 8 + 1, 3)
    assert (grid[8] == 1).all(), "white lines between the maps"
    assert not grid[9:, 9:].any(), "a map of zeros is black"
    assert picture.axes[1].get_title() == "relu1: all 4 maps"


def test_a_network_that_begins_otherwise_has_no_maps(make_lab: MakeLab) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(192, 5), nn.ReLU(), nn.Linear(5, 6))
    expected = "the first layer of tiny is no convolution, so that its outputs are no maps"
    assert FIGURE.obstacle(make_lab(net)) == expected
    assert FIGURE.obstacle(make_lab(planted_net())) is None


@pytest.mark.parametrize("image", [6, -1, "cat"])
def test_an_image_that_is_not_there_is_refused(make_lab: MakeLab, image: int) -> None:
    with pytest.raises(InputError, match=rf"figure\.activations_first_conv\.image={image} .* the images 0 to 5"):
        replace(FIGURE, image=image).obstacle(make_lab(planted_net()))


def test_at_least_one_map_must_be_drawn(make_lab: MakeLab) -> None:
    with pytest.raises(InputError, match=r"figure\.activations_first_conv\.maps=0 must be at least 1"):
        replace(FIGURE, maps=0).obstacle(make_lab(planted_net()))
