"""Overrides become checked settings; what is wrong is named, with the nearest right name."""

from pathlib import Path

import pytest

from cnnviz_core import configure
from cnnviz_core.configure import build_object, settings
from cnnviz_core.errors import InputError

BATCH = "figure.occlusion_heatmap.batch"


def test_defaults() -> None:
    chosen = settings()
    assert chosen.book == "refnet-diorama"
    assert chosen.seed == 0
    assert chosen.folder == Path("build/refnet-diorama")
    assert set(chosen.figures) == set(configure.choices("figure"))


def test_overrides_reach_model_data_and_figures() -> None:
    chosen = settings(
        ["model=alexnet", "seed=3", "figure.occlusion_heatmap.batch=7", "book=mine", "chapters=04_occlusion"]
    )
    assert chosen.model["name"] == "alexnet"
    assert chosen.seed == 3
    assert chosen.figures["occlusion_heatmap"]["batch"] == 7
    assert chosen.book == "mine"
    assert chosen.chapters == ("04_occlusion",)
    assert settings(["chapters=[04_occlusion,11_scoreboard]"]).chapters == ("04_occlusion", "11_scoreboard")


def test_a_profile_comes_after_the_figures_and_before_the_command_line() -> None:
    quick = settings(["profile=quick"]).figures["occlusion_heatmap"]
    assert quick != settings().figures["occlusion_heatmap"]
    mine = settings(["profile=quick", "figure.occlusion_heatmap.batch=3"]).figures["occlusion_heatmap"]
    assert mine == {**quick, "batch": 3}


@pytest.mark.parametrize("value", ["/a folder/with (signs), $x", "it's/here", "a=b,c{d}", "~/x y"])
def test_paths_are_taken_as_they_stand(value: str) -> None:
    assert settings(["dataset=imagefolder", f"dataset.root={value}"]).dataset["root"] == value


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model=alexnt"], "model=alexnt is unknown; did you mean 'alexnet'"),
        (["dataset=digit"], "dataset=digit is unknown; did you mean 'digits'"),
        (["profile=fast"], "profile=fast is unknown.*There are: notes, quick"),
        (["figure.oclusion_heatmap.batch=3"], f"figure.oclusion_heatmap.batch is no setting; did you mean '{BATCH}'"),
        (["figure.occlusion_heatmap.bach=3"], f"figure.occlusion_heatmap.bach is no setting; did you mean '{BATCH}'"),
        (["sed=1"], "sed is no setting; did you mean 'seed'"),
        (["+new=1"], "'\\+new=1' is not an override"),
        (["seed"], "'seed' is not an override; write name=value"),
        (["seed=one"], "seed=one must be a whole number, such as 0"),
        (["seed=1.5"], "seed=1.5 must be a whole number"),
        (["figure.occlusion_heatmap.batch=many"], "figure.occlusion_heatmap.batch=many must be a whole number"),
        (["dataset=imagefolder"], "dataset.root must be given for dataset=imagefolder"),
        (["device=gpu"], "device='gpu' is unknown; allowed are cpu, cuda, mps, auto"),
        (["book=../x"], "cannot be a folder name"),
        (["book=store"], "cannot be a folder name"),
        (["figure.occlusion_heatmap._target_=os.system"], "_target_ is no setting"),
        (["model.weights=[unclosed"], "model.weights"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        settings(overrides)


@pytest.mark.parametrize("name", ["builtins.open", "torch.load", "os.system", "cnnviz_corex.y", ""])
def test_only_our_own_code_is_called(name: str) -> None:
    with pytest.raises(InputError, match="is not allowed: it must name a function or class of cnnviz_core"):
        build_object({"_target_": name})


@pytest.mark.parametrize("group", ["model", "dataset"])
def test_every_choice_composes(group: str) -> None:
    given = {"imagefolder": ["dataset.root=x"], "torchvision": ["model.name=resnet34"], "custom": ["model.factory=a:b"]}
    for name in configure.choices(group):
        chosen = settings([f"{group}={name}", *given.get(name, [])])
        assert getattr(chosen, group)["_target_"]
