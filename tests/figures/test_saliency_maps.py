"""Saliency maps of a network that reads one place of the image: its weights, there, and nothing elsewhere."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.saliency_maps import SaliencyMaps, slope_error
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.methods.saliency import class_gradients
from cnnviz_core.network import Model

SIDE = 16
READ = (slice(4, 8), slice(8, 12))


def reader(gain: float, std: float = 1.0) -> Model:
    """Class `bright` gains by the green of the place that is read, class `dark` loses half as much."""
    linear = nn.Linear(3 * SIDE * SIDE, 2)
    weight = torch.full((2, 3, SIDE, SIDE), 1e-4)
    weight[0, 1, *READ], weight[1, 1, *READ] = gain, -gain / 2
    with torch.no_grad():
        linear.weight.copy_(weight.flatten(1))
        linear.bias.zero_()
    net = nn.Sequential(nn.Flatten(), linear).eval().requires_grad_(False)
    return Model(
        name="reader", fingerprint="", net=net, size=(SIDE, SIDE), resize=SIDE, mean=(0.5,) * 3, std=(std,) * 3,
        classes=("bright", "dark"), layers={}, codes_layer="", weights="by hand",
    )  # fmt: skip


def pictures(on_object: bool | None) -> Dataset:
    """Noisy images, alternately bright and dark at the place that is read; masks of it, or of all the rest."""
    labels = np.arange(8) % 2
    pixels = np.random.default_rng(0).integers(100, 156, size=(8, 3, SIDE, SIDE), dtype=np.uint8)
    pixels[:, :, *READ] = np.where(labels, 20, 235)[:, None, None, None]
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[READ] = True
    return Dataset(
        name="pictures", fingerprint="", images=torch.from_numpy(pixels).unbind(), ids=tuple("abcdefgh"), labels=labels,
        class_names=("bright", "dark"), masks=None if on_object is None else [mask if on_object else ~mask] * 8,
    )  # fmt: skip


SETTINGS: dict[str, Any] = {"images": None, "count": 2, "search": 8, "images_measured": 8, "batch": 3}


def figure(**changed: Any) -> SaliencyMaps:
    return SaliencyMaps(**SETTINGS | changed)


def made(gain: float = 2.0, on_object: bool | None = True, **changed: Any) -> Result:
    return figure(**changed).compute(Lab(reader(gain), pictures(on_object), seed=0))


def claim(result: Result, name: str) -> Claim:
    return {each.name: each for each in figure().claims(result.stats)}[f"saliency_maps.{name}"]


@pytest.fixture(scope="module")
def result() -> Result:
    return made()


def test_maps_are_the_weights_of_the_predicted_class_over_the_deviation(result: Result) -> None:
    for values, shown in zip(result.arrays["maps"], result.stats["images"], strict=True):
        expected = np.full((SIDE, SIDE), 1e-4)
        expected[READ] = 2.0 if shown["class"] == "bright" else 1.0
        np.testing.assert_allclose(values, expected, rtol=1e-6)
        assert shown["area"] == 1 / 16
        assert shown["inside"] == pytest.approx(expected[READ].sum() / expected.sum())
    lab = Lab(reader(2.0, std=0.5), pictures(None), seed=0)
    assert figure().compute(lab).arrays["maps"].max() == pytest.approx(4.0)


def test_all_claims_hold_for_it(result: Result) -> None:
    assert [each.holds for each in figure().claims(result.stats)] == [True] * 4
    measured = result.stats["measured"]
    assert measured["images"] == 8
    assert measured["area"] == 1 / 16
    assert measured["inside"] > 0.95
    assert measured["inside_random"] == pytest.approx(1 / 16, abs=0.03)


def test_an_object_elsewhere_does_not_matter() -> None:
    result = made(on_object=False)
    assert claim(result, "on_object").holds is False
    assert claim(result, "learned").holds is False


def test_without_masks_it_is_undecided() -> None:
    result = made(on_object=None)
    for name in ("on_object", "learned"):
        assert claim(result, name).holds is None
        assert "masks or boxes" in claim(result, name).undecided
    assert "inside" not in result.stats["images"][0]
    assert "on the object" not in figure().alt(result.stats)
    figure().draw(result)


@pytest.mark.parametrize(("name", "key", "value"), [("slope", "slope_error", 0.01), ("magnitudes", "lowest", -1e-9)])
def test_a_wrong_number_makes_an_identity_false(result: Result, name: str, key: str, value: float) -> None:
    assert claim(Result({}, {**result.stats, key: value}), name).holds is False


def test_the_slope_is_that_of_the_score_and_a_wrong_gradient_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    image = torch.full((1, 3, SIDE, SIDE), 0.25)
    assert slope_error(reader(2.0), image, 0, np.random.default_rng(0)) < 1e-6

    def wrong(*args: Any) -> dict[str, Tensor]:
        return {rule: 1.01 * gradient for rule, gradient in class_gradients(*args).items()}

    monkeypatch.setattr("cnnviz_core.figures.saliency_maps.class_gradients", wrong)
    assert slope_error(reader(2.0), image, 0, np.random.default_rng(0)) == pytest.approx(0.01, rel=0.05)


def test_flat_images_whose_maxima_are_tied_have_a_slope(small_net: nn.Sequential) -> None:
    tied = replace(reader(1.0), net=small_net.eval().requires_grad_(False), size=(8, 8))
    assert slope_error(tied, torch.full((1, 3, 8, 8), 0.5), 0, np.random.default_rng(0)) < 1e-4


def test_a_network_that_reads_nothing_has_black_maps() -> None:
    class Nothing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1), requires_grad=False)

        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(1)[:, :2] * 0 + self.weight

    lab = Lab(replace(reader(1.0), net=Nothing().eval()), pictures(True), seed=0)
    result = figure().compute(lab)
    assert not result.arrays["maps"].any()
    assert claim(result, "slope").holds is True
    assert claim(result, "on_object").holds is False
    figure().draw(result)


def test_the_picture_has_images_over_their_maps(result: Result) -> None:
    panels = figure().draw(result).axes
    assert [axes.get_title() for axes in panels[2:]] == [
        f"white: {shown['brightest']:.2g}" for shown in result.stats["images"]
    ]
    bright = np.asarray(panels[2].images[0].get_array())
    assert (bright[READ] == 1).all()
    assert bright.sum() < 16.1


def test_the_alternative_text_has_the_numbers(result: Result) -> None:
    text = figure().alt(result.stats)
    assert "2 images, and below each" in text
    assert "on the object, 6% of the image" in text


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (
            {"images": [8]},
            r"figure.saliency_maps.images=8 is not in the data set pictures, which has the images 0 to 7",
        ),
        ({"count": 0}, r"figure.saliency_maps.count=0 must be at least 1"),
        ({"batch": 0}, r"figure.saliency_maps.batch=0 must be at least 1"),
        ({"images_measured": 0}, r"figure.saliency_maps.images_measured=0 must be at least 1"),
    ],
)
def test_wrong_settings_are_named(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(Lab(reader(1.0), pictures(None), seed=0))


def test_can_be_made_for_any_model_and_data() -> None:
    assert figure().obstacle(Lab(reader(1.0), pictures(None), seed=0)) is None
