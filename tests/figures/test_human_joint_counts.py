"""Also of what all figures of this chapter share: what there is to choose among, and who observes."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from answered_world import SHAPES, answered, right
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.configure import build_lab, choices, settings
from cnnviz_core.datasets.with_answers import with_answers
from cnnviz_core.errors import InputError
from cnnviz_core.figures.human_joint_counts import HumanJointCounts
from cnnviz_core.lab import Lab
from cnnviz_core.observers import model_observer, observers
from cnnviz_core.progress import Reporter
from cnnviz_core.sources import reads_answers

FIGURE = HumanJointCounts(images=100, batch=8)


def test_four_counts_tests_and_intervals(make_lab: MakeLab, tmp_path: Path) -> None:
    """The model has images 0 to 9 wrong; ann 8 to 11; alexnet all of 12 images right but has no answer for one."""
    given = {"ann": right(wrong=(8, 9, 10, 11)), "alexnet": ["na", *right(12)[1:]]}
    lab = known_lab(make_lab, answered(tmp_path, given, wrong=10))
    result = FIGURE.compute(lab)
    stats = result.stats
    ann, alexnet = stats["pairs"]
    assert (ann["name"], ann["kind"], alexnet["kind"]) == ("ann", "person", "net")
    assert [ann[key] for key in ("both", "first_only", "second_only", "neither")] == [12, 8, 2, 2]
    assert [alexnet[key] for key in ("both", "first_only", "second_only", "neither")] == [2, 9, 0, 1]
    assert (ann["first_wrong"], ann["second_wrong"], ann["images"], alexnet["images"]) == (4, 10, 24, 12)
    assert ann["mcnemar_p"] == pytest.approx(56 / 1024)
    assert (stats["people"], stats["nets"], stats["missing"]) == (1, 1, 1)
    assert stats["pooled"]["people_error"] == pytest.approx(4 / 24)
    assert stats["pooled"]["model_error"] == pytest.approx(10 / 24)
    picture = FIGURE.draw(result)
    assert {"ann, n=24", "alexnet (net), n=12"} <= {label.get_text() for label in picture.axes[0].get_yticklabels()}
    assert "ann: both right 12, observer only 8, model only 2, both wrong 2" in FIGURE.alt(stats)


@pytest.mark.parametrize(("people", "model", "holds"), [(0, 12, True), (12, 0, False), (3, 3, None)])
def test_who_errs_less(make_lab: MakeLab, tmp_path: Path, people: int, model: int, holds: bool | None) -> None:
    given = {"ann": right(wrong=tuple(range(people))), "bob": right(wrong=tuple(range(people)))}
    stats = FIGURE.compute(known_lab(make_lab, answered(tmp_path, given, wrong=model))).stats
    assert [claim.holds for claim in FIGURE.claims(stats)] == [True, True, holds]


def test_published_counts_and_that_nobody_has_labelled(make_lab: MakeLab) -> None:
    result = FIGURE.compute(known_lab(make_lab))
    first, second = result.stats["published"]
    assert (first["images"], first["first_wrong"], first["second_wrong"]) == (1500, 76, 102)
    assert (round(first["z_p"], 4), round(first["mcnemar_p"], 4)) == (0.0223, 0.0105)
    assert (second["images"], second["first_wrong"], second["second_wrong"]) == (258, 31, 15)
    assert [round(100 * share, 2) for share in first["first_interval"]] == [4.07, 6.3]
    assert result.stats["model"]["error"] == 0
    claims = FIGURE.claims(result.stats)
    assert [claim.holds for claim in claims] == [True, True, None]
    assert claims[2].undecided == "nobody has labelled these images yet"
    assert "Nobody has labelled these images yet." in FIGURE.alt(result.stats)
    FIGURE.draw(result)


def test_wrong_counts_are_seen(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(known_lab(make_lab)).stats
    wrong = {**stats["published"][0], "both": 1351, "z_p": 0.02}
    assert [claim.holds for claim in FIGURE.claims({**stats, "published": [wrong]})][:2] == [False, False]


def test_a_model_of_other_classes(make_lab: MakeLab, tmp_path: Path) -> None:
    data = replace(answered(tmp_path, {"ann": right(wrong=(1,))}), outputs=None)
    stats = FIGURE.compute(known_lab(make_lab, data)).stats
    assert stats["alone"][0]["wrong"] == 1
    assert stats["pairs"] == []
    undecided = FIGURE.claims(stats)[2].undecided
    assert undecided.startswith("the classes of shapes are not among the outputs of tiny; dataset.classes=FILE")


def test_categories_by_mean_probability_and_images_of_none(make_lab: MakeLab, tmp_path: Path) -> None:
    """Output 0 is of no category: its images are left out. The model's square is not one of the choices."""
    (tmp_path / "m.csv").write_text("index,category\n1,bar\n2,round\n3,round\n")
    given = {"ann": ["bar", "bar", "round", "round"] * 6}
    lab = known_lab(make_lab, answered(tmp_path, given, class_map=str(tmp_path / "m.csv")))
    [ann], (model, means) = observers(lab), model_observer(lab, range(24))
    assert ann.images.tolist() == [i for i in range(24) if i % 4]
    assert ann.right().all()
    assert model.right().all()
    shares = torch.from_numpy(lab.logits([1, 2])).double().softmax(1).numpy()
    np.testing.assert_allclose(means[0], [shares[0, 1], shares[0, 2:].mean()])


