"""What is typed and what is printed, apart from building a whole book."""

import os
import re
from pathlib import Path

import pytest

from cnnviz_core import bench, commands, files
from cnnviz_core.__main__ import main
from cnnviz_core.configure import Settings

DIGITS = ["model=digitnet", "model.epochs=1", "dataset=digits"]
QUICK = [*DIGITS, "profile=quick"]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"build={tmp_path_factory.mktemp('products')}"


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("models", "alexnet                       AlexNet in the width of"),
        ("datasets", "digits                        Real handwritten digits"),
        ("figures", "occlusion_heatmap             P(right class)"),
        ("chapters", "04_occlusion                  occlusion_heatmap, occlusion_zf_panels"),
    ],
)
def test_lists_say_a_line_each(what: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", what]) == 0
    assert [shown for shown in capsys.readouterr().out.splitlines() if shown.startswith(line)]


def test_layers_have_shapes_and_receptive_fields(build: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "layers", *QUICK, build]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines if line.startswith("pool5")] == [
        ["pool5", "features.12", "32", "x", "4", "x", "4", "46", "/", "8"]
    ]


def test_check_tells_accuracy_and_figures(build: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *QUICK, build]) == 0
    said = capsys.readouterr().out
    assert "accuracy top-1 " in said
    assert "figure   occlusion_heatmap: will be made (04_occlusion)" in said


def test_check_without_common_classes_says_so(build: str, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["model=torchvision", "model.name=vit_b_16", "model.weights=none", "dataset=digits"]
    assert main(["check", *small, build]) == 0
    said = capsys.readouterr().out
    assert "the classes of the images are not among the model's outputs" in said
    assert "figure   activations_last_conv: not made: vit_b_16 has no maps" in said


def test_one_figure_prints_stats_and_claims(build: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figure", "filters_first_conv", *QUICK, build]) == 0
    said = capsys.readouterr().out
    assert Path(said.splitlines()[0]).is_file()
    assert '"filters": 16' in said
    assert "identity filters_first_conv.round_trip: holds here" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["figure", "filters_frist_conv"], "figure 'filters_frist_conv' is unknown; did you mean 'filters_first_conv'"),
        (["notes", "modl=alexnet"], "modl is no setting; did you mean 'model'"),
        (["notes", "chapters=[04_oclusion]"], "there is no chapter '04_oclusion'; did you mean '04_occlusion'"),
        (["train", "alexnet"], "model alexnet is not trained here"),
        (["verify"], "there is no book .* to verify; build it first"),
        (["bench", "oclusion"], "did you mean"),
        (["notes", "figure.occlusion_heatmap.patch=2.0"], "figure.occlusion_heatmap.patch=2.0 must be above 0"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if arguments[0] in ("verify", "notes"):
        arguments = [*arguments, *DIGITS, f"build={tmp_path}"]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    last = said.splitlines()[-1]
    assert last.startswith("cnnviz: ")
    assert "Traceback" not in said
    assert re.search(message, last)


@pytest.mark.parametrize(("more", "device"), [([], "auto"), (["device=cpu"], "cpu")])
def test_a_training_takes_the_fastest_device_unless_told(
    more: list[str], device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Settings] = []

    def noted(settings: Settings, reporter: object) -> int:
        seen.append(settings)
        return 0

    monkeypatch.setattr(commands, "train", noted)
    assert main(["train", "refnet", *more]) == 0
    assert [(settings.device, settings.model["name"]) for settings in seen] == [(device, "refnet")]


def test_the_bench_writes_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {
        "name": "a",
        "ours": 1.0,
        "theirs": 2.0,
        "peer": "p",
        "ratio": 2.0,
        "bound": 0.5,
        "of_bound": 0.5,
        "unit": "s",
    }
    monkeypatch.setattr(bench, "rows", lambda names, reporter: [row])
    monkeypatch.chdir(tmp_path)
    assert main(["bench"]) == 0
    assert '"ratio": 2.0' in (tmp_path / "build" / "bench.json").read_text()
    assert "2.00" in capsys.readouterr().out


def test_what_is_old_and_unfinished_is_swept_away(tmp_path: Path) -> None:
    for name, age in (("old", 200_000), ("new", 10)):
        folder = tmp_path / "results" / f".unfinished-{name}"
        folder.mkdir(parents=True)
        then = folder.stat().st_mtime - age
        os.utime(folder, (then, then))
    files.sweep(tmp_path)
    assert [path.name for path in (tmp_path / "results").iterdir()] == [".unfinished-new"]
