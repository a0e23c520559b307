"""Maps of networks that were taught different labels: which depend on them, and when nothing can be said."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.attribution_labels import AttributionLabels
from cnnviz_core.lab import Lab
from cnnviz_core.methods.attributions import TITLES

SETTINGS: dict[str, Any] = {
    "start": "random", "images": 8, "images_measured": 8, "passes": 60, "enough": 1.0, "rate": 0.01, "batch": 4,
    "noise": 0.15, "samples": 2, "integration": 2,
}  # fmt: skip


def color_noise(count: int) -> list[Tensor]:
    return list(torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 3, 8, 8), dtype=np.uint8)))


def figure(**changed: Any) -> AttributionLabels:
    return AttributionLabels(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {claim.name.partition(".")[2]: claim for claim in figure().claims(stats)}


@pytest.fixture
def lab(make_lab: MakeLab, small_net: nn.Module) -> Lab:
    """Eight images of noise, of which the first four show something and the others something else."""
    lab = make_lab(small_net, color_noise(8))
    return replace(lab, dataset=replace(lab.dataset, labels=np.array([0, 0, 0, 0, 1, 1, 1, 1])))


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_three_networks_learn_and_only_images_with_other_labels_are_compared(result: Result) -> None:
    stats = result.stats
    assert stats["learned"]
    assert {lesson["accuracy"] for lesson in stats["lessons"].values()} == {1.0}
    assert len({lesson["passes"] for lesson in stats["lessons"].values()}) == 1
    assert stats["measured"] == stats["changed"] > 0
    assert stats["changed"] % 2 == 0
    assert all(example["true"] != example["permuted"] for example in stats["examples"])
    assert stats["methods"] == list(TITLES)
    assert result.arrays["maps"].shape == (3, 8, 2, 8, 8)
    assert claims(stats)["same_counts"].holds is True
    assert figure().draw(result).axes
    assert "rank correlation" in figure().alt(stats).lower()


def test_a_map_that_the_labels_do_not_reach_is_the_same_for_all(make_lab: MakeLab) -> None:
    """One map of the network, from which a linear layer makes both logits; its weights do not move at this rate.

    The derivative of a logit is its weights where the map is active, whose signs follow the label and not the place.
    """
    conv, linear = nn.Conv2d(3, 1, 1), nn.Linear(64, 2)
    assert conv.bias is not None
    with torch.no_grad():
        conv.weight.fill_(1.0)
        conv.bias.fill_(-1.5)
        linear.weight.copy_(torch.linspace(0.5, 1, 64) * torch.tensor([[1.0], [1.0]]))
    lab = make_lab(nn.Sequential(conv, nn.ReLU(), nn.Flatten(), linear), color_noise(8))
    lab = replace(lab, dataset=replace(lab.dataset, labels=np.array([0, 1] * 4)))
    found = figure(rate=1e-12, passes=1).compute(lab)
    row = found.stats["rows"]["gradient"]
    assert found.stats["lessons"]["true"]["passes"] == 1
    assert row["same"]["mean"] == pytest.approx(1, abs=1e-3)


def test_only_what_follows_the_codes_is_drawn_anew_from_a_trained_start(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = []

    def noted(self: Any, start: Any, *rest: Any) -> Any:
        starts.append(start.net.state_dict())
        return taught(self, start, *rest)

    taught = AttributionLabels._taught
    monkeypatch.setattr(AttributionLabels, "_taught", noted)
    net = lab.model.net.state_dict()
    for start, kept in (("trained", True), ("random", False)):
        starts.clear()
        figure(start=start, passes=1).compute(lab)
        assert len(starts) == 3
        assert bool(torch.equal(starts[0]["0.weight"], net["0.weight"])) is kept
        assert not torch.equal(starts[0]["6.weight"], net["6.weight"])
        assert torch.equal(starts[0]["6.weight"], starts[2]["6.weight"])


def test_the_model_itself_learns_nothing(lab: Lab) -> None:
    before = {name: value.clone() for name, value in lab.model.net.state_dict().items()}
    figure(start="trained", passes=2).compute(lab)
    assert all(torch.equal(value, before[name]) for name, value in lab.model.net.state_dict().items())


def test_verdicts(result: Result) -> None:
    def told(interval: list[float], **changed: Any) -> Claim:
        row = {**result.stats["rows"]["guided"], "maps": 6, "empty": 0}
        row |= {"difference": {"mean": 0.0, "interval": interval}}
        return claims({**result.stats, "rows": {**result.stats["rows"], "guided": row}, **changed})["guided"]

    assert told([0.1, 0.3]).holds is True
    assert told([-0.3, -0.1]).holds is False
    assert told([-0.1, 0.1]).holds is None
    lesson = {"accuracy": 0.5, "passes": 3, "diverged": False}
    lessons = {**result.stats["lessons"], "permuted": lesson}
    assert told([0.1, 0.3], lessons=lessons).undecided == (
        "the network did not learn the permuted labels (accuracy 0.50)"
    )
    lessons["permuted"] = {**lesson, "diverged": True}
    assert told([0.1, 0.3], lessons=lessons).undecided == "the training on permuted labels diverged"


def test_labels_that_are_no_permutation_stop_the_build(result: Result) -> None:
    assert claims({**result.stats, "same_counts": False})["same_counts"].holds is False


def test_few_images_decide_nothing(make_lab: MakeLab, small_net: nn.Module) -> None:
    found = figure(passes=2).compute(make_lab(small_net, color_noise(2)))
    verdicts = claims(found.stats)
    assert verdicts.pop("same_counts").holds is True
    assert all(claim.holds is None for claim in verdicts.values())
    assert figure().draw(found).axes


def test_one_label_is_an_obstacle(lab: Lab) -> None:
    one = replace(lab, dataset=replace(lab.dataset, labels=np.zeros(8, dtype=int)))
    expected = "the 8 images of noise that would be taught share one label; nothing to permute"
    assert figure().obstacle(one) == expected
    assert figure().obstacle(lab) is None


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"start": "both"}, r"figure.attribution_labels.start=both must be trained or random"),
        ({"images": 1}, r"figure.attribution_labels.images=1 must be at least 2"),
        ({"passes": 0}, r"figure.attribution_labels.passes=0 must be at least 1"),
        ({"rate": 0.0}, r"figure.attribution_labels.rate=0.0 must be above 0 and at most 1"),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)
