"""A network whose last maps are fewer and smaller the longer it is trained, by known amounts."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab, pointwise, trained
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figures.activation_sparsity_training import ActivationSparsityTraining
from cnnviz_core.lab import Lab

FIGURE = ActivationSparsityTraining(image=1, search=4, snapshots=9, shown=3, maps=2, images_measured=6, batch=4)
TIMES = [0, 0.5, 1, 2, 4]


def red_maps() -> nn.Sequential:
    """Its first map is the red of the image, never zero; its last four maps are what of that exceeds a threshold."""
    first, last = pointwise([[1, 1e-3, 1e-3]], [0]), pointwise([[1]] * 4, [0] * 4)
    return nn.Sequential(first, nn.ReLU(), last, nn.ReLU(), nn.Flatten(), nn.Linear(4 * 64, 6))


def rising(make_lab: MakeLab, sign: float = 1, **curves: Any) -> Lab:
    """The thresholds rise with the epochs, for a sign of 1, or fall."""

    def biases(time: float) -> dict[str, Tensor]:
        return {"2.bias": torch.full((4,), -0.5 - sign * time / 10)}

    return trained(make_lab(red_maps()), TIMES, biases, **curves)


def expected(lab: Lab, time: float) -> np.ndarray:
    """The last maps (images, 8, 8) after training for so long, from the pixels."""
    red, green, blue = np.stack([image.numpy() for image in lab.dataset.images]).transpose(1, 0, 2, 3) / 255
    return np.asarray(np.maximum(red + 1e-3 * (green + blue) - 0.5 - time / 10, 0))


def test_measures_both_numbers_of_every_layer_at_every_moment(make_lab: MakeLab) -> None:
    lab = rising(make_lab)
    result = FIGURE.compute(lab)
    assert result.arrays["times"].tolist() == TIMES
    assert [layer["name"] for layer in result.stats["layers"]] == ["relu1", "relu2"]
    for k, time in enumerate(TIMES):
        maps = expected(lab, time)
        areas = [(image > image.max() / 2).mean() for image in maps]
        assert result.arrays["numbers"][k, 1] == pytest.approx([(maps == 0).mean(), np.mean(areas)])
        assert result.arrays["numbers"][k, 0, 0] == 0
    last = result.stats["layers"][1]
    assert last["zeros_start"] == pytest.approx((expected(lab, 0) == 0).mean())
    assert last["zeros_end"] == pytest.approx((expected(lab, 4) == 0).mean())


def test_a_network_whose_thresholds_rise_becomes_sparser_and_more_local(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(rising(make_lab)).stats
    sparser, local = FIGURE.claims(stats)
    assert (sparser.holds, local.holds) == (True, True)
    assert (stats["zeros_trend"], stats["area_trend"]) == (pytest.approx(1, abs=0.05), pytest.approx(-1, abs=0.2))


def test_one_whose_thresholds_fall_becomes_denser_and_more_spread(make_lab: MakeLab) -> None:
    assert [claim.holds for claim in FIGURE.claims(FIGURE.compute(rising(make_lab, -1)).stats)] == [False, False]


def test_one_that_learns_nothing_is_undecided(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(trained(make_lab(red_maps()), TIMES, lambda time: {})).stats
    for claim in FIGURE.claims(stats):
        assert claim.holds is None
        assert claim.undecided == "the number is the same at all times for every image"


def test_shows_the_same_maps_of_the_first_and_last_layer_on_the_way(make_lab: MakeLab) -> None:
    lab = rising(make_lab)
    result = FIGURE.compute(lab)
    assert result.stats["shown"] == [0, 1, 4]
    assert result.arrays["last_maps"].shape == (3, 2, 8, 8)
    for maps, time in zip(result.arrays["last_maps"], (0, 1, 4), strict=True):
        np.testing.assert_allclose(maps[1], expected(lab, time)[1], atol=1e-6)
    assert (result.stats["maps"], result.stats["channels"]) == ([1, 2], [1, 4])


def test_draws_a_line_for_each_layer_and_a_grid_for_each_moment(make_lab: MakeLab) -> None:
    lab = rising(make_lab, loss=[2.0, 1, 0.5, 0.2], validation_accuracy=[0.2, 0.4, 0.6, 0.9])
    result = FIGURE.compute(lab)
    zeros, area, progress, *rest = FIGURE.draw(result).axes
    for axes, number in ((zeros, 0), (area, 1)):
        for k, line in enumerate(axes.get_lines()):
            np.testing.assert_allclose(
                np.asarray(line.get_ydata(), dtype=float), 100 * result.arrays["numbers"][:, k, number]
            )
    assert [label.get_text() for label in zeros.get_xticklabels()] == ["0", "0.5", "1", "2", "4"]
    (accuracy,) = progress.get_lines()
    np.testing.assert_allclose(np.asarray(accuracy.get_xydata()), [[1, 20], [2, 40], [3, 60], [4, 90]])
    losses = [axes for axes in rest if axes.get_ylabel() == "loss"]
    assert np.asarray(losses[0].get_lines()[0].get_ydata()).tolist() == [2, 1, 0.5, 0.2]
    titles = [axes.get_title() for axes in rest if str(axes.get_label()).startswith("first")]
    assert titles == ["untrained", "1 epoch", "4 epochs"]
    grids = [axes for axes in rest if str(axes.get_label()).startswith("last")]
    assert all(np.asarray(axes.get_images()[0].get_array()).max() == 1 for axes in grids), "a scale for each grid"


@pytest.mark.parametrize(
    ("curves", "panels"),
    [({}, 0), ({"loss": [1.0, 0.5]}, 1), ({"train_accuracy": [0.1, 0.9], "validation_accuracy": [0.1]}, 1)],
)
def test_curves_that_are_not_known_are_left_out(make_lab: MakeLab, curves: dict[str, Any], panels: int) -> None:
    lab = rising(make_lab, **curves)
    result = FIGURE.compute(lab)
    assert result.stats["curves"] == {name: values[-1] for name, values in curves.items()}
    grids = 1 + 3 + 3
    assert len(FIGURE.draw(result).axes) == 2 + panels + grids


def test_alternative_text_tells_both_ends(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(rising(make_lab)).stats
    last = stats["layers"][1]
    text = FIGURE.alt(stats)
    assert f"in relu2 the share of zeros goes from {last['zeros_start']:.0%} to {last['zeros_end']:.0%}" in text
    assert "after 0, 1, 4 epochs" in text


@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.1], None)])
def test_each_claim_follows_its_interval(make_lab: MakeLab, interval: list[float], holds: bool | None) -> None:
    stats: dict[str, Any] = {**FIGURE.compute(rising(make_lab)).stats}
    sparser, local = FIGURE.claims({**stats, "zeros_interval": interval, "area_interval": [-interval[1], -interval[0]]})
    assert (sparser.holds, local.holds) == (holds, holds)


def test_what_stands_in_the_way(make_lab: MakeLab) -> None:
    unknown = "how tiny was trained is not known: it has no weights from on the way, as refnet has"
    assert FIGURE.obstacle(make_lab(red_maps())) == unknown
    two = trained(make_lab(red_maps()), [0, 1], lambda time: {})
    assert FIGURE.obstacle(two) == "tiny has its weights from 2 moments of its training; 3 are needed"
    smooth = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(4 * 36, 6))
    without = trained(make_lab(smooth), TIMES, lambda time: {})
    assert FIGURE.obstacle(without) == "no layer of tiny is maps that end in a ReLU, which alone makes zeros"
    assert FIGURE.obstacle(rising(make_lab)) is None


@pytest.mark.parametrize(
    ("setting", "value"), [("snapshots", 2), ("shown", 1), ("maps", 0), ("images_measured", 0), ("image", 6)]
)
def test_wrong_settings_are_refused(make_lab: MakeLab, setting: str, value: int) -> None:
    with pytest.raises(InputError, match=rf"figure\.activation_sparsity_training\.{setting}={value} (must be|is not)"):
        replace(FIGURE, **{setting: value}).obstacle(rising(make_lab))
