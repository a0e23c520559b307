"""The map of codes, for images whose colors are their codes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from known_world import FAMILIES, NAMES, known_lab, known_world
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.tsne_scatter import PANEL, SIDE, TsneScatter
from cnnviz_core.lab import Lab
from cnnviz_core.methods.montage import corners

SETTINGS: dict[str, Any] = {
    "images": 100, "components": 10, "perplexity": None, "iterations": 260, "neighbours": 4,
}  # fmt: skip


def figure(**changed: Any) -> TsneScatter:
    return TsneScatter(**SETTINGS | changed)


def claim(stats: Any, name: str) -> Claim:
    return {each.name: each for each in figure().claims(stats)}[f"tsne_scatter.{name}"]


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """Codes spell the class, shapes and colors do so too, and two classes are a family."""
    return known_lab(make_lab, known_world(per_class=10))


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_images_of_a_class_gather_and_the_numbers_say_so(result: Result) -> None:
    stats = result.stats
    assert stats["layer"] == "relu1"
    assert (stats["images"], stats["width"], stats["rectified"]) == (40, 4, True)
    assert stats["perplexity"] == pytest.approx(13)  # a third of the other 39
    assert (stats["grouped_by"], stats["groups"]) == ("family", ["angular", "round"])
    assert stats["purity"]["chance"] == pytest.approx(19 / 39)
    assert stats["purity"]["codes"] == 1
    assert result.arrays["place"].shape == (40, 2)
    assert result.arrays["groups"].tolist() == [0, 0, 1, 1] * 10


def test_identities_hold_and_each_can_be_false(result: Result) -> None:
    assert [claim(result.stats, name).holds for name in ("rectified", "perplexity", "descent")] == [True] * 3
    for name, wrong in (
        ("rectified", {"lowest": -0.1}),
        ("perplexity", {"perplexity_error": 0.01}),
        ("descent", {"divergence": 9.0}),
    ):
        assert claim({**result.stats, **wrong}, name).holds is False


@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.3], True), ([-0.1, 0.3], None), ([-0.3, -0.1], False)])
@pytest.mark.parametrize("name", ["purity", "trust"])
def test_tendencies_are_judged_by_their_intervals(result: Result, name: str, interval: Any, holds: bool | None) -> None:
    changed = {**result.stats[name], "interval": interval}
    assert claim({**result.stats, name: changed}, name).holds is holds


def test_codes_beat_pixels_where_pixels_are_noise(make_lab: MakeLab) -> None:
    data = known_world(per_class=10)
    noise = [torch.randint(0, 256, (3, 24, 24), generator=torch.Generator().manual_seed(i), dtype=torch.uint8)
             for i in range(40)]  # fmt: skip
    for image, label in zip(noise, data.labels, strict=True):
        image[:, 0, :4] = 0
        image[0, 0, label] = 255
    stats = figure().compute(known_lab(make_lab, replace(data, images=noise))).stats
    assert claim(stats, "purity").holds is True
    assert claim(stats, "trust").holds is True
    assert stats["purity"]["pixels"] == pytest.approx(stats["purity"]["chance"], abs=0.15)


def test_without_families_there_are_classes_and_without_pairs_no_purity(lab: Lab) -> None:
    stats = figure().compute(replace(lab, dataset=replace(lab.dataset, families=None))).stats
    assert (stats["grouped_by"], tuple(stats["groups"])) == ("class", NAMES)
    alone = replace(lab.dataset, families=None, labels=np.arange(40), outputs=None,
                    class_names=tuple(f"class {k}" for k in range(40)))  # fmt: skip
    result = figure().compute(replace(lab, dataset=alone))
    assert claim(result.stats, "purity").undecided == "no two images are of one class"
    assert len(figure().draw(result).axes) == 1
    assert "by chance" not in figure().alt(result.stats)


def test_a_net_without_relu_before_its_classifier_leaves_the_sign_undecided(make_lab: MakeLab) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 24 * 24, 5), nn.Tanh(), nn.Linear(5, 4))
    blank = [torch.zeros(3, 24, 24, dtype=torch.uint8)]
    stats = figure().compute(replace(make_lab(net, blank, size=24), dataset=known_world())).stats
    assert claim(stats, "rectified").undecided == "tanh1 does not end in a ReLU"


def test_a_net_that_is_dead_has_a_map_too(make_lab: MakeLab) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 24 * 24, 5), nn.ReLU(), nn.Linear(5, 4))
    torch.nn.init.zeros_(net[1].weight)  # type: ignore[arg-type]
    torch.nn.init.constant_(net[1].bias, -1)  # type: ignore[arg-type]
    blank = [torch.zeros(3, 24, 24, dtype=torch.uint8)]
    result = figure().compute(replace(make_lab(net, blank, size=24), dataset=known_world()))
    assert result.stats["tied"] == 24
    assert not [each for each in figure().claims(result.stats) if each.kind == "identity" and each.holds is False]
    figure().draw(result)


def test_the_picture_has_the_images_and_a_legend_of_families(result: Result) -> None:
    images, dots = figure().draw(result).axes
    assert "40 images by their codes (relu1), perplexity 13, seed 0, KL" in images.get_title()
    legend = dots.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == list(dict.fromkeys(FAMILIES))
    assert "are of the same family, against 49% by chance" in figure().alt(result.stats)


def test_what_can_be_explored_is_what_was_computed(lab: Lab, result: Result) -> None:
    explored = figure().explorer(result)
    assert explored.names == [f"no. {i}" for i in range(40)]
    assert explored.labels == [*NAMES] * 10
    assert explored.predicted == [f"output {k}" for k in lab.logits(range(40)).argmax(axis=1)]
    np.testing.assert_array_equal(explored.place, result.arrays["place"])
    codes = np.asarray(lab.sweep().codes["relu1"], dtype=np.float64)
    for i, near in enumerate(explored.near):
        distances = np.linalg.norm(codes - codes[i], axis=1)
        others = np.sort(np.delete(distances, i))
        np.testing.assert_allclose(distances[near], others[:4], atol=1e-6)
        assert i not in near
    assert explored.near_by == "codes (relu1)"
    assert (list(explored.group_names), len(explored.colours)) == (["angular", "round"], 2)
    assert explored.tiles.shape == (40, 24, 24, 3)
    np.testing.assert_array_equal(explored.tiles[3].transpose(2, 0, 1), lab.dataset.images[3])


def test_images_that_would_hide_each_other_are_not_all_on_the_panel(result: Result) -> None:
    at = corners(result.arrays["place"], PANEL, SIDE)[result.arrays["on_panel"]]
    far = np.abs(at[:, None] - at).max(axis=2)[~np.eye(len(at), dtype=bool)]
    assert far.min() >= 0.75 * SIDE
    assert result.stats["on_panel"] == len(at) < 40
    assert figure().alt(result.stats).startswith(f"{len(at)} of 40 images")


def test_few_images_have_no_map(make_lab: MakeLab) -> None:
    few = known_lab(make_lab, known_world(per_class=2))
    assert figure().obstacle(few) == "a map needs at least 10 images, and shapes has 8"
    assert figure().obstacle(known_lab(make_lab, known_world())) is None


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"images": 9}, r"figure.tsne_scatter.images=9 must be at least 10"),
        ({"iterations": 200}, r"figure.tsne_scatter.iterations=200 must be at least 250"),
        ({"neighbours": 0}, r"figure.tsne_scatter.neighbours=0 must be at least 1"),
        (
            {"perplexity": 14},
            r"figure.tsne_scatter.perplexity=14 must be above 1 and at most 13, a third of the other 39",
        ),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)
