from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab, pointwise
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figures.dead_filters import DeadFilters

FIGURE = DeadFilters(images=5, batch=2)


def brightening() -> list[Tensor]:
    """Five images of one gray level each, from black to white."""
    return [torch.full((3, 8, 8), level, dtype=torch.uint8) for level in (0, 60, 120, 180, 255)]


def planted_net() -> nn.Sequential:
    """Of its first four channels one always responds, one is dead, one responds to white only, one to black only."""
    conv = pointwise([[level / 3] * 3 for level in (0, 0, 1, -1)], [1, -1, -0.9, 0.1])
    last = pointwise([[1] * 4] * 2, [0, -100])
    return nn.Sequential(conv, nn.ReLU(), last, nn.ReLU(), nn.Flatten(), nn.Linear(2 * 64, 6))


def test_counts_the_planted_dead_channels(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(make_lab(planted_net(), brightening())).stats
    first, second = stats["layers"]
    assert (first["name"], first["channels"], first["dead"]) == ("relu1", 4, 1)
    assert (second["name"], second["channels"], second["dead"]) == ("relu2", 2, 1)
    assert (stats["dead"], stats["channels"], stats["images"]) == (2, 6, 5)
    assert stats["worst"] == "relu2"
    assert stats["silent_on_all"] == pytest.approx(2 / 6)


def test_a_channel_silent_on_some_images_counts_on_single_images_alone(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(make_lab(planted_net(), brightening())).stats
    silent = 2 * 5 + 4 + 4  # two dead channels on five images; one hears white alone, one black alone
    assert stats["silent_on_one"] == pytest.approx(silent / (6 * 5))


def test_curves_count_what_is_silent_so_far(make_lab: MakeLab) -> None:
    lab = make_lab(planted_net(), brightening())
    curves = FIGURE.compute(lab).arrays["network"]
    order = lab.rng("dead_filters").permutation(5)
    black, white = list(order).index(0), list(order).index(4)
    expected = [1 + (k < black) + (k < white) for k in range(5)]
    np.testing.assert_array_equal(curves[0], expected)
    np.testing.assert_array_equal(curves[1], [1] * 5)


def test_batches_and_other_images_do_not_change_the_count(make_lab: MakeLab) -> None:
    lab = make_lab(planted_net(), brightening())
    assert replace(FIGURE, batch=5).compute(lab).stats["layers"] == FIGURE.compute(lab).stats["layers"]
    assert replace(FIGURE, images=100).compute(lab).stats["images"] == 5


@pytest.mark.parametrize(("one", "every", "holds"), [(0.4, 0.1, True), (0.4, 0.3, False), (0, 0, None)])
def test_few_images_mislead_where_most_silent_channels_speak_later(
    one: float, every: float, holds: bool | None
) -> None:
    _, claim = FIGURE.claims(known_stats(silent_on_one=one, silent_on_all=every))
    assert claim.holds is holds
    assert claim.undecided == ("every channel responds to every image" if holds is None else "")


def test_a_rising_curve_would_be_a_bug() -> None:
    assert FIGURE.claims(known_stats(monotone=True))[0].holds is True
    falls = FIGURE.claims(known_stats(monotone=False))[0]
    assert (falls.kind, falls.holds) == ("identity", False)


def known_stats(**changed: Any) -> dict[str, Any]:
    return {"monotone": True, "silent_on_one": 0.4, "silent_on_all": 0.1, **changed}


def test_draws_a_point_for_each_layer_and_a_curve_for_each_layer_and_the_whole(make_lab: MakeLab) -> None:
    picture = FIGURE.draw(FIGURE.compute(make_lab(planted_net(), brightening())))
    points, curves = picture.axes
    random, network = points.get_lines()
    np.testing.assert_allclose(np.asarray(network.get_ydata(), dtype=float), [25, 50])
    assert [label.get_text() for label in points.get_xticklabels()] == ["relu1", "relu2"]
    assert np.asarray(random.get_xdata()).tolist() == [0, 1]
    assert len(curves.get_lines()) == 2 * (2 + 1)
    assert [text.get_text() for text in picture.legends[0].get_texts()] == ["random weights", "this network"]


def test_alternative_text_tells_the_counts(make_lab: MakeLab) -> None:
    text = FIGURE.alt(FIGURE.compute(make_lab(planted_net(), brightening())).stats)
    assert "2 of 6 channels in all" in text
    assert "from 60.0% on a single image to 33.3% on all images" in text


def test_only_rectified_channels_can_die(make_lab: MakeLab) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(4 * 36, 6))
    assert FIGURE.obstacle(make_lab(net)) == "no layer of tiny ends in a ReLU, whose channels alone can die"


def test_one_image_says_nothing(make_lab: MakeLab) -> None:
    lab = make_lab(planted_net(), brightening()[:1])
    assert FIGURE.obstacle(lab) == "the data set noise has one image only: zero on one image says nothing"
    assert FIGURE.obstacle(make_lab(planted_net(), brightening())) is None


@pytest.mark.parametrize(("setting", "value", "least"), [("images", 1, 2), ("batch", 0, 1)])
def test_wrong_settings_are_refused(make_lab: MakeLab, setting: str, value: int, least: int) -> None:
    with pytest.raises(InputError, match=rf"figure\.dead_filters\.{setting}={value} must be at least {least}"):
        replace(FIGURE, **{setting: value}).obstacle(make_lab(planted_net(), brightening()))
