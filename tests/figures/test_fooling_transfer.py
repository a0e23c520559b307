"""Linear networks of which it is known whose images fool whom."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.fooling_transfer import FoolingTransfer
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.network import Model

SIDE, EACH = 8, 20
SETTINGS: dict[str, Any] = {
    "images": 40, "images_measured": 12, "epsilon": 20, "folds": 2, "side": 4, "decay": 0.001, "batch": 5,
}  # fmt: skip


def network(name: str, weights: torch.Tensor, siblings: tuple[Model, ...] = ()) -> Model:
    """Class `bright` where the weighted sum of what is above one half is positive."""
    linear = nn.Linear(3 * SIDE * SIDE, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.stack([weights, -weights]).flatten(1))
        linear.bias.copy_(torch.tensor([-0.5, 0.5]) * weights.sum())
    return Model(
        name=name, fingerprint="", net=nn.Sequential(nn.Flatten(), linear).eval().requires_grad_(False),
        size=(SIDE, SIDE), resize=SIDE, mean=(0.0,) * 3, std=(1.0,) * 3, classes=("bright", "dark"), layers={},
        codes_layer="", weights="by hand", siblings=siblings,
    )  # fmt: skip


def part(rows: slice) -> torch.Tensor:
    weights = torch.zeros(3, SIDE, SIDE)
    weights[:, rows] = 1.0
    return weights


def pictures(names: tuple[str, str] = ("bright", "dark"), count: int = 2 * EACH) -> Dataset:
    """Images that are 10 levels brighter or darker than gray."""
    labels = np.arange(count) % 2
    noise = np.random.default_rng(0).integers(-2, 3, (count, 3, SIDE, SIDE))
    pixels = (noise + np.where(labels, 118, 138)[:, None, None, None]).astype(np.uint8)
    return Dataset(
        name="pictures", fingerprint="", images=torch.from_numpy(pixels).unbind(),
        ids=tuple(map(str, range(count))), labels=labels, class_names=names,
    )  # fmt: skip


def lab(*siblings: Model, data: Dataset | None = None) -> Lab:
    """The lab of a network that reads the upper half."""
    return Lab(network("upper", part(slice(0, 4)), siblings), pictures() if data is None else data, seed=0)


def figure(**changed: Any) -> FoolingTransfer:
    return FoolingTransfer(**SETTINGS | changed)


def claims(result: Result, **changed: Any) -> dict[str, Claim]:
    return {claim.name.rpartition(".")[2]: claim for claim in figure().claims({**result.stats, **changed})}


def shares(result: Result) -> dict[tuple[str, str], float]:
    stats = result.stats
    return {
        (source, target): cell["share"]
        for source, row in zip(stats["sources"], stats["errors"], strict=True)
        for target, cell in zip(stats["targets"], row, strict=True)
    }


@pytest.fixture(scope="module")
def result() -> Result:
    """With one sibling that reads the same pixels, and one that reads the others."""
    return figure().compute(lab(network("same", part(slice(0, 3))), network("lower", part(slice(4, 8)))))


def test_images_carry_over_to_those_who_read_the_same_pixels_and_to_no_others(result: Result) -> None:
    found = shares(result)
    assert result.stats["kind"] == "right"
    assert result.stats["images"] == 12
    assert found["upper", "upper"] == found["same", "same"] == found["lower", "lower"] == 1
    assert found["upper", "same"] == 1
    assert found["same", "upper"] == 1  # three quarters of what it reads, twice as far as it is from the boundary
    assert found["upper", "lower"] == found["lower", "upper"] == found["same", "lower"] == 0
    assert found["linear", "upper"] == found["linear", "linear"] == 1
    assert found["random signs", "upper"] == found["random signs", "lower"] == 0


def test_the_signs_that_are_shown_are_those_of_the_pixels_that_are_read(result: Result) -> None:
    upper, same, lower = result.arrays["signs"][:3]
    assert (upper[:, :4] == upper[0, 0, 0]).all()
    assert not upper[:, 4:].any()
    assert not same[:, 3:].any()
    assert not lower[:, :4].any()
    assert len(result.arrays["signs"]) == len(result.stats["sources"]) == 7


def test_identities_hold_and_can_be_false(result: Result) -> None:
    assert claims(result)["clean"].holds is True
    assert claims(result)["size"].holds is True
    assert result.stats["farthest"] == pytest.approx(20, abs=1e-3)
    assert claims(result, clean_errors=1)["clean"].holds is False
    assert claims(result, farthest=20.5)["size"].holds is False


def test_all_tendencies_hold_for_two_alike() -> None:
    found = claims(figure().compute(lab(network("same", part(slice(0, 3))))))
    assert found["nets"].holds is True
    assert found["nets"].measured["error"] == 1
    assert found["from_linear"].holds is True
    assert found["learned"].holds is True
    assert found["own"].holds is True


@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.1], None)])
@pytest.mark.parametrize("name", ["nets", "to_linear", "from_linear", "learned", "own"])
def test_tendencies_may_hold_or_not(result: Result, name: str, interval: list[float], holds: bool | None) -> None:
    differences = {**result.stats["differences"], name: {"error": 0.5, "control": 0.4, "interval": interval}}
    assert claims(result, differences=differences)[name].holds is holds


def test_a_model_alone_has_the_linear_classifier_beside_it() -> None:
    found = figure().compute(lab())
    assert found.stats["targets"] == ["upper", "linear"]
    assert found.stats["sources"] == ["upper", "linear", "random weights", "random signs", "coarse random signs"]
    assert claims(found)["nets"].undecided == "the model has no siblings here"
    assert claims(found)["from_linear"].holds is True
    assert figure().draw(found)


def test_images_of_too_few_to_train_on_leave_the_siblings() -> None:
    few = pictures(count=2)
    alone = figure().obstacle(lab(data=few))
    assert alone == (
        "there is no other classifier: upper has no siblings, and pictures does not have two classes or families with "
        "at least 2 of the images, to train a linear one"
    )
    together = lab(network("same", part(slice(0, 3))), data=few)
    assert figure().obstacle(together) is None
    found = figure().compute(together)
    assert found.stats["targets"] == ["upper", "same"]
    assert claims(found)["to_linear"].undecided == "2 images are too few to tell"
    assert figure().draw(found)


def test_where_nothing_is_right_an_error_is_another_answer_than_before() -> None:
    found = figure().compute(lab(data=pictures(("a", "b"))))
    assert found.stats["kind"] == "predicted"
    assert found.stats["clean_errors"] == 0
    wrong = lab(data=replace(pictures(), labels=1 - pictures().labels))
    assert figure().compute(wrong).stats["kind"] == "predicted"


def test_the_picture_and_its_words(result: Result) -> None:
    axes = figure().draw(result).axes
    assert [each.get_title() for each in axes[:3]] == [result.stats["class"], "upper", "same"]
    assert "upper: upper 100%, same 100%, lower 0%, linear" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"images_measured": 0}, "figure.fooling_transfer.images_measured=0 must be at least 1"),
        ({"folds": 1}, "figure.fooling_transfer.folds=1 must be at least 2"),
        ({"epsilon": 0}, "figure.fooling_transfer.epsilon=0 must be above 0 and at most 255 levels"),
        ({"decay": 0}, "figure.fooling_transfer.decay=0 must be above 0"),
    ],
)
def test_wrong_settings_are_named(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab())


def test_one_output_leaves_no_other_answer() -> None:
    one = replace(lab().model, classes=("only",))
    told = figure().obstacle(lab().with_model(one))
    assert told == "upper has one output: there is no other answer to which it could be led"