def test_ranked_answers_count_among_more_than_ten(make_lab: MakeLab, tmp_path: Path) -> None:
    names = (*SHAPES, *(f"other {k}" for k in range(8)))
    data = replace(known_world(), class_names=names, outputs=tuple(range(12)), families=None, keypoint_names=())
    rows = "".join(f"no. {i},ann,other 1|{SHAPES[i % 4]}\n" for i in range(24))
    (tmp_path / "r.csv").write_text("image,observer,response\n" + rows)
    lab = known_lab(make_lab, with_answers(data, responses=str(tmp_path / "r.csv")), outputs=12)
    stats = FIGURE.compute(lab).stats
    assert stats["within"] == 5
    assert stats["pairs"][0]["first_wrong"] == 0
    [ann] = observers(lab)
    assert not ann.right().any()


def test_what_a_lab_chooses_among(make_lab: MakeLab, tmp_path: Path) -> None:
    lab = known_lab(make_lab)
    assert lab.choices.outputs == ((0,), (1,), (2,), (3,))
    assert lab.choices.labels is lab.dataset.labels
    assert known_lab(make_lab, replace(lab.dataset, outputs=None)).choices.outputs is None
    (tmp_path / "m.csv").write_text("index,category\n0,angular\n4,round\n")
    data = with_answers(lab.dataset, class_map=str(tmp_path / "m.csv"))
    with pytest.raises(
        InputError, match=r"dataset\.class_map gives model output 4, but model tiny has the outputs 0 to"
    ):
        known_lab(make_lab, data)


def test_every_figure_of_observers_depends_on_their_answers() -> None:
    for name in choices("figure"):
        if name.startswith("human_"):
            assert reads_answers(f"cnnviz_core.figures.{name}"), name
    assert not reads_answers("cnnviz_core.figures.occlusion_heatmap")


@pytest.mark.parametrize("setting", ["images", "batch"])
def test_bad_settings(make_lab: MakeLab, setting: str) -> None:
    with pytest.raises(InputError, match=rf"figure\.human_joint_counts\.{setting}=0 must be at least 1"):
        replace(FIGURE, **{setting: 0}).obstacle(known_lab(make_lab))


@pytest.mark.parametrize("kind", ["edges", "silhouettes"])
def test_real_observers_as_counted_by_hand(real: Path, tmp_path: Path, kind: str) -> None:
    """Each observer's errors as the file has them, and SqueezeNet's decisions as the class map defines them."""
    folder = real / "geirhos16"
    lab = build_lab(settings([
        "model=squeezenet1_0", f"model.weights={real / 'squeezenet1_0-imagenet.safetensors'}", "dataset=imagefolder",
        f"dataset.root={folder / kind}", f"dataset.responses={folder / f'{kind}-responses.csv'}",
        f"dataset.class_map={real / 'geirhos16-class-map.csv'}", f"build={tmp_path}",
    ]), Reporter(quiet=True))  # fmt: skip
    stats = FIGURE.compute(lab).stats
    wrong, images, missing = Counter[str](), Counter[str](), 0
    with (folder / f"{kind}-responses.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            wrong[row["observer"]] += row["response"] != row["category"]
            images[row["observer"]] += 1
            missing += row["response"] == "na"
    assert {one["name"]: (one["wrong"], one["images"]) for one in stats["alone"]} == {
        name: (wrong[name], images[name]) for name in images
    }
    assert (stats["people"], stats["nets"], stats["missing"]) == (10, 3, missing)
    assert {pair["name"]: pair["first_wrong"] for pair in stats["pairs"]} == dict(wrong)
    few = range(0, 160, 10)
    decided = model_observer(lab, few)[0].chosen[:, 0]
    assert [lab.choices.names[k] for k in decided] == by_class_map(lab, few, real / "geirhos16-class-map.csv")
    assert stats["model"]["images"] == 160


def by_class_map(lab: Lab, ids: Sequence[int], file: Path) -> list[str]:
    """What SqueezeNet decides for these images, one by one with a dictionary of categories."""
    members: dict[str, list[int]] = {}
    with file.open(newline="") as rows:
        for row in csv.DictReader(rows):
            members.setdefault(row["category"], []).append(int(row["index"]))
    decided = []
    for logits in lab.logits(ids):
        shares = np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum()
        means = {category: sum(shares[k] for k in outputs) / len(outputs) for category, outputs in members.items()}
        decided.append(max(means, key=means.__getitem__))
    return decided
