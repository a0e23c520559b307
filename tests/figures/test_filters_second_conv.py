from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figures import filters_second_conv
from cnnviz_core.figures.filters_second_conv import FiltersSecondConv

FIGURE = FiltersSecondConv(filters=48, inputs=64, draws=200)


def net_of(weights: np.ndarray, *, groups: int = 1) -> nn.Sequential:
    """A network whose second convolution has these weights."""
    filters, inputs, *size = weights.shape
    conv = nn.Conv2d(inputs * groups, filters, (size[0], size[1]), padding="same", groups=groups)
    with torch.no_grad():
        conv.weight.copy_(torch.from_numpy(weights))
    first = nn.Conv2d(3, inputs * groups, 3, padding=1)
    return nn.Sequential(first, nn.ReLU(), conv, nn.ReLU(), nn.Flatten(), nn.Linear(filters * 64, 6))


def planted() -> np.ndarray:
    """Weights (3, 4, 5, 5): the slice of filter f and channel c is all 10 f + c."""
    numbers = 10 * np.arange(3)[:, None] + np.arange(4)[None]
    return numbers[:, :, None, None] * np.ones((5, 5))


def smooth(filters: int) -> np.ndarray:
    heights = np.random.default_rng(0).normal(size=(filters, 4, 1, 1))
    return heights * np.hanning(7)[1:-1, None] * np.hanning(7)[None, 1:-1]


def test_each_row_is_a_filter_and_each_column_an_input(make_lab: MakeLab) -> None:
    result = FIGURE.compute(make_lab(net_of(planted())))
    grid = np.asarray(FIGURE.draw(result).axes[0].get_images()[0].get_array())
    step = 11  # five pixels, twice enlarged, and a line
    for f in range(3):
        for c in range(4):
            tile = grid[step * f : step * f + 10, step * c : step * c + 10]
            np.testing.assert_allclose(tile, (10 * f + c) / 23, atol=1e-6)
    assert not grid[10].any(), "black lines between the rows"
    assert result.stats["misplaced"] == 0


def test_a_grid_out_of_order_is_noticed(make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    right = filters_second_conv._grid
    monkeypatch.setattr(filters_second_conv, "_grid", lambda slices: right(slices[::-1]))
    stats = FIGURE.compute(make_lab(net_of(planted()))).stats
    assert stats["misplaced"] == 8, "the middle one of three rows stays where it is"
    assert FIGURE.claims(stats)[0].holds is False


def test_the_first_filters_and_inputs_are_drawn_and_all_measured(make_lab: MakeLab) -> None:
    lab = make_lab(net_of(planted()))
    some = replace(FIGURE, filters=2, inputs=3).compute(lab)
    np.testing.assert_array_equal(some.arrays["slices"], planted()[:2, :3].astype(np.float32))
    assert (some.stats["filters"], some.stats["filters_shown"], some.stats["inputs_shown"]) == (3, 2, 3)
    assert some.stats["high_frequency_here"] == FIGURE.compute(lab).stats["high_frequency_here"]
    picture = FIGURE.draw(some)
    assert picture.axes[0].get_title() == "conv2: 2 of 3 filters"
    assert picture.axes[0].get_xlabel() == "columns: 3 of 4 input channels"


def test_no_more_than_two_rows_for_each_column_are_drawn(make_lab: MakeLab) -> None:
    result = FIGURE.compute(make_lab(net_of(smooth(20))))
    assert result.arrays["slices"].shape[:2] == (8, 4)


def test_smooth_filters_are_smoother_than_random_ones(make_lab: MakeLab) -> None:
    indexing, smoother = FIGURE.claims(FIGURE.compute(make_lab(net_of(smooth(20)))).stats)
    assert (indexing.kind, indexing.holds, smoother.holds) == ("identity", True, True)


def test_checkered_filters_are_not_and_random_ones_are_undecided(make_lab: MakeLab) -> None:
    checkers = smooth(20) * ((-1) ** np.indices((5, 5)).sum(axis=0))
    noise = np.random.default_rng(3).normal(size=(20, 4, 5, 5))
    verdicts = [FIGURE.claims(FIGURE.compute(make_lab(net_of(w))).stats)[1] for w in (checkers, noise)]
    assert [claim.holds for claim in verdicts] == [False, None]
    assert verdicts[1].undecided == "the interval of the difference includes zero"


def test_alternative_text_tells_rows_and_columns(make_lab: MakeLab) -> None:
    text = FIGURE.alt(FIGURE.compute(make_lab(net_of(planted()))).stats)
    assert "A grid of 3 rows and 4 columns: each row is a filter of conv2" in text


def test_what_stands_in_the_way(make_lab: MakeLab) -> None:
    points = net_of(np.ones((3, 4, 1, 1)))
    none = "tiny has no second convolution with kernels larger than one pixel"
    assert FIGURE.obstacle(make_lab(points)) == none
    depthwise = "the second convolution of tiny is depthwise: each of its filters reads one channel only"
    assert FIGURE.obstacle(make_lab(net_of(np.ones((4, 1, 3, 3)), groups=4))) == depthwise
    assert FIGURE.obstacle(make_lab(net_of(planted()))) is None


@pytest.mark.parametrize("setting", ["filters", "inputs", "draws"])
def test_wrong_settings_are_refused(make_lab: MakeLab, setting: str) -> None:
    with pytest.raises(InputError, match=rf"figure\.filters_second_conv\.{setting}=0 must be at least 1"):
        replace(FIGURE, **{setting: 0}).obstacle(make_lab(net_of(planted())))
